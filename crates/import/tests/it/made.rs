//! Records to test with: some that the Python library made, and a signer of new ones.

use ai_audit_core::{Digest, SigningKey};
use ai_audit_import::{Json, Keys};

/// Signed the records of `tests/data`, and signs what tests make up.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

/// The key as trusted ones.
pub(crate) fn keys() -> Keys {
    Keys::new([key().verifying_key()])
}

/// The files of `tests/data`, line by line.
pub(crate) fn files() -> [(&'static str, Vec<&'static str>); 3] {
    [
        ("orjson-3.13", include_str!("../data/orjson-3.13.jsonl")),
        ("orjson-3.9", include_str!("../data/orjson-3.9.jsonl")),
        ("jsonb", include_str!("../data/jsonb.jsonl")),
    ]
    .map(|(name, text)| (name, text.lines().collect()))
}

/// All of their lines.
pub(crate) fn lines() -> Vec<&'static str> {
    files().into_iter().flat_map(|(_, lines)| lines).collect()
}

/// A receipt with the hash and signature that belong to it, put behind its members.
pub(crate) fn receipt(members: &str) -> String {
    let signed = Json::parse(&format!("{{{members}}}"))
        .unwrap()
        .to_compact(&[]);
    let (hash, signature) = (Digest::of(&signed), key().sign(&signed));
    format!(r#"{{{members},"receipt_hash":"{hash}","signature":"{signature}"}}"#)
}

/// A decision with these checks and details of its own.
pub(crate) fn decision(id: &str, checks: &str) -> String {
    receipt(&format!(
        r#""receipt_id":"{id}","timestamp":"2026-05-01T12:00:00.004000Z","trace_id":"trace-{id}","session_id":"s1","tenant_id":"acme","checks":[{checks}],"action":"reject","reason_codes":["a","b"],"nist_tags":["AU-3"],"model_id":"m","prev_receipt_hash":"""#
    ))
}
