//! The root: where each log ends, and which objects it consists of.

use crate::codec::{In, Kind, Out, corrupt, digest};
use ai_audit_core::{Head, LeafHash, LogId, NodeHash, Timestamp};
use ai_audit_merkle::{Frontier, TreeSize};
use ai_audit_store::{LogName, StoreError};
use std::collections::BTreeMap;

/// Name of the root.
pub(crate) const ROOT: &str = "root";
/// Bytes of a root at most: it is written anew with each append. No other object but ciphertexts comes near it.
pub(crate) const BYTES: usize = 16 << 20;
/// Entries of one level that become an index.
pub(crate) const WIDTH: usize = 32;
/// Receipts of a log: fewer than these, so that no sum of places overflows.
const MOST: u64 = 1 << 53;
/// A log of 2^53 receipts has no more levels than this.
const LEVELS: usize = 12;
/// Bytes of an entry without ciphertexts.
const ENTRY: usize = 97;

/// What the store consists of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Root {
    pub(crate) revision: u64,
    pub(crate) logs: BTreeMap<LogName, LogState>,
    /// Objects that are to be deleted.
    pub(crate) doomed: Vec<String>,
}

/// What one log consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogState {
    pub(crate) head: Head,
    /// Bytes of receipts and ciphertexts that are there.
    pub(crate) bytes: u64,
    pub(crate) frontier: Frontier,
    /// Segments that are in no index yet, indexes of level 1 that are in none of level 2, and so on.
    pub(crate) levels: Vec<Vec<Entry>>,
}

/// An object, and what is in it: a segment, or an index and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) from: u64,
    pub(crate) count: u64,
    pub(crate) first_time: u64,
    pub(crate) last_time: u64,
    pub(crate) kinds: u64,
    pub(crate) deleted: u64,
    pub(crate) ciphertexts: u64,
    pub(crate) object: Name,
    /// Of a segment: the ciphertexts beside it.
    pub(crate) beside: Option<Name>,
}

/// What tells an object from all others of its kind and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    /// Drawn for each append and each change.
    pub(crate) nonce: u64,
    pub(crate) hash: [u8; 32],
}

impl Name {
    pub(crate) fn of(nonce: u64, content: &[u8]) -> Self {
        let hash = digest(content);
        Self { nonce, hash }
    }

    pub(crate) fn path(&self, log: &LogName, folder: &str, from: u64) -> String {
        let hash = LeafHash::from_bytes(self.hash);
        let nonce = self.nonce;
        format!("logs/{log}/{folder}/{from:020}-{nonce:016x}-{hash}")
    }

    fn put(&self, out: &mut Out) {
        out.u64(self.nonce);
        out.raw(&self.hash);
    }

    fn take(object: &mut In<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            nonce: object.u64()?,
            hash: object.array()?,
        })
    }
}

/// A number that no other append or change has: what one that failed left is never taken by a later one, so whoever
/// deletes what nothing names does not meet what is about to be named.
pub(crate) fn nonce() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Io {
        what: format!("asking the system for random bytes: {error}"),
    })
}

/// The bit of a kind.
pub(crate) const fn kind_bit(kind: u16) -> u64 {
    let place = if kind < 63 { kind } else { 63 };
    1 << place
}

impl Entry {
    /// The `seq` behind its last receipt.
    pub(crate) const fn end(&self) -> u64 {
        self.from.saturating_add(self.count)
    }

    pub(crate) fn path(&self, log: &LogName, level: usize) -> String {
        match level {
            0 => self.object.path(log, "segments", self.from),
            level => self.object.path(log, &format!("index-{level}"), self.from),
        }
    }

    pub(crate) fn beside_path(&self, log: &LogName) -> Option<String> {
        let beside = self.beside.as_ref()?;
        Some(beside.path(log, "beside", self.from))
    }

    /// The entry of an index with these. None of nothing.
    pub(crate) fn of_all(entries: &[Self], object: Name) -> Option<Self> {
        let (first, last) = (entries.first()?, entries.last()?);
        let sum = |of: fn(&Self) -> u64| entries.iter().map(of).fold(0, u64::saturating_add);
        Some(Self {
            from: first.from,
            count: last.end().saturating_sub(first.from),
            first_time: first.first_time,
            last_time: last.last_time,
            kinds: entries.iter().fold(0, |all, entry| all | entry.kinds),
            deleted: sum(|entry| entry.deleted),
            ciphertexts: sum(|entry| entry.ciphertexts),
            object,
            beside: None,
        })
    }

    pub(crate) fn put(&self, out: &mut Out) {
        for number in [
            self.from,
            self.count,
            self.first_time,
            self.last_time,
            self.kinds,
            self.deleted,
            self.ciphertexts,
        ] {
            out.u64(number);
        }
        self.object.put(out);
        match &self.beside {
            Some(beside) => {
                out.raw(&[1]);
                beside.put(out);
            }
            None => out.raw(&[0]),
        }
    }

    pub(crate) fn take_all(object: &mut In<'_>) -> Result<Vec<Self>, StoreError> {
        object.list(ENTRY, Self::take)
    }

    fn take(object: &mut In<'_>) -> Result<Self, StoreError> {
        let mut numbers = [0; 7];
        for number in &mut numbers {
            *number = object.u64()?;
        }
        let [
            from,
            count,
            first_time,
            last_time,
            kinds,
            deleted,
            ciphertexts,
        ] = numbers;
        let name = Name::take(object)?;
        let beside = match object.array::<1>()? {
            [0] => None,
            [1] => Some(Name::take(object)?),
            _ => return Err(object.wrong("neither 0 nor 1")),
        };
        if count == 0 || from.checked_add(count).is_none() {
            return Err(object.wrong("an entry of no receipts, or beyond all"));
        }
        Ok(Self {
            from,
            count,
            first_time,
            last_time,
            kinds,
            deleted,
            ciphertexts,
            object: name,
            beside,
        })
    }
}

impl LogState {
    /// A log before its genesis.
    pub(crate) const fn new() -> Self {
        Self {
            head: Head::EMPTY,
            bytes: 0,
            frontier: Frontier::new(),
            levels: Vec::new(),
        }
    }

    /// All entries with their levels, by `seq`.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let levels = self.levels.iter().enumerate().rev();
        levels.flat_map(|(level, entries)| entries.iter().map(move |entry| (level, entry)))
    }

    fn put(&self, name: &LogName, out: &mut Out) {
        out.bytes(name.as_str().as_bytes());
        out.raw(self.head.log_id().as_bytes());
        out.u64(self.head.size());
        out.raw(self.head.hash().as_bytes());
        out.u64(self.head.sealed_at().as_micros());
        out.u64(self.bytes);
        out.list(self.frontier.nodes(), |out, node| out.raw(node.as_bytes()));
        out.list(&self.levels, |out, entries| {
            out.list(entries, |out, entry| entry.put(out));
        });
    }

    fn take(object: &mut In<'_>) -> Result<(LogName, Self), StoreError> {
        let name = core::str::from_utf8(object.bytes()?).ok();
        let name = name.and_then(|name| LogName::new(name).ok());
        let name = name.ok_or_else(|| object.wrong("no name of a log"))?;
        let log_id = LogId::from_bytes(object.array()?);
        let size = object.u64()?;
        let hash = LeafHash::from_bytes(object.array()?);
        let sealed_at = Timestamp::from_micros(object.u64()?);
        let bytes = object.u64()?;
        let nodes = object.list(32, |object| Ok(NodeHash::from_bytes(object.array()?)))?;
        let levels = object.list(4, Entry::take_all)?;
        if size == 0 || size >= MOST || levels.len() > LEVELS {
            return Err(object.wrong("a log of no receipts, or of too many, or of too many levels"));
        }
        let frontier = Frontier::from_nodes(TreeSize::new(size), nodes)
            .map_err(|error| object.wrong(&error.to_string()))?;
        let state = Self {
            head: Head::from_parts(log_id, size, hash, sealed_at),
            bytes,
            frontier,
            levels,
        };
        let mut at = 0;
        for (_, entry) in state.entries() {
            if entry.from != at {
                return Err(object.wrong("entries that do not follow each other"));
            }
            at = entry.end();
        }
        if at != size {
            return Err(object.wrong("entries that end where the log does not"));
        }
        Ok((name, state))
    }
}

/// The name of an object that is to be deleted: nothing outside of the logs, and nothing that is above.
pub(crate) fn doomed_name(object: &mut In<'_>) -> Result<String, StoreError> {
    let name = core::str::from_utf8(object.bytes()?).ok();
    let name = name.filter(|name| {
        let safe = |part: &str| !part.is_empty() && !part.starts_with('.');
        name.starts_with("logs/") && name.split('/').all(safe)
    });
    name.map(str::to_owned)
        .ok_or_else(|| object.wrong("no name of an object of a log"))
}

impl Root {
    pub(crate) fn put(&self) -> Vec<u8> {
        let mut out = Out::new(Kind::Root);
        out.u64(self.revision);
        out.len(self.logs.len());
        for (name, log) in &self.logs {
            log.put(name, &mut out);
        }
        out.list(&self.doomed, |out, name| out.bytes(name.as_bytes()));
        out.end()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut object = In::new(ROOT, bytes, Kind::Root)?;
        let revision = object.u64()?;
        let logs = object.list(80, LogState::take)?;
        let doomed = object.list(4, doomed_name)?;
        object.end()?;
        if !logs.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(corrupt("object root: its logs are not in order"));
        }
        Ok(Self {
            revision,
            logs: logs.into_iter().collect(),
            doomed,
        })
    }

    /// Where a log ends; [`Head::EMPTY`] where there is none.
    pub(crate) fn head(&self, log: &LogName) -> Head {
        self.logs.get(log).map_or(Head::EMPTY, |log| log.head)
    }
}
