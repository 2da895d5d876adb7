//! What somebody might hand in as a note.

use ai_audit_core::{NodeHash, SigningKey, Timestamp};
use ai_audit_merkle::{LeafIndex, TreeSize};
use ai_audit_note::{
    Checkpoint, CheckpointError, MAX_SIGNATURES, NoteError, SignedNote, TlogProof, VKey, cosign,
};

const ORIGIN: &str = "example.org/log";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn line() -> VKey {
    VKey::ed25519(ORIGIN, key().verifying_key()).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.into(),
        size: TreeSize::new(7),
        root: NodeHash::from_bytes([9; 32]),
        extensions: vec![],
    }
}

#[test]
fn a_checkpoint_of_another_origin_or_key_is_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    assert_eq!(Checkpoint::open(note.as_bytes(), &line()), Ok(checkpoint()));
    // Signed by the right key under the right name, but the text says another log.
    let other = Checkpoint {
        origin: "example.org/other".into(),
        ..checkpoint()
    };
    let note = SignedNote::sign(&other.to_text(), ORIGIN, &key())
        .unwrap()
        .to_string();
    assert!(matches!(
        Checkpoint::open(note.as_bytes(), &line()),
        Err(CheckpointError::Origin { .. })
    ));
    // Another key of the same name.
    let forged = checkpoint()
        .sign(&SigningKey::from_bytes(&[2; 32]))
        .unwrap()
        .to_string();
    assert_eq!(
        Checkpoint::open(forged.as_bytes(), &line()),
        Err(CheckpointError::Note(NoteError::NotSigned))
    );
}

#[test]
fn one_bad_signature_of_a_known_key_refuses_the_note() {
    let good = checkpoint().sign(&key()).unwrap();
    let other = SignedNote::sign("another text\n", ORIGIN, &key()).unwrap();
    let mut both = good.clone();
    both.add(other.signatures()[0].clone()).unwrap();
    assert_eq!(both.verify(&line()), Err(NoteError::Signature));
    let mut twice = good.clone();
    twice.add(good.signatures()[0].clone()).unwrap();
    assert_eq!(twice.verify(&line()), Ok(()));
}

#[test]
fn forms_of_a_note_that_are_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let signature = note.lines().last().unwrap();
    let cases = [
        ("no newline at the end", note.trim_end().to_string()),
        ("carriage returns", note.replace('\n', "\r\n")),
        ("a tab", note.replacen('7', "\t7", 1)),
        ("a hyphen for the dash", note.replace('\u{2014}', "-")),
        ("two spaces", note.replace(" example", "  example")),
        ("no text", format!("\n\n{signature}\n")),
        ("no signature", format!("{}\n", checkpoint().to_text())),
        (
            "base64 without padding",
            note.replace("=\n\n", "\n\n")
                .trim_end_matches("=\n")
                .to_string()
                + "\n",
        ),
        (
            "an empty signature",
            format!("text\n\n\u{2014} {ORIGIN} AAAAAA==\n"),
        ),
        (
            "a plus in the name",
            note.replace("\u{2014} example", "\u{2014} ex+ample"),
        ),
    ];
    for (what, text) in cases {
        let refused = match SignedNote::parse(text.as_bytes()) {
            Err(NoteError::Form { offset, .. }) => offset <= text.len(),
            _ => false,
        };
        assert!(refused, "{what}");
    }
    assert!(SignedNote::parse(b"\xff\n\n").is_err());
}

#[test]
fn more_signatures_than_anybody_needs_are_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let signature = note.lines().last().unwrap();
    let many = |count: usize| note.clone() + &format!("{signature}\n").repeat(count - 1);
    assert!(SignedNote::parse(many(MAX_SIGNATURES).as_bytes()).is_ok());
    assert!(SignedNote::parse(many(MAX_SIGNATURES + 1).as_bytes()).is_err());
}

#[test]
fn base64_has_one_form() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    // 68 bytes leave bits in the last character that count for nothing.
    let position = note.rfind('=').unwrap() - 1;
    let last = note.as_bytes()[position];
    for replacement in b'A'..=b'Z' {
        if replacement != last {
            let mut bytes = note.clone().into_bytes();
            bytes[position] = replacement;
            let verified = Checkpoint::open(&bytes, &line());
            assert!(verified.is_err(), "{}", char::from(replacement));
        }
    }
}

#[test]
fn checkpoints_have_one_form() {
    let text = checkpoint().to_text();
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint()));
    for (from, to) in [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n\n"),
        ("\n7\n", "\n18446744073709551616\n"),
        ("example.org/log\n", "\n"),
        ("=\n", "\n"),
        ("=\n", "=\n\n"),
        ("=\n", "="),
        ("CQkJ", "CQk*"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(Checkpoint::parse(&changed).is_err(), "{changed:?}");
    }
    // Fields that would be read as other fields are not signed.
    let sneaky = Checkpoint {
        origin: "a\n9\nb".into(),
        ..checkpoint()
    };
    assert!(sneaky.sign(&key()).is_err());
    let sneaky = Checkpoint {
        extensions: vec!["a\n\nb".into()],
        ..checkpoint()
    };
    assert!(sneaky.sign(&key()).is_err());
}

#[test]
fn cosignatures_bind_text_time_and_kind() {
    let witness = SigningKey::from_bytes(&[3; 32]);
    let line = VKey::cosignature("witness.example", witness.verifying_key()).unwrap();
    let mut note = checkpoint().sign(&key()).unwrap();
    let time = Timestamp::from_micros(1_790_000_000_500_000);
    note.add(cosign(&note, "witness.example", &witness, time).unwrap())
        .unwrap();
    let read = SignedNote::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(
        read.verify_cosignature(&line),
        Ok(Timestamp::from_micros(1_790_000_000_000_000))
    );
    // The same key bytes under the note type are another key.
    let plain = VKey::ed25519("witness.example", witness.verifying_key()).unwrap();
    assert_eq!(read.verify(&plain), Err(NoteError::NotSigned));
    assert_eq!(read.verify(&line), Err(NoteError::Kind));
    // Another text under the same cosignature.
    let mut other = Checkpoint {
        size: TreeSize::new(8),
        ..checkpoint()
    }
    .sign(&key())
    .unwrap();
    other.add(read.signatures()[1].clone()).unwrap();
    assert_eq!(other.verify_cosignature(&line), Err(NoteError::Signature));
}

#[test]
fn proof_files_have_one_form() {
    let proof = TlogProof {
        index: LeafIndex::new(3),
        path: vec![NodeHash::from_bytes([1; 32]); 3],
        checkpoint: checkpoint().sign(&key()).unwrap(),
        extra: Some(b"more".to_vec()),
    };
    let text = proof.to_string();
    assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof));
    for (from, to) in [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index +3"),
        ("index 3\n", ""),
        ("extra bW9yZQ==", "extra bW9yZQ"),
        ("AQEB", "AQE"),
        ("\n\n", "\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert!(TlogProof::parse(changed.as_bytes()).is_err(), "{changed}");
    }
    let high = TlogProof {
        index: LeafIndex::new(3),
        path: vec![NodeHash::from_bytes([1; 32]); 65],
        checkpoint: checkpoint().sign(&key()).unwrap(),
        extra: None,
    };
    assert!(TlogProof::parse(high.to_string().as_bytes()).is_err());
}
