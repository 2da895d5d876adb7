//! Two stores as one: a hot one where logs are written, a cold one that takes what is old.

mod behind;
mod moves;
mod settled;

use crate::{
    Alone, Batch, Ciphertext, Health, HighWaterMark, LogName, Query, ReadLimit, Sealed, Store,
    StoreError, StoredCheckpoint, StoredContent, StoredReceipt,
};
use ai_audit_core::{Head, NodeHash, SubjectKeyId, UnverifiedReceipt};
use ai_audit_merkle::TreeSize;
pub use behind::CaughtUp;
use core::fmt;
use core::ops::{Range, RangeInclusive};
pub use moves::{Moved, TierPolicy};
use settled::Marks;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A hot store and a cold one (`docs/spec/tiers.md`).
///
/// The hot store is the log: its heads, hashes and checkpoints count, and it takes all appends. The cold
/// store has a copy of each log's first receipts, as a log of its own that anybody can read. What
/// [`TieredStore::move_epochs`] has copied there and read back loses its bytes in the hot store, and
/// is read from the cold one from then on. What is deleted is deleted in both.
///
/// Whoever moves must be whoever deletes and erases, by the same value of this type: it keeps one from
/// running into the other.
///
/// ```
/// use ai_audit_store::{MemoryStore, Store, TieredStore};
/// use std::sync::Arc;
/// let (hot, cold) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
/// let store = TieredStore::new(hot, cold);
/// assert!(store.logs()?.is_empty());
/// # Ok::<(), ai_audit_store::StoreError>(())
/// ```
pub struct TieredStore {
    hot: Arc<dyn Store>,
    cold: Arc<dyn Store>,
    /// Held while something moves, goes or comes back.
    changing: Mutex<()>,
    /// Heads of the cold store that were seen to be of the hot store's logs.
    known: Mutex<HashMap<LogName, Head>>,
    /// How far each log's moves have ended, which is what the cold store has at least, as known since this was made.
    ended: Mutex<HashMap<LogName, u64>>,
    /// The same, but for what was brought back since.
    settled: Mutex<HashMap<LogName, u64>>,
    /// Both for the next one.
    marks: Option<Marks>,
}

impl TieredStore {
    /// Two stores as one.
    #[must_use]
    pub fn new(hot: Arc<dyn Store>, cold: Arc<dyn Store>) -> Self {
        Self {
            hot,
            cold,
            changing: Mutex::default(),
            known: Mutex::default(),
            ended: Mutex::default(),
            settled: Mutex::default(),
            marks: None,
        }
    }

    /// Keeps how far the moves of each log have ended, so that the next one over the same stores notices a cold store that is
    /// behind (`ended`, which never falls), and does not look through all that was ever moved (`settled`, which does where
    /// receipts are brought back). They are two places. A mark of another log, or none, is no mistake: then all is looked
    /// at. They are no high-water marks of the log: these are the ledger's.
    #[must_use]
    pub fn with_marks(
        mut self,
        ended: Arc<dyn HighWaterMark>,
        settled: Arc<dyn HighWaterMark>,
    ) -> Self {
        self.marks = Some(Marks { ended, settled });
        self
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the cold store's copy of a log ends, once it is known to be a copy.
    fn cold_head(&self, log: &LogName) -> Result<Head, StoreError> {
        let Some(head) = self.cold.head(log)? else {
            return Ok(Head::EMPTY);
        };
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.get(log) == Some(&head) {
                return Ok(head);
            }
        }
        let other = |what: &str| StoreError::Corrupt {
            what: format!(
                "the cold tier's log {log} {what}: it is no copy of the hot tier's, so nothing is moved, deleted or read there"
            ),
        };
        let Some(hot) = self.hot.head(log)? else {
            return Err(other("is one that the hot tier does not have"));
        };
        if hot.size() < head.size() {
            return Err(StoreError::Corrupt {
                what: format!(
                    "the cold tier has {} receipts of log {log}, and the hot tier {}: an older copy of the hot tier is in its place, or \
                     the cold one is of another directory. Nothing is moved, deleted or read there. Expected the newer copy; \
                     `ai-audit adopt` brings back what the cold tier has",
                    head.size(),
                    hot.size()
                ),
            });
        }
        if self.leaf(log, head.size() - 1)? != Some(NodeHash::from_bytes(*head.hash().as_bytes())) {
            return Err(other("ends with another receipt"));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(log.clone(), head);
        Ok(head)
    }

    /// How many receipts it has, which are all that were moved there: an older copy of it, or an empty store in its place,
    /// would have a deletion pass by what the right one has.
    fn whole_cold(&self, log: &LogName) -> Result<u64, StoreError> {
        let (cold, ended) = (self.cold_head(log)?.size(), self.ended(log)?);
        match cold < ended {
            true => Err(StoreError::Corrupt {
                what: format!(
                    "the cold tier's log {log} has {cold} receipts, and {ended} were moved there: it is an older copy, or another \
                     store, so nothing is deleted. {}",
                    self.way_out(log)
                ),
            }),
            false => Ok(cold),
        }
    }

    /// The same where the cold store deletes, and no ciphertext is in both any more: those of a move that broke off would be
    /// counted twice.
    fn ready_to_delete(&self, log: &LogName) -> Result<u64, StoreError> {
        let cold = self.whole_cold(log)?;
        if cold > 0 {
            self.cold.may_delete(log)?;
            self.settle(log, self.in_both_from(log)?, cold)?;
        }
        Ok(cold)
    }

    /// From where on a move that broke off may have left ciphertexts in both. What was brought back before that stays: the
    /// ciphertexts beside it did not come along, by which it is told from what a store that was behind got again.
    fn in_both_from(&self, log: &LogName) -> Result<u64, StoreError> {
        let (mut at, ended) = (self.settled(log)?, self.ended(log)?);
        while at < ended {
            let read = self.hot.read(log, at, ReadLimit::default())?;
            let Some(last) = read.last() else { break };
            let next = last.seq.saturating_add(1);
            for stored in read.iter().filter(|stored| stored.sealed().is_some()) {
                if stored.seq >= ended {
                    return Ok(ended);
                }
                if !self.hot.ciphertexts(log, stored.seq)?.is_empty() {
                    return Ok(stored.seq);
                }
            }
            at = next;
        }
        Ok(ended)
    }

    fn leaf(&self, log: &LogName, seq: u64) -> Result<Option<NodeHash>, StoreError> {
        let mut leaf = Vec::new();
        self.hot
            .hashes(log, 0, seq..seq.saturating_add(1), &mut leaf)?;
        Ok(leaf.pop())
    }

    /// A range, as far as it is in the cold store, and as far as it is not.
    fn split(
        range: &RangeInclusive<u64>,
        cold: u64,
    ) -> (Option<RangeInclusive<u64>>, Option<RangeInclusive<u64>>) {
        let some = |range: RangeInclusive<u64>| (!range.is_empty()).then_some(range);
        let (start, end) = (*range.start(), *range.end());
        let old = cold
            .checked_sub(1)
            .and_then(|last| some(start..=end.min(last)));
        (old, some(start.max(cold)..=end))
    }

    /// Fills in, from the cold store, the bytes that the hot one has not any more.
    fn fill(
        &self,
        log: &LogName,
        found: Vec<StoredReceipt>,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        let cold = self.cold_head(log)?.size();
        let (mut out, mut bytes) = (Vec::with_capacity(found.len()), 0_usize);
        let mut read = VecDeque::<StoredReceipt>::new();
        for mut receipt in found {
            let seq = receipt.seq;
            if let StoredContent::Deleted(hash) = receipt.content
                && seq < cold
            {
                while read.front().is_some_and(|next| next.seq < seq) {
                    read.pop_front();
                }
                if read.front().is_none_or(|next| next.seq != seq) {
                    let rest = ReadLimit {
                        receipts: limit.receipts.saturating_sub(out.len()),
                        bytes: limit.bytes.saturating_sub(bytes),
                    };
                    read = self.cold.read(log, seq, rest)?.into();
                }
                if let Some(found) = read.pop_front().and_then(StoredReceipt::into_sealed) {
                    let parsed = UnverifiedReceipt::parse(&found);
                    if !parsed.is_ok_and(|parsed| parsed.hash() == hash) {
                        return Err(StoreError::Corrupt {
                            what: format!(
                                "log {log}: the cold tier has other bytes for receipt {seq} than were sealed"
                            ),
                        });
                    }
                    receipt.content = StoredContent::Sealed(found);
                }
            }
            bytes = bytes.saturating_add(receipt.sealed().map_or(0, <[u8]>::len));
            if bytes > limit.bytes && !out.is_empty() {
                break;
            }
            out.push(receipt);
        }
        Ok(out)
    }
}

impl Store for TieredStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.hot.append(batches)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.hot.logs()
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.hot.head(log)
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        let found = self.hot.read(log, from_seq, limit)?;
        if found.iter().all(|receipt| receipt.sealed().is_some()) {
            return Ok(found);
        }
        self.fill(log, found, limit)
    }

    /// The cold store is asked before anything is deleted; it would refuse where it keeps what is deleted.
    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.hot.may_delete(log)?;
        match self.whole_cold(log)? {
            0 => Ok(()),
            _ => self.cold.may_delete(log),
        }
    }

    /// First in the hot store: should it break off, nothing is gone that is not gone from both, and calling it
    /// again goes on.
    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let _one = self.change();
        let (old, new) = Self::split(&range, self.whole_cold(log)?);
        // Where the range goes beyond the log the hot store refuses, before anything is done.
        let held = self.hot.head(log)?.map_or(0, |head| head.size());
        if *range.end() >= held {
            return self.hot.delete_receipts(log, range);
        }
        if old.is_some() {
            self.may_delete(log)?;
        }
        let mut deleted = 0_u64;
        if let Some(new) = new {
            deleted = self.hot.delete_receipts(log, new)?;
        }
        if let Some(old) = old {
            self.hot.delete_receipts(log, old.clone())?;
            deleted = deleted.saturating_add(self.cold.delete_receipts(log, old)?);
        }
        Ok(deleted)
    }

    /// Each receipt is put back where it would be read from. All are held against the hot store's hashes before; where
    /// one of two stores fails then, calling it again puts back the rest.
    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        let _one = self.change();
        let held = self.hot.head(log)?.map_or(0, |head| head.size());
        let cold = self.cold_head(log)?.size();
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for sealed in receipts {
            let leaf = |seq| {
                let leaf = self.leaf(log, seq)?;
                Ok(leaf.map(|leaf| ai_audit_core::LeafHash::from_bytes(*leaf.as_bytes())))
            };
            let receipt = sealed.parse_restored(log, held, leaf)?;
            match receipt.header().seq < cold {
                true => old.push(sealed.clone()),
                false => new.push(sealed.clone()),
            }
        }
        let mut restored = 0_u64;
        for (store, some) in [(&self.cold, old), (&self.hot, new)] {
            if !some.is_empty() {
                restored = restored.saturating_add(store.restore_receipts(log, &some)?);
            }
        }
        Ok(restored)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        if self.hot.count_deleted(log, range.clone())? == 0 {
            return Ok(0);
        }
        let (old, new) = Self::split(&range, self.cold_head(log)?.size());
        let mut count = 0_u64;
        for (store, range) in [(&self.cold, old), (&self.hot, new)] {
            if let Some(range) = range {
                count = count.saturating_add(store.count_deleted(log, range)?);
            }
        }
        Ok(count)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        let found = self.hot.ciphertexts(log, seq)?;
        if !found.is_empty() || seq >= self.cold_head(log)?.size() {
            return Ok(found);
        }
        self.cold.ciphertexts(log, seq)
    }

    /// In both, first in the hot one, which has none below where the cold one ends: so each is counted once. The keys are
    /// destroyed by then: what a cold store has yet that is away, or does not delete, opens to nobody, and is owed.
    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        let _one = self.change();
        self.hot.may_delete(log)?;
        let cold = self.ready_to_delete(log);
        let removed = self.hot.delete_ciphertexts(log, keys)?;
        let there = cold.and_then(|cold| match cold {
            0 => Ok(0),
            _ => self.cold.delete_ciphertexts(log, keys),
        });
        match there {
            Ok(there) => Ok(removed.saturating_add(there)),
            Err(error) => Err(StoreError::Owed {
                error: Box::new(error),
            }),
        }
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let mut found = self.hot.find(log, query, after, limit)?;
        // All else is found without bytes.
        let goes_with_bytes = matches!(query, Query::Trace(_) | Query::Session(_));
        if goes_with_bytes && self.cold_head(log)?.size() > 0 {
            found.extend(self.cold.find(log, query, after, limit)?);
            found.sort_unstable();
            found.dedup();
            found.truncate(limit);
        }
        Ok(found)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.hot.hashes(log, level, range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.hot.put_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.hot.checkpoints(log)
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.hot.checkpoints_in(log, sizes)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.hot.latest_checkpoint(log)
    }

    fn is_alone_since_opened(&self) -> Result<Alone, StoreError> {
        self.hot.is_alone_since_opened()
    }

    /// Of the hot store, with the bytes of both.
    fn health(&self) -> Result<Health, StoreError> {
        let (hot, cold) = (self.hot.health()?, self.cold.health()?);
        Ok(Health {
            backend: "tiered",
            durable: hot.durable && cold.durable,
            bytes: hot.bytes.saturating_add(cold.bytes),
            ..hot
        })
    }
}

impl fmt::Debug for TieredStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredStore").finish_non_exhaustive()
    }
}
