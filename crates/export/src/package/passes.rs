//! Going through a log for a package: all of it, or only what a selection needs.

use super::evidence::{LogEvidence, Places};
use super::write::ExportError;
use crate::Selection;
use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};
use std::ops::Range;

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
    /// What is needed of it, where the log can tell without being read. The same for all passes.
    places: Option<Places>,
}

impl<'l, L: LogEvidence> Passes<'l, L> {
    pub(super) fn new(log: &'l L, size: u64, selection: &Selection) -> Result<Self, ExportError> {
        let places = log.places(selection, size).map_err(failed)?;
        let mut end = 0;
        for range in places.iter().flat_map(|places| &places.ranges) {
            if range.start < end || range.start >= range.end || range.end > size {
                return Err(ExportError::Order { seq: range.start });
            }
            end = range.end;
        }
        Ok(Self { log, size, places })
    }

    /// Whether only what the selection needs is gone through.
    pub(super) const fn picks(&self) -> bool {
        self.places.is_some()
    }

    /// How many receipts have no bytes, where that was looked up.
    pub(super) fn deleted(&self) -> u64 {
        self.places.as_ref().map_or(0, |places| places.deleted)
    }

    /// How many receipts a pass goes through.
    pub(super) fn len(&self) -> u64 {
        let ranges = self.places.as_ref().map(|places| places.ranges.iter());
        ranges.map_or(self.size, |ranges| {
            ranges.map(|range| range.end - range.start).sum()
        })
    }

    /// One pass, in the order of the log.
    pub(super) fn each(
        &self,
        mut take: impl FnMut(Item<'_, '_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut buf = vec![0; MAX_SEALED_LEN];
        match &self.places {
            None => {
                let source = self.log.receipts().map_err(failed)?;
                self.range(source, 0..self.size, &mut buf, &mut take)
            }
            Some(places) => places.ranges.iter().try_for_each(|range| {
                let source = self.log.receipts_in(range.clone()).map_err(failed)?;
                self.range(source, range.clone(), &mut buf, &mut take)
            }),
        }
    }

    /// Goes through the receipts of a range, which the source begins with.
    fn range(
        &self,
        mut source: L::Receipts<'l>,
        range: Range<u64>,
        buf: &mut [u8],
        take: &mut impl FnMut(Item<'_, '_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        for seq in range {
            match source.read_next(buf).map_err(failed)? {
                Some(Next::Sealed(len)) => {
                    let receipt = UnverifiedReceipt::parse(&buf[..len])
                        .map_err(|error| ExportError::Decode { seq, error })?;
                    let found = receipt.header().seq;
                    // Of a whole log the chain says it, and more.
                    if self.picks() && found != seq {
                        return Err(ExportError::Order { seq: found });
                    }
                    take(Item::Receipt(&receipt))?;
                }
                Some(Next::Deleted(hash)) => take(Item::Deleted(seq, hash))?,
                None => return Err(ExportError::Root { size: self.size }),
            }
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError::Source(error.to_string())
}
