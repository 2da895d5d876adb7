//! A hot store that an older copy was put in the place of, while the cold one goes on: noticed, and caught up.

use super::TieredStore;
use super::moves::{BESIDE, CHUNK};
use crate::{Batch, LogName, Sealed, StoreError, StoredContent};
use ai_audit_core::{Head, NodeHash, SealMode, UnverifiedReceipt};

/// What came back to a hot store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CaughtUp {
    /// Receipts that the hot store got.
    pub receipts: u64,
    /// How many receipts were moved to the cold store at least, where it does not have as many any more.
    pub moved: Option<u64>,
}

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

    /// How many receipts the cold store has of a log, where the hot store has fewer. Of another log of this name it says
    /// nothing.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn cold_beyond(&self, log: &LogName) -> Result<Option<u64>, StoreError> {
        // The hot one is read last: it may grow, and be moved, meanwhile.
        let (Some(cold), Some(hot)) = (self.cold.head(log)?, self.hot.head(log)?) else {
            return Ok(None);
        };
        let is_beyond = cold.log_id() == hot.log_id() && cold.size() > hot.size();
        Ok(is_beyond.then_some(cold.size()))
    }

    /// Gives the hot store what the cold one has of a log beyond its end, in their order and with ciphertexts, as where an older
    /// copy of the hot store was put in its place. Checkpoints that were made meanwhile stay in the cold store. All of it is looked
    /// at before the first is appended: the chain here, and each receipt by `holds`, which is to verify signatures. Who calls it
    /// holds the log, as for appending, and attaches it afterwards.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the cold store goes on from another receipt than the hot one's last, or with one that does
    /// not hold; [`StoreError::Invalid`] where a receipt was deleted for good, or the last one is batched, and nobody signed for
    /// it. Nothing was appended then. See [`StoreError`].
    pub fn catch_up(
        &self,
        log: &LogName,
        holds: &mut dyn FnMut(&UnverifiedReceipt<'_>) -> Result<(), String>,
    ) -> Result<CaughtUp, StoreError> {
        let _one = self.change();
        let Some(first) = self.hot.head(log)? else {
            return Ok(CaughtUp::default());
        };
        let cold = self.cold.head(log)?.map_or(0, |head| head.size());
        let moved = self.marked_beyond(log)?.filter(|moved| *moved > cold);
        if cold <= first.size() {
            return Ok(CaughtUp { receipts: 0, moved });
        }
        self.goes_on(log, &first)?;
        let mut heads = vec![first];
        loop {
            let before = *heads.last().unwrap_or(&first);
            if before.size() >= cold {
                break;
            }
            let receipts = self.beyond(log, &before)?;
            let mut last = SealMode::Signed;
            for sealed in &receipts {
                let seq = before.size();
                let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).map_err(|error| {
                    let what = format!("log {log}, cold tier, behind receipt {seq}: {error}");
                    StoreError::Corrupt { what }
                })?;
                last = receipt.header().mode;
                holds(&receipt).map_err(|error| StoreError::Corrupt {
                    what: format!(
                        "log {log}: receipt {} of the cold tier is none that this log goes on with: {error}; nothing was brought \
                         back",
                        receipt.header().seq
                    ),
                })?;
            }
            let after = next(log, &before, &receipts)?;
            if after.size() >= cold && last == SealMode::Batched {
                return Err(StoreError::Invalid {
                    what: format!(
                        "log {log}: the cold tier ends with receipt {}, which is batched, and the batch seal that signs for it is \
                         missing; nothing was brought back. Expected a newer copy of the hot tier",
                        after.size().saturating_sub(1)
                    ),
                });
            }
            heads.push(after);
        }
        // What an older copy has bytes of is unknown, and so is what the mark says: it is of the store that is gone.
        self.forget_settled(log)?;
        for pair in heads.windows(2) {
            let [before, after] = pair else { continue };
            let receipts = self.beyond(log, before)?;
            if next(log, before, &receipts)? != *after {
                let what = format!("log {log}: the cold tier was written to meanwhile; try again");
                return Err(StoreError::Corrupt { what });
            }
            self.hot.append(&[Batch {
                log,
                expected: before,
                receipts: &receipts,
            }])?;
        }
        let last = heads.last().unwrap_or(&first);
        Ok(CaughtUp {
            receipts: last.size() - first.size(),
            moved,
        })
    }

    /// Notes that the cold store has no more than it has, since what it had besides is declared as lost.
    ///
    /// # Errors
    ///
    /// When that cannot be kept, or the cold store does not answer.
    pub fn give_up_moved(&self, log: &LogName) -> Result<(), StoreError> {
        let _one = self.change();
        let cold = self.cold_head(log)?.size();
        self.lower_ended(log, cold)
    }

    /// Whether the cold store has the hot one's last receipt in its place.
    fn goes_on(&self, log: &LogName, head: &Head) -> Result<(), StoreError> {
        let corrupt = |what: String| Err(StoreError::Corrupt { what });
        if self
            .cold
            .head(log)?
            .is_none_or(|cold| cold.log_id() != head.log_id())
        {
            return corrupt(format!(
                "the cold tier has another log of the name {log}: it is that of another directory"
            ));
        }
        let (mut leaf, size) = (Vec::new(), head.size());
        self.cold
            .hashes(log, 0, size.saturating_sub(1)..size, &mut leaf)?;
        if leaf.pop() == Some(NodeHash::from_bytes(*head.hash().as_bytes())) {
            return Ok(());
        }
        corrupt(format!(
            "log {log} was written to after it had gone back: the cold tier has another receipt in place of {}, the last of the \
             hot tier. Both are signed; keep both stores, and bring back the one that goes on with the cold tier's",
            size.saturating_sub(1)
        ))
    }

    /// The next receipts that the cold store has, with what stands beside them.
    fn beyond(&self, log: &LogName, head: &Head) -> Result<Vec<Sealed>, StoreError> {
        let (mut receipts, mut bytes) = (Vec::new(), 0_usize);
        for stored in self.cold.read(log, head.size(), CHUNK)? {
            let StoredContent::Sealed(sealed) = stored.content else {
                return Err(StoreError::Invalid {
                    what: format!(
                        "log {log}: receipt {} was deleted for good from the cold tier, too, and a log is not written over a hole: \
                         nothing was brought back. Expected a newer copy of the hot tier",
                        stored.seq
                    ),
                });
            };
            let beside = self.cold.ciphertexts(log, stored.seq)?;
            bytes = (beside.iter().map(|one| one.bytes.len())).fold(bytes, usize::saturating_add);
            receipts.push(Sealed::new(sealed).with_ciphertexts(beside));
            if bytes > BESIDE {
                break;
            }
        }
        if receipts.is_empty() {
            let what = format!(
                "log {log}: the cold tier has no receipt {}, and said that it had",
                head.size()
            );
            return Err(StoreError::Corrupt { what });
        }
        Ok(receipts)
    }
}

/// Where these receipts lead, which have to follow each other and what stands before them.
fn next(log: &LogName, expected: &Head, receipts: &[Sealed]) -> Result<Head, StoreError> {
    let batch = Batch {
        log,
        expected,
        receipts,
    };
    Ok(batch.parse()?.1)
}
