//! Leases in a SQLite file, for several processes of one machine.

use crate::error::{corrupt, sql};
use crate::open::{explain, make_private};
use ai_audit_store::{Lease, Leases, LogName, StoreError};
use core::fmt;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// `PRAGMA application_id`: "AIAL".
const APPLICATION_ID: i64 = 0x4149_414C;
/// `PRAGMA user_version`: the latest form of the file that is known here.
const VERSION: i64 = 1;
/// `PRAGMA synchronous` by which the write-ahead log is synced when it is written back and not before: a power cut
/// loses commits, and damages nothing.
const SYNCHRONOUS_NORMAL: i64 = 1;
/// How long a connection waits for another one's short locks.
const BUSY: Duration = Duration::from_secs(5);

const CREATE: &str = "
CREATE TABLE leases (
    log     TEXT PRIMARY KEY,
    holder  TEXT NOT NULL,
    changes INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    fence   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Leases in a SQLite file of their own (`docs/spec/leases.md`), beside the logs' file, on a local file system:
/// the locks that make it safe do not hold on most others.
///
/// A lease that a power cut takes back costs a wait and nothing else, so commits are not synced.
///
/// ```
/// use ai_audit_store::{LeaseKeeper, LeaseRules, LeaseStanding, Leases, LogName};
/// use ai_audit_store_sqlite::SqliteLeases;
/// use std::time::Duration;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("leases.db");
/// let leases = SqliteLeases::open(&path)?;
/// let log = LogName::default();
/// let mut keeper = LeaseKeeper::new("host/4711/8a30", LeaseRules::default())?;
/// let found = leases.lease(&log)?;
/// let now = Duration::ZERO; // since this process began
/// let standing = keeper.tend(&leases, &log, found.as_ref(), || Ok(0), now)?;
/// assert_eq!(standing, LeaseStanding::Taken { fence: 0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteLeases {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteLeases {
    /// Opens the file; makes it if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, is another program's, or of a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE;
        let failed = |error| explain(path, error);
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        create(&mut connection).map_err(failed)?;
        check(&connection, path)?;
        let _: String = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(failed)?;
        for (name, value) in [("synchronous", SYNCHRONOUS_NORMAL), ("trusted_schema", 0)] {
            connection
                .pragma_update(None, name, value)
                .map_err(failed)?;
        }
        Ok(Self {
            path: path.into(),
            connection: Mutex::new(connection),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // What a thread that panicked had begun, SQLite takes back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases for SqliteLeases {
    fn lease(&self, log: &LogName) -> Result<Option<Lease>, StoreError> {
        let connection = self.lock();
        let failed = sql("reading a lease");
        let found = connection
            .prepare_cached("SELECT holder, changes, length, fence FROM leases WHERE log = ?")
            .map_err(&failed)?
            .query_row([log.as_str()], |row| Ok(lease_of(row, 0)))
            .optional()
            .map_err(&failed)?;
        let illegible = || corrupt(format!("the lease of log {log} cannot be read: delete it"));
        found.map(|lease| lease.ok_or_else(illegible)).transpose()
    }

    fn leases(&self) -> Result<Vec<(LogName, Lease)>, StoreError> {
        let connection = self.lock();
        let failed = sql("reading the leases");
        let mut all = connection
            .prepare_cached("SELECT log, holder, changes, length, fence FROM leases ORDER BY log")
            .map_err(&failed)?;
        let rows = all.query_map([], |row| {
            let log = row.get::<_, String>(0).ok();
            let log = log.and_then(|log| LogName::new(&log).ok());
            Ok(log.zip(lease_of(row, 1)))
        });
        let mut found = Vec::new();
        for row in rows.map_err(&failed)? {
            found.extend(row.map_err(&failed)?);
        }
        Ok(found)
    }

    fn replace_lease(
        &self,
        log: &LogName,
        expected: Option<&Lease>,
        new: &Lease,
    ) -> Result<bool, StoreError> {
        new.check()?;
        let connection = self.lock();
        let failed = sql("replacing a lease");
        let (length, fence) = numbers(new)?;
        let changed = match expected {
            None => connection
                .prepare_cached(
                    "INSERT INTO leases (log, holder, changes, length, fence)
                     VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )
                .map_err(&failed)?
                .execute(params![
                    log.as_str(),
                    new.holder,
                    new.changes,
                    length,
                    fence
                ]),
            Some(old) => {
                let (old_length, old_fence) = numbers(old)?;
                connection
                    .prepare_cached(
                        "UPDATE leases SET holder = ?, changes = ?, length = ?, fence = ?
                         WHERE log = ? AND holder = ? AND changes = ? AND length = ? AND fence = ?",
                    )
                    .map_err(&failed)?
                    .execute(params![
                        new.holder,
                        new.changes,
                        length,
                        fence,
                        log.as_str(),
                        old.holder,
                        old.changes,
                        old_length,
                        old_fence,
                    ])
            }
        };
        Ok(changed.map_err(&failed)? == 1)
    }
}

impl fmt::Debug for SqliteLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteLeases")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The lease in these columns; none where a value is out of its range.
fn lease_of(row: &Row<'_>, first: usize) -> Option<Lease> {
    let number = |column| row.get::<_, i64>(column).ok();
    let lease = Lease {
        holder: row.get(first).ok()?,
        changes: u32::try_from(number(first + 1)?).ok()?,
        length: Duration::from_millis(u64::try_from(number(first + 2)?).ok()?),
        fence: u64::try_from(number(first + 3)?).ok()?,
    };
    lease.check().is_ok().then_some(lease)
}

/// Length in milliseconds and fence, as SQLite's integers.
fn numbers(lease: &Lease) -> Result<(i64, i64), StoreError> {
    let length = i64::try_from(lease.length.as_millis());
    let fence = i64::try_from(lease.fence);
    length
        .ok()
        .zip(fence.ok())
        .ok_or_else(|| StoreError::Invalid {
            what: format!("a lease of {lease:?}: SQLite has no such numbers"),
        })
}

/// Makes the table in a file that is empty; leaves any other as it is.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(CREATE)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let shown = path.display();
    let number = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| explain(path, error))
    };
    if number("application_id")? != APPLICATION_ID {
        let what = format!("{shown} is a database of another program, and has no leases");
        return Err(StoreError::NotAStore { what });
    }
    let version = number("user_version")?;
    if version != VERSION {
        return Err(StoreError::TooNew {
            found: u32::try_from(version).unwrap_or(u32::MAX),
            supported: 1,
        });
    }
    Ok(())
}
