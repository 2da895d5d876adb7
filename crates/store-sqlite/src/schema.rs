//! Tables, and the numbers by which a file is known as ours.

/// `PRAGMA application_id` of our files: "AIAU".
pub(crate) const APPLICATION_ID: i32 = 0x4149_4155;
/// `PRAGMA user_version`: the latest schema that is known here. Files of later versions are refused.
///
/// | version | adds |
/// |---|---|
/// | 1 | |
/// | 2 | receipts whose bytes were deleted: `sealed` is empty |
pub(crate) const VERSION: u32 = 2;
/// What a new file begins with: software that knows no deleted receipts can read it as long as there
/// are none.
pub(crate) const FIRST: u32 = 1;
/// From which version on a file may have deleted receipts.
pub(crate) const DELETED: u32 = 2;

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
