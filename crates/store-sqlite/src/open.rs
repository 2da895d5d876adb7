//! Opening a file: new, to write, or to read beside the writer.

use crate::error::sql;
use crate::schema::{APPLICATION_ID, CREATE, FIRST, VERSION};
use ai_audit_store::StoreError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// To write; made if it is not there.
    Create,
    /// To write; it must be there.
    ReadWrite,
    /// To read, also while another process writes.
    ReadOnly,
}

/// How long a connection waits for another one's short locks.
const BUSY: Duration = Duration::from_secs(10);

pub(crate) fn open(path: &Path, mode: OpenMode) -> Result<Connection, StoreError> {
    let shown = path.display();
    if mode != OpenMode::Create && !path.is_file() {
        return Err(StoreError::NotAStore {
            what: format!("{shown}: there is no such file"),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match mode {
            OpenMode::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            OpenMode::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
            OpenMode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
    let failed = |error| match sql("opening the database")(error) {
        StoreError::NotAStore { .. } => StoreError::NotAStore {
            what: format!("{shown} is no SQLite database"),
        },
        StoreError::Io { what } => StoreError::Io {
            what: format!("{shown}: {what}"),
        },
        other => other,
    };
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    if mode == OpenMode::Create {
        create(&mut connection).map_err(failed)?;
    }
    check(&connection, &shown.to_string())?;
    if mode != OpenMode::ReadOnly {
        // A commit is on disk when it returns: the WAL is synced with each.
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
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
    Ok(connection)
}

/// Makes the tables in a file that is empty; leaves any other as it is.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(CREATE)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FIRST)?;
    }
    transaction.commit()
}

fn check(connection: &Connection, shown: &str) -> Result<(), StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let wrong = |error| match sql("reading the database")(error) {
        StoreError::NotAStore { .. } => StoreError::NotAStore {
            what: format!("{shown} is no SQLite database"),
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
