//! Ciphertexts of an epoch: archived with it, deleted with it, put back, and what must not come back.

use crate::epochs::{append, new, settings};
use ai_audit_core::SubjectKeyId;
use ai_audit_directory::{DirectoryError, DirectoryLog, LogDirectory, Writer};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{PackageOptions, Selection, write_package};
use ai_audit_store::Shred;
use ai_audit_store::{Ciphertext, LogName, Record};
use ai_audit_testkit::erasures::decision_with;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The first receipts behind what making and opening the log wrote have ciphertexts.
const FIRST: u64 = 4;
/// How many they are.
const ENCRYPTED: u64 = 20;

fn log() -> LogName {
    LogName::default()
}

/// Keys of the two persons, of whom the receipts are in turn.
type Keys = [SubjectKeyId; 2];

const PERSONS: [&str; 2] = ["person-7", "person-8"];

fn person(seq: u64) -> usize {
    usize::from(!seq.is_multiple_of(2))
}

/// Two for each receipt. All together are longer than what is put back in one transaction.
fn beside(keys: &Keys, seq: u64) -> Vec<Ciphertext> {
    if !(FIRST..FIRST + ENCRYPTED).contains(&seq) {
        return Vec::new();
    }
    let key = keys[person(seq)];
    let times = if seq.is_multiple_of(4) { 400_000 } else { 1 };
    let text = format!("of receipt {seq}");
    let texts = [text.repeat(times), text];
    let one = |text: String| Ciphertext {
        key,
        bytes: text.into_bytes(),
    };
    texts.map(one).into()
}

fn there(directory: &LogDirectory) -> Vec<Vec<Ciphertext>> {
    let of = |seq| directory.store().ciphertexts(&log(), seq).unwrap();
    (0..ENCRYPTED + 10).map(of).collect()
}

fn expected(keys: &Keys, keep: impl Fn(&Ciphertext) -> bool) -> Vec<Vec<Ciphertext>> {
    let of = |seq| {
        let all = beside(keys, seq).into_iter();
        all.filter(|one| keep(one)).collect()
    };
    (0..ENCRYPTED + 10).map(of).collect()
}

fn same(found: &[Vec<Ciphertext>], expected: &[Vec<Ciphertext>]) {
    // Megabytes are not printed.
    let differs = found.iter().zip(expected).position(|(one, two)| one != two);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

/// A log whose first epoch, number 0, has ciphertexts and other receipts, sealed.
fn sealed(folder: &Path) -> (Writer, PathBuf, Keys) {
    let path = folder.join("audit");
    new(&path, "example.org/ciphertexts");
    let writer = Writer::open(&path, settings(), "test").unwrap();
    writer.attach(&log()).unwrap();
    let first = writer.directory().head(&log()).unwrap().size();
    assert_eq!(first, FIRST);
    let keeper = writer.subject_keys(&log()).unwrap();
    let keys = PERSONS.map(|person| keeper.key_for(person).unwrap().id());
    let start: Vec<Record> = (FIRST..FIRST + ENCRYPTED)
        .map(|seq| {
            let all = beside(&keys, seq);
            Record::new(&decision_with(PERSONS[person(seq)], &all)).ciphertexts(all)
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
    (writer, archive, keys)
}

/// How many ciphertexts an erasure removed.
fn shred(writer: &Writer, subjects: &[&str]) -> u64 {
    let wish = Shred {
        subjects: subjects.iter().map(ToString::to_string).collect(),
        lost: Vec::new(),
        reason: "asked for it".into(),
        legal_basis: String::new(),
        requested_by: String::new(),
    };
    writer.shred(&log(), wish).unwrap().ciphertexts
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
    let (writer, path, keys) = sealed(folder.path());
    let directory = writer.directory();
    same(&there(directory), &expected(&keys, |_| true));
    assert_eq!(archive(&writer, &path), 2 * ENCRYPTED);
    let deleted = writer.delete_epoch(&log(), 0, Some(&path), "test").unwrap();
    assert_eq!(deleted.deleted, ENCRYPTED + 5);
    same(&there(directory), &expected(&keys, |_| false));

    let restored = writer.restore_archive(&log(), &path).unwrap();
    assert_eq!(restored.restored, ENCRYPTED + 5);
    same(&there(directory), &expected(&keys, |_| true));
    // What is there is passed over, whatever the archive has beside it.
    let shredded = shred(&writer, &PERSONS[..1]);
    assert_eq!(shredded, ENCRYPTED);
    let again = writer.restore_archive(&log(), &path).unwrap();
    assert_eq!(again.restored, 0);
    let kept = expected(&keys, |one| one.key == keys[1]);
    same(&there(directory), &kept);
    // Deleted again, under the archive that has more than the log: those under a key that was
    // destroyed meanwhile do not come back.
    writer
        .delete_epoch(&log(), 0, Some(&path), "again")
        .unwrap();
    writer.restore_archive(&log(), &path).unwrap();
    same(&there(directory), &kept);
}

#[test]
fn an_archive_without_ciphertexts_that_the_log_has_is_no_reason_to_delete() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, path, keys) = sealed(folder.path());
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
        reports: None,
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
    same(&there(directory), &expected(&keys, |_| true));
    // Once they are removed it has all there is.
    assert_eq!(shred(&writer, &PERSONS), 2 * ENCRYPTED);
    writer.delete_epoch(&log(), 0, Some(&path), "test").unwrap();
    assert_eq!(writer.restore_archive(&log(), &path).unwrap().restored, 25);
    same(&there(directory), &expected(&keys, |_| false));
    // An archive that is made now has the file, and nothing in it.
    assert_eq!(archive(&writer, &path), 0);
    let files = Archive::open(File::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(files.entry("ciphertexts.bin").unwrap().size(), 24);
}
