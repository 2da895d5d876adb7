//! Moving sealed epochs to the cold store, and bringing receipts back.

use super::TieredStore;
use crate::{Batch, LogName, Query, ReadLimit, Sealed, Store as _, StoreError, StoredContent};
use ai_audit_core::{Head, Kind, Timestamp, UnverifiedReceipt};
use core::ops::RangeInclusive;
use core::time::Duration;

/// Receipts that are copied, or deleted, at once, and bytes of them.
pub(super) const CHUNK: ReadLimit = ReadLimit {
    receipts: 4096,
    bytes: 4 << 20,
};
/// Bytes of ciphertexts from which on no more receipts are copied with them.
pub(super) const BESIDE: usize = 16 << 20;

/// Which sealed epochs move to the cold store.
///
/// ```
/// use ai_audit_store::TierPolicy;
/// use std::time::Duration;
/// // What was sealed a month ago, but the last three epochs.
/// let policy = TierPolicy { age: Duration::from_secs(30 * 86_400), keep: 3 };
/// assert_eq!(TierPolicy::default().keep, 1);
/// assert!(policy.age > TierPolicy::default().age);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "callers fill it in")]
pub struct TierPolicy {
    /// Sealed at least so long ago, by the time of the seal.
    pub age: Duration,
    /// So many of the last sealed epochs stay in any case.
    pub keep: usize,
}

impl Default for TierPolicy {
    /// A week, and the last one.
    fn default() -> Self {
        Self {
            age: Duration::from_secs(7 * 86_400),
            keep: 1,
        }
    }
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Moved {
    /// Receipts that the cold store got now.
    pub copied: u64,
    /// Receipts that lost their bytes in the hot store now. Control receipts keep them.
    pub freed: u64,
    /// How many receipts of the log the cold store has.
    pub cold: u64,
}

impl TieredStore {
    /// Moves the epochs of a log that the policy says: copies all up to the last of them, reads the copy back, and
    /// only then deletes the bytes in the hot store. One that broke off goes on when it is called again.
    ///
    /// Nothing is written to the log by it: no receipt is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] where a receipt that was not copied has no bytes in the hot store: put it back from its archive, since
    /// the cold store's copy has no gap. [`StoreError::Corrupt`] where the cold store has another log of this
    /// name, or does not give back what it was given. See [`StoreError`].
    pub fn move_epochs(
        &self,
        log: &LogName,
        policy: &TierPolicy,
        now: Timestamp,
    ) -> Result<Moved, StoreError> {
        let seals = self
            .hot
            .find(log, &Query::Kind(Kind::EPOCH_SEAL), None, usize::MAX)?;
        let age = u64::try_from(policy.age.as_micros()).unwrap_or(u64::MAX);
        let may = seals.len().saturating_sub(policy.keep);
        // Times never run backwards in a log, so the last that is old enough says it for those before.
        for seal in seals.iter().take(may).rev() {
            let read = self.hot.read(log, *seal, ReadLimit::ONE)?;
            let sealed = read.first().and_then(|receipt| receipt.sealed());
            let Some(Ok(receipt)) = sealed.map(UnverifiedReceipt::parse) else {
                return Err(StoreError::Corrupt {
                    what: format!("log {log}: receipt {seal}, a seal, cannot be read"),
                });
            };
            let sealed_at = receipt.header().sealed_at.as_micros();
            if sealed_at.saturating_add(age) <= now.as_micros() {
                return self.move_through(log, *seal);
            }
        }
        let cold = self.cold_head(log)?.size();
        Ok(Moved {
            cold,
            ..Moved::default()
        })
    }

    /// Moves all receipts up to this one, whatever they are.
    ///
    /// # Errors
    ///
    /// As [`TieredStore::move_epochs`]; [`StoreError::NoSuchReceipt`] beyond the log's end.
    pub fn move_through(&self, log: &LogName, last: u64) -> Result<Moved, StoreError> {
        let held = self.hot.head(log)?.map_or(0, |head| head.size());
        if last >= held {
            let (log, seq) = (log.clone(), last);
            return Err(StoreError::NoSuchReceipt { log, seq, held });
        }
        let mut moved = Moved::default();
        loop {
            let _one = self.change();
            let before = self.cold_head(log)?;
            // What an earlier one copied and did not delete, whether or not it was read back.
            let freed = self.settle(log, self.settled(log)?, before.size())?;
            moved.freed = moved.freed.saturating_add(freed);
            self.raise_ended(log, before.size())?;
            if before.size() > last {
                moved.cold = before.size();
                return Ok(moved);
            }
            // It catches up: should this break off, what it copied is in both, below where that was looked for last.
            if before.size() < self.settled(log)? {
                self.unsettle(log, before.size())?;
            }
            let after = self.copy(log, &before, last)?;
            moved.copied = moved.copied.saturating_add(after.size() - before.size());
            self.hand_over_checkpoints(log, before.size() + 1..=after.size())?;
            let range = before.size()..=after.size() - 1;
            let freed = self.hot.delete_receipts(log, range)?;
            moved.freed = moved.freed.saturating_add(freed);
            // Where that is not kept nobody tells an older copy of the cold store from the right one.
            self.set_settled(log, before.size(), after.size())?;
        }
    }

    /// Copies the next receipts, and reads the copies back.
    fn copy(&self, log: &LogName, before: &Head, last: u64) -> Result<Head, StoreError> {
        let from = before.size();
        let most = usize::try_from(last - from + 1).unwrap_or(usize::MAX);
        let limit = ReadLimit {
            receipts: CHUNK.receipts.min(most),
            ..CHUNK
        };
        let (mut receipts, mut beside) = (Vec::new(), 0_usize);
        for stored in self.hot.read(log, from, limit)? {
            let StoredContent::Sealed(sealed) = stored.content else {
                if receipts.is_empty() {
                    return Err(StoreError::Invalid {
                        what: format!(
                            "log {log}: receipt {} has no bytes in the hot tier, and the cold tier has not got it; \
                             expected it to be put back from its archive first: the cold tier's copy has no gap",
                            stored.seq
                        ),
                    });
                }
                break;
            };
            let ciphertexts = self.hot.ciphertexts(log, stored.seq)?;
            let bytes = ciphertexts.iter().map(|one| one.bytes.len());
            beside = bytes.fold(beside, usize::saturating_add);
            receipts.push(Sealed::new(sealed).with_ciphertexts(ciphertexts));
            if beside > BESIDE {
                break;
            }
        }
        let batch = Batch {
            log,
            expected: before,
            receipts: &receipts,
        };
        let (_, after) = batch.parse()?;
        match self.cold.append(&[batch]) {
            Ok(()) => {}
            // It failed, but may be stored.
            Err(error) if !error.is_refusal() && self.cold.head(log)? == Some(after) => {}
            Err(error) => return Err(error),
        }
        self.read_back(log, from, &receipts)?;
        self.cold_head(log)
    }

    fn read_back(&self, log: &LogName, from: u64, given: &[Sealed]) -> Result<(), StoreError> {
        let other = |seq: u64| StoreError::Corrupt {
            what: format!(
                "log {log}: the cold tier does not give back receipt {seq} as it was given: nothing was deleted"
            ),
        };
        let (mut seq, mut left) = (from, given);
        while !left.is_empty() {
            let limit = ReadLimit {
                receipts: CHUNK.receipts.min(left.len()),
                ..CHUNK
            };
            let read = self.cold.read(log, seq, limit)?;
            if read.is_empty() {
                return Err(other(seq));
            }
            for (found, expected) in read.iter().zip(left) {
                if found.seq != seq || found.sealed() != Some(expected.as_bytes()) {
                    return Err(other(seq));
                }
                let beside = expected.ciphertexts();
                if !beside.is_empty() {
                    // Of an erasure that broke off the cold store may still have what the hot one has not.
                    let kept = self.cold.ciphertexts(log, seq)?;
                    if !beside.iter().all(|one| kept.contains(one)) {
                        return Err(other(seq));
                    }
                }
                seq += 1;
            }
            left = left.get(read.len().min(left.len())..).unwrap_or_default();
        }
        Ok(())
    }

    /// So that the cold store's copy can be verified by itself.
    fn hand_over_checkpoints(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<(), StoreError> {
        for kept in self.hot.checkpoints_in(log, sizes)? {
            self.cold.put_checkpoint(log, kept.size, &kept.note)?;
        }
        Ok(())
    }

    /// Deletes in the hot store what the cold one got since it was looked at last, from `start` on; all, where nobody kept how
    /// far that was, for the sake of a move that broke off before this store was opened, or whose copy was found bad. Nobody
    /// knows then what was read back, so all that still has bytes is.
    pub(super) fn settle(
        &self,
        log: &LogName,
        mut start: u64,
        cold: u64,
    ) -> Result<u64, StoreError> {
        let mut freed = 0_u64;
        while start < cold {
            let most = usize::try_from(cold - start).unwrap_or(usize::MAX);
            let limit = ReadLimit {
                receipts: CHUNK.receipts.min(most),
                ..CHUNK
            };
            let (mut from, mut run, mut beside) = (start, Vec::new(), 0_usize);
            let (mut next, mut any) = (start, false);
            for stored in self.hot.read(log, start, limit)? {
                next = stored.seq + 1;
                let sealed = match stored.content {
                    StoredContent::Sealed(sealed) => sealed,
                    StoredContent::Deleted(_) => {
                        self.read_back(log, from, &run)?;
                        run.clear();
                        (from, beside) = (next, 0);
                        continue;
                    }
                };
                let ciphertexts = self.hot.ciphertexts(log, stored.seq)?;
                let bytes = ciphertexts.iter().map(|one| one.bytes.len());
                beside = bytes.fold(beside, usize::saturating_add);
                run.push(Sealed::new(sealed).with_ciphertexts(ciphertexts));
                any = true;
                if beside > BESIDE {
                    self.read_back(log, from, &run)?;
                    run.clear();
                    (from, beside) = (next, 0);
                }
            }
            self.read_back(log, from, &run)?;
            if next == start {
                return Err(StoreError::Corrupt {
                    what: format!(
                        "log {log}: the hot tier has no receipt {start}, and said that it had"
                    ),
                });
            }
            if any {
                let deleted = self.hot.delete_receipts(log, start..=next - 1)?;
                freed = freed.saturating_add(deleted);
            }
            // It is done whether or not that can be kept; a move says that it cannot.
            drop(self.set_settled(log, start, next));
            start = next;
        }
        Ok(freed)
    }

    /// How many of a log's first receipts the cold store has.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where what it has of this name is no copy of the log. See [`StoreError`].
    pub fn copied(&self, log: &LogName) -> Result<u64, StoreError> {
        Ok(self.cold_head(log)?.size())
    }

    /// Whether the cold store has fewer of a log's receipts than were moved: an older copy of it, or another one. Nothing is
    /// deleted then; a move brings it up again, where the hot store was given the bytes that are missing.
    ///
    /// # Errors
    ///
    /// As [`TieredStore::copied`].
    pub fn is_behind(&self, log: &LogName) -> Result<bool, StoreError> {
        Ok(self.copied(log)? < self.ended(log)?)
    }

    /// Whether the hot store would delete what was moved, without deleting any of it.
    ///
    /// # Errors
    ///
    /// As [`Store::may_delete`](crate::Store::may_delete).
    pub fn may_free(&self, log: &LogName) -> Result<(), StoreError> {
        self.hot.may_delete(log)
    }

    /// How many receipts of a range have no bytes in the hot store, wherever else they have them. The cold one is not asked.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn freed(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.hot.count_deleted(log, range)
    }

    /// How many receipts of a range have their bytes in the cold store alone.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn moved(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        match self.hot.count_deleted(log, range.clone())? {
            0 => Ok(0),
            gone => Ok(gone.saturating_sub(self.count_deleted(log, range)?)),
        }
    }

    /// Gives the hot store the bytes of a range again that were moved, for as long as they are needed there. The cold
    /// store keeps them too, and the ciphertexts beside them. Returns how many were missing.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn bring_back(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        let _one = self.change();
        let (Some(old), _) = Self::split(&range, self.cold_head(log)?.size()) else {
            return Ok(0);
        };
        // Before they are there: the next move takes them away again.
        self.unsettle(log, *old.start())?;
        let (mut at, end) = old.into_inner();
        let mut back = 0_u64;
        while at <= end {
            let most = usize::try_from(end - at + 1).unwrap_or(usize::MAX);
            let limit = ReadLimit {
                receipts: CHUNK.receipts.min(most),
                ..CHUNK
            };
            let read = self.cold.read(log, at, limit)?;
            let Some(last) = read.last() else { break };
            at = last.seq + 1;
            let sealed = read.into_iter().filter_map(|one| one.into_sealed());
            let sealed: Vec<Sealed> = sealed.map(Sealed::new).collect();
            back = back.saturating_add(self.hot.restore_receipts(log, &sealed)?);
        }
        Ok(back)
    }
}
