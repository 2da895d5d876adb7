//! A log in a store as core's source and sink of receipts, and as tiles of its Merkle tree.

use crate::{
    Batch, LogName, NODE_STEP, ReadLimit, Sealed, Store, StoreError, StoredContent, StoredReceipt,
    tile_nodes,
};
use ai_audit_core::{Head, Next, NodeHash, ReceiptSink, ReceiptSource};
use ai_audit_merkle::TileReader;
use core::fmt;
use core::ops::Range;

/// Reads ranges of a log, receipt by receipt, holding about 1 MiB at once.
pub struct StoreReader<'s> {
    store: &'s dyn Store,
    log: LogName,
    next: u64,
    end: u64,
    /// The ranges after this one.
    later: std::vec::IntoIter<Range<u64>>,
    limit: ReadLimit,
    chunk: std::vec::IntoIter<StoredReceipt>,
}

impl<'s> StoreReader<'s> {
    /// The receipts of a log that are there now. What is appended later does not show.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if there is no such log; when the store cannot be read.
    pub fn new(store: &'s dyn Store, log: &LogName) -> Result<Self, StoreError> {
        let head = store.head(log)?.ok_or_else(|| StoreError::Invalid {
            what: format!("there is no log {log}"),
        })?;
        Ok(Self::range(store, log, 0..head.size()))
    }

    /// The receipts of a part of a log. Reading fails where one of them is not there.
    #[must_use]
    pub fn range(store: &'s dyn Store, log: &LogName, range: Range<u64>) -> Self {
        Self {
            store,
            log: log.clone(),
            next: range.start,
            end: range.end,
            later: Vec::new().into_iter(),
            limit: ReadLimit::default(),
            chunk: Vec::new().into_iter(),
        }
    }

    /// The receipts of several parts of a log, one part after the other. Reading fails where one of
    /// them is not there.
    #[must_use]
    pub fn ranges(store: &'s dyn Store, log: &LogName, ranges: Vec<Range<u64>>) -> Self {
        Self {
            later: ranges.into_iter(),
            ..Self::range(store, log, 0..0)
        }
    }

    /// The `seq` of the receipt that is read next, within a range.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.next
    }

    /// The next receipt; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where a receipt of the range is missing; when the store cannot be
    /// read.
    pub fn read_receipt(&mut self) -> Result<Option<StoredReceipt>, StoreError> {
        while self.next >= self.end {
            let Some(range) = self.later.next() else {
                return Ok(None);
            };
            (self.next, self.end) = (range.start, range.end);
        }
        if self.chunk.as_slice().is_empty() {
            let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
            let limit = ReadLimit {
                receipts: self.limit.receipts.min(left),
                ..self.limit
            };
            self.chunk = self.store.read(&self.log, self.next, limit)?.into_iter();
        }
        match self.chunk.next() {
            Some(receipt) if receipt.seq == self.next => {
                self.next += 1;
                Ok(Some(receipt))
            }
            other => Err(StoreError::Corrupt {
                what: match other {
                    Some(found) => format!(
                        "log {}: receipt {} was expected, {} was found",
                        self.log, self.next, found.seq
                    ),
                    None => format!("log {}: receipt {} is missing", self.log, self.next),
                },
            }),
        }
    }
}

impl ReceiptSource for StoreReader<'_> {
    type Error = StoreError;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, StoreError> {
        let Some(StoredReceipt { seq, content }) = self.read_receipt()? else {
            return Ok(None);
        };
        let sealed = match content {
            StoredContent::Sealed(sealed) => sealed,
            StoredContent::Deleted(hash) => return Ok(Some(Next::Deleted(hash))),
        };
        let (len, room) = (sealed.len(), buf.len());
        let Some(out) = buf.get_mut(..len) else {
            return Err(StoreError::BufferTooShort { seq, len, room });
        };
        out.copy_from_slice(&sealed);
        Ok(Some(Next::Sealed(len)))
    }
}

impl fmt::Debug for StoreReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreReader")
            .field("log", &self.log)
            .field("next", &self.next)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// Appends to a log, receipt by receipt, each durable by itself. The [`Ledger`](crate::Ledger) is
/// faster by far.
pub struct StoreSink<'s> {
    store: &'s dyn Store,
    log: LogName,
}

impl<'s> StoreSink<'s> {
    /// A sink for a log, which comes into being with its genesis.
    #[must_use]
    pub fn new(store: &'s dyn Store, log: &LogName) -> Self {
        let log = log.clone();
        Self { store, log }
    }
}

impl ReceiptSink for StoreSink<'_> {
    type Error = StoreError;

    fn append(&mut self, expected: &Head, sealed: &[u8]) -> Result<(), StoreError> {
        self.store.append(&[Batch {
            log: &self.log,
            expected,
            receipts: &[Sealed::new(sealed.to_vec())],
        }])
    }
}

impl fmt::Debug for StoreSink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSink")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// The tiles of a log's Merkle tree, for proofs:
/// [`Tiled`](ai_audit_merkle::Tiled) makes a node reader of it.
pub struct StoreTiles<'s> {
    store: &'s dyn Store,
    log: LogName,
}

impl<'s> StoreTiles<'s> {
    /// The tiles of a log.
    #[must_use]
    pub fn new(store: &'s dyn Store, log: &LogName) -> Self {
        let log = log.clone();
        Self { store, log }
    }
}

impl TileReader for StoreTiles<'_> {
    const HEIGHT: u32 = NODE_STEP;

    type Error = StoreError;

    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        let (level, range) = tile_nodes(tile_level, tile_index);
        self.store.hashes(&self.log, level, range, out)
    }
}

impl fmt::Debug for StoreTiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreTiles")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
