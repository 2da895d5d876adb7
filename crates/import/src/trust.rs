//! What a verifier brings to a source of another system, from outside of it.

use ai_audit_core::VerifyingKey;
use alloc::vec::Vec;

/// What is trusted of a source: everything else in it may have been written by anybody.
///
/// ```
/// use ai_audit_core::SigningKey;
/// use ai_audit_import::SourceTrust;
///
/// let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
/// let trust = SourceTrust { keys: vec![key], min_size: Some(25) };
/// assert!(trust.pins(&key));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SourceTrust {
    /// The keys by which its records have to be signed.
    pub keys: Vec<VerifyingKey>,
    /// How many receipts it has at least; where it has none but seals, how many seals. It shows that
    /// nothing is missing only where they are of one tenant and one kind: of several, one can have lost
    /// what another has more.
    pub min_size: Option<u64>,
}

impl SourceTrust {
    /// Whether the key is one of those that are trusted.
    #[must_use]
    pub fn pins(&self, key: &VerifyingKey) -> bool {
        self.keys.contains(key)
    }
}
