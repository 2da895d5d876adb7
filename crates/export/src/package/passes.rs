//! Going through a log for a package: all of it, or only what a range needs.

use super::write::{ExportError, LogEvidence};
use crate::Selection;
use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};

/// What a log has at one place.
pub(super) enum Item<'a, 'b> {
    Receipt(&'a UnverifiedReceipt<'b>),
    /// The place and hash of a receipt whose bytes are deleted.
    Deleted(u64, LeafHash),
}

/// A log's first `size` receipts, to be gone through several times.
pub(super) struct Passes<'l, L> {
    log: &'l L,
    size: u64,
    /// The range that is asked for, where the log can go straight to it.
    range: Option<(u64, u64)>,
}

impl<'l, L: LogEvidence> Passes<'l, L> {
    pub(super) fn new(log: &'l L, size: u64, selection: &Selection) -> Result<Self, ExportError> {
        let mut passes = Self {
            log,
            size,
            range: None,
        };
        if let Selection::Range { from, to } = selection {
            let source = log.pick(*from..=*to, size).map_err(failed)?;
            passes.range = source.map(|_| (*from, *to));
        }
        Ok(passes)
    }

    /// Whether only control receipts and those of a range are gone through.
    pub(super) const fn picks(&self) -> bool {
        self.range.is_some()
    }

    /// How many receipts a pass goes through at most, as far as one can tell.
    pub(super) fn len(&self) -> u64 {
        match self.range {
            Some((from, to)) => to.min(self.size.saturating_sub(1)).saturating_sub(from) + 1,
            None => self.size,
        }
    }

    /// One pass, in the order of the log.
    pub(super) fn each(
        &self,
        mut take: impl FnMut(Item<'_, '_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let size = self.size;
        let missing = || ExportError::Root { size };
        let mut source = match self.range {
            Some((from, to)) => self
                .log
                .pick(from..=to, size)
                .map_err(failed)?
                .ok_or_else(missing)?,
            None => self.log.receipts().map_err(failed)?,
        };
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut seq = 0;
        while seq < size {
            let next = match (source.read_next(&mut buf).map_err(failed)?, self.range) {
                (Some(next), _) => next,
                (None, Some(_)) => break,
                (None, None) => return Err(missing()),
            };
            match next {
                Next::Sealed(len) => {
                    let receipt = UnverifiedReceipt::parse(&buf[..len])
                        .map_err(|error| ExportError::Decode { seq, error })?;
                    if self.range.is_some() {
                        let found = receipt.header().seq;
                        if found < seq || found >= size {
                            return Err(ExportError::Order { seq: found });
                        }
                        seq = found;
                    }
                    take(Item::Receipt(&receipt))?;
                }
                Next::Deleted(hash) => {
                    // Before the range there are only control receipts, which are never deleted.
                    seq = self.range.map_or(seq, |(from, _)| seq.max(from));
                    take(Item::Deleted(seq, hash))?;
                }
            }
            seq += 1;
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError::Source(error.to_string())
}
