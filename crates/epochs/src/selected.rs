//! Holding the seals and deletions in a selection against each other and what is there.

use crate::audit::{control, differs, previous};
use crate::closed::{ClosedEpochs, Gone};
use crate::{Deletion, EpochError, EpochSeal};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, UnverifiedReceipt};
use alloc::vec::Vec;

/// Follows a selection of a log's receipts, in ascending `seq`, the genesis first. All control
/// receipts belong to a selection, so the seals in it form a chain that knows how many there are.
///
/// The root in a seal cannot be checked here, and `first_hash` only where that receipt is there.
#[derive(Debug, Default)]
pub struct SelectedEpochs {
    number: u64,
    first: u64,
    control: u64,
    /// Receipts of the open epoch that were seen.
    seen: u64,
    first_hash: Option<LeafHash>,
    previous: Option<LeafHash>,
    closed: ClosedEpochs,
    complete: Vec<u64>,
}

impl SelectedEpochs {
    /// For a selection of which no receipt was seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next receipt.
    ///
    /// A body that does not decode is no matter of this: nothing is checked of it.
    ///
    /// # Errors
    ///
    /// What does not hold about this receipt.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), EpochError> {
        let header = receipt.header();
        if header.seq == self.first {
            self.first_hash = Some(receipt.hash());
        }
        self.control += u64::from(header.kind.is_control());
        self.seen += 1;
        match header.kind {
            Kind::GENESIS => self.closed.genesis(receipt),
            Kind::EPOCH_SEAL => {
                if let Ok(seal) = EpochSeal::decode(receipt) {
                    self.seal(receipt, &seal)?;
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
        Ok(())
    }

    /// The sealed epochs of which every receipt was seen.
    #[must_use]
    pub fn complete(&self) -> &[u64] {
        &self.complete
    }

    fn seal(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        seal: &EpochSeal,
    ) -> Result<(), EpochError> {
        let header = receipt.header();
        differs("number", &seal.number, &self.number)?;
        differs("first", &seal.first, &self.first)?;
        differs("size", &seal.size, &header.seq)?;
        differs("last_hash", &seal.last_hash, &header.prev)?;
        // Where the seal is itself the first, decoding saw to it that the field is zero.
        if let Some(first_hash) = &self.first_hash
            && seal.count > 1
        {
            differs("first_hash", &seal.first_hash, first_hash)?;
        }
        previous(seal, self.previous)?;
        control(seal, self.control)?;
        self.closed.close(seal, header.sealed_at, Gone::default());
        if self.seen == seal.count {
            self.complete.push(seal.number);
        }
        self.seen = 0;
        self.number = self.number.saturating_add(1);
        self.first = header.seq.saturating_add(1);
        self.control = 0;
        self.first_hash = None;
        self.previous = Some(receipt.hash());
        Ok(())
    }
}
