//! The keys that are trusted for records of another system.

use ai_audit_core::{Signature, VerifyingKey};
use alloc::vec::Vec;

/// The keys that are trusted for a source, in the order in which they are tried; none twice.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    keys: Vec<VerifyingKey>,
}

impl Keys {
    /// These keys; what stands twice is taken once.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut taken: Vec<VerifyingKey> = Vec::new();
        for key in keys {
            if !taken.contains(&key) {
                taken.push(key);
            }
        }
        Self { keys: taken }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// The key of these under which a signature over `message` holds, by the rules of
    /// `docs/spec/receipt.md`: those of the strict verification.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Option<VerifyingKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.verify(message, signature).is_ok())
            .copied()
    }
}
