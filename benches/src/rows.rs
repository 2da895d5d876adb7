//! The table of bare rows that a durable append stands beside.

use rusqlite::Connection;
use std::path::Path;

/// A new table `rows`, in the mode that the store uses: write-ahead log, synced at each commit.
///
/// # Errors
///
/// When SQLite cannot make it.
pub fn bare_rows(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("CREATE TABLE rows (key INTEGER PRIMARY KEY, row BLOB NOT NULL)")?;
    Ok(connection)
}
