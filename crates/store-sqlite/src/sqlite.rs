//! The store: one connection behind a lock.

use crate::append::{self, Frontiers};
use crate::error::sql;
use crate::open::{OpenMode, Opened, Stamp, open};
use crate::schema::DROP_INDEXES;
use crate::{ciphertexts, delete, find, names, nodes, read};
use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt, check_level,
};
use core::fmt;
use core::ops::{Range, RangeInclusive};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Logs in a SQLite file.
///
/// It takes no lock against a second writer beyond comparing heads; a program that writes should
/// hold a [`WriterLock`](ai_audit_store::WriterLock), so that the second one is refused at once.
pub struct SqliteStore {
    path: PathBuf,
    mode: OpenMode,
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    /// Where the file is read as one that nobody changes: how it was.
    still: Option<Stamp>,
    frontiers: Frontiers,
}

impl Inner {
    fn new(Opened { connection, still }: Opened) -> Self {
        Self {
            connection,
            still,
            frontiers: Frontiers::new(),
        }
    }
}

impl SqliteStore {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// When it is missing, no SQLite database, another program's, or of a later schema.
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.into(),
            mode,
            inner: Mutex::new(Inner::new(open(path, mode)?)),
        })
    }

    /// Limits the file's size in bytes, rounded to pages; appending beyond it fails as a full disk
    /// does. For this connection only.
    ///
    /// # Errors
    ///
    /// When SQLite refuses.
    pub fn limit_bytes(&self, bytes: u64) -> Result<(), StoreError> {
        let failed = sql("limiting the file");
        let inner = self.lock();
        let page: i64 = inner
            .connection
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(&failed)?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        inner
            .connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(&failed)
    }

    /// Reads every page and index and tells the first contradiction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] with SQLite's own words.
    pub fn check_file(&self) -> Result<(), StoreError> {
        let failed = sql("checking the file");
        let said: String = self
            .fresh()?
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(failed)?;
        if said == "ok" {
            Ok(())
        } else {
            Err(crate::error::corrupt(said))
        }
    }

    /// Writes the file anew without the room that deleted bytes left, which takes as much room again
    /// while it lasts. A file of an older version then also appends as fast as a new one.
    ///
    /// # Errors
    ///
    /// When there is not room enough, or another connection is in its way.
    pub fn compact(&self) -> Result<(), StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        let failed = sql("compacting the file");
        let mut inner = self.lock();
        let transaction = inner
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        transaction.execute_batch(DROP_INDEXES).map_err(&failed)?;
        names::make(&transaction)?;
        transaction.commit().map_err(&failed)?;
        inner.connection.execute_batch("VACUUM").map_err(&failed)?;
        delete::empty_wal(&inner.connection)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A transaction that a panic left open is rolled back when it is dropped.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to read with, opened again where somebody wrote to a file that was taken for
    /// one that nobody changes.
    fn fresh(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let mut inner = self.lock();
        if inner
            .still
            .is_some_and(|stamp| stamp != Stamp::of(&self.path))
        {
            *inner = Inner::new(open(&self.path, self.mode)?);
        }
        Ok(inner)
    }

    /// Runs a query on a log, or gives `none` where there is no such log.
    fn with_log<T>(
        &self,
        log: &LogName,
        none: T,
        query: impl FnOnce(&Connection, i64) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let inner = self.fresh()?;
        match read::head(&inner.connection, log)? {
            Some(row) => query(&inner.connection, row.id),
            None => Ok(none),
        }
    }
}

impl Drop for SqliteStore {
    /// Folds the WAL into the file, which SQLite does by itself only where a connection that may write
    /// is the last one to close: so the one file can be copied, and read without write access.
    fn drop(&mut self) {
        if self.mode == OpenMode::ReadOnly {
            return;
        }
        let inner = self.lock();
        // Nobody is waited for. What a reader keeps from being folded now is as durable in the WAL.
        let _ = inner.connection.busy_timeout(core::time::Duration::ZERO);
        let _ = inner
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

impl Store for SqliteStore {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        let Inner {
            connection,
            frontiers,
            ..
        } = &mut *self.lock();
        append::append(connection, frontiers, batches)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        read::logs(&self.fresh()?.connection)
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        Ok(read::head(&self.fresh()?.connection, log)?.map(|row| row.head))
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.with_log(log, Vec::new(), |connection, id| {
            read::receipts(connection, id, from_seq, limit)
        })
    }

    fn may_delete(&self, _: &LogName) -> Result<(), StoreError> {
        match self.mode {
            OpenMode::ReadOnly => Err(StoreError::ReadOnly),
            OpenMode::Create | OpenMode::ReadWrite => Ok(()),
        }
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        delete::delete(&mut self.lock().connection, log, range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        delete::restore(&mut self.lock().connection, log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.with_log(log, 0, |connection, id| {
            delete::count(connection, id, &range)
        })
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.with_log(log, Vec::new(), |connection, id| {
            ciphertexts::read(connection, id, seq)
        })
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        ciphertexts::delete_by_key(&mut self.lock().connection, log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.with_log(log, Vec::new(), |connection, id| {
            find::find(connection, id, query, after, limit)
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
        out.clear();
        self.with_log(log, (), |connection, id| {
            nodes::read(connection, id, level, range, out)
        })
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        if self.mode == OpenMode::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        let failed = sql("keeping a checkpoint");
        let inner = &mut *self.lock();
        // What it is compared with must still be there when it is written.
        let transaction = inner
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        let row = read::head(&transaction, log)?;
        let held = row.as_ref().map_or(0, |row| row.head.size());
        let Some(row) = row.filter(|_| (1..=held).contains(&size.as_u64())) else {
            return Err(StoreError::Beyond {
                log: log.clone(),
                size,
                held,
            });
        };
        let number = read::number(size.as_u64())?;
        let old: Option<String> = transaction
            .query_row(
                "SELECT note FROM checkpoints WHERE log = ? AND size = ?",
                params![row.id, number],
                |row| row.get(0),
            )
            .optional()
            .map_err(&failed)?;
        let note = match old {
            Some(old) => StoredCheckpoint { size, note: old }.joined(log, note)?,
            None => note.to_owned(),
        };
        transaction
            .execute(
                "INSERT OR REPLACE INTO checkpoints (log, size, note) VALUES (?, ?, ?)",
                params![row.id, number, note],
            )
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.with_log(log, Vec::new(), |connection, id| {
            read::checkpoints(connection, id, false)
        })
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.with_log(log, Vec::new(), |connection, id| {
            read::checkpoints_in(connection, id, &sizes)
        })
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        let last = self.with_log(log, Vec::new(), |connection, id| {
            read::checkpoints(connection, id, true)
        })?;
        Ok(last.into_iter().next())
    }

    fn health(&self) -> Result<Health, StoreError> {
        read::health(&self.fresh()?.connection, self.mode != OpenMode::ReadOnly)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::open::open_still;
    use ai_audit_testkit::TestLog;

    #[test]
    fn a_file_read_as_still_is_opened_again_when_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        // A name that a URI must not take for its own parts.
        let path = folder.path().join("a b?immutable=0#%41.db");
        let (mut log, name) = (TestLog::new(1), LogName::default());
        let write = |log: &mut TestLog, writer: &SqliteStore| {
            let expected = log.head();
            let receipts = log.seal(20);
            let batch = Batch {
                log: &name,
                expected: &expected,
                receipts: &receipts,
            };
            writer.append(&[batch]).unwrap();
        };
        write(
            &mut log,
            &SqliteStore::open(&path, OpenMode::Create).unwrap(),
        );
        let reader = SqliteStore {
            path: path.clone(),
            mode: OpenMode::ReadOnly,
            inner: Mutex::new(Inner::new(Opened {
                connection: open_still(&path).unwrap(),
                still: Some(Stamp::of(&path)),
            })),
        };
        assert_eq!(reader.head(&name).unwrap(), Some(log.head()));
        let writer = SqliteStore::open(&path, OpenMode::ReadWrite).unwrap();
        for _ in 0..3 {
            write(&mut log, &writer);
            assert_eq!(reader.head(&name).unwrap(), Some(log.head()));
            let all = reader.read(&name, 0, ReadLimit::default()).unwrap();
            assert_eq!(all.len() as u64, log.head().size());
        }
    }
}
