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
pub(crate) const VERSION: u32 = 3;
/// What a new file begins with: software that knows no deleted receipts and no ciphertexts can read
/// it as long as there are none.
pub(crate) const FIRST: u32 = 1;
/// From which version on a file may have deleted receipts.
pub(crate) const DELETED: u32 = 2;
/// From which version on a file may have ciphertexts.
pub(crate) const CIPHERTEXTS: u32 = 3;

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
    sealed     BLOB NOT NULL,
    hash       BLOB NOT NULL,
    id         BLOB NOT NULL,
    sealed_at  INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    trace_id   TEXT,
    session_id TEXT,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_id ON receipts (log, id);
CREATE INDEX receipts_trace ON receipts (log, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX receipts_session ON receipts (log, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX receipts_time ON receipts (log, sealed_at);
CREATE INDEX receipts_kind ON receipts (log, kind);

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
