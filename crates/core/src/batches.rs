//! Batched receipts on the walk: those that wait for their seal, and which seal is theirs.

use crate::{BatchSeal, Header, KeyHistoryError, KeyId};

/// What a log that permits batched receipts has of them so far (`docs/spec/batch-seals.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batches {
    /// `seq` of the last signed receipt.
    signed: u64,
    /// First and last of the batched receipts behind it.
    open: Option<(u64, u64)>,
}

impl Batches {
    /// Before the first receipt.
    pub(crate) const NONE: Self = Self {
        signed: 0,
        open: None,
    };

    /// First and last of the receipts that wait for their seal.
    pub(crate) const fn open(&self) -> Option<(u64, u64)> {
        self.open
    }

    /// Takes a batched receipt.
    pub(crate) fn batched(
        &mut self,
        header: &Header<'_>,
        valid: KeyId,
    ) -> Result<(), KeyHistoryError> {
        let (kind, seq, found) = (header.kind, header.seq, header.key_id);
        if kind.is_never_batched() {
            return Err(KeyHistoryError::BatchedControl { kind });
        }
        if found != valid {
            return Err(KeyHistoryError::OtherKey { found, valid });
        }
        let first = self.open.map_or(seq, |(first, _)| first);
        if seq.saturating_sub(first) >= BatchSeal::MAX {
            return Err(KeyHistoryError::BatchTooLong { first });
        }
        self.open = Some((first, seq));
        Ok(())
    }

    /// Whether a signed receipt may stand here that is no batch seal.
    pub(crate) fn others(&self) -> Result<(), KeyHistoryError> {
        match self.open {
            Some((first, last)) => Err(KeyHistoryError::Unsealed { first, last }),
            None => Ok(()),
        }
    }

    /// Whether a batch seal signs for what it may, and for all of that.
    pub(crate) fn seals(&self, seq: u64, seal: &BatchSeal) -> Result<(), KeyHistoryError> {
        let BatchSeal { from, count, .. } = *seal;
        let before = self.open.map_or(seq, |(first, _)| first);
        let ends = from.checked_add(count) == Some(seq);
        if !ends || from <= self.signed || from > before {
            let after = self.signed;
            return Err(KeyHistoryError::BatchRange {
                from,
                count,
                after,
                before,
            });
        }
        Ok(())
    }

    /// A signed receipt was taken.
    pub(crate) const fn took(&mut self, seq: u64) {
        self.signed = seq;
        self.open = None;
    }
}
