//! The specification's vectors of batched logs.

use crate::logs::verify;
use ai_audit_core::{NodeHash, Status};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{Report, SelectionVerifier, TrustPolicy};

/// What comes out for attribution, and at which receipt it fails.
fn answer(report: &Report) -> serde_json::Value {
    match &report.verdict.attribution {
        Status::Verified => serde_json::json!(["verified", null]),
        Status::Failed { receipt, .. } => serde_json::json!(["failed", receipt]),
        other => {
            assert!(matches!(other, Status::Unverified { .. }), "{other}");
            serde_json::json!(["unverified", null])
        }
    }
}

#[test]
fn the_specifications_vectors_come_out_as_they_say() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/vectors/batches.json"
    );
    let Ok(bytes) = std::fs::read(path) else {
        println!("SKIPPED: docs/spec/vectors/batches.json is absent");
        return;
    };
    let vectors: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let unhex = |value: &serde_json::Value| -> Vec<u8> {
        let text = value.as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    };
    let own: Vec<Vec<u8>> = vectors["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(unhex)
        .collect();
    let take = |item: &serde_json::Value| match item.as_u64() {
        Some(place) => own[usize::try_from(place).unwrap()].clone(),
        None => unhex(item),
    };
    let pin = ai_audit_verify::Pin::parse(vectors["log_pub"].as_str().unwrap()).unwrap();
    let policy = TrustPolicy::new().pin(pin);
    let logs = vectors["logs"].as_array().unwrap();
    for case in logs {
        let sealed: Vec<Vec<u8>> = case["receipts"]
            .as_array()
            .unwrap()
            .iter()
            .map(take)
            .collect();
        let report = verify(&policy, &sealed);
        assert_eq!(
            answer(&report),
            case["attribution"],
            "{}: {report:?}",
            case["name"]
        );
    }
    let note = vectors["checkpoint"].as_str().unwrap().as_bytes();
    let note = ai_audit_note::SignedNote::parse(note).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let selections = vectors["selections"].as_array().unwrap();
    for case in selections {
        let mut verifier = SelectionVerifier::new(&policy, note.clone(), checkpoint.clone());
        for item in case["receipts"].as_array().unwrap() {
            let path = item[1].as_array().unwrap().iter();
            let path = path.map(|node| NodeHash::from_bytes(unhex(node).try_into().unwrap()));
            verifier.push(&take(&item[0]), path.collect());
        }
        let report = verifier.finish();
        assert_eq!(
            answer(&report),
            case["attribution"],
            "{}: {report:?}",
            case["name"]
        );
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
    }
    assert!(logs.len() > 20 && selections.len() > 5);
}
