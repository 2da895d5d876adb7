//! Holding the seals and deletions of a whole log against its receipts.

use crate::closed::{ClosedEpochs, DeletedEpoch, Gone};
use crate::{Deletion, EpochError, EpochSeal, EpochTracker};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, NodeHash, UnverifiedReceipt};
use alloc::string::ToString;
use alloc::vec::Vec;

/// Follows a log from its genesis on, checks every field of each seal, and that everything of
/// which only the hash is left was sealed, and deleted under a receipt that says so.
///
/// That receipts follow each other and are signed is for others to check.
#[derive(Debug, Default)]
pub struct EpochAudit {
    tracker: EpochTracker,
    closed: ClosedEpochs,
    /// Of the open epoch.
    gone: Gone,
}

impl EpochAudit {
    /// For a log of which no receipt was seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next receipt. `root` is that of the tree of all receipts before it; it is asked
    /// for only where the receipt is a seal.
    ///
    /// A body that does not decode is no matter of this: nothing is checked of it.
    ///
    /// # Errors
    ///
    /// What does not hold about this receipt.
    pub fn push(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        root: impl FnOnce() -> NodeHash,
    ) -> Result<(), EpochError> {
        let header = receipt.header();
        match header.kind {
            Kind::GENESIS => self.closed.genesis(receipt),
            Kind::EPOCH_SEAL => {
                if let Ok(seal) = EpochSeal::decode(receipt) {
                    compare(&seal, &self.tracker.next_seal(root()))?;
                    let gone = core::mem::take(&mut self.gone);
                    self.closed.close(&seal, header.sealed_at, gone);
                }
            }
            Kind::DELETION => {
                if let Ok(deletion) = Deletion::decode(receipt) {
                    self.closed
                        .delete(header.seq, header.sealed_at, &deletion)?;
                }
            }
            _ => {}
        }
        self.tracker
            .push(header.kind, receipt.hash(), header.sealed_at);
        Ok(())
    }

    /// Takes the hash of the next receipt, whose bytes are deleted.
    pub fn push_deleted(&mut self, hash: LeafHash) {
        self.gone.add(self.tracker.open().size);
        self.tracker.push_deleted(hash);
    }

    /// The epochs of which bytes are deleted, once the log was seen to its end.
    ///
    /// # Errors
    ///
    /// The `seq` of the first receipt without bytes that no deletion receipt accounts for.
    pub fn finish(&self) -> Result<Vec<DeletedEpoch>, (u64, EpochError)> {
        let deleted = self.closed.finish()?;
        match self.gone.first {
            Some(seq) => Err((seq, EpochError::Unaccounted { epoch: None })),
            None => Ok(deleted),
        }
    }
}

/// Names the first field of a seal that differs from what it should say.
fn compare(seal: &EpochSeal, expected: &EpochSeal) -> Result<(), EpochError> {
    differs("number", &seal.number, &expected.number)?;
    differs("first", &seal.first, &expected.first)?;
    differs("count", &seal.count, &expected.count)?;
    differs("size", &seal.size, &expected.size)?;
    differs("first_hash", &seal.first_hash, &expected.first_hash)?;
    differs("last_hash", &seal.last_hash, &expected.last_hash)?;
    previous(seal, expected.previous)?;
    differs("root", &seal.root, &expected.root)?;
    control(seal, expected.control)
}

pub(crate) fn differs<T: PartialEq + ToString>(
    field: &'static str,
    found: &T,
    expected: &T,
) -> Result<(), EpochError> {
    if found == expected {
        return Ok(());
    }
    Err(EpochError::Seal {
        field,
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

pub(crate) fn previous(seal: &EpochSeal, expected: Option<LeafHash>) -> Result<(), EpochError> {
    let shown = |hash: Option<LeafHash>| match hash {
        Some(hash) => hash.to_string(),
        None => "none".into(),
    };
    differs("previous", &shown(seal.previous), &shown(expected))
}

pub(crate) fn control(seal: &EpochSeal, held: u64) -> Result<(), EpochError> {
    if seal.control > held {
        return Err(EpochError::ControlMissing {
            epoch: seal.number,
            sealed: seal.control,
            held,
        });
    }
    differs("control", &seal.control, &held)
}
