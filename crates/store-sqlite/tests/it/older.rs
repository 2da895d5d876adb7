//! Files as they were made before, and what older software finds in a new one.

use ai_audit_store::{LogName, Query, Store as _};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::{conforms, keeps};
use rusqlite::Connection;
use std::path::Path;

/// The tables of a file of the first versions.
const OLDER: &str = "
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
PRAGMA application_id = 1095319893;
PRAGMA user_version = 1;
";

/// Makes such a file.
pub(crate) fn make(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(OLDER).unwrap();
}

fn indexes(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut select = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'receipts_%' ORDER BY name")
        .unwrap();
    let names = select.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

const NEW: [&str; 2] = ["receipts_id", "receipts_other"];

fn version(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    version.unwrap()
}

#[test]
fn an_older_file_is_read_and_written_as_it_is_and_made_anew_by_compacting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    make(&path);
    let before = indexes(&path);
    assert_eq!(before.len(), 5);
    conforms(&SqliteStore::open(&path, OpenMode::ReadWrite).unwrap());
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    assert_eq!(indexes(&path), before, "opening changes nothing");
    assert!(version(&path) < 4);
    // What is found by its names, over more than one run.
    let log = LogName::new("names").unwrap();
    let found = || {
        let queries = [Query::Trace("t1".into()), Query::Session("s4".into())];
        queries.map(|query| store.find(&log, &query, Some(100), 900).unwrap())
    };
    let indexed = found();
    store.compact().unwrap();
    assert_eq!(
        (indexes(&path).as_slice(), version(&path)),
        (&NEW.map(String::from)[..], 4)
    );
    assert_eq!(found(), indexed);
    assert!(indexed[0].len() > 600 && indexed[1].len() > 400);
    keeps(&store);
    store.check_file().unwrap();
    assert!(store.health().unwrap().receipts > 0);
}

#[test]
fn a_new_file_is_one_that_older_software_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    drop(SqliteStore::open(&path, OpenMode::Create).unwrap());
    assert_eq!(indexes(&path), NEW);
    // It would append receipts to it that nobody finds by their names.
    assert_eq!(version(&path), 4);
}

#[test]
fn nodes_that_older_software_did_not_write_are_made_of_those_below() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    conforms(&SqliteStore::open(&path, OpenMode::Create).unwrap());
    let log = LogName::new("tiles").unwrap();
    let nodes = || {
        let store = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
        let ranges = [0..u64::MAX, 0..16, 16..32, 32..48, 20..43];
        ranges.map(|range| {
            let mut nodes = Vec::new();
            store.hashes(&log, 4, range, &mut nodes).unwrap();
            nodes
        })
    };
    let whole = nodes();
    assert_eq!(whole.each_ref().map(Vec::len), [43, 16, 16, 11, 23]);
    // Of 43 nodes: one in the middle, two at the ends, all of them.
    for (gone, count) in [("place = 20", 1), ("place IN (0, 42)", 2), ("true", 40)] {
        let deleted = Connection::open(&path)
            .unwrap()
            .execute(
                &format!("DELETE FROM nodes WHERE level = -1 AND {gone} AND log = (SELECT id FROM logs WHERE name = 'tiles')"),
                [],
            )
            .unwrap();
        assert_eq!(deleted, count, "{gone}");
        assert_eq!(nodes(), whole, "{gone}");
    }
    // And a writer goes on from them.
    keeps(&SqliteStore::open(&path, OpenMode::ReadWrite).unwrap());
}

#[test]
fn other_kinds_are_found_by_their_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    drop(SqliteStore::open(&path, OpenMode::Create).unwrap());
    let plan: String = Connection::open(&path)
        .unwrap()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT seq FROM receipts
             WHERE log = ? AND kind <> 2 AND kind = ? AND seq > ? ORDER BY seq LIMIT ?",
            [1, 0, -1, 10],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("receipts_other"), "{plan}");
}
