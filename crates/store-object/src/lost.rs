//! A96: answers that are lost, and tries that lose, while others write.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

use crate::folder::Folder;
use crate::objects::{Listed, Objects, Since, Tag};
use crate::options::{ObjectOptions, OpenMode};
use crate::store::ObjectStore;
use ai_audit_core::{Head, Timestamp};
use ai_audit_store::{Batch, LogName, ReadLimit, Sealed, Store, StoreError};
use ai_audit_testkit::TestLog;
use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

type Meanwhile = Box<dyn FnOnce() + Send>;

/// A folder whose next answer to a replacement is lost; what others do meanwhile is done, and asked again the
/// condition does not hold.
struct Lossy {
    folder: Folder,
    meanwhile: Mutex<Option<Meanwhile>>,
    /// Objects that were written, but those that change.
    created: Arc<AtomicUsize>,
}

impl fmt::Debug for Lossy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lossy")
    }
}

impl Objects for Lossy {
    fn place(&self) -> &str {
        self.folder.place()
    }

    fn get(&self, name: &str) -> Result<Option<(Vec<u8>, Tag)>, StoreError> {
        self.folder.get(name)
    }

    fn since(&self, name: &str, tag: &Tag) -> Result<Since, StoreError> {
        self.folder.since(name, tag)
    }

    fn create_all(&self, objects: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.created.fetch_add(objects.len(), Ordering::SeqCst);
        self.folder.create_all(objects)
    }

    fn swap(
        &self,
        name: &str,
        expected: Option<&Tag>,
        content: Vec<u8>,
    ) -> Result<Option<Tag>, StoreError> {
        let made = self.folder.swap(name, expected, content)?;
        match self.meanwhile.lock().unwrap().take() {
            Some(others) => {
                others();
                Ok(None)
            }
            None => Ok(made),
        }
    }

    fn delete_all(&self, names: &[String]) -> Result<(), StoreError> {
        self.folder.delete_all(names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.folder.list(prefix)
    }

    fn first(&self, prefix: &str, most: usize) -> Result<Vec<String>, StoreError> {
        self.folder.first(prefix, most)
    }

    fn keeps_versions(&self) -> bool {
        false
    }
}

fn open(folder: &Path, meanwhile: Option<Meanwhile>) -> ObjectStore {
    counting(folder, meanwhile).0
}

/// The same, and how many objects it wrote.
fn counting(folder: &Path, meanwhile: Option<Meanwhile>) -> (ObjectStore, Arc<AtomicUsize>) {
    let created = Arc::<AtomicUsize>::default();
    let lossy = Lossy {
        folder: Folder::open(folder, true).unwrap(),
        meanwhile: Mutex::new(meanwhile),
        created: Arc::clone(&created),
    };
    let options = ObjectOptions::default();
    let store = ObjectStore::over(Box::new(lossy), OpenMode::ReadWrite, &options);
    (store.unwrap(), created)
}

/// A folder with an empty store, and its path.
fn made() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    let made = Box::new(Folder::open(&path, true).unwrap());
    ObjectStore::over(made, OpenMode::Create, &ObjectOptions::default()).unwrap();
    (folder, path)
}

fn append(store: &ObjectStore, log: &LogName, receipts: &[Sealed]) -> Result<(), StoreError> {
    store.append(&[Batch {
        log,
        expected: &Head::EMPTY,
        receipts,
    }])
}

#[test]
fn a96_an_answer_is_lost_and_somebody_writes_another_log_behind_it() {
    let (_folder, path) = made();
    let [own, other] = ["own", "other"].map(|name| LogName::new(name).unwrap());
    let others = {
        let (path, other) = (path.clone(), other.clone());
        move || append(&open(&path, None), &other, &TestLog::new(2).seal(3)).unwrap()
    };
    let store = open(&path, Some(Box::new(others)));
    let mut log = TestLog::new(1);
    let receipts = log.seal(5);
    append(&store, &own, &receipts).unwrap();
    assert_eq!(store.head(&own).unwrap(), Some(log.head()));
    assert_eq!(store.head(&other).unwrap().unwrap().size(), 3);
    // It is there once, and who sends it again by another call is told.
    let again = append(&store, &own, &receipts).unwrap_err();
    assert!(matches!(again, StoreError::HeadMoved { .. }), "{again}");
}

/// Somebody else's receipts in the same place are not taken for one's own.
#[test]
fn a96_an_append_that_was_not_stored_is_refused() {
    let (_folder, path) = made();
    let name = LogName::default();
    let root = std::fs::read(path.join("root")).unwrap();
    let others = {
        let (path, name) = (path.clone(), name.clone());
        move || {
            // The replacement never came to the root: another writer's did.
            std::fs::write(path.join("root"), root).unwrap();
            append(&open(&path, None), &name, &TestLog::new(2).seal(5)).unwrap();
        }
    };
    let store = open(&path, Some(Box::new(others)));
    let refused = append(&store, &name, &TestLog::new(1).seal(5)).unwrap_err();
    assert!(matches!(refused, StoreError::HeadMoved { .. }), "{refused}");
    // And its receipts are nowhere: a deletion would not find them.
    let later = Timestamp::from_micros(u64::MAX);
    assert_eq!(open(&path, None).collect_garbage(later).unwrap(), 0);
}

#[test]
fn a96_an_answer_is_lost_and_somebody_writes_the_same_log_behind_it() {
    let (_folder, path) = made();
    let name = LogName::default();
    let mut log = TestLog::new(1);
    let (receipts, end, behind) = (log.seal(5), log.head(), log.seal(3));
    let others = {
        let (path, name) = (path.clone(), name.clone());
        move || {
            let batch = Batch {
                log: &name,
                expected: &end,
                receipts: &behind,
            };
            open(&path, None).append(&[batch]).unwrap();
        }
    };
    let store = open(&path, Some(Box::new(others)));
    append(&store, &name, &receipts).unwrap();
    assert_eq!(store.head(&name).unwrap(), Some(log.head()));
    let later = Timestamp::from_micros(u64::MAX);
    assert_eq!(store.collect_garbage(later).unwrap(), 0);
}

/// A place that answers with an older root, whose log is shorter: what was written stays for the root that it may yet
/// have.
#[test]
fn a96_nothing_is_taken_back_where_an_older_root_answers() {
    let (_folder, path) = made();
    let name = LogName::default();
    let mut log = TestLog::new(1);
    let before = log.seal(5);
    let older = std::fs::read(path.join("root")).unwrap();
    append(&open(&path, None), &name, &before).unwrap();
    let (expected, receipts) = (log.head(), log.seal(3));
    // Ours comes there, is not answered, and an older one is in its place when it is looked for.
    let ours = path.join("root.ours");
    let others = {
        let (root, ours) = (path.join("root"), ours.clone());
        move || {
            std::fs::rename(&root, &ours).unwrap();
            std::fs::write(&root, older).unwrap();
        }
    };
    let store = open(&path, Some(Box::new(others)));
    let batch = Batch {
        log: &name,
        expected: &expected,
        receipts: &receipts,
    };
    let refused = store.append(&[batch]).unwrap_err();
    assert!(matches!(refused, StoreError::HeadMoved { .. }), "{refused}");
    // The right one comes back: nothing of it is missing.
    std::fs::rename(&ours, path.join("root")).unwrap();
    let store = open(&path, None);
    assert_eq!(store.head(&name).unwrap(), Some(log.head()));
    let read = store.read(&name, 5, ReadLimit::default()).unwrap();
    assert_eq!(read.len(), 3);
}

/// A log of twenty receipts in one segment, whose deletion others come into. Gives the store that deletes, how many objects
/// it wrote, and the receipts.
fn deleting(
    path: &Path,
    others: impl FnOnce(&Path, &[u8], &[Sealed]) + Send + 'static,
) -> (ObjectStore, Arc<AtomicUsize>, Vec<Sealed>) {
    let receipts = TestLog::new(1).seal(20);
    append(&open(path, None), &LogName::default(), &receipts).unwrap();
    let before = std::fs::read(path.join("root")).unwrap();
    let (folder, given) = (path.to_path_buf(), receipts.clone());
    let meanwhile = move || others(&folder, &before, &given);
    let (store, created) = counting(path, Some(Box::new(meanwhile)));
    (store, created, receipts)
}

/// Nothing is left that no root names, and what is there is the log.
fn assert_clean(path: &Path, deleted: u64) {
    let (store, name) = (open(path, None), LogName::default());
    assert_eq!(store.count_deleted(&name, 0..=19).unwrap(), deleted);
    let read = store.read(&name, 0, ReadLimit::default()).unwrap();
    assert_eq!(read.len(), 20);
    let segments = path.join("logs/default/segments");
    assert_eq!(std::fs::read_dir(segments).unwrap().count(), 1);
    let later = Timestamp::from_micros(u64::MAX);
    assert_eq!(store.collect_garbage(later).unwrap(), 0);
}

/// Another log is appended to first: the second try names what the first one wrote.
#[test]
fn a_deletion_that_is_tried_again_writes_nothing_twice() {
    let (_folder, path) = made();
    let (store, created, _) = deleting(&path, |path, before, _| {
        // The replacement never came to the root: another writer's did.
        std::fs::write(path.join("root"), before).unwrap();
        let other = LogName::new("other").unwrap();
        append(&open(path, None), &other, &TestLog::new(2).seal(3)).unwrap();
    });
    let name = LogName::default();
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 5);
    assert_eq!(created.load(Ordering::SeqCst), 1);
    assert_clean(&path, 5);
}

/// Another receipt of the same segment is deleted first. What the lost try wrote has it, and goes.
#[test]
fn a_deletion_that_lost_to_another_leaves_nothing_of_what_that_one_deleted() {
    let (_folder, path) = made();
    let (store, created, _) = deleting(&path, |path, before, _| {
        std::fs::write(path.join("root"), before).unwrap();
        let deleted = open(path, None).delete_receipts(&LogName::default(), 3..=3);
        assert_eq!(deleted.unwrap(), 1);
    });
    let name = LogName::default();
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 5);
    assert_eq!(created.load(Ordering::SeqCst), 2);
    assert_clean(&path, 6);
}

/// The answer to the replacement is lost, and somebody else writes behind it: it is done, and counted once.
#[test]
fn a96_a_deletion_whose_answer_is_lost_is_counted_and_nothing_of_it_is_deleted() {
    let (_folder, path) = made();
    let (store, _, _) = deleting(&path, |path, _, _| {
        let other = LogName::new("other").unwrap();
        append(&open(path, None), &other, &TestLog::new(2).seal(3)).unwrap();
    });
    let name = LogName::default();
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 5);
    assert_clean(&path, 5);
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 0);
}

/// The same, and what was deleted is put back before it is tried again: what the first try wrote was named and is gone, so
/// the second names something of its own.
#[test]
fn a96_a_deletion_that_was_done_and_undone_names_nothing_that_is_gone() {
    let (_folder, path) = made();
    let (store, created, receipts) = deleting(&path, |path, _, receipts| {
        let restored = open(path, None).restore_receipts(&LogName::default(), receipts);
        assert_eq!(restored.unwrap(), 5);
    });
    let name = LogName::default();
    assert_eq!(store.delete_receipts(&name, 5..=9).unwrap(), 5);
    assert_eq!(created.load(Ordering::SeqCst), 2);
    assert_clean(&path, 5);
    assert_eq!(store.restore_receipts(&name, &receipts).unwrap(), 5);
    assert_clean(&path, 0);
}
