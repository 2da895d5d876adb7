//! Requests to witnesses: one form, bounded, and what is read prints as it was.

use crate::policy::key;
use ai_audit_core::NodeHash;
use ai_audit_merkle::TreeSize;
use ai_audit_note::{AddCheckpoint, Checkpoint};
use proptest::prelude::*;

fn request(old: u64, proof: usize) -> AddCheckpoint {
    let checkpoint = Checkpoint {
        origin: "example.org/log".into(),
        size: TreeSize::new(7),
        root: NodeHash::from_bytes([9; 32]),
        extensions: vec![],
    };
    AddCheckpoint {
        old: TreeSize::new(old),
        proof: vec![NodeHash::from_bytes([1; 32]); proof],
        checkpoint: checkpoint.sign(&key(1)).unwrap(),
    }
}

fn mistake(text: &str) -> String {
    AddCheckpoint::parse(text.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn forms_of_a_request_that_are_refused() {
    let text = request(4, 2).to_string();
    assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(request(4, 2)));
    for (from, to, expected) in [
        ("old 4\n", "", "line 1: expected the old size"),
        ("old 4\n", "old 04\n", "line 1: expected a decimal number"),
        ("old 4\n", "old  4\n", "line 1: expected a decimal number"),
        ("old 4\n", "old -4\n", "line 1: expected a decimal number"),
        ("old 4\n", "old 4 \n", "line 1: expected a decimal number"),
        ("old 4\n", "old 4\r\n", "line 1: expected a decimal number"),
        (
            "old 4\n",
            "old 18446744073709551616\n",
            "line 1: expected a decimal",
        ),
        (
            "old 4\n",
            "old 4\nold 4\n",
            "line 2: expected a hash of the proof",
        ),
        ("AQE=\n", "AQE\n", "line 2: expected a hash of the proof"),
        (
            "AQE=\n\n",
            "AQE=\nAQE=\n\n",
            "line 4: expected a hash of the proof",
        ),
        (
            "\n\nexample",
            "\nexample",
            "line 4: expected a hash of the proof",
        ),
        (
            "example.org/log\n7\n",
            "example.org\t/log\n7\n",
            "checkpoint: note at byte 11",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let found = mistake(&changed);
        let start = format!("request, {expected}");
        assert!(found.starts_with(&start), "{changed:?}\n{found}\n{start}");
    }
    assert!(mistake("").contains("line 1: expected an empty line"));
    assert!(mistake("old 4\n\n").contains("checkpoint: note at byte 0"));
    assert!(AddCheckpoint::parse(b"old 4\n\xff\n\n").is_err());
    let most = request(4, 63).to_string();
    assert!(AddCheckpoint::parse(most.as_bytes()).is_ok());
    assert!(mistake(&request(4, 64).to_string()).contains("line 65: expected an empty line"));
    let long = format!("{text}{}", "x".repeat(2 << 20));
    assert!(mistake(&long).contains("expected at most"));
}

proptest! {
    #[test]
    fn requests_round_trip(old: u64, proof in 0usize..=63) {
        let request = request(old, proof);
        prop_assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()), Ok(request));
    }

    #[test]
    fn what_is_read_prints_as_it_was(bytes: Vec<u8>, place: prop::sample::Index, byte: u8) {
        let mut changed = request(4, 2).to_string().into_bytes();
        let place = place.index(changed.len());
        changed[place] = byte;
        let start = [b"old 4\n", &bytes[..]].concat();
        for bytes in [bytes, changed, start] {
            if let Ok(read) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(read.to_string().into_bytes(), bytes);
            }
        }
    }
}
