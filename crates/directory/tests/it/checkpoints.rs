//! What a checkpoint is made of: attacks on the database before one is signed.

use crate::{copy, new, options, record};
use ai_audit_core::{
    Decision, Draft, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, Status, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_directory::{LogDirectory, Settings, init};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, NoteSignature, SignedNote};
use ai_audit_store::{LogName, Store as _};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_verify::{Depth, TrustPolicy};
use rusqlite::{Connection, params};
use std::path::Path;

fn database(path: &Path) -> Connection {
    Connection::open(path.join("audit.db")).unwrap()
}

fn checkpoint(path: &Path) -> Result<SignedNote, String> {
    LogDirectory::open(path, Settings::default())
        .unwrap()
        .make_checkpoint(&LogName::default())
        .map_err(|error| error.to_string())
}

fn stored(path: &Path) -> Vec<(u64, String)> {
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    let all = directory.store().checkpoints(&LogName::default()).unwrap();
    all.into_iter()
        .map(|kept| (kept.size.as_u64(), kept.note))
        .collect()
}

fn size(note: &SignedNote) -> u64 {
    Checkpoint::parse(note.text()).unwrap().size.as_u64()
}

/// A log with 8 receipts, a checkpoint of them, and as many more behind it as recording makes.
fn with_checkpoint(path: &Path, more: usize) -> SignedNote {
    new(path, "default");
    record(path, Settings::default(), 3).unwrap();
    let note = checkpoint(path).unwrap();
    assert_eq!(size(&note), 8);
    if more > 0 {
        record(path, Settings::default(), more).unwrap();
    }
    note
}

#[test]
fn a02_no_checkpoint_is_signed_over_hashes_that_are_not_the_receipts() {
    // Covered by the last checkpoint or behind it: it is the receipts that count.
    for (more, seq) in [(0, 4), (5, 4), (5, 11)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let note = with_checkpoint(path, more);
        let database = database(path);
        let old: Vec<u8> = database
            .query_row("SELECT hash FROM receipts WHERE seq = ?", [seq], |row| {
                row.get(0)
            })
            .unwrap();
        let set = |hash: &[u8]| {
            let changed = database.execute(
                "UPDATE receipts SET hash = ? WHERE seq = ?",
                params![hash, seq],
            );
            assert_eq!(changed, Ok(1));
        };
        set(&[0; 32]);
        let error = checkpoint(path).unwrap_err();
        assert!(error.contains("no checkpoint is made"), "{error}");
        assert_eq!(
            stored(path),
            [(8, note.to_string())],
            "the genuine one stays"
        );
        set(&old);
        let again = checkpoint(path).unwrap();
        assert_eq!(size(&again), if more == 0 { 8 } else { 15 });
    }
}

#[test]
fn a02_no_checkpoint_is_signed_over_tree_nodes_that_are_not_the_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    new(path, "default");
    record(path, Settings::default(), 300).unwrap();
    database(path)
        .execute("UPDATE nodes SET hash = zeroblob(32)", [])
        .unwrap();
    let error = checkpoint(path).unwrap_err();
    assert!(error.contains("nodes"), "{error}");
    assert!(stored(path).is_empty());
}

#[test]
fn a09_no_checkpoint_is_signed_over_receipts_that_another_key_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    with_checkpoint(path, 3);
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    let log = LogName::default();
    let head = directory.head(&log).unwrap();
    let before = directory.receipt(&log, head.size() - 2).unwrap();
    let before = UnverifiedReceipt::parse(&before).unwrap();
    let base = Head::from_parts(
        head.log_id(),
        head.size() - 1,
        before.hash(),
        before.header().sealed_at,
    );
    // A chain without a fault, but for the key.
    let time = head.sealed_at();
    let mut buf = vec![0; MAX_SEALED_LEN];
    let forged = Draft::new(ReceiptId::from_parts(time, [1; 10]), time)
        .seal(
            &Decision::new(),
            &base,
            &SigningKey::from_bytes(&[9; 32]),
            &mut buf,
        )
        .unwrap();
    let (seq, hash) = (head.size() - 1, forged.hash());
    let database = database(path);
    database
        .execute(
            "UPDATE receipts SET sealed = ?, hash = ? WHERE seq = ?",
            params![forged.as_bytes(), hash.as_bytes(), seq.cast_signed()],
        )
        .unwrap();
    database
        .execute("UPDATE logs SET hash = ?", [hash.as_bytes()])
        .unwrap();
    let error = checkpoint(path).unwrap_err();
    assert!(error.contains("signature"), "{error}");
    assert_eq!(stored(path).len(), 1);
}

#[test]
fn a05_no_checkpoint_is_signed_over_a_log_that_is_shorter_than_its_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    with_checkpoint(path, 0);
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    let sealed = directory.receipt(&LogName::default(), 5).unwrap();
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    let database = database(path);
    database
        .execute("DELETE FROM receipts WHERE seq > 5", [])
        .unwrap();
    database
        .execute(
            "UPDATE logs SET size = 6, hash = ?, sealed_at = ?",
            params![
                receipt.hash().as_bytes(),
                receipt.header().sealed_at.as_micros().cast_signed()
            ],
        )
        .unwrap();
    let error = checkpoint(path).unwrap_err();
    assert!(error.contains("has 6 receipts but had 8"), "{error}");
    assert_eq!(stored(path).len(), 1);
}

#[test]
fn the_checkpoint_of_a_size_is_the_one_that_was_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut note = with_checkpoint(path, 0);
    note.add(NoteSignature::parse("\u{2014} witness AAAAAAAA").unwrap())
        .unwrap();
    let store = SqliteStore::open(&path.join("audit.db"), OpenMode::ReadWrite).unwrap();
    store
        .put_checkpoint(&LogName::default(), TreeSize::new(8), &note.to_string())
        .unwrap();
    drop(store);
    assert_eq!(checkpoint(path).unwrap(), note);
    assert_eq!(stored(path), [(8, note.to_string())]);
}

#[test]
fn a_checkpoint_reads_only_what_is_behind_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    with_checkpoint(path, 3);
    // Whoever verifies the log sees that; the tree, whose root was signed before, is what it was.
    database(path)
        .execute("UPDATE receipts SET sealed = x'00' WHERE seq = 4", [])
        .unwrap();
    assert_eq!(size(&checkpoint(path).unwrap()), 13);
    // Without the checkpoints there is nothing to go on from.
    database(path)
        .execute("DELETE FROM checkpoints", [])
        .unwrap();
    assert!(checkpoint(path).unwrap_err().contains("receipt 4"));
}

#[test]
fn a_stored_note_that_the_log_s_key_did_not_sign_is_nothing_to_go_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let note = with_checkpoint(path, 3).to_string();
    let database = database(path);
    let forge = |text: &str| {
        let forged = database.execute(
            "INSERT OR REPLACE INTO checkpoints (log, size, note) SELECT id, 10, ? FROM logs",
            [text],
        );
        assert_eq!(forged, Ok(1));
    };
    forge(&note.replace("\n8\n", "\n10\n"));
    assert_eq!(size(&checkpoint(path).unwrap()), 13);
    database
        .execute("DELETE FROM checkpoints WHERE size = 13", [])
        .unwrap();
    forge("no note at all");
    database
        .execute("UPDATE receipts SET hash = zeroblob(32) WHERE seq = 9", [])
        .unwrap();
    assert!(checkpoint(path).is_err());
}

#[test]
fn a33_no_checkpoint_is_signed_of_a_restored_or_copied_directory() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("audit"), folder.path().join("backup"));
    let marked = Settings {
        high_water_marks: Some(folder.path().join("marks")),
        ..Settings::default()
    };
    let make = |path: &Path| {
        LogDirectory::open(path, marked.clone())
            .unwrap()
            .make_checkpoint(&LogName::default())
            .map_err(|error| error.to_string())
    };
    init(&path, &options("default"), marked.clone(), "test").unwrap();
    copy(&path, &backup);
    record(&path, marked.clone(), 2).unwrap();
    assert_eq!(size(&make(&path).unwrap()), 7);
    let error = make(&backup).unwrap_err();
    assert!(error.contains("has 3 receipts but had 7"), "{error}");
    // Written on without the marks, it is longer and says something else.
    record(&backup, Settings::default(), 4).unwrap();
    let error = make(&backup).unwrap_err();
    assert!(error.contains("another receipt 6"), "{error}");
    // Also where the mark is among what a checkpoint covered that was made without the marks.
    checkpoint(&backup).unwrap();
    record(&backup, Settings::default(), 4).unwrap();
    let error = make(&backup).unwrap_err();
    assert!(error.contains("another receipt 6"), "{error}");
    // The original, with a writer at work, is what it should be.
    record(&path, marked.clone(), 1).unwrap();
    assert_eq!(size(&make(&path).unwrap()), 10);
}

#[test]
fn a33_a_writer_at_work_is_not_taken_for_a_restored_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let marked = Settings {
        high_water_marks: Some(folder.path().join("marks")),
        ..Settings::default()
    };
    init(&path, &options("default"), marked.clone(), "test").unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| record_one_by_one(&path, marked.clone(), 100));
        let directory = LogDirectory::open(&path, marked.clone()).unwrap();
        let mut last = Timestamp::from_micros(0);
        while !writer.is_finished() {
            directory.make_checkpoint(&LogName::default()).unwrap();
            let head = directory.head(&LogName::default()).unwrap();
            assert!(head.sealed_at() >= last);
            last = head.sealed_at();
        }
    });
}

fn record_one_by_one(path: &Path, settings: Settings, count: usize) {
    let writer = ai_audit_directory::Writer::open(path, settings, "test").unwrap();
    for _ in 0..count {
        let records = vec![ai_audit_store::Record::new(&Decision::new())];
        let ticket = writer
            .ledger()
            .submit(&LogName::default(), records)
            .unwrap();
        ticket.wait().unwrap();
    }
    writer.close("done").unwrap();
}

#[test]
fn a76_hashes_alone_are_held_against_the_newest_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let look = || {
        let directory = LogDirectory::open(path, Settings::default()).unwrap();
        let policy = TrustPolicy::new().min_size(1).depth(Depth::Tree);
        directory.verify(&LogName::default(), &policy).unwrap()
    };
    new(path, "default");
    record(path, Settings::default(), 3).unwrap();
    let none = look().verdict.integrity.to_string();
    assert!(none.contains("no checkpoint"), "{none}");
    checkpoint(path).unwrap();
    record(path, Settings::default(), 5).unwrap();
    let report = look();
    assert_eq!((report.receipts, report.complete_to), (8, Some(1)));
    assert!(!report.verdict.integrity.is_failed());
    let behind = "the 7 receipts after the newest checkpoint were not looked at";
    assert!(report.remarks.iter().any(|it| it == behind), "{report:?}");
    // What is known to be there and is behind the checkpoint is not missing, and not complete either.
    let known = |size| {
        let directory = LogDirectory::open(path, Settings::default()).unwrap();
        let policy = TrustPolicy::new().min_size(size).depth(Depth::Tree);
        directory
            .verify(&LogName::default(), &policy)
            .unwrap()
            .verdict
            .completeness
    };
    assert!(known(8).is_verified());
    for size in [9, 15] {
        let said = known(size);
        assert!(matches!(said, Status::Unverified { .. }), "{said}");
        assert!(said.to_string().contains("covers 8 of the 15"), "{said}");
    }
    assert!(known(16).is_failed());
    // A byte of a payload; what the store says of its hash is not asked.
    let changed = database(path).execute(
        "UPDATE receipts SET sealed = cast(substr(sealed, 1, 60) || x'07' || substr(sealed, 62) AS BLOB)
         WHERE seq = 5",
        [],
    );
    assert_eq!(changed, Ok(1));
    assert!(look().verdict.integrity.is_failed());
}
