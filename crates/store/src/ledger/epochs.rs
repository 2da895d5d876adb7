//! Epochs on demand: sealing the open one, deleting the bytes of a sealed one.

use super::queue::Command;
use super::{Ledger, Receipt, ticket};
use crate::{LedgerError, LogName};
use ai_audit_core::Digest;
use ai_audit_epochs::EpochSeal;

/// An epoch that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedEpoch {
    /// What the seal says.
    pub seal: EpochSeal,
    /// The seal's receipt: the epoch's last.
    pub receipt: Receipt,
}

/// Which epoch's bytes are to be deleted, and why they may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteEpoch {
    /// The epoch.
    pub epoch: u64,
    /// Where else its bytes are.
    pub archived: Archived,
    /// Why, such as the retention rule. Stands in the log for ever, so it should name nobody.
    pub reason: String,
}

/// Where the bytes of an epoch are besides the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// In a file with this SHA-256, which the caller has verified.
    File(Digest),
    /// Nowhere: they are gone for good.
    Nowhere,
}

/// An epoch whose bytes were deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochDeleted {
    /// The epoch.
    pub epoch: u64,
    /// Its first receipt.
    pub first: u64,
    /// Its seal.
    pub last: u64,
    /// Receipts whose bytes were deleted now.
    pub deleted: u64,
    /// The `seq` of the deletion receipt; an earlier one where an interrupted deletion was ended.
    pub deletion: u64,
}

impl Ledger {
    /// Seals the log's open epoch after all that was submitted before.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`], [`LedgerError::EmptyEpoch`]; when the seal cannot be sealed or
    /// stored.
    pub fn seal_epoch(&self, log: &LogName) -> Result<SealedEpoch, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue.command(Command::SealEpoch(log.clone(), done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Deletes the bytes of a sealed epoch's receipts, but of its control receipts. First a
    /// deletion receipt is made durable; a deletion that is interrupted after it is ended when the
    /// log is attached again, or when this is called again.
    ///
    /// Nothing else is written to the ledger's logs until it is done.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotSealed`], [`LedgerError::Retained`], [`LedgerError::NotCovered`],
    /// [`LedgerError::NothingToDelete`]: nothing has changed then. When the deletion receipt
    /// cannot be stored, or the bytes not be deleted: calling it again goes on.
    pub fn delete_epoch(
        &self,
        log: &LogName,
        wish: DeleteEpoch,
    ) -> Result<EpochDeleted, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::DeleteEpoch(log.clone(), wish, done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }
}
