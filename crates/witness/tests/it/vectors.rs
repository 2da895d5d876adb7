//! Published exchanges of torchwood's witness, with the status codes of version 1.0.0 where they
//! differ.

use crate::rig::{NOW, witness};
use ai_audit_core::VerifyingKey;
use ai_audit_note::VKey;
use serde_json::Value;

#[test]
fn torchwood_exchanges() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/torchwood-witness/add_checkpoint_exchanges.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("SKIPPED: torchwood-witness vectors: ../shared is absent");
        return;
    };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let hex = vectors["log_public_key_hex"].as_str().unwrap();
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap();
    }
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let line = VKey::ed25519(vectors["origin"].as_str().unwrap(), key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let witness = witness(folder.path(), &[line]);
    let exchanges = vectors["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 9);
    for (number, exchange) in exchanges.iter().enumerate() {
        let mut body = exchange["request_body"].as_str().unwrap().to_string();
        let asserted = exchange["asserts"][0].as_str().unwrap();
        if asserted.contains("invalid signature") {
            // The vector spoiled the signature in bits that count for nothing too. Base64 has one
            // form here, so that is no request; with those bits clear it is a wrong signature.
            assert_eq!(
                witness.add_checkpoint(body.as_bytes(), NOW).status.code(),
                400
            );
            body = body.replace("6gx=\n", "6gw=\n");
        }
        let answer = witness.add_checkpoint(body.as_bytes(), NOW);
        let before = exchange["status"].as_u64().unwrap();
        // Version 1.0.0 tells a log that is not known from one that did not sign.
        let expected = match asserted.contains("unknown log") {
            true => 404,
            false => before,
        };
        assert_eq!(
            u64::from(answer.status.code()),
            expected,
            "exchange {number}: {answer:?}"
        );
        match expected {
            200 => assert!(answer.body.starts_with("\u{2014} witness.example/w1 ")),
            409 => assert_eq!(format!("body == {:?}", answer.body), asserted),
            422 => assert!(answer.body.contains("consistency proof"), "{answer:?}"),
            _ => {}
        }
    }
}
