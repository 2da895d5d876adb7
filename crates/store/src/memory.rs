//! A store in memory: for tests, and for logs that are exported before the process ends.

mod log;

use crate::{
    Batch, Ciphertext, Health, LogName, ParsedBatch, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredContent, StoredReceipt, check_level, step_up,
};
use ai_audit_core::{Head, Header, NodeHash, SubjectKeyId, Timestamp};
use ai_audit_merkle::{TILE_HEIGHT, TreeSize};
use core::ops::{Range, RangeInclusive};
use log::{Field, Log, entry};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{PoisonError, RwLock};

/// Keeps everything in memory, at little more than the receipts' own bytes. Nothing is ever
/// evicted by itself, and nothing survives the process.
///
/// ```
/// use ai_audit_store::{MemoryStore, Store};
/// let store = MemoryStore::new();
/// assert!(store.logs()?.is_empty());
/// assert!(!store.health()?.durable);
/// # Ok::<(), ai_audit_store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    logs: RwLock<BTreeMap<LogName, Log>>,
    hasher: RandomState,
}

impl MemoryStore {
    /// A store without logs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn fingerprint(&self, field: Field, value: &[u8]) -> u64 {
        self.hasher.hash_one((field, value))
    }

    /// Those of all fields that a receipt is found by.
    fn fingerprints(&self, header: &Header<'_>) -> impl Iterator<Item = u64> {
        let id = self.fingerprint(Field::Id, header.id.as_bytes());
        let named = self.deletable(header);
        core::iter::once(id).chain(named.into_iter().flatten())
    }

    /// Those of the fields that go with the receipt's bytes.
    fn deletable(&self, header: &Header<'_>) -> [Option<u64>; 2] {
        let named = |field, name: &str| {
            (!name.is_empty()).then(|| self.fingerprint(field, name.as_bytes()))
        };
        [
            named(Field::Trace, header.trace_id),
            named(Field::Session, header.session_id),
        ]
    }

    fn with<T>(&self, log: &LogName, read: impl FnOnce(&Log) -> T) -> Option<T> {
        // A thread that panicked while it held the lock had changed nothing yet, or all of it.
        let logs = self.logs.read().unwrap_or_else(PoisonError::into_inner);
        logs.get(log).map(read)
    }
}

impl Store for MemoryStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        let parsed = ParsedBatch::all(batches)?;
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        for batch in batches {
            let found = logs.get(batch.log).map_or(Head::EMPTY, |log| log.head);
            if found != *batch.expected {
                return Err(StoreError::HeadMoved {
                    log: batch.log.clone(),
                    expected: Box::new(*batch.expected),
                    found: Box::new(found),
                });
            }
        }
        for ParsedBatch {
            batch,
            receipts,
            after,
        } in parsed
        {
            if receipts.is_empty() {
                continue;
            }
            let log = logs.entry(batch.log.clone()).or_insert_with(Log::new);
            for (receipt, sealed) in receipts.iter().zip(batch.receipts) {
                let header = receipt.header();
                log.push(receipt, sealed.as_bytes())
                    .ok_or_else(|| StoreError::Full {
                        what: format!("log {} has 2^32 chunks in memory", batch.log),
                    })?;
                log.keep(header.seq, sealed.ciphertexts());
                for fingerprint in self.fingerprints(header) {
                    log.index.insert(entry(fingerprint, header.seq));
                }
            }
            log.head = after;
        }
        Ok(())
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        let logs = self.logs.read().unwrap_or_else(PoisonError::into_inner);
        Ok(logs.keys().cloned().collect())
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        Ok(self.with(log, |log| log.head))
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        let read = |log: &Log| {
            let mut out = Vec::new();
            let mut bytes = 0;
            let start = usize::try_from(from_seq).unwrap_or(usize::MAX);
            for (index, seq) in (start..log.len()).zip(from_seq..).take(limit.receipts) {
                let content = match log.sealed(index) {
                    Some(sealed) => {
                        bytes += sealed.len();
                        StoredContent::Sealed(sealed.to_vec())
                    }
                    None => match log.leaf(index) {
                        Some(hash) => StoredContent::Deleted(hash),
                        None => break,
                    },
                };
                if bytes > limit.bytes && !out.is_empty() {
                    break;
                }
                out.push(StoredReceipt { seq, content });
            }
            out
        };
        Ok(self.with(log, read).unwrap_or_default())
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        let missing = |held| StoreError::NoSuchReceipt {
            log: log.clone(),
            seq: *range.end(),
            held,
        };
        let found = logs.get_mut(log).ok_or_else(|| missing(0))?;
        if *range.end() >= found.head.size() {
            return Err(missing(found.head.size()));
        }
        Ok(found.delete(range, |header| self.deletable(header)))
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        let held = logs.get(log).map_or(0, |log| log.head.size());
        let mut parsed = Vec::with_capacity(receipts.len());
        for sealed in receipts {
            let leaf = |seq| {
                let index = usize::try_from(seq).ok()?;
                logs.get(log)?.leaf(index)
            };
            parsed.push(sealed.parse_restored(log, held, |seq| Ok(leaf(seq)))?);
        }
        let Some(found) = logs.get_mut(log) else {
            return Ok(0);
        };
        let mut restored = 0;
        for (receipt, sealed) in parsed.iter().zip(receipts) {
            let header = receipt.header();
            if found.restore(header.seq, sealed.as_bytes()) {
                restored += 1;
                found.keep(header.seq, sealed.ciphertexts());
                for fingerprint in self.deletable(header).into_iter().flatten() {
                    found.index.insert(entry(fingerprint, header.seq));
                }
            }
        }
        Ok(restored)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        let count = |log: &Log| log.count_deleted(range);
        Ok(self.with(log, count).unwrap_or_default())
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        let all = |log: &Log| log.ciphertexts.get(&seq).cloned();
        Ok(self.with(log, all).flatten().unwrap_or_default())
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        let found = logs.get_mut(log);
        Ok(found.map_or(0, |log| log.delete_ciphertexts(keys)))
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let Some(start) = after.map_or(Some(0), |after| after.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let find = |log: &Log| match query {
            Query::Id(id) => {
                let fingerprint = self.fingerprint(Field::Id, id.as_bytes());
                log.find_indexed(fingerprint, start, limit, |header| header.id == *id)
            }
            Query::Trace(trace) => {
                let fingerprint = self.fingerprint(Field::Trace, trace.as_bytes());
                log.find_indexed(fingerprint, start, limit, |header| {
                    header.trace_id == *trace
                })
            }
            Query::Session(session) => {
                let fingerprint = self.fingerprint(Field::Session, session.as_bytes());
                log.find_indexed(fingerprint, start, limit, |header| {
                    header.session_id == *session
                })
            }
            Query::Time { from, to } => {
                let first = log.first_at(*from).max(start);
                let end = match to.as_micros().checked_add(1) {
                    Some(end) if *to < Timestamp::MAX => log.first_at(Timestamp::from_micros(end)),
                    _ => log.head.size(),
                };
                (first..end).take(limit).collect()
            }
            Query::Kind(kind) => log.find_kind(*kind, start, limit),
        };
        Ok(self.with(log, find).unwrap_or_default())
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        check_level(level)?;
        out.clear();
        self.with(log, |log| {
            let kept = log.levels.get(usize::try_from(level / TILE_HEIGHT).ok()?)?;
            let up = level % TILE_HEIGHT;
            let part = |range: Range<u64>| {
                let start = usize::try_from(range.start).ok()?;
                let end = usize::try_from(range.end).unwrap_or(usize::MAX);
                kept.get(start..kept.len().min(end))
            };
            match up {
                0 => out.extend_from_slice(part(range)?),
                _ => out.extend(step_up(part(
                    range.start.saturating_mul(1 << up)..range.end.saturating_mul(1 << up),
                )?)),
            }
            Some(())
        });
        Ok(())
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        match logs.get_mut(log) {
            Some(held) if (1..=held.head.size()).contains(&size.as_u64()) => {
                let note = match held.checkpoints.get_key_value(&size).map(stored) {
                    Some(kept) => kept.joined(log, note)?,
                    None => note.to_owned(),
                };
                held.checkpoints.insert(size, note);
                Ok(())
            }
            other => Err(StoreError::Beyond {
                log: log.clone(),
                size,
                held: other.map_or(0, |log| log.head.size()),
            }),
        }
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let all = |log: &Log| log.checkpoints.iter().map(stored).collect();
        Ok(self.with(log, all).unwrap_or_default())
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        let last = |log: &Log| log.checkpoints.last_key_value().map(stored);
        Ok(self.with(log, last).flatten())
    }

    fn health(&self) -> Result<Health, StoreError> {
        let logs = self.logs.read().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = logs.values().map(Log::bytes).sum();
        Ok(Health {
            writable: true,
            logs: u64::try_from(logs.len()).unwrap_or(u64::MAX),
            receipts: logs.values().map(|log| log.head.size()).sum(),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            ..Health::new("memory")
        })
    }
}

fn stored((size, note): (&TreeSize, &String)) -> StoredCheckpoint {
    StoredCheckpoint {
        size: *size,
        note: note.clone(),
    }
}
