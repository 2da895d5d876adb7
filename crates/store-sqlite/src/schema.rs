//! Tables, and the numbers by which a file is known as ours.

use rusqlite::Transaction;

/// `PRAGMA application_id` of our files: "AIAU".
pub(crate) const APPLICATION_ID: i32 = 0x4149_4155;
/// `PRAGMA user_version`: the latest schema that is known here. Files of later versions are refused.
///
/// | version | adds |
/// |---|---|
/// | 1 | |
/// | 2 | receipts whose bytes were deleted: `sealed` is empty |
/// | 3 | the table `ciphertexts` |
/// | 4 | the table `names`, and no indexes by trace and session |
///
/// Three things changed without a version, because software of any age reads and writes the one and the
/// other: older files keep indexes by time and by every kind, which are not needed, until they are
/// compacted ([`DROP_INDEXES`](crate::schema::DROP_INDEXES)), have the columns of `receipts` in another order, and of `nodes`
/// every eighth level only (those of level -n, see [`stored_level`](crate::nodes::stored_level), are
/// made where they are missing).
pub(crate) const VERSION: u32 = 4;
/// From which version on a file may have deleted receipts.
pub(crate) const DELETED: u32 = 2;
/// From which version on a file may have ciphertexts.
pub(crate) const CIPHERTEXTS: u32 = 3;
/// From which version on a file has names in runs, as a new one has: software that knows no runs would
/// write receipts that nobody finds.
pub(crate) const NAMES: u32 = 4;

/// Says that a file has from now on what this version adds. What an earlier one added may be in it
/// too, so the number never falls.
pub(crate) fn raise(transaction: &Transaction<'_>, version: u32) -> rusqlite::Result<()> {
    let held: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if held < i64::from(version) {
        transaction.pragma_update(None, "user_version", version)?;
    }
    Ok(())
}

pub(crate) const CREATE: &str = "
CREATE TABLE logs (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    log_id    BLOB NOT NULL,
    size      INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE receipts (
    log        INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    id         BLOB NOT NULL,
    sealed_at  INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    trace_id   TEXT,
    session_id TEXT,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_id ON receipts (log, id);
CREATE INDEX receipts_other ON receipts (log, kind) WHERE kind <> 2;

CREATE TABLE nodes (
    log   INTEGER NOT NULL,
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (log, level, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    log  INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;
";

/// Takes the indexes of an older file that a new one has not. Each that a receipt does not stand in makes
/// its append cheaper: it is found by its time in the log's order, decisions, kind 2, are nearly all, and
/// names are in runs.
pub(crate) const DROP_INDEXES: &str = "
DROP INDEX IF EXISTS receipts_time;
DROP INDEX IF EXISTS receipts_kind;
DROP INDEX IF EXISTS receipts_trace;
DROP INDEX IF EXISTS receipts_session;
CREATE INDEX IF NOT EXISTS receipts_other ON receipts (log, kind) WHERE kind <> 2;
";

/// Marks of traces and sessions, by run; see [`names`](crate::names).
pub(crate) const CREATE_NAMES: &str = "
CREATE TABLE names (
    log  INTEGER NOT NULL,
    run  INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (log, run, mark, seq)
) STRICT, WITHOUT ROWID;
";

/// Made when the first ciphertexts come. A table with row ids, which keeps long values better than one
/// without; its rows are found by the indexes, which do not hold the bytes.
pub(crate) const CREATE_CIPHERTEXTS: &str = "
CREATE TABLE ciphertexts (
    log   INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    place INTEGER NOT NULL,
    key   BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX ciphertexts_place ON ciphertexts (log, seq, place);
CREATE INDEX ciphertexts_key ON ciphertexts (log, key);
";
