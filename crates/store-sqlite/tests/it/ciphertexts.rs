//! Ciphertexts in the file: gone from the disk, and a schema that older software refuses.

use ai_audit_core::Head;
use ai_audit_store::{Batch, Ciphertext, LogName, Sealed, Store, StoreError};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Pieces in which a ciphertext is looked for on the disk; a page holds them one after the other.
const PIECE: usize = 16;

/// Bytes of which every piece is another one, in no other ciphertext and nowhere else.
fn bytes(number: u64, len: usize) -> Vec<u8> {
    (0_u64..)
        .flat_map(|piece| {
            let mut one = number
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .to_be_bytes()
                .to_vec();
            one.extend(piece.wrapping_mul(0xd134_2543_de82_ef95).to_le_bytes());
            one
        })
        .take(len)
        .collect()
}

/// How many pieces of these ciphertexts stand somewhere in the store's files.
fn pieces_on_disk(folder: &Path, ciphertexts: &[Ciphertext]) -> usize {
    let pieces: HashSet<&[u8]> = ciphertexts
        .iter()
        .flat_map(|one| one.bytes.chunks_exact(PIECE))
        .collect();
    let mut found = HashSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        let here = file.windows(PIECE).filter_map(|window| pieces.get(window));
        found.extend(here.copied());
    }
    found.len()
}

/// A log whose decisions have one ciphertext each, of 100 bytes to some pages, under keys 1 to 4.
fn sealed(receipts: u64) -> Vec<Sealed> {
    let mut log = TestLog::new(1);
    let mut all = log.seal(2);
    for seq in 2..receipts {
        let len = [100, 3000, 5000, 40_000][usize::try_from(seq / 4 % 4).unwrap()];
        let key = u8::try_from(1 + seq % 4).unwrap();
        let one = vec![ciphertext(key, &bytes(seq, len))];
        all.push(
            log.seal_next(&decision_with("person-7", &one))
                .with_ciphertexts(one),
        );
    }
    all
}

fn append(store: &SqliteStore, receipts: &[Sealed]) -> Result<(), StoreError> {
    let log = &LogName::default();
    let expected = &store.head(log)?.unwrap_or(Head::EMPTY);
    store.append(&[Batch {
        log,
        expected,
        receipts,
    }])
}

#[test]
fn removed_ciphertexts_are_on_the_disk_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let (store, name) = (
        SqliteStore::open(&path, OpenMode::Create).unwrap(),
        LogName::default(),
    );
    let receipts = sealed(82);
    for chunk in receipts.chunks(9) {
        append(&store, chunk).unwrap();
    }
    let of = |wanted: &dyn Fn(u64, &Ciphertext) -> bool| -> Vec<Ciphertext> {
        let all = (0..).zip(&receipts);
        all.flat_map(|(seq, sealed)| sealed.ciphertexts().iter().map(move |one| (seq, one)))
            .filter(|(seq, one)| wanted(*seq, one))
            .map(|(_, one)| one.clone())
            .collect()
    };
    let count =
        |all: &[Ciphertext]| -> usize { all.iter().map(|one| one.bytes.len() / PIECE).sum() };
    let there = |all: &[Ciphertext]| pieces_on_disk(folder.path(), all);
    let all = of(&|_, _| true);
    let before = there(&all);
    // The few that lie across two pages are not found.
    assert!(before > count(&all) * 95 / 100 && count(&all) > 50_000 / PIECE);

    let shredded = of(&|_, one| one.key == key_id(2));
    let removed = store.delete_ciphertexts(&name, &[key_id(2)]).unwrap();
    assert_eq!(removed, 20);
    assert_eq!(there(&shredded), 0);
    let rest = of(&|_, one| one.key != key_id(2));
    assert!(there(&rest) > count(&rest) * 95 / 100);
    // With the receipts go theirs.
    assert_eq!(store.delete_receipts(&name, 0..=40).unwrap(), 39);
    assert_eq!(there(&of(&|seq, _| seq <= 40)), 0);
    let rest = of(&|seq, one| seq > 40 && one.key != key_id(2));
    assert!(there(&rest) > count(&rest) * 95 / 100);
    store.compact().unwrap();
    assert!(there(&rest) > count(&rest) * 95 / 100);
    assert_eq!(there(&shredded), 0);
    store.check_file().unwrap();
}

#[test]
fn a_file_with_ciphertexts_is_of_a_later_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    crate::older::make(&path);
    let (store, name) = (
        SqliteStore::open(&path, OpenMode::ReadWrite).unwrap(),
        LogName::default(),
    );
    let other = rusqlite::Connection::open(&path).unwrap();
    let version = || {
        let version = other.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        version.unwrap()
    };
    let tables = || {
        let text = "SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'ciphertexts'";
        other
            .query_row(text, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let (receipts, reader) = (
        sealed(20),
        SqliteStore::open(&path, OpenMode::ReadOnly).unwrap(),
    );
    // Receipts without any leave the file one of the first schema, as older software made it.
    append(&store, &receipts[..2]).unwrap();
    assert_eq!((version(), tables()), (1, 0));
    assert!(reader.ciphertexts(&name, 1).unwrap().is_empty());
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]).unwrap(), 0);
    // Of an append that fails nothing stays, the table included.
    store.limit_bytes(100_000).unwrap();
    let full = append(&store, &receipts[2..]).unwrap_err();
    assert!(matches!(full, StoreError::Full { .. }), "{full}");
    assert_eq!((version(), tables()), (1, 0));
    assert_eq!(store.head(&name).unwrap().unwrap().size(), 2);
    store.limit_bytes(1 << 30).unwrap();
    append(&store, &receipts[2..]).unwrap();
    assert_eq!((version(), tables()), (3, 3));
    // Whoever had it open before the table was there reads them.
    assert_eq!(
        reader.ciphertexts(&name, 5).unwrap(),
        receipts[5].ciphertexts()
    );
    assert_eq!(
        reader.delete_ciphertexts(&name, &[key_id(1)]),
        Err(StoreError::ReadOnly)
    );
    // Deleted receipts, which came with an earlier schema, do not lower it.
    assert_eq!(store.delete_receipts(&name, 0..=5).unwrap(), 4);
    assert_eq!((version(), tables()), (3, 3));
    assert_eq!(store.restore_receipts(&name, &receipts).unwrap(), 4);
    assert_eq!(
        store.ciphertexts(&name, 5).unwrap(),
        receipts[5].ciphertexts()
    );
}

#[test]
fn ciphertexts_come_to_a_file_that_has_deleted_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let (store, name) = (
        SqliteStore::open(&path, OpenMode::Create).unwrap(),
        LogName::default(),
    );
    let receipts = sealed(6);
    let bare: Vec<Sealed> = receipts
        .iter()
        .map(|sealed| Sealed::new(sealed.as_bytes().to_vec()))
        .collect();
    append(&store, &bare).unwrap();
    assert_eq!(store.delete_receipts(&name, 0..=5).unwrap(), 4);
    assert_eq!(store.restore_receipts(&name, &receipts).unwrap(), 4);
    drop(store);
    let store = SqliteStore::open(&path, OpenMode::ReadOnly).unwrap();
    for (seq, sealed) in (0..).zip(&receipts) {
        assert_eq!(store.ciphertexts(&name, seq).unwrap(), sealed.ciphertexts());
    }
    store.check_file().unwrap();
}
