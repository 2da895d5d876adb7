//! A hot store that an older copy was put in the place of, while the cold one goes on: noticed, and caught up.

use super::TieredStore;
use crate::{Batch, LogName, ReadLimit, Sealed, StoreError, StoredContent};
use ai_audit_core::{Head, NodeHash};

/// Receipts that are brought at once, and bytes of them.
const CHUNK: ReadLimit = ReadLimit {
    receipts: 4096,
    bytes: 4 << 20,
};

impl TieredStore {
    /// How many receipts of a log were moved to the cold store, by the mark of that alone, where the hot store has fewer. The
    /// cold one is not asked.
    ///
    /// # Errors
    ///
    /// When the mark or the hot store cannot be read.
    pub fn marked_beyond(&self, log: &LogName) -> Result<Option<u64>, StoreError> {
        let (Some(marks), Some(head)) = (&self.marks, self.hot.head(log)?) else {
            return Ok(None);
        };
        let mark = marks.ended.read(&head.log_id()).map_err(|error| {
            let what = format!("how much the cold tier has of log {log}: {error}");
            StoreError::Io { what }
        })?;
        Ok(mark
            .map(|mark| mark.size)
            .filter(|size| *size > head.size()))
    }

    /// How many receipts the cold store has of a log, where the hot store has fewer.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn cold_beyond(&self, log: &LogName) -> Result<Option<u64>, StoreError> {
        let (Some(hot), Some(cold)) = (self.hot.head(log)?, self.cold.head(log)?) else {
            return Ok(None);
        };
        Ok((cold.size() > hot.size()).then_some(cold.size()))
    }

    /// Gives the hot store what the cold one has of a log beyond its end, in their order, with ciphertexts and checkpoints, as
    /// where an older copy of the hot store was put in its place. Returns how many receipts that were. Who calls it holds the
    /// log, as for appending, and attaches it afterwards.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the cold store goes on from another receipt than the hot one's last, and
    /// [`StoreError::Invalid`] at a receipt that was deleted for good: what stood before it is there then. See [`StoreError`].
    pub fn catch_up(&self, log: &LogName) -> Result<u64, StoreError> {
        let _one = self.change();
        let (Some(first), Some(cold)) = (self.hot.head(log)?, self.cold.head(log)?) else {
            return Ok(0);
        };
        if cold.size() <= first.size() {
            return Ok(0);
        }
        self.goes_on(log, &first)?;
        // Its bytes are in both until the next move.
        self.unsettle(log, first.size())?;
        let mut head = first;
        while head.size() < cold.size() {
            head = self.bring(log, &head)?;
        }
        Ok(head.size() - first.size())
    }

    /// Whether the cold store has the hot one's last receipt in its place.
    fn goes_on(&self, log: &LogName, head: &Head) -> Result<(), StoreError> {
        let (mut leaf, size) = (Vec::new(), head.size());
        self.cold
            .hashes(log, 0, size.saturating_sub(1)..size, &mut leaf)?;
        if leaf.pop() == Some(NodeHash::from_bytes(*head.hash().as_bytes())) {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            what: format!(
                "log {log} was written to after it had gone back: the cold tier has another receipt in place of {}, the last of \
                 the hot tier. Both are signed; keep both stores, and bring back the one that goes on with the cold tier's",
                size.saturating_sub(1)
            ),
        })
    }

    fn bring(&self, log: &LogName, head: &Head) -> Result<Head, StoreError> {
        let mut receipts = Vec::new();
        for stored in self.cold.read(log, head.size(), CHUNK)? {
            let StoredContent::Sealed(sealed) = stored.content else {
                break;
            };
            let beside = self.cold.ciphertexts(log, stored.seq)?;
            receipts.push(Sealed::new(sealed).with_ciphertexts(beside));
        }
        if receipts.is_empty() {
            return Err(StoreError::Invalid {
                what: format!(
                    "log {log}: receipt {} has no bytes in the cold tier either: put it back there from its archive, with a newer \
                     copy of the hot tier; what stands before it was brought",
                    head.size()
                ),
            });
        }
        let batch = Batch {
            log,
            expected: head,
            receipts: &receipts,
        };
        let (_, after) = batch.parse()?;
        self.hot.append(&[batch])?;
        for kept in self
            .cold
            .checkpoints_in(log, head.size() + 1..=after.size())?
        {
            self.hot.put_checkpoint(log, kept.size, &kept.note)?;
        }
        Ok(after)
    }
}
