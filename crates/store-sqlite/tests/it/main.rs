//! The SQLite store: the conformance suite, foreign files, a second process, a full file.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod access;
mod ciphertexts;
mod leases;
mod older;
mod subject_keys;

use ai_audit_core::Head;
use ai_audit_store::{Batch, LogName, ReadLimit, Sealed, Store, StoreError, WriterLock};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::{TestLog, conforms, keeps};
use std::fs;

#[test]
fn conforms_and_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    conforms(&SqliteStore::open(&path, OpenMode::Create).unwrap());
    keeps(&SqliteStore::open(&path, OpenMode::ReadWrite).unwrap());
    SqliteStore::open(&path, OpenMode::ReadOnly)
        .unwrap()
        .check_file()
        .unwrap();
}

#[test]
fn another_connection_reads_while_the_writer_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let writer = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let reader = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    for count in 1..20 {
        let expected = log.head();
        let receipts = log.seal(count);
        writer
            .append(&[Batch {
                log: &name,
                expected: &expected,
                receipts: &receipts,
            }])
            .unwrap();
        assert_eq!(reader.head(&name).unwrap(), Some(log.head()));
    }
    let batch = Batch {
        log: &name,
        expected: &log.head(),
        receipts: &[],
    };
    assert_eq!(reader.append(&[batch]), Err(StoreError::ReadOnly));
    assert!(!reader.health().unwrap().writable);
}

#[test]
fn other_files_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refusal = |name: &str| {
        SqliteStore::open(&path(name), OpenMode::ReadWrite)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal("missing.db").contains("no such file"));
    fs::write(
        path("text.db"),
        "not a database at all, but long enough to be one, perhaps".repeat(20),
    )
    .unwrap();
    assert!(
        refusal("text.db").contains("no SQLite database"),
        "{}",
        refusal("text.db")
    );
    let other = rusqlite::Connection::open(path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(refusal("other.db").contains("another program"));
    assert!(SqliteStore::open(&path("other.db"), OpenMode::Create).is_err());
    SqliteStore::open(&path("new.db"), OpenMode::Create).unwrap();
    rusqlite::Connection::open(path("new.db"))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(refusal("new.db").contains("version 99"));
}

#[test]
fn a32_a_full_file_is_an_error_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    store.limit_bytes(200_000).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let mut held = Head::EMPTY;
    let error = loop {
        let expected = log.head();
        let receipts = log.seal(50);
        match store.append(&[Batch {
            log: &name,
            expected: &expected,
            receipts: &receipts,
        }]) {
            Ok(()) => held = log.head(),
            Err(error) => break error,
        }
        assert!(held.size() < 5000, "the file is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.head(&name).unwrap(), Some(held));
    // With room again it goes on where it was.
    store.limit_bytes(1 << 30).unwrap();
    let mut again = TestLog::new(1);
    again.seal(held.size());
    let receipts = again.seal(50);
    store
        .append(&[Batch {
            log: &name,
            expected: &held,
            receipts: &receipts,
        }])
        .unwrap();
    drop(store);
    let store = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
    assert_eq!(store.head(&name).unwrap(), Some(again.head()));
    store.check_file().unwrap();
}

#[test]
fn a_damaged_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let receipts = log.seal(600);
    store
        .append(&[Batch {
            log: &name,
            expected: &Head::EMPTY,
            receipts: &receipts,
        }])
        .unwrap();
    drop(store);
    // A row removed behind the store's back.
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute("DELETE FROM receipts WHERE seq = 300", [])
        .unwrap();
    drop(other);
    let store = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
    let error = store.read(&name, 290, ReadLimit::default()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { what } if what.contains("300")),
        "{error}"
    );
}

#[test]
fn a33_the_lock_keeps_a_second_writer_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.lock");
    let lock = WriterLock::acquire(&path).unwrap();
    let error = WriterLock::acquire(&path).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    drop(lock);
    WriterLock::acquire(&path).unwrap();
}

/// How many of the receipts' signatures stand somewhere in the store's files.
fn signatures_on_disk(folder: &std::path::Path, receipts: &[Sealed]) -> usize {
    let files: Vec<Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let tails: std::collections::HashSet<&[u8]> = receipts
        .iter()
        .map(|sealed| &sealed.as_bytes()[sealed.as_bytes().len() - 64..])
        .collect();
    let found: std::collections::HashSet<&[u8]> = files
        .iter()
        .flat_map(|file| file.windows(64))
        .filter(|window| tails.contains(window))
        .collect();
    found.len()
}

#[test]
fn deleted_bytes_are_on_the_disk_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let receipts = log.seal(400);
    for chunk in receipts.chunks(100) {
        let expected = store.head(&name).unwrap().unwrap_or(Head::EMPTY);
        store
            .append(&[Batch {
                log: &name,
                expected: &expected,
                receipts: chunk,
            }])
            .unwrap();
    }
    assert_eq!(signatures_on_disk(folder.path(), &receipts), 400);
    assert_eq!(store.delete_receipts(&name, 0..=299).unwrap(), 298);
    // Genesis and start, and the hundred after the range.
    assert_eq!(signatures_on_disk(folder.path(), &receipts), 102);
    assert_eq!(store.restore_receipts(&name, &receipts[..50]).unwrap(), 48);
    assert_eq!(signatures_on_disk(folder.path(), &receipts), 150);
    store.delete_receipts(&name, 0..=399).unwrap();
    assert_eq!(signatures_on_disk(folder.path(), &receipts), 2);
    let before = store.health().unwrap().bytes;
    store.compact().unwrap();
    assert!(store.health().unwrap().bytes < before);
    assert_eq!(signatures_on_disk(folder.path(), &receipts), 2);
    store.check_file().unwrap();
}

#[test]
fn a_file_with_deleted_receipts_is_of_a_later_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    older::make(&path);
    let store = SqliteStore::open(&path, OpenMode::ReadWrite).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let receipts = log.seal(4);
    store
        .append(&[Batch {
            log: &name,
            expected: &Head::EMPTY,
            receipts: &receipts,
        }])
        .unwrap();
    let version = || {
        let other = rusqlite::Connection::open(&path).unwrap();
        let version = other.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        version.unwrap()
    };
    assert_eq!(version(), 1);
    // Control receipts alone: nothing is deleted.
    assert_eq!(store.delete_receipts(&name, 0..=1).unwrap(), 0);
    assert_eq!(version(), 1);
    assert_eq!(store.delete_receipts(&name, 0..=3).unwrap(), 2);
    assert_eq!(version(), 2);
    let reader = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
    assert_eq!(
        reader.delete_receipts(&name, 0..=3),
        Err(StoreError::ReadOnly)
    );
    assert_eq!(
        reader.restore_receipts(&name, &receipts),
        Err(StoreError::ReadOnly)
    );
    assert_eq!(reader.count_deleted(&name, 0..=3), Ok(2));
}

/// Opening a database again in the same process must not drop the locks of the first connection:
/// another process would take itself for the last one, and remove the WAL under the writer's feet.
#[test]
fn a31_opening_beside_a_writer_of_the_same_process_leaves_its_locks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let wal = folder.path().join("audit.db-wal");
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let expected = log.head();
    let receipts = log.seal(3);
    let batch = Batch {
        log: &name,
        expected: &expected,
        receipts: &receipts,
    };
    store.append(&[batch]).unwrap();
    assert!(wal.exists());
    for mode in [OpenMode::ReadOnly, OpenMode::ReadWrite, OpenMode::Create] {
        SqliteStore::open(&path, mode).unwrap();
        let output = std::process::Command::new("python3")
            .arg("-c")
            .arg(
                "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\n\
                 c.execute('SELECT count(*) FROM logs').fetchall(); c.close()",
            )
            .arg(&path)
            .status();
        let Ok(status) = output else {
            println!("SKIPPED: python3 is not there to look from another process");
            return;
        };
        assert!(status.success() && wal.exists(), "{mode:?}");
    }
    drop(store);
}
