//! The store: a connection to write with, and one to read with, so that readers wait for no sync.

use crate::append::Frontiers;
use crate::connection::{Link, Script};
use crate::doubt::Fences;
use crate::error::corrupt;
use crate::keys::Keys;
use crate::options::{OpenMode, RedisOptions};
use crate::script::Change;
use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt, check_level,
};
use core::fmt;
use core::ops::{Range, RangeInclusive};
use redis::{Cmd, FromRedisValue, Pipeline, Value};
use std::collections::HashSet;
use std::sync::Mutex;

/// How often a change is made again whose ground moved meanwhile. Of one log there is one writer, so it
/// moves seldom.
const TRIES: usize = 64;

/// Logs in a Redis.
///
/// It keeps a second writer out by comparing heads alone: who is second gets
/// [`StoreError::HeadMoved`].
pub struct RedisStore {
    pub(crate) keys: Keys,
    pub(crate) mode: OpenMode,
    pub(crate) options: RedisOptions,
    pub(crate) writer: Link,
    reader: Link,
    /// Trees of the logs as they were after the last append of this store.
    pub(crate) frontiers: Mutex<Frontiers>,
    pub(crate) fences: Fences,
    /// Logs whose genesis was seen to declare that receipts may be lost.
    pub(crate) declared: Mutex<HashSet<LogName>>,
}

/// What came of a change.
#[derive(Debug)]
pub(crate) enum Done {
    /// It is made, and durable.
    Made,
    /// Nothing is changed: the comparison with this number, from 0, found this.
    Moved(usize, Vec<u8>),
}

impl RedisStore {
    /// Connects to a server and holds it against what is asked of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAStore`] for a server that may lose what it acknowledged, is a replica, too old, or
    /// has no store; [`StoreError::Invalid`] for an address or options that make no sense;
    /// [`StoreError::Io`] when it does not answer.
    pub fn open(url: &str, mode: OpenMode, options: &RedisOptions) -> Result<Self, StoreError> {
        let store = Self {
            keys: Keys::new(&options.name),
            mode,
            options: options.clone(),
            writer: Link::new(url, mode, options)?,
            reader: Link::new(url, mode, options)?,
            frontiers: Mutex::default(),
            fences: Fences::default(),
            declared: Mutex::default(),
        };
        store.writer.open(&store.keys)?;
        Ok(store)
    }

    /// The server's address, without user and password.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.writer.server
    }

    pub(crate) fn ask<T: FromRedisValue>(&self, tried: &str, cmd: &Cmd) -> Result<T, StoreError> {
        self.settle()?;
        self.reader.query(&self.keys, tried, cmd)
    }

    pub(crate) fn ask_all<T: FromRedisValue>(
        &self,
        tried: &str,
        pipeline: &Pipeline,
    ) -> Result<Vec<T>, StoreError> {
        self.settle()?;
        self.reader.pipeline(&self.keys, tried, pipeline)
    }

    pub(crate) fn look(
        &self,
        tried: &str,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<Vec<u64>, StoreError> {
        self.settle()?;
        self.reader
            .script(&self.keys, tried, Script::Find, arguments)
    }

    /// Counts a log's fence on, where appends go, and gives what they compare with it from then on.
    pub(crate) fn count_fence_on(&self, log: &LogName) -> Result<Vec<u8>, StoreError> {
        let number = self.writer.count_fence_on(&self.keys, log.as_str())?;
        Ok(number.to_string().into_bytes())
    }

    pub(crate) fn forget_reader(&self) {
        self.reader.forget();
    }

    pub(crate) fn may_write(&self) -> Result<(), StoreError> {
        match self.mode {
            OpenMode::ReadOnly => Err(StoreError::ReadOnly),
            OpenMode::Create | OpenMode::ReadWrite => Ok(()),
        }
    }

    /// Compares and writes, everything or nothing.
    pub(crate) fn change(&self, tried: &str, change: &Change) -> Result<Done, StoreError> {
        let answer: Vec<Value> = self
            .writer
            .script(&self.keys, tried, Script::Write, |cmd| {
                change.arguments(cmd, &self.keys);
            })?;
        let text = |place: usize| {
            answer
                .get(place)
                .cloned()
                .map(Vec::<u8>::from_redis_value)
                .and_then(Result::ok)
                .unwrap_or_default()
        };
        let shown = |place: usize| String::from_utf8_lossy(&text(place)).into_owned();
        match text(0).as_slice() {
            b"ok" => Ok(Done::Made),
            b"none" => Err(self.writer.no_store(&self.keys)),
            b"moved" => {
                let guard = answer.get(1).cloned().map(usize::from_redis_value);
                let guard = guard.and_then(Result::ok).and_then(|n| n.checked_sub(1));
                let guard = guard.ok_or_else(|| corrupt("the script's answer has no place"))?;
                Ok(Done::Moved(guard, text(2)))
            }
            b"wrong" => Err(corrupt(format!(
                "key {} is of type {}, which this store never makes of it",
                shown(1),
                shown(2)
            ))),
            b"short" => Err(corrupt(format!(
                "key {} is shorter than what was written to it",
                shown(1)
            ))),
            _ => Err(StoreError::Io {
                what: format!(
                    "{tried} at {}: an answer that the script does not give",
                    self.server()
                ),
            }),
        }
    }

    /// Makes a change that is put together anew as often as its ground moved.
    pub(crate) fn until_made<T>(
        &self,
        tried: &str,
        mut prepare: impl FnMut() -> Result<(Change, T), StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 0..TRIES {
            let (change, result) = prepare()?;
            if change.is_empty() {
                return Ok(result);
            }
            if let Done::Made = self.change(tried, &change)? {
                return Ok(result);
            }
        }
        Err(StoreError::Locked {
            what: format!("{tried}: the log, changed each time by somebody else,"),
            holder: None,
        })
    }
}

impl Store for RedisStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.may_write()?;
        self.append_all(batches)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.read_logs()
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.read_head(log)
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.read_receipts(log, from_seq, limit)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.may_write()?;
        let deleted = self.delete_bytes(log, &range)?;
        self.rewrite_file()?;
        Ok(deleted)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.may_write()?;
        self.restore_bytes(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.count_empty(log, &range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.read_beside(log, seq)
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.may_write()?;
        self.ask_to_delete(log)
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.may_write()?;
        let removed = self.remove_beside(log, keys)?;
        self.rewrite_file()?;
        Ok(removed)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.find_places(log, query, after, limit)
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
        let size = self.read_head(log)?.map_or(0, |head| head.size());
        self.read_nodes(log, size, level, range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.may_write()?;
        self.keep_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.read_checkpoints(log)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read_latest(log)
    }

    /// The server's settings are read again.
    fn health(&self) -> Result<Health, StoreError> {
        let durable = self.writer.check_again(&self.keys)?;
        let (logs, [receipts, bytes]) = self.read_totals()?;
        let mut health = Health::new("redis");
        health.durable = durable;
        health.writable = self.mode != OpenMode::ReadOnly;
        health.logs = logs;
        health.receipts = receipts;
        health.bytes = bytes;
        Ok(health)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("server", &self.writer.server)
            .field("mode", &self.mode)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
