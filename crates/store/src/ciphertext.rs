//! Ciphertexts of texts that are kept encrypted: they stand beside their receipts, not in them.

use ai_audit_core::{
    Decision, DecodeBody as _, Digest, Encrypted, SubjectKeyId, UnverifiedReceipt,
};
use core::fmt;

/// A ciphertext that stands beside a receipt (`docs/spec/erasure.md`), with the key that it hangs on,
/// by which it is found when that key is destroyed.
///
/// ```
/// use ai_audit_core::SubjectKeyId;
/// use ai_audit_store::Ciphertext;
/// let ciphertext = Ciphertext {
///     key: SubjectKeyId::from_bytes([7; 16]),
///     bytes: vec![0; 48],
/// };
/// assert!(ciphertext.bytes.len() <= Ciphertext::MAX_LEN);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    /// Id of the subject key under which it is encrypted.
    pub key: SubjectKeyId,
    /// The encrypted text and its tag.
    pub bytes: Vec<u8>,
}

impl Ciphertext {
    /// Bytes of the longest one that the ledger takes: a text of 16 MiB and the tag.
    pub const MAX_LEN: usize = (16 << 20) + 16;

    /// Checks that these are the ciphertexts that a sealed receipt names: one for each of its
    /// encrypted kept texts, in their order, with their key ids and digests. Says what is not so.
    pub(crate) fn check_all(all: &[Self], sealed: &[u8]) -> Result<(), String> {
        let decision = UnverifiedReceipt::parse(sealed)
            .and_then(|receipt| Decision::decode(&receipt))
            .map_err(|error| format!("only a decision has ciphertexts beside it: {error}"))?;
        let count = decision.encrypted().count();
        if count != all.len() {
            return Err(format!(
                "{} ciphertexts, but the decision has {count} encrypted texts; expected one for each, or none at all",
                all.len()
            ));
        }
        decision
            .encrypted()
            .zip(all)
            .try_for_each(|((name, encrypted), ciphertext)| {
                ciphertext
                    .check(encrypted)
                    .map_err(|what| format!("the ciphertext of {name:?} {what}"))
            })
    }

    fn check(&self, named: &Encrypted) -> Result<(), String> {
        let (key, len) = (self.key, self.bytes.len());
        if key != named.key {
            let expected = named.key;
            return Err(format!("is under key {key}; expected {expected}"));
        }
        if len > Self::MAX_LEN {
            let most = Self::MAX_LEN;
            return Err(format!("has {len} bytes; expected at most {most}"));
        }
        if Digest::of(&self.bytes) != named.ciphertext {
            let expected = named.ciphertext;
            return Err(format!("is another one; expected SHA-256 {expected}"));
        }
        Ok(())
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes under key {}", self.bytes.len(), self.key)
    }
}
