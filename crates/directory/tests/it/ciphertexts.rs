//! Ciphertexts of an epoch: archived with it, deleted with it, put back, and what must not come back.

use crate::epochs::{append, new, settings};
use ai_audit_directory::{DirectoryError, DirectoryLog, LogDirectory, Writer};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{PackageOptions, Selection, write_package};
use ai_audit_store::{Ciphertext, LogName, Record};
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The first receipts behind what making and opening the log wrote have ciphertexts.
const FIRST: u64 = 4;
/// How many they are.
const ENCRYPTED: u64 = 20;

fn log() -> LogName {
    LogName::default()
}

/// Two for each receipt, the first under one of two keys. All together are longer than what is put
/// back in one transaction.
fn beside(seq: u64) -> Vec<Ciphertext> {
    if !(FIRST..FIRST + ENCRYPTED).contains(&seq) {
        return Vec::new();
    }
    let own = u8::try_from(1 + seq % 2).unwrap();
    let times = if seq.is_multiple_of(4) { 400_000 } else { 1 };
    let text = format!("of receipt {seq}");
    vec![
        ciphertext(own, text.repeat(times).as_bytes()),
        ciphertext(9, text.as_bytes()),
    ]
}

fn there(directory: &LogDirectory) -> Vec<Vec<Ciphertext>> {
    let of = |seq| directory.store().ciphertexts(&log(), seq).unwrap();
    (0..ENCRYPTED + 10).map(of).collect()
}

fn expected(keep: impl Fn(&Ciphertext) -> bool) -> Vec<Vec<Ciphertext>> {
    let of = |seq| beside(seq).into_iter().filter(|one| keep(one)).collect();
    (0..ENCRYPTED + 10).map(of).collect()
}

fn same(found: &[Vec<Ciphertext>], expected: &[Vec<Ciphertext>]) {
    // Megabytes are not printed.
    let differs = found.iter().zip(expected).position(|(one, two)| one != two);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

/// A log whose first epoch, number 0, has ciphertexts and other receipts, sealed.
fn sealed(folder: &Path) -> (Writer, PathBuf) {
    let path = folder.join("audit");
    new(&path, "example.org/ciphertexts");
    let writer = Writer::open(&path, settings(), "test").unwrap();
    writer.attach(&log()).unwrap();
    let first = writer.directory().head(&log()).unwrap().size();
    assert_eq!(first, FIRST);
    let start: Vec<Record> = (FIRST..FIRST + ENCRYPTED)
        .map(|seq| {
            let all = beside(seq);
            Record::new(&decision_with("person-7", &all)).ciphertexts(all)
        })
        .collect();
    writer
        .ledger()
        .submit(&log(), start)
        .unwrap()
        .wait()
        .unwrap();
    append(&writer, 5);
    writer.seal_epoch(&log()).unwrap();
    let archive = folder.join("epoch-0.zip");
    (writer, archive)
}

fn archive(writer: &Writer, path: &Path) -> u64 {
    let file = File::create(path).unwrap();
    let written = writer
        .directory()
        .archive_epoch(&log(), 0, false, file, |_, _| {});
    written.unwrap().ciphertexts
}

#[test]
fn ciphertexts_are_archived_deleted_and_put_back_with_their_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, path) = sealed(folder.path());
    let directory = writer.directory();
    same(&there(directory), &expected(|_| true));
    assert_eq!(archive(&writer, &path), 2 * ENCRYPTED);
    let deleted = writer.delete_epoch(&log(), 0, Some(&path), "test").unwrap();
    assert_eq!(deleted.deleted, ENCRYPTED + 5);
    same(&there(directory), &expected(|_| false));

    // Those under a key that was destroyed meanwhile do not come back.
    let keep = |key: &_| *key != key_id(1);
    let restored = writer.restore_archive_with(&log(), &path, &keep).unwrap();
    assert_eq!(restored.restored, ENCRYPTED + 5);
    same(&there(directory), &expected(|one| keep(&one.key)));
    // What is there is passed over, whatever the archive has beside it.
    let again = writer.restore_archive(&log(), &path).unwrap();
    assert_eq!(again.restored, 0);
    same(&there(directory), &expected(|one| keep(&one.key)));
    // Deleted again, under the archive that has more than the log.
    writer
        .delete_epoch(&log(), 0, Some(&path), "again")
        .unwrap();
    writer.restore_archive(&log(), &path).unwrap();
    same(&there(directory), &expected(|_| true));
}

#[test]
fn an_archive_without_ciphertexts_that_the_log_has_is_no_reason_to_delete() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, path) = sealed(folder.path());
    let directory = writer.directory();
    let seal = directory.sealed_epoch(&log(), 0).unwrap();
    let note = directory.make_checkpoint(&log()).unwrap();
    let options = PackageOptions {
        selection: Selection::Range {
            from: seal.first,
            to: seal.size,
        },
        json_view: false,
        ciphertexts: false,
        timestamp: None,
    };
    let source = DirectoryLog::new(directory, log());
    let key = directory.checkpoint_key(&log()).unwrap();
    let file = File::create(&path).unwrap();
    write_package(file, &source, &note, &[], &key, &options, |_, _| {}).unwrap();
    let refused = writer.delete_epoch(&log(), 0, Some(&path), "test");
    match refused.unwrap_err() {
        DirectoryError::Archive { what, .. } => {
            assert!(what.contains("beside receipt 4"), "{what}");
        }
        other => panic!("{other}"),
    }
    same(&there(directory), &expected(|_| true));
    // Once they are removed it has all there is.
    let keys = [1, 2, 9].map(key_id);
    directory.store().delete_ciphertexts(&log(), &keys).unwrap();
    writer.delete_epoch(&log(), 0, Some(&path), "test").unwrap();
    assert_eq!(writer.restore_archive(&log(), &path).unwrap().restored, 25);
    same(&there(directory), &expected(|_| false));
    // An archive that is made now has the file, and nothing in it.
    assert_eq!(archive(&writer, &path), 0);
    let files = Archive::open(File::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(files.entry("ciphertexts.bin").unwrap().size(), 24);
}
