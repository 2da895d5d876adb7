//! Who keeps a log's receipt key and changes it.

use ai_audit_core::{Signer, VerifyingKey};
use core::fmt;

/// Keeps the receipt key that is valid in a log, and the one that is to follow it.
///
/// A rotation goes like this: [`prepare`](Self::prepare) makes the next key and keeps it durably;
/// the ledger stores the rotation receipt; [`settle`](Self::settle) makes the next key the current
/// one and destroys the old. A crash in between leaves both keys, and `settle` at the next start,
/// which is told by the log which of them is valid, finishes or forgets the rotation.
///
/// Every [`Signer`] is such a keeper of one key that cannot be changed here.
pub trait ReceiptKeys: Send {
    /// The key that is held as the valid one; none where only the next one is there.
    fn current(&self) -> Option<&dyn Signer>;

    /// A key that is held, current or next.
    fn held(&self, key: &VerifyingKey) -> Option<&dyn Signer> {
        self.current()
            .filter(|signer| signer.verifying_key() == *key)
    }

    /// Makes the next key and keeps it durably beside the current one, in place of one that was
    /// prepared before.
    ///
    /// # Errors
    ///
    /// When no key can be made or kept. Nothing has changed then.
    fn prepare(&mut self) -> Result<&dyn Signer, ReceiptKeysError>;

    /// Makes `valid`, which is held as current or next, the current key, and destroys every other
    /// one that is held, durably. After an error it can be tried again.
    ///
    /// # Errors
    ///
    /// When that key is not held, or the change cannot be made durable.
    fn settle(&mut self, valid: &VerifyingKey) -> Result<(), ReceiptKeysError>;
}

impl<S: Signer + Send> ReceiptKeys for S {
    fn current(&self) -> Option<&dyn Signer> {
        Some(self)
    }

    fn prepare(&mut self) -> Result<&dyn Signer, ReceiptKeysError> {
        Err(ReceiptKeysError::new(
            "this signer holds one key and cannot make another, so the key is not rotated; a revocation can name the next one",
        ))
    }

    fn settle(&mut self, valid: &VerifyingKey) -> Result<(), ReceiptKeysError> {
        if self.verifying_key() == *valid {
            return Ok(());
        }
        Err(ReceiptKeysError::new(format!(
            "the log's valid receipt key is {}, this signer holds {}",
            valid.id(),
            self.verifying_key().id()
        )))
    }
}

/// A receipt key that could not be made, kept or destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptKeysError {
    reason: String,
}

impl ReceiptKeysError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ReceiptKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receipt key: {}", self.reason)
    }
}

impl core::error::Error for ReceiptKeysError {}
