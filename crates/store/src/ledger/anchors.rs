//! Anchors on demand: bringing a cosigned or timestamped checkpoint back into the log.

use super::queue::Command;
use super::{Ledger, Receipt, ticket};
use crate::{LedgerError, LogName};

/// A checkpoint with what third parties signed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorRequest {
    /// The checkpoint's signed note, with its cosignatures.
    pub note: String,
    /// An RFC 3161 token over the note's text, or the response that it came in; may be empty where
    /// there are cosignatures.
    pub token: Vec<u8>,
}

impl Ledger {
    /// Appends an anchor after all that was submitted before: the receipts before the checkpoint
    /// can then be shown to be not later, and those after the anchor not before, than what the
    /// third parties say.
    ///
    /// Whether anybody trusts those who signed is not asked: that is for the verifier to decide.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`]; [`LedgerError::Anchor`] when the checkpoint is not the log's
    /// own, nobody else signed it, or the token is not over it; when the receipt cannot be sealed or
    /// stored.
    pub fn anchor(&self, log: &LogName, request: AnchorRequest) -> Result<Receipt, LedgerError> {
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::Anchor(log.clone(), request, done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }
}
