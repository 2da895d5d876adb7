//! The log's keys as a file for people, derived from the control receipts.

use ai_audit_core::{
    DecodeBody, DecodeError, Genesis, KeyId, KeyRevocation, KeyRotation, Kind, Timestamp,
    UnverifiedReceipt, VerifyingKey,
};
use serde::Serialize;

/// Characters of a revocation's reason that are shown. A log may have many of them, each as long as
/// a receipt.
const MAX_REASON: usize = 200;

/// Collects what a log's control receipts say of its keys, receipt by receipt.
#[derive(Debug, Default, Serialize)]
pub(crate) struct KeyHistory {
    note: &'static str,
    origin: String,
    keys: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocations: Vec<Revocation>,
}

#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
struct Revocation {
    receipt: u64,
    key_id: KeyId,
    after: u64,
    compromised_at: Timestamp,
    successor: KeyId,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

impl KeyHistory {
    /// Looks at the next receipt of the package.
    ///
    /// # Errors
    ///
    /// When it is about keys and does not decode.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), DecodeError> {
        let seq = receipt.header().seq;
        match receipt.header().kind {
            Kind::GENESIS => self.genesis(&Genesis::decode(receipt)?),
            Kind::KEY_ROTATION => {
                let new = KeyRotation::decode(receipt)?.new_key;
                self.key("receipt", new, seq, Some(seq.saturating_add(1)));
            }
            Kind::KEY_REVOCATION => {
                let revocation = KeyRevocation::decode(receipt)?;
                self.key("receipt", revocation.successor, seq, Some(seq));
                self.revocations.push(Revocation {
                    receipt: seq,
                    key_id: revocation.revoked_key.id(),
                    after: revocation.after,
                    compromised_at: revocation.compromised_at,
                    successor: revocation.successor.id(),
                    reason: revocation.reason.chars().take(MAX_REASON).collect(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> String {
        // Plain data always serialises.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    fn genesis(&mut self, genesis: &Genesis<'_>) {
        self.note =
            "derived from the log's control receipts; trust only the key line that you had before";
        // Decoding checked the name.
        self.origin = genesis
            .origin()
            .map(|origin| origin.to_string())
            .unwrap_or_default();
        self.key("receipt", genesis.receipt_key, 0, Some(0));
        self.key("checkpoint", genesis.checkpoint_key, 0, None);
        self.key("recovery", genesis.recovery_key, 0, None);
    }

    fn key(
        &mut self,
        purpose: &'static str,
        key: VerifyingKey,
        introduced_by: u64,
        valid_from: Option<u64>,
    ) {
        self.keys.push(Key {
            purpose,
            key_id: key.id(),
            public_key: key,
            introduced_by,
            valid_from,
        });
    }
}
