//! What is deleted is in no file any more, and what failed appends left can be deleted too.

use crate::rig::{append, files, folder, objects, open, whole};
use ai_audit_core::{Head, Timestamp};
use ai_audit_store::{LogName, Store};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::TestLog;
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use std::fs;
use std::path::Path;

fn holds(folder: &Path, part: &[u8]) -> usize {
    let has = |path: &Path| {
        let content = fs::read(path).unwrap();
        content.windows(part.len()).any(|window| window == part)
    };
    files(folder).iter().filter(|path| has(path)).count()
}

#[test]
fn what_is_deleted_is_in_no_file() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    let mut all = log.seal(70);
    let beside = vec![
        ciphertext(1, b"looked for in the files"),
        ciphertext(2, b"another that stays"),
    ];
    let decision = log.seal_next(&decision_with("person-7", &beside));
    all.push(decision.with_ciphertexts(beside));
    let mut at = Head::EMPTY;
    for sealed in &all {
        append(&store, &name, &at, std::slice::from_ref(sealed)).unwrap();
        at = store.head(&name).unwrap().unwrap();
    }
    let tail = |seq: usize| {
        let bytes = all[seq].as_bytes();
        bytes[bytes.len() - 64..].to_vec()
    };
    assert_eq!(holds(folder.path(), &tail(40)), 1);
    assert_eq!(store.delete_receipts(&name, 0..=49).unwrap(), 48);
    for seq in 2..=49 {
        assert_eq!(holds(folder.path(), &tail(seq)), 0, "{seq}");
    }
    for seq in [0, 1, 50, 70] {
        assert_eq!(holds(folder.path(), &tail(seq)), 1, "{seq}");
    }
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]).unwrap(), 1);
    assert_eq!(holds(folder.path(), b"looked for in the files"), 0);
    assert_eq!(holds(folder.path(), b"another that stays"), 1);
    assert_eq!(store.restore_receipts(&name, &all[..30]).unwrap(), 28);
    assert_eq!(holds(folder.path(), &tail(20)), 1);
    // Put back and deleted again, under another name each time.
    assert_eq!(store.delete_receipts(&name, 10..=20).unwrap(), 11);
    assert_eq!(store.restore_receipts(&name, &all[..30]).unwrap(), 11);
    assert_eq!(holds(folder.path(), &tail(20)), 1);
    assert_eq!(store.count_deleted(&name, 0..=99).unwrap(), 20);
}

#[test]
fn a_deletion_that_was_cut_off_is_ended_by_the_next() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(9)).unwrap();
    // A folder with something in it in the place of the object: it cannot be deleted.
    let path = objects(folder.path(), "segments").pop().unwrap();
    let content = fs::read(&path).unwrap();
    store.read(&name, 0, Default::default()).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("x"), "x").unwrap();
    assert!(store.delete_receipts(&name, 3..=5).is_err());
    assert_eq!(store.count_deleted(&name, 0..=99).unwrap(), 3);
    fs::remove_dir_all(&path).unwrap();
    fs::write(&path, content).unwrap();
    // Nothing is left to delete but what that one left.
    assert_eq!(store.delete_receipts(&name, 3..=5).unwrap(), 0);
    assert!(!path.exists());
    assert_eq!(objects(folder.path(), "segments").len(), 1);
}

/// The root has room for some names only: the rest is in lists. One that was altered deletes nothing.
#[test]
fn a98_what_a_large_deletion_dooms_is_in_lists() {
    for is_removed in [false, true] {
        let folder = folder();
        let place = Place::Folder(folder.path().into());
        let (mut log, name) = (TestLog::new(1), LogName::default());
        let store = open(&place, OpenMode::Create);
        const APPENDS: u64 = 1100;
        for _ in 0..APPENDS {
            let head = log.head();
            append(&store, &name, &head, &log.seal(1)).unwrap();
        }
        assert_eq!(whole(&store, &name), log.head());
        // The last one cannot be deleted; it was read already.
        let path = objects(folder.path(), "segments").pop().unwrap();
        let content = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("x"), "x").unwrap();
        assert!(store.delete_receipts(&name, 0..=APPENDS - 1).is_err());
        assert_eq!(store.count_deleted(&name, 0..=APPENDS).unwrap(), 1098);
        let root = fs::read(folder.path().join("root")).unwrap();
        assert!(root.len() < 16 << 10, "{}", root.len());
        let list = objects(folder.path(), "doomed").pop().unwrap();
        let named = fs::read(&list).unwrap();
        fs::remove_dir_all(&path).unwrap();
        fs::write(&path, content).unwrap();
        let precious = objects(folder.path(), "segments").pop().unwrap();
        let mut altered = named.clone();
        *altered.last_mut().unwrap() ^= 1;
        fs::write(&list, altered).unwrap();
        let error = store.delete_receipts(&name, 0..=9).unwrap_err();
        crate::rig::says(&error, &["other bytes", "collect garbage"]);
        assert!(precious.exists() && path.exists());
        if is_removed {
            fs::remove_file(&list).unwrap();
            let later = Timestamp::from_micros(u64::MAX - 1);
            assert!(store.collect_garbage(later).unwrap() > 0);
        } else {
            fs::write(&list, named).unwrap();
            assert_eq!(store.delete_receipts(&name, 0..=9).unwrap(), 0);
        }
        assert!(!path.exists() && !list.exists());
        let left = objects(folder.path(), "segments").len();
        assert_eq!(u64::try_from(left).unwrap(), APPENDS);
        assert_eq!(store.count_deleted(&name, 0..=APPENDS).unwrap(), 1098);
    }
}

/// The last ciphertext of a segment that is in no index: nothing is written anew but the root.
#[test]
fn the_only_ciphertext_of_a_young_segment_goes_too() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(2)).unwrap();
    let beside = vec![ciphertext(1, b"the only one")];
    let head = log.head();
    let decision = log.seal_next(&decision_with("person-7", &beside));
    append(&store, &name, &head, &[decision.with_ciphertexts(beside)]).unwrap();
    assert_eq!(holds(folder.path(), b"the only one"), 1);
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]).unwrap(), 1);
    assert_eq!(holds(folder.path(), b"the only one"), 0);
    assert!(store.ciphertexts(&name, 2).unwrap().is_empty());
    assert_eq!(store.delete_ciphertexts(&name, &[key_id(1)]).unwrap(), 0);
}

/// The second try has names of its own: collecting what the first left cannot meet what the second is about to name.
#[test]
fn an_append_that_is_tried_again_takes_nothing_that_the_first_left() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    let root = fs::read(folder.path().join("root")).unwrap();
    let receipts = log.seal(5);
    append(&store, &name, &Head::EMPTY, &receipts).unwrap();
    let left = objects(folder.path(), "segments");
    // As if it had not come to its root. What it wrote is not even touched again.
    fs::write(folder.path().join("root"), root).unwrap();
    fs::write(&left[0], "what a sync failed for").unwrap();
    append(&store, &name, &Head::EMPTY, &receipts).unwrap();
    assert_eq!(objects(folder.path(), "segments").len(), 2);
    let kept = fs::read(&left[0]).unwrap();
    assert_eq!(kept, b"what a sync failed for");
    let later = Timestamp::from_micros(u64::MAX - 1);
    assert_eq!(store.collect_garbage(later).unwrap(), 1);
    assert!(!left[0].exists());
    assert_eq!(whole(&open(&place, OpenMode::ReadOnly), &name), log.head());
}

/// After a sync that failed a second one of the same file may say that all is well.
#[test]
fn what_is_replaced_is_written_to_a_new_file_each_time() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    let (new, other) = (folder.path().join("new"), folder.path().join("other"));
    fs::write(&new, "left by one that failed").unwrap();
    fs::hard_link(&new, &other).unwrap();
    append(&store, &name, &Head::EMPTY, &log.seal(5)).unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"left by one that failed");
    assert!(!new.exists());
    assert_eq!(whole(&store, &name), log.head());
}

#[test]
fn what_failed_appends_left_is_deleted_and_nothing_else() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    for _ in 0..40 {
        let head = log.head();
        append(&store, &name, &head, &log.seal(1)).unwrap();
    }
    let note = "example.org/log1\n1\nroot\n\n\u{2014} log AAAAAAAA\n";
    store
        .put_checkpoint(&name, ai_audit_merkle::TreeSize::new(1), note)
        .unwrap();
    let segments = folder.path().join("logs/default/segments");
    for n in 0..3 {
        fs::write(segments.join(format!("{n:020}-left")), "receipts").unwrap();
    }
    let count = files(folder.path()).len();
    assert_eq!(store.collect_garbage(Timestamp::from_micros(1)).unwrap(), 0);
    assert_eq!(files(folder.path()).len(), count);
    let later = Timestamp::from_micros(u64::MAX - 1);
    assert_eq!(store.collect_garbage(later).unwrap(), 3);
    assert_eq!(files(folder.path()).len(), count - 3);
    assert_eq!(whole(&store, &name), log.head());
    assert_eq!(store.checkpoints(&name).unwrap().len(), 1);
}

/// The latest checkpoint is the first that is listed: what others put before it, or beside it, does not matter, however much
/// it is.
#[test]
fn the_latest_checkpoint_is_found_among_whatever_lies_there() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let store = open(&place, OpenMode::Create);
    append(&store, &name, &Head::EMPTY, &log.seal(40)).unwrap();
    assert!(store.latest_checkpoint(&name).unwrap().is_none());
    let note = |size: u64| format!("example.org/log1\n{size}\nroot\n\n\u{2014} log AAAAAAAA\n");
    for size in [7, 30, 12] {
        let tree = ai_audit_merkle::TreeSize::new(size);
        store.put_checkpoint(&name, tree, &note(size)).unwrap();
    }
    let latest = || store.latest_checkpoint(&name).unwrap().unwrap().note;
    assert_eq!(latest(), note(30));
    let notes = folder.path().join("logs/default/checkpoints");
    // Of sizes beyond the log, and no sizes at all.
    for junk in 0..1500_u64 {
        fs::write(notes.join(format!("{junk:020}")), "x").unwrap();
        if junk == 10 {
            fs::write(notes.join("0"), "x").unwrap();
            fs::write(notes.join("zz"), "x").unwrap();
            assert_eq!(latest(), note(30));
        }
    }
    assert_eq!(latest(), note(30));
    assert_eq!(store.checkpoints(&name).unwrap().len(), 3);
    let some = store.checkpoints_in(&name, 8..=29).unwrap();
    assert_eq!(some.len(), 1);
    assert_eq!(some[0].note, note(12));
}
