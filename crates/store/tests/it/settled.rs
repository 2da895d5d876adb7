//! How far moves have ended is kept: a new process does not look through all that ever moved, and notices a cold store that is behind.

use ai_audit_core::{Head, LeafHash};
use ai_audit_store::{
    Batch, FileMarks, HighWaterMark as _, LogName, Mark, MemoryStore, Sealed, Store, StoreError,
    TieredStore,
};
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::{FaultyStore, TestLog};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Two stores, both of which count what is read of them.
struct Tiers {
    hot: Arc<FaultyStore<MemoryStore>>,
    cold: Arc<FaultyStore<MemoryStore>>,
}

impl Tiers {
    /// With so many receipts, all of them hot.
    fn new(receipts: u64) -> Self {
        let new = || Arc::new(FaultyStore::new(MemoryStore::new()));
        let (hot, cold) = (new(), new());
        append(&*hot, receipts);
        Self { hot, cold }
    }

    /// As another process opens them.
    fn open(&self) -> TieredStore {
        TieredStore::new(self.hot.clone(), self.cold.clone())
    }

    fn marked(&self, folder: &Path) -> TieredStore {
        with_marks(self.open(), folder)
    }

    /// How many receipts something reads of both.
    fn read_by<T>(&self, doing: impl FnOnce() -> T) -> (T, u64) {
        let read = || self.hot.receipts_read() + self.cold.receipts_read();
        let before = read();
        let done = doing();
        (done, read() - before)
    }
}

/// With what was settled in the folder, and how far moves have ended in one below it.
fn with_marks(store: TieredStore, folder: &Path) -> TieredStore {
    let ended = folder.join("ended");
    fs::create_dir_all(&ended).unwrap();
    let [ended, settled] = [&*ended, folder].map(|folder| Arc::new(FileMarks::new(folder)));
    store.with_marks(ended, settled)
}

fn append(store: &dyn Store, receipts: u64) {
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let batch = Batch {
        log: &name,
        expected: &log.head(),
        receipts: &log.seal(receipts),
    };
    store.append(&[batch]).unwrap();
}

#[test]
fn a_move_costs_what_it_moves_and_not_what_was_moved_before() {
    let (tiers, folder, log) = (
        Tiers::new(9000),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    let open = || tiers.marked(folder.path());
    assert_eq!(open().move_through(&log, 7999).unwrap().cold, 8000);
    let (moved, read) = tiers.read_by(|| open().move_through(&log, 8099).unwrap());
    assert_eq!((moved.copied, moved.freed, moved.cold), (100, 100, 8100));
    assert!(read < 1000, "{read}");
    // Nor does an erasure.
    let erase = || open().delete_ciphertexts(&log, &[key_id(1)]).unwrap();
    let (_, read) = tiers.read_by(erase);
    assert!(read < 1000, "{read}");
    // Without a place for it nobody knows.
    let (moved, read) = tiers.read_by(|| tiers.open().move_through(&log, 8199).unwrap());
    assert_eq!(moved.freed, 100);
    assert!(read > 8000, "{read}");
    assert_eq!(tiers.hot.count_deleted(&log, 0..=8999).unwrap(), 8198);
}

#[test]
fn what_was_brought_back_is_taken_away_by_the_next_move_whoever_makes_it() {
    let (tiers, folder, log) = (
        Tiers::new(5000),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    let open = || tiers.marked(folder.path());
    let store = open();
    store.move_through(&log, 4999).unwrap();
    for _ in 0..2 {
        // By the same one, and by another.
        assert_eq!(store.bring_back(&log, 1000..=1499).unwrap(), 500);
        assert_eq!(store.move_through(&log, 4999).unwrap().freed, 500);
        assert_eq!(store.bring_back(&log, 1000..=1499).unwrap(), 500);
        assert_eq!(open().move_through(&log, 4999).unwrap().freed, 500);
    }
    // From the first receipt on.
    assert_eq!(open().bring_back(&log, 0..=4999).unwrap(), 4998);
    assert_eq!(open().move_through(&log, 4999).unwrap().freed, 4998);
    // A mark that is none of this log counts for nothing.
    assert_eq!(tiers.open().bring_back(&log, 10..=19).unwrap(), 10);
    assert_eq!(open().move_through(&log, 4999).unwrap().freed, 0);
    let id = tiers.hot.head(&log).unwrap().unwrap().log_id();
    let hash = LeafHash::of(b"another");
    let other = Mark { size: 5000, hash };
    FileMarks::new(folder.path()).write(&id, &other).unwrap();
    assert_eq!(open().move_through(&log, 4999).unwrap().freed, 10);
}

/// An older copy of the cold store, or an empty one in its place: a deletion would pass by what the right one has.
#[test]
fn a_cold_store_that_is_behind_what_was_moved_deletes_nothing() {
    let (tiers, folder, log) = (
        Tiers::new(50),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    tiers.marked(folder.path()).move_through(&log, 40).unwrap();
    let id = tiers.hot.head(&log).unwrap().unwrap().log_id();
    let older = Arc::new(MemoryStore::new());
    let empty = Arc::new(MemoryStore::new());
    append(&*older, 10);
    // Whether or not some of it was fetched: that is said by another mark.
    for (cold, fetch) in [(older.clone(), false), (older, true), (empty, false)] {
        if fetch {
            let back = tiers.marked(folder.path()).bring_back(&log, 0..=20);
            assert_eq!(back.unwrap(), 19);
        }
        let store = with_marks(TieredStore::new(tiers.hot.clone(), cold), folder.path());
        let before = tiers.hot.count_deleted(&log, 0..=49).unwrap();
        let says = |error: StoreError| {
            let text = error.to_string();
            assert!(text.contains("41 were moved"), "{text}");
            // And what to do where there is no other.
            let file = format!("{id}.mark");
            for folder in [folder.path().join("ended"), folder.path().into()] {
                let file = folder.join(&file).display().to_string();
                assert!(text.contains(&file), "{text}");
            }
        };
        says(store.may_delete(&log).unwrap_err());
        says(store.delete_receipts(&log, 5..=45).unwrap_err());
        let owed = store.delete_ciphertexts(&log, &[key_id(1)]).unwrap_err();
        assert!(matches!(owed, StoreError::Owed { .. }), "{owed}");
        says(owed);
        assert_eq!(tiers.hot.count_deleted(&log, 0..=49).unwrap(), before);
    }
    // The right one does.
    let store = tiers.marked(folder.path());
    assert_eq!(store.delete_receipts(&log, 5..=45).unwrap(), 41);
}

/// The right one is lost: what it had comes back from archives, and moves again.
#[test]
fn a_cold_store_that_is_behind_catches_up_by_a_move() {
    let (tiers, folder, log) = (
        Tiers::new(50),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    tiers.marked(folder.path()).move_through(&log, 40).unwrap();
    let older = Arc::new(MemoryStore::new());
    append(&*older, 10);
    let store = with_marks(TieredStore::new(tiers.hot.clone(), older), folder.path());
    assert!(store.is_behind(&log).unwrap());
    assert!(store.move_through(&log, 40).is_err());
    let all = TestLog::new(1).seal(50);
    assert_eq!(store.restore_receipts(&log, &all[10..41]).unwrap(), 31);
    let moved = store.move_through(&log, 40).unwrap();
    assert_eq!((moved.copied, moved.freed, moved.cold), (31, 31, 41));
    assert!(!store.is_behind(&log).unwrap());
    assert_eq!(store.delete_receipts(&log, 5..=45).unwrap(), 41);
}

/// All is copied by then, so the cold store is not behind any more, and has what the hot one has too.
#[test]
fn a_catch_up_that_breaks_off_is_ended_and_what_is_in_both_is_counted_once() {
    let (mut log, name) = (TestLog::new(1), LogName::default());
    let mut all = log.seal(20);
    let beside = vec![ciphertext(1, b"a text")];
    let decision = log.seal_next(&decision_with("person", &beside));
    all.push(decision.with_ciphertexts(beside));
    all.extend(log.seal(20));
    let given = |receipts: &[Sealed]| {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let batch = Batch {
            log: &name,
            expected: &Head::EMPTY,
            receipts,
        };
        store.append(&[batch]).unwrap();
        store
    };
    for erases in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (hot, older) = (given(&all), given(&all[..10]));
        let first = TieredStore::new(hot.clone(), Arc::new(MemoryStore::new()));
        with_marks(first, folder.path())
            .move_through(&name, 30)
            .unwrap();
        let gone = hot.count_deleted(&name, 0..=40).unwrap();
        let open = || {
            let store = TieredStore::new(hot.clone(), older.clone());
            with_marks(store, folder.path())
        };
        assert_eq!(open().restore_receipts(&name, &all[10..31]).unwrap(), 21);
        hot.refuse_deletions(true);
        open().move_through(&name, 30).unwrap_err();
        hot.refuse_deletions(false);
        assert!(!open().is_behind(&name).unwrap());
        assert_eq!(older.ciphertexts(&name, 20).unwrap().len(), 1);
        assert_eq!(hot.ciphertexts(&name, 20).unwrap().len(), 1);
        let mut left = 21;
        if erases {
            let erase = || open().delete_ciphertexts(&name, &[key_id(1)]).unwrap();
            assert_eq!((erase(), erase()), (1, 0));
            // From the first one on that had some beside it.
            left = 10;
        }
        assert_eq!(open().move_through(&name, 30).unwrap().freed, left);
        assert_eq!(hot.count_deleted(&name, 0..=40).unwrap(), gone);
    }
}

/// What a directory kept that is from before the two marks is not lost with the first fetch.
#[test]
fn one_mark_of_an_earlier_version_has_both_meanings_until_something_is_fetched() {
    let (tiers, folder, log) = (
        Tiers::new(50),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    tiers.marked(folder.path()).move_through(&log, 40).unwrap();
    fs::remove_dir_all(folder.path().join("ended")).unwrap();
    let back = tiers.marked(folder.path()).bring_back(&log, 10..=19);
    assert_eq!(back.unwrap(), 10);
    let empty = TieredStore::new(tiers.hot.clone(), Arc::new(MemoryStore::new()));
    let error = with_marks(empty, folder.path()).may_delete(&log);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("41 were moved"), "{error}");
}

#[test]
fn an_erasure_leaves_what_was_brought_back_where_it_is() {
    let (tiers, folder, log) = (
        Tiers::new(50),
        tempfile::tempdir().unwrap(),
        LogName::default(),
    );
    let open = || tiers.marked(folder.path());
    let store = open();
    store.move_through(&log, 40).unwrap();
    let gone = || tiers.hot.count_deleted(&log, 0..=49).unwrap();
    let before = gone();
    assert_eq!(store.bring_back(&log, 10..=19).unwrap(), 10);
    // By the same one, and by another.
    store.delete_ciphertexts(&log, &[key_id(1)]).unwrap();
    open().delete_ciphertexts(&log, &[key_id(1)]).unwrap();
    assert_eq!(gone(), before - 10);
    // The next move takes it away.
    assert_eq!(open().move_through(&log, 40).unwrap().freed, 10);
    assert_eq!(gone(), before);
}
