//! The log's keys as a file for people, derived from the genesis.

use ai_audit_core::{Genesis, KeyId, VerifyingKey};
use serde::Serialize;

#[derive(Serialize)]
struct KeyHistory<'a> {
    note: &'static str,
    origin: &'a str,
    keys: [Key; 3],
}

#[derive(Serialize)]
struct Key {
    purpose: &'static str,
    key_id: KeyId,
    public_key: VerifyingKey,
    /// The receipt that introduced it.
    introduced_by: u64,
    /// First `seq` that it may sign; none where it signs no receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<u64>,
}

/// The file's text.
pub(crate) fn key_history(genesis: &Genesis<'_>, origin: &str) -> String {
    let key = |purpose, key: &VerifyingKey, valid_from| Key {
        purpose,
        key_id: key.id(),
        public_key: *key,
        introduced_by: 0,
        valid_from,
    };
    let history = KeyHistory {
        note: "derived from the log's control receipts; trust only the key line that you had before",
        origin,
        keys: [
            key("receipt", &genesis.receipt_key, Some(0)),
            key("checkpoint", &genesis.checkpoint_key, None),
            key("recovery", &genesis.recovery_key, None),
        ],
    };
    // Plain data always serialises.
    let mut text = serde_json::to_string_pretty(&history).unwrap_or_default();
    text.push('\n');
    text
}
