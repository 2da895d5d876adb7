//! The store: a connection to write with, one to read with, and one that deletes when it is asked to.

use crate::append::{self, Frontiers};
use crate::client::Client;
use crate::error::{Answer, Fail, invalid};
use crate::link::{Link, Purpose, Target};
use crate::options::{OpenMode, Options};
use crate::schema::store_id;
use crate::{checkpoints, ciphertexts, delete, find, nodes, read};
use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Alone, Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt, check_level,
};
use core::fmt;
use core::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the role that deletes is named.
const ERASER: &str =
    "`store-eraser` in the settings of a directory, in a program `Options::eraser`";

/// Logs in a PostgreSQL.
///
/// It connects when it is opened, and again when a connection was lost. It may be used from threads that
/// drive asynchronous work, which it blocks.
pub struct PostgresStore {
    address: String,
    options: Options,
    mode: OpenMode,
    name: String,
    reader: Mutex<Link>,
    writer: Mutex<Writer>,
    /// Whether the end of a log is not known, since the connection was lost while it was written to.
    unsettled: AtomicBool,
}

struct Writer {
    link: Link,
    frontiers: Frontiers,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left in the middle is in the server, which ends it with the connection.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PostgresStore {
    /// Opens a database whose tables are there: `postgres://user@host:port/database`.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached, has no tables of ours or later ones; to write also where the server is a
    /// standby, is set up so that it may lose what it acknowledged, or, for a [sole
    /// writer](Options::sole_writer), has another one.
    pub fn open(address: &str, mode: OpenMode, options: Options) -> Result<Self, StoreError> {
        let link =
            |purpose| Ok::<_, StoreError>(Link::new(Target::new(address, &options)?, purpose));
        // What a writer reads is where it is going to write: no standby, which may be behind.
        let reader = link(match mode {
            OpenMode::ReadWrite => Purpose::Write,
            OpenMode::ReadOnly => Purpose::Read,
        })?;
        let mut writer = link(Purpose::Write)?;
        if mode == OpenMode::ReadWrite {
            if options.sole_writer {
                writer = writer.alone(options.advertise.clone());
            } else if options.shared_writer {
                writer = writer.among_others();
            }
        }
        let store = Self {
            address: address.into(),
            name: reader.target().name.clone(),
            reader: Mutex::new(reader),
            writer: Mutex::new(Writer {
                link: writer,
                frontiers: Frontiers::new(),
            }),
            unsettled: AtomicBool::new(false),
            mode,
            options,
        };
        lock(&store.reader).ready()?;
        if mode == OpenMode::ReadWrite {
            lock(&store.writer).link.ready()?;
        }
        Ok(store)
    }

    /// The address without user, password and parameters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn hold_writable(&self) -> Result<(), StoreError> {
        match self.mode {
            OpenMode::ReadWrite => Ok(()),
            OpenMode::ReadOnly => Err(StoreError::ReadOnly),
        }
    }

    /// Does something with the connection that writes. Where it is lost, what it was given is not known to
    /// be done until another one has seen to it.
    fn writing<T>(
        &self,
        tried: &str,
        work: impl FnOnce(&mut Client, &mut Frontiers) -> Answer<T>,
    ) -> Result<T, StoreError> {
        self.with_link(|Writer { link, frontiers }| {
            link.once(tried, |client| work(client, frontiers))
        })
    }

    fn with_link<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let before = writer.link.made();
        let done = work(&mut writer);
        // A connection that was made anew may lead to another server than that of the reader.
        if !writer.link.is_there() || writer.link.made() != before {
            self.unsettled.store(true, Ordering::SeqCst);
        }
        done
    }

    fn reading<T>(
        &self,
        tried: &str,
        work: impl FnMut(&mut Client) -> Answer<T>,
    ) -> Result<T, StoreError> {
        if self.unsettled.load(Ordering::SeqCst) {
            lock(&self.writer).link.settle()?;
            // The server that answers now may be another one.
            lock(&self.reader).lose();
            self.unsettled.store(false, Ordering::SeqCst);
        }
        lock(&self.reader).reading(tried, work)
    }

    /// Runs a query on a log, or gives `none` where there is no such log.
    fn with_log<T>(
        &self,
        tried: &str,
        log: &LogName,
        none: impl Fn() -> T,
        mut query: impl FnMut(&mut Client, i64) -> Answer<T>,
    ) -> Result<T, StoreError> {
        self.reading(tried, |client| match read::log(client, log)? {
            Some(id) => query(client, id),
            None => Ok(none()),
        })
    }

    /// Deletes, or puts back, as the role that may. The connection is there for as long as that takes.
    fn erasing<T>(
        &self,
        tried: &str,
        work: impl FnOnce(&mut Client) -> Answer<T>,
    ) -> Result<T, StoreError> {
        self.hold_writable()?;
        let eraser = self.options.eraser.as_deref();
        let mut options = self.options.clone();
        if eraser.is_some() && options.eraser_password.is_some() {
            options.password = options.eraser_password.take();
        }
        let target = Target::new(eraser.unwrap_or(&self.address), &options)?;
        let mut link = Link::new(target, Purpose::Write);
        let there = self.reading("asking for the store's id", store_id)?;
        let found = link.once("asking for the store's id", store_id);
        let found = found.map_err(|error| match (eraser, error) {
            // Of two addresses, which one.
            (Some(_), StoreError::Io { what }) => StoreError::Io {
                what: format!("the role that deletes ({ERASER}): {what}"),
            },
            (_, error) => error,
        })?;
        if found != there {
            return Err(invalid(format!(
                "the role that deletes is of another store: {} has id {found}, {} has id {there}; give the address of the same schema ({ERASER})",
                link.target().name,
                self.name
            )));
        }
        let name = link.target().name.clone();
        link.once(tried, |client| match work(client) {
            Err(Fail::Server(trouble)) if eraser.is_none() && trouble.is_forbidden() => {
                let error = trouble.told(tried, &name);
                Err(invalid(format!(
                    "{error}; the store was opened without the role that deletes: name it ({ERASER})"
                ))
                .into())
            }
            done => done,
        })
    }
}

impl Store for PostgresStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.hold_writable()?;
        let parsed = append::parse(batches)?;
        self.writing("appending", |client, frontiers| {
            append::append(client, frontiers, &parsed, &self.name)
        })
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.reading("listing logs", read::logs)
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        let row = self.reading("reading a head", |client| read::head(client, log))?;
        Ok(row.map(|row| row.head))
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.with_log("reading receipts", log, Vec::new, |client, id| {
            read::receipts(client, id, from_seq, limit)
        })
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.erasing("deleting receipts", |client| {
            delete::delete(client, log, &range)
        })
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.erasing("putting receipts back", |client| {
            delete::restore(client, log, receipts)
        })
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.with_log(
            "counting deleted receipts",
            log,
            || 0,
            |client, id| delete::count(client, id, &range),
        )
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.with_log("reading ciphertexts", log, Vec::new, |client, id| {
            ciphertexts::read(client, id, seq)
        })
    }

    /// Logs in as the role that deletes, and asks the server for what deleting takes.
    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.erasing("asking whether it may delete", |client| {
            delete::may_delete(client, log)
        })
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.erasing("removing ciphertexts", |client| {
            ciphertexts::delete(client, log, keys)
        })
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.with_log("looking for receipts", log, Vec::new, |client, id| {
            find::find(client, id, query, after, limit)
        })
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        check_level(level)?;
        self.reading("reading nodes", |client| {
            out.clear();
            match read::log(client, log)? {
                Some(id) => nodes::read(client, id, level, range.clone(), out),
                None => Ok(()),
            }
        })
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.hold_writable()?;
        self.writing("keeping a checkpoint", |client, _| {
            checkpoints::put(client, &self.name, log, size, note)
        })
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.reading("reading checkpoints", |client| {
            checkpoints::read(client, log, false)
        })
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.reading("reading checkpoints", |client| {
            checkpoints::read_in(client, log, &sizes)
        })
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        let last = self.reading("reading checkpoints", |client| {
            checkpoints::read(client, log, true)
        })?;
        Ok(last.into_iter().next())
    }

    fn health(&self) -> Result<Health, StoreError> {
        let writable = self.mode == OpenMode::ReadWrite;
        if writable {
            // Whether it would take receipts, the connection that writes knows.
            self.with_link(|writer| writer.link.ready().map(drop))?;
        }
        self.reading("asking for the database's health", |client| {
            read::health(client, writable)
        })
    }

    fn is_alone_since_opened(&self) -> Result<Alone, StoreError> {
        if !self.options.sole_writer || self.mode == OpenMode::ReadOnly {
            return Ok(Alone::default());
        }
        self.with_link(|writer| {
            let trouble = writer.link.look()?;
            // The first connection was made when it was opened.
            let since_opened = writer.link.made() == 1;
            Ok(Alone {
                since_opened,
                trouble,
            })
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("name", &self.name)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
