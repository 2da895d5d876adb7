//! A store in memory: for tests, and for logs that are exported before the process ends.

use crate::{
    Batch, Health, LogName, Query, ReadLimit, Store, StoreError, StoredCheckpoint, StoredReceipt,
};
use ai_audit_core::{Head, Kind, NodeHash, Timestamp, UnverifiedReceipt};
use ai_audit_merkle::{Frontier, TILE_HEIGHT, TILE_WIDTH, TreeSize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{PoisonError, RwLock};

/// Receipts lie one behind the other in chunks of this many bytes: a vector for each would cost
/// more than its length, and one for all would be copied whenever it grows.
const CHUNK_LEN: usize = 1 << 20;

/// Keeps everything in memory, at little more than the receipts' own bytes. Nothing is ever
/// evicted, and nothing survives the process.
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

#[derive(Debug)]
struct Log {
    head: Head,
    frontier: Frontier,
    chunks: Vec<Vec<u8>>,
    /// Chunk and offset of each receipt; it ends where the next begins, or its chunk ends.
    places: Vec<(u32, u32)>,
    kinds: Vec<u16>,
    /// Nodes of the tile levels, leaves first.
    levels: Vec<Vec<NodeHash>>,
    /// A fingerprint of an id, trace or session, and a receipt that has it. Whether it really has
    /// is looked up, so fingerprints may collide.
    index: BTreeSet<(u64, u64)>,
    checkpoints: BTreeMap<TreeSize, String>,
}

/// Which field a fingerprint is of.
#[derive(Hash, Clone, Copy)]
enum Field {
    Id,
    Trace,
    Session,
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

    fn with<T>(&self, log: &LogName, read: impl FnOnce(&Log) -> T) -> Option<T> {
        // A thread that panicked while it held the lock had changed nothing yet, or all of it.
        let logs = self.logs.read().unwrap_or_else(PoisonError::into_inner);
        logs.get(log).map(read)
    }
}

impl Log {
    fn new() -> Self {
        Self {
            head: Head::EMPTY,
            frontier: Frontier::new(),
            chunks: Vec::new(),
            places: Vec::new(),
            kinds: Vec::new(),
            levels: Vec::new(),
            index: BTreeSet::new(),
            checkpoints: BTreeMap::new(),
        }
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    fn sealed(&self, index: usize) -> Option<&[u8]> {
        let (chunk, start) = *self.places.get(index)?;
        let bytes = self.chunks.get(usize::try_from(chunk).ok()?)?;
        let end = match self.places.get(index + 1) {
            Some((next, end)) if *next == chunk => usize::try_from(*end).ok()?,
            _ => bytes.len(),
        };
        bytes.get(usize::try_from(start).ok()?..end)
    }

    fn receipt(&self, seq: u64) -> Option<UnverifiedReceipt<'_>> {
        UnverifiedReceipt::parse(self.sealed(usize::try_from(seq).ok()?)?).ok()
    }

    fn push_bytes(&mut self, sealed: &[u8]) -> Option<()> {
        let room = |chunk: &Vec<u8>| chunk.len() + sealed.len() <= CHUNK_LEN;
        if !self.chunks.last().is_some_and(room) {
            self.chunks.push(Vec::with_capacity(CHUNK_LEN));
        }
        let number = u32::try_from(self.chunks.len() - 1).ok()?;
        let chunk = self.chunks.last_mut()?;
        self.places.push((number, u32::try_from(chunk.len()).ok()?));
        chunk.extend_from_slice(sealed);
        Some(())
    }

    fn push(&mut self, receipt: &UnverifiedReceipt<'_>, sealed: &[u8]) -> Option<()> {
        self.push_bytes(sealed)?;
        self.kinds.push(receipt.header().kind.number());
        let levels = &mut self.levels;
        self.frontier
            .push_with(receipt.hash(), |level, _, node| {
                if level % TILE_HEIGHT == 0 {
                    match usize::try_from(level / TILE_HEIGHT)
                        .ok()
                        .and_then(|level| levels.get_mut(level))
                    {
                        Some(nodes) => nodes.push(node),
                        None => levels.push(vec![node]),
                    }
                }
            })
            .ok()?;
        Some(())
    }

    /// The first receipt sealed at `time` or later: times never run backwards.
    fn first_at(&self, time: Timestamp) -> u64 {
        let (mut low, mut high) = (0, self.head.size());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self
                .receipt(middle)
                .is_some_and(|receipt| receipt.header().sealed_at < time);
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn find_indexed(
        &self,
        fingerprint: u64,
        start: u64,
        limit: usize,
        fits: impl Fn(&UnverifiedReceipt<'_>) -> bool,
    ) -> Vec<u64> {
        self.index
            .range((fingerprint, start)..=(fingerprint, u64::MAX))
            .map(|(_, seq)| *seq)
            .filter(|seq| self.receipt(*seq).is_some_and(|receipt| fits(&receipt)))
            .take(limit)
            .collect()
    }

    fn find_kind(&self, kind: Kind, start: u64, limit: usize) -> Vec<u64> {
        let skip = usize::try_from(start).unwrap_or(usize::MAX);
        (0..)
            .zip(&self.kinds)
            .skip(skip)
            .filter(|(_, number)| **number == kind.number())
            .map(|(seq, _)| seq)
            .take(limit)
            .collect()
    }
}

impl Store for MemoryStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        let mut names = HashSet::new();
        let mut parsed = Vec::with_capacity(batches.len());
        for batch in batches {
            if !names.insert(batch.log) {
                return Err(StoreError::Twice {
                    log: batch.log.clone(),
                });
            }
            parsed.push((batch, batch.parse()?));
        }
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
        for (batch, (receipts, head)) in parsed {
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
                for (field, value) in [
                    (Field::Id, &header.id.as_bytes()[..]),
                    (Field::Trace, header.trace_id.as_bytes()),
                    (Field::Session, header.session_id.as_bytes()),
                ] {
                    if !value.is_empty() {
                        log.index
                            .insert((self.fingerprint(field, value), header.seq));
                    }
                }
            }
            log.head = head;
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
                let Some(sealed) = log.sealed(index) else {
                    break;
                };
                bytes += sealed.len();
                if bytes > limit.bytes && !out.is_empty() {
                    break;
                }
                let sealed = sealed.to_vec();
                out.push(StoredReceipt { seq, sealed });
            }
            out
        };
        Ok(self.with(log, read).unwrap_or_default())
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
                log.find_indexed(fingerprint, start, limit, |receipt| {
                    receipt.header().id == *id
                })
            }
            Query::Trace(trace) => {
                let fingerprint = self.fingerprint(Field::Trace, trace.as_bytes());
                log.find_indexed(fingerprint, start, limit, |receipt| {
                    receipt.header().trace_id == trace
                })
            }
            Query::Session(session) => {
                let fingerprint = self.fingerprint(Field::Session, session.as_bytes());
                log.find_indexed(fingerprint, start, limit, |receipt| {
                    receipt.header().session_id == session
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
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        out.clear();
        self.with(log, |log| {
            let nodes = log.levels.get(usize::try_from(tile_level).ok()?)?;
            let start = usize::try_from(tile_index.checked_mul(TILE_WIDTH)?).ok()?;
            let width = usize::try_from(TILE_WIDTH).ok()?;
            let end = nodes.len().min(start.saturating_add(width));
            out.extend_from_slice(nodes.get(start..end)?);
            Some(())
        });
        Ok(())
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        match logs.get_mut(log) {
            Some(log) if (1..=log.head.size()).contains(&size.as_u64()) => {
                let note = match log.checkpoints.get(&size) {
                    Some(kept) => crate::merge_notes(kept, note)?,
                    None => note.to_owned(),
                };
                log.checkpoints.insert(size, note);
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
        let bytes: usize = logs
            .values()
            .flat_map(|log| &log.chunks)
            .map(Vec::len)
            .sum();
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
