//! The file of subject keys: its tables, and opening it.

use super::rows::{Failure, Result};
use crate::open::plain_beside;
use ai_audit_core::LogId;
use ai_audit_shredding::KekId;
use rusqlite::{
    Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension as _, Transaction,
    TransactionBehavior, params,
};
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

/// `PRAGMA application_id`: "AIAS".
const APPLICATION_ID: i64 = 0x4149_4153;
/// `PRAGMA user_version`: the latest form of the file that is known here.
const VERSION: i64 = 1;
/// How long one process waits for another one's locks: an erasure of a large log takes seconds.
const BUSY: Duration = Duration::from_secs(30);
/// `PRAGMA synchronous` by which the journal, the file and the folder are synced with each commit.
const SYNCHRONOUS_EXTRA: i64 = 3;

/// Columns of the table of keys, which an erasure makes anew.
pub(super) const KEYS: &str = "(
    key     BLOB PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID";

const CREATE: &str = "
CREATE TABLE meta (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    log BLOB NOT NULL,
    kek BLOB NOT NULL
) STRICT;
CREATE TABLE tombstones (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// Makes an empty file for its owner alone, durably, if there is none. SQLite gives its journal the
/// same mode.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    // Never one that is there: closing it would drop the locks that this process has on it
    // (https://sqlite.org/howtocorrupt.html, section 2.2).
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => sync_folder_of(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Opens a file that is there to read it, and changes nothing.
pub(super) fn to_read(path: &Path) -> Result<Connection> {
    plain(path)?;
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(path, flags)?;
    careful(&connection)?;
    Ok(connection)
}

/// Opens a file that is there to write it.
pub(super) fn to_write(path: &Path) -> Result<Connection> {
    plain(path)?;
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = Connection::open_with_flags(path, flags)?;
    careful(&connection)?;
    if connection.is_readonly(MAIN_DB)? {
        // SQLite opens such a file all the same and fails with the first commit.
        return Err(Failure::Damaged(
            "writing needs write access to it and its folder".into(),
        ));
    }
    durable(&connection)?;
    Ok(connection)
}

/// A pipe never answers, and SQLite opens whatever is there. Not opened to look: see `make_private`.
fn plain(path: &Path) -> Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Failure::Damaged("expected a plain file".into()));
    }
    plain_beside(path).map_err(Failure::Damaged)
}

/// A damaged or hostile file must not run anything, and no key may get into a file beside it.
fn careful(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Sets what makes a commit be on disk when it returns and what is deleted be overwritten, and asks
/// whether it was set: SQLite ignores what it cannot do.
///
/// A rollback journal and no write-ahead log, which would keep old pages in a second file until it
/// is written over. In the mode `TRUNCATE` the commit is the cutting of the journal to nothing, which
/// is synced; in the mode `DELETE` it is its removal, and a power cut that undid it would take back an
/// erasure after the old key-encryption key is gone, and with it everybody's keys. `EXTRA` is to sync
/// the folder too wherever SQLite removes a journal all the same. What is left of the journal on the
/// disk is wrapped under the key-encryption key that the erasure destroys.
fn durable(connection: &Connection) -> Result<()> {
    let said: String =
        connection.pragma_update_and_check(None, "journal_mode", "TRUNCATE", |row| row.get(0))?;
    if !said.eq_ignore_ascii_case("truncate") {
        return Err(Failure::Damaged(format!(
            "SQLite cannot keep a rollback journal here (journal mode {said:?}), so a commit would not be durable; put it on a local file system"
        )));
    }
    // Not `fast`, which leaves deleted pages as they are.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // The last one matters on macOS, whose plain sync leaves data in the disk's cache.
    connection.pragma_update(None, "synchronous", SYNCHRONOUS_EXTRA)?;
    connection.pragma_update(None, "fullfsync", true)?;
    for (name, value) in [
        ("secure_delete", 1),
        ("synchronous", SYNCHRONOUS_EXTRA),
        ("fullfsync", 1),
    ] {
        let found = number(connection, name)?;
        if found != value {
            return Err(Failure::Damaged(format!(
                "SQLite does not take {name} = {value}, it has {found}"
            )));
        }
    }
    Ok(())
}

/// Which log's keys a file has, and under which key-encryption key; none where nothing was made in
/// it yet.
pub(super) fn meta(connection: &Connection) -> Result<Option<(LogId, KekId)>> {
    let application = number(connection, "application_id")?;
    if application == 0 && is_empty(connection)? {
        return Ok(None);
    }
    if application != APPLICATION_ID {
        let what = "it is a database of another program, and no file of subject keys";
        return Err(Failure::Damaged(what.into()));
    }
    let version = number(connection, "user_version")?;
    if version > VERSION {
        return Err(Failure::Damaged(format!(
            "it has version {version}, and this software knows versions up to {VERSION}; use a newer one"
        )));
    }
    let found = connection
        .query_row("SELECT log, kek FROM meta", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        Some((log, kek)) => Ok(Some((LogId::from_bytes(log), KekId::from_bytes(kek)))),
        None => Err(Failure::Damaged(
            "it does not say which log it belongs to; bring back the newest copy".into(),
        )),
    }
}

/// Makes the tables in a file that is empty, in one step.
pub(super) fn create(connection: &mut Connection, log: &LogId, kek: KekId) -> Result<()> {
    let transaction = begin(connection)?;
    if !is_empty(&transaction)? {
        return Err(Failure::Damaged(
            "another process made it at the same time; try again".into(),
        ));
    }
    transaction.execute_batch(CREATE)?;
    transaction.execute_batch(&format!("CREATE TABLE keys {KEYS}"))?;
    transaction.execute(
        "INSERT INTO meta (id, log, kek) VALUES (1, ?, ?)",
        params![log.as_bytes(), kek.as_bytes()],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// Begins a transaction that writes.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn is_empty(connection: &Connection) -> Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

fn number(connection: &Connection, name: &str) -> Result<i64> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// Whether who writes may have what is missing. A journal that a crash left is taken back by whoever opens the file next,
/// and writes it.
pub(super) fn is_of_reader(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

/// What SQLite says of a file, and what would help.
pub(super) fn explain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is no SQLite database".into(),
        Some(ErrorCode::DatabaseCorrupt) => {
            format!("it is damaged ({error}); bring back the newest copy")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another process holds it ({error}); try again when that has finished")
        }
        _ if is_of_reader(error) => format!(
            "{error}; it needs read access to the file and, where a change was cut off, one run that writes to the log"
        ),
        Some(_) => error.to_string(),
        None => format!("it holds what cannot be ({error}); bring back the newest copy"),
    }
}
