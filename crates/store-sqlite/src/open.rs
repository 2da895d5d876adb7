//! Opening a file: new, to write, or to read beside the writer.

use crate::error::sql;
use crate::schema::{APPLICATION_ID, CREATE, CREATE_NAMES, NAMES, VERSION};
use ai_audit_store::StoreError;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// To write; made if it is not there.
    Create,
    /// To write; it must be there.
    ReadWrite,
    /// To read, also while another process writes. Where the reader may not write to the folder and
    /// no writer runs, the file is read as it lies there, and opened again when it has changed.
    ReadOnly,
}

/// `PRAGMA synchronous` by which each commit is synced.
const SYNCHRONOUS_FULL: i64 = 2;
/// KiB of pages that a connection which writes keeps in memory: the ends of all its trees, and the
/// middle of those that are changed at random.
const CACHE_KIB: i64 = 8 << 10;
/// How long a connection waits for another one's short locks.
const BUSY: Duration = Duration::from_secs(10);

/// An open file.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// How the file was when it was opened as one that nobody changes.
    pub(crate) still: Option<Stamp>,
}

/// By what a change of a file is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    wal: bool,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        let wal = fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0);
        Self {
            modified: metadata.as_ref().and_then(|file| file.modified().ok()),
            len: metadata.map_or(0, |file| file.len()),
            wal,
        }
    }
}

pub(crate) fn open(path: &Path, mode: OpenMode) -> Result<Opened, StoreError> {
    let shown = path.display();
    if mode == OpenMode::Create {
        make_private(path)?;
    } else {
        there(path)?;
    }
    plain_beside(path).map_err(|what| StoreError::NotAStore { what })?;
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match mode {
            OpenMode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            OpenMode::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
            OpenMode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
    let failed = |error| explain(path, error);
    let mut still = None;
    let mut connection = Connection::open_with_flags(path, flags)
        .map_err(|error| readable(path).err().unwrap_or_else(|| failed(error)))?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    if mode == OpenMode::ReadOnly
        && let Err(error) =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    {
        let stamp = Stamp::of(path);
        if !lacks_access(&error) || stamp.wal {
            return Err(failed(error));
        }
        // SQLite reads beside a writer with the help of two more files and would make them, which it
        // may not here. No writer has left any, so the one file is all there is.
        connection = open_still(path)?;
        still = Some(stamp);
    }
    if mode == OpenMode::Create {
        create(&mut connection).map_err(failed)?;
    }
    check(&connection, &shown.to_string())?;
    if mode != OpenMode::ReadOnly {
        if connection.is_readonly(MAIN_DB).map_err(failed)? {
            // SQLite opens such a file all the same and fails with the first commit.
            return Err(StoreError::Io {
                what: format!("{shown}: writing needs write access to it and its folder"),
            });
        }
        make_durable(&connection, &shown.to_string())?;
        connection
            .pragma_update(None, "cache_size", -CACHE_KIB)
            .map_err(failed)?;
        // What is deleted is overwritten with zeros. https://sqlite.org/pragma.html#pragma_secure_delete
        connection
            .pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
            .map_err(failed)?;
    }
    // A damaged or hostile file must not run anything.
    connection
        .pragma_update(None, "trusted_schema", false)
        .map_err(failed)?;
    connection
        .pragma_update(None, "cell_size_check", true)
        .map_err(failed)?;
    Ok(Opened { connection, still })
}

/// Opens a file as one that nobody changes: without its companions and without locks.
pub(crate) fn open_still(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(still_uri(path), flags).map_err(|error| explain(path, error))
}

fn still_uri(path: &Path) -> String {
    // An absolute path comes behind an empty host, so that it may begin with any number of slashes.
    let mut uri = String::from(match (path.is_absolute(), cfg!(windows)) {
        (true, true) => "file:///",
        (true, false) => "file://",
        (false, _) => "file:",
    });
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            // Windows writes C:\x, a URI /C:/x.
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// A file of SQLite's beside the database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Checks that there is a file, without opening it: closing a file that is opened beside SQLite drops
/// the locks that this process's other connections have on it
/// (<https://sqlite.org/howtocorrupt.html>, section 2.2).
fn there(path: &Path) -> Result<(), StoreError> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(StoreError::NotAStore {
            what: format!("{shown} is no file"),
        }),
        Err(error) => Err(not_readable(path, &error)),
    }
}

/// Refuses companions of a database that are no plain files, which SQLite would open: a pipe never
/// answers, and the folder may be an enemy's.
pub(crate) fn plain_beside(path: &Path) -> Result<(), String> {
    for suffix in ["-journal", "-wal", "-shm"] {
        let path = beside(path, suffix);
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            let shown = path.display();
            return Err(format!(
                "{shown}: expected a plain file of SQLite's, or none"
            ));
        }
    }
    Ok(())
}

/// Says in the system's own words why a file that SQLite could not open cannot be read; SQLite's are
/// the same for everything.
fn readable(path: &Path) -> Result<(), StoreError> {
    fs::File::open(path)
        .map(drop)
        .map_err(|error| not_readable(path, &error))
}

fn not_readable(path: &Path, error: &io::Error) -> StoreError {
    let shown = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return StoreError::NotAStore {
            what: format!("{shown}: there is no such file"),
        };
    }
    StoreError::Io {
        what: format!("{shown}: {error}; opening it needs read access to it and its folder"),
    }
}

/// Makes an empty file for its owner alone, if there is none: the texts that are kept go into it.
/// SQLite gives the files beside it the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    // Never one that is there: see `there`.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::from_io(&path.display().to_string(), &error))
        }
        _ => Ok(()),
    }
}

fn lacks_access(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

/// What SQLite says of a file, with the file's name and what would help.
pub(crate) fn explain(path: &Path, error: rusqlite::Error) -> StoreError {
    let shown = path.display();
    if lacks_access(&error) {
        return StoreError::Io {
            what: format!(
                "{shown}: {error}; reading it beside a writer, or after a crash, needs read access to {shown}-wal and {shown}-shm or write access to their folder, and writing needs write access to all of them"
            ),
        };
    }
    match sql("opening the database")(error) {
        StoreError::NotAStore { .. } => StoreError::NotAStore {
            what: format!("{shown} is no SQLite database"),
        },
        StoreError::Io { what } => StoreError::Io {
            what: format!("{shown}: {what}"),
        },
        other => other,
    }
}

/// Sets what makes a commit be on disk when it returns (the WAL is synced with each), and asks
/// whether it was set: SQLite ignores what it cannot do.
fn make_durable(connection: &Connection, shown: &str) -> Result<(), StoreError> {
    let failed = sql("setting up the journal");
    let journal: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(&failed)?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Invalid {
            what: format!(
                "{shown}: SQLite cannot keep a write-ahead log here (journal mode {journal:?}), so commits would not be durable; put it on a local file system"
            ),
        });
    }
    // The last two matter on macOS, whose plain sync leaves data in the disk's cache.
    for (name, value) in [
        ("synchronous", SYNCHRONOUS_FULL),
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
    ] {
        connection
            .pragma_update(None, name, value)
            .map_err(&failed)?;
        let found: i64 = connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(&failed)?;
        if found != value {
            let what = format!("{shown}: SQLite does not take {name} = {value}, it has {found}");
            return Err(StoreError::Invalid { what });
        }
    }
    Ok(())
}

/// Makes the tables in a file that is empty; leaves any other as it is.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(CREATE)?;
        transaction.execute_batch(CREATE_NAMES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", NAMES)?;
    }
    transaction.commit()
}

fn check(connection: &Connection, shown: &str) -> Result<(), StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let wrong = |error| match sql("reading the database")(error) {
        StoreError::NotAStore { .. } => StoreError::NotAStore {
            what: format!("{shown} is no SQLite database"),
        },
        StoreError::Io { what } => StoreError::Io {
            what: format!("{shown}: {what}"),
        },
        other => other,
    };
    if number("application_id").map_err(wrong)? != i64::from(APPLICATION_ID) {
        let what = format!("{shown} is a database of another program");
        return Err(StoreError::NotAStore { what });
    }
    let found = u32::try_from(number("user_version").map_err(wrong)?).unwrap_or(u32::MAX);
    if found > VERSION {
        return Err(StoreError::TooNew {
            found,
            supported: VERSION,
        });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a31_a_connection_that_writes_syncs_each_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        for mode in [OpenMode::Create, OpenMode::ReadWrite] {
            let connection = open(&path, mode).unwrap().connection;
            let number = |name| {
                connection
                    .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                    .unwrap()
            };
            let journal: String = connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .unwrap();
            assert_eq!(journal, "wal");
            let found = ["synchronous", "fullfsync", "checkpoint_fullfsync"].map(number);
            assert_eq!(found, [2, 1, 1]);
        }
    }

    #[test]
    fn a31_what_cannot_have_a_write_ahead_log_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let error = make_durable(&connection, "here").unwrap_err().to_string();
        assert!(
            error.contains("here") && error.contains("memory"),
            "{error}"
        );
    }
}
