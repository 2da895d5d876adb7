//! The keys that receipts name, as far as they were read: where to try a signature, never whom to trust.

use ai_audit_core::{
    DecodeBody as _, Genesis, KeyId, KeyRevocation, KeyRotation, Kind, Outline, UnverifiedReceipt,
    VerifyingKey,
};
use std::sync::{Mutex, PoisonError};

/// How many are remembered. A log that changes its key more often within what is read ahead is verified
/// by one thread there.
const MOST: usize = 16;

/// The last keys, the newest behind.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Vec<(KeyId, VerifyingKey)>>);

impl Keys {
    /// Remembers a key.
    pub(crate) fn add(&self, key: VerifyingKey) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = key.id();
        keys.retain(|(known, _)| *known != id);
        if keys.len() == MOST {
            keys.remove(0);
        }
        keys.push((id, key));
    }

    /// The key with this id.
    pub(crate) fn find(&self, id: &KeyId) -> Option<VerifyingKey> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys.iter().rev().find(|(known, _)| known == id);
        found.map(|(_, key)| *key)
    }

    /// Remembers the key that a receipt makes valid, where it is one that does.
    pub(crate) fn learn(&self, sealed: &[u8]) {
        let Some(outline) = Outline::read(sealed) else {
            return;
        };
        if !matches!(
            outline.kind,
            Kind::GENESIS | Kind::KEY_ROTATION | Kind::KEY_REVOCATION
        ) {
            return;
        }
        let Ok(receipt) = UnverifiedReceipt::parse(sealed) else {
            return;
        };
        let key = match outline.kind {
            Kind::GENESIS => Genesis::decode(&receipt).map(|body| body.receipt_key),
            Kind::KEY_ROTATION => KeyRotation::decode(&receipt).map(|body| body.new_key),
            _ => KeyRevocation::decode(&receipt).map(|body| body.successor),
        };
        // What does not decode fails where it is verified.
        if let Ok(key) = key {
            self.add(key);
        }
    }
}
