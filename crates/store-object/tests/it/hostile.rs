//! A98: objects that somebody altered, removed, or put there. Nothing but what the root names is read, and that is
//! held against its hash.

use crate::rig::{append, folder, objects, open, refusal, says, whole};
use ai_audit_core::Head;
use ai_audit_store::{LogName, ReadLimit, Store, StoreError};
use ai_audit_store_object::{ObjectStore, OpenMode, Place};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::erasures::{ciphertext, decision_with};
use std::fs;

#[test]
fn a98_altered_and_missing_objects_are_named_and_stop_the_reader() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    let beside = vec![ciphertext(1, b"a ciphertext")];
    let head = log.head();
    let decision = log.seal_next(&decision_with("person-7", &beside));
    append(&store, &name, &head, &[decision.with_ciphertexts(beside)]).unwrap();
    for _ in 0..40 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(1)).unwrap();
    }
    let everything = || {
        // Remembers nothing.
        let store = open(&place, OpenMode::ReadOnly);
        let all = ReadLimit {
            receipts: usize::MAX,
            bytes: usize::MAX,
        };
        store.read(&name, 0, all)?;
        store.ciphertexts(&name, 2)
    };
    assert_eq!(everything().unwrap().len(), 1);
    let paths: Vec<_> = ["segments", "beside", "index-1"]
        .iter()
        .flat_map(|kind| objects(folder.path(), kind))
        .collect();
    assert!(paths.len() > 40, "{paths:?}");
    for path in &paths {
        let content = fs::read(path).unwrap();
        let mut altered = content.clone();
        *altered.last_mut().unwrap() ^= 1;
        for bad in [
            Some(&altered[..]),
            Some(&b"garbage"[..]),
            Some(&[][..]),
            None,
        ] {
            match bad {
                Some(bad) => fs::write(path, bad).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let error = everything().unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
            let file = path.file_name().unwrap().to_str().unwrap();
            says(&error, &[file]);
        }
        fs::write(path, &content).unwrap();
    }
    assert_eq!(everything().unwrap().len(), 1);
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a98_a_root_that_is_no_root_is_refused_whatever_is_in_it() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    for _ in 0..35 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(2)).unwrap();
    }
    let path = folder.path().join("root");
    let good = fs::read(&path).unwrap();
    // Every shorter one, and each byte of it turned: an error or another root, and no panic.
    for len in 0..good.len() {
        fs::write(&path, &good[..len]).unwrap();
        let error = store.head(&name).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0xff;
        fs::write(&path, &bad).unwrap();
        if store.head(&name).is_ok() {
            store.read(&name, 0, ReadLimit::default()).ok();
            store.count_deleted(&name, 0..=u64::MAX).ok();
            let mut out = Vec::new();
            store.hashes(&name, 4, 0..u64::MAX, &mut out).ok();
        }
    }
    let newer = String::from_utf8_lossy(&good[..24]).replace("root 1", "root 2");
    fs::write(&path, newer).unwrap();
    let error = refusal(&place, OpenMode::ReadWrite);
    assert!(
        matches!(error, StoreError::TooNew { found: 2, .. }),
        "{error}"
    );
    // A name that leads out of the store is not deleted.
    let mut out = good[..good.len() - 4].to_vec();
    let outside = folder.path().join("precious");
    fs::write(&outside, "precious").unwrap();
    let doomed = b"logs/../precious";
    out.extend_from_slice(&1_u32.to_be_bytes());
    out.extend_from_slice(&u32::try_from(doomed.len()).unwrap().to_be_bytes());
    out.extend_from_slice(doomed);
    fs::write(&path, out).unwrap();
    let error = store.delete_receipts(&name, 0..=0).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(outside.is_file());
    fs::write(&path, &good).unwrap();
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn a98_what_no_root_names_is_not_read() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(5)).unwrap();
    let before = fs::read(folder.path().join("root")).unwrap();
    let head = log.head();
    append(&store, &name, &head, &log.seal(5)).unwrap();
    // As if the second append had never come to its root: its segment is there, and nobody sees it.
    fs::write(folder.path().join("root"), &before).unwrap();
    fs::write(folder.path().join("logs/default/segments/garbage"), "x").unwrap();
    let again = open(&place, OpenMode::ReadWrite);
    assert_eq!(whole(&again, &name), head);
    let mut other = TestLog::forked(1, head);
    append(&again, &name, &head, &other.seal(3)).unwrap();
    assert_eq!(whole(&again, &name), other.head());
}

/// The root is gone: a running writer does not begin a new log, and neither does one that is opened.
#[test]
fn a98_a_store_that_was_lost_is_no_empty_store() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(5)).unwrap();
    fs::remove_file(folder.path().join("root")).unwrap();
    let head = log.head();
    let error = append(&store, &name, &head, &log.seal(1)).unwrap_err();
    says(&error, &["there is no store, or it was lost"]);
    let error = refusal(&place, OpenMode::ReadWrite);
    says(&error, &["there is no store, or it was lost"]);
    assert!(!folder.path().join("root").exists());
}

/// Objects beside the notes, put there by somebody, hide none of them.
#[test]
fn a98_what_is_no_note_hides_no_note() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(9)).unwrap();
    let size = ai_audit_merkle::TreeSize::new(8);
    let note = "example.org/log1\n8\nroot\n\n\u{2014} log AAAAAAAA\n";
    store.put_checkpoint(&name, size, note).unwrap();
    let notes = folder.path().join("logs/default/checkpoints");
    let place = u64::MAX - 9;
    let beyond = format!("{:020}", u64::MAX - 10);
    for other in [
        "00",
        "0",
        "x",
        &beyond,
        &format!("+{place}"),
        &format!("0{place}"),
    ] {
        fs::write(notes.join(other), "garbage").unwrap();
    }
    let latest = store.latest_checkpoint(&name).unwrap().unwrap();
    assert_eq!((latest.size, latest.note.as_str()), (size, note));
    assert_eq!(store.checkpoints(&name).unwrap(), [latest]);
}

/// Nobody waits for more bytes than were ever written.
#[test]
fn a98_an_object_that_does_not_end_is_not_read_to_its_end() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(9)).unwrap();
    let path = objects(folder.path(), "segments").pop().unwrap();
    for path in [path, folder.path().join("root")] {
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        // Has no blocks on the disk.
        file.set_len(1 << 40).unwrap();
        let store = ObjectStore::open(&place, OpenMode::ReadOnly, &crate::rig::options());
        let read = store.and_then(|store| store.read(&name, 0, ReadLimit::default()));
        let error = read.unwrap_err();
        says(&error, &["more than 16777216 bytes"]);
    }
}
