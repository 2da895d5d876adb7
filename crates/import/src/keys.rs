//! The keys that are trusted for records of another system.

use ai_audit_core::{BulkVerifier, Signature, VerifyingKey};
use alloc::vec::Vec;

/// The keys that are trusted for a source, in the order in which they are tried; none twice.
///
/// Verifying takes it mutably because it remembers tables of the keys' multiples, which make many
/// signatures by few keys more than twice as fast.
///
/// ```
/// use ai_audit_core::SigningKey;
/// use ai_audit_import::Keys;
///
/// let key = SigningKey::from_bytes(&[5; 32]);
/// let mut keys = Keys::new([key.verifying_key()]);
/// let signature = key.sign(b"signed bytes");
/// assert_eq!(keys.verify(b"signed bytes", &signature), Some(key.verifying_key()));
/// assert_eq!(keys.verify(b"other bytes", &signature), None);
/// ```
#[derive(Debug, Default)]
pub struct Keys {
    keys: Vec<VerifyingKey>,
    bulk: BulkVerifier,
}

impl Clone for Keys {
    /// The same keys; the tables are made anew.
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            bulk: BulkVerifier::new(),
        }
    }
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
        Self {
            keys: taken,
            bulk: BulkVerifier::new(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// The key of these under which a signature over `message` holds, by the rules of
    /// `docs/spec/receipt.md`: those of the strict verification.
    #[must_use]
    pub fn verify(&mut self, message: &[u8], signature: &Signature) -> Option<VerifyingKey> {
        let Self { keys, bulk } = self;
        let holds = |key: &&VerifyingKey| bulk.verify(key, message, signature).is_ok();
        keys.iter().find(holds).copied()
    }
}
