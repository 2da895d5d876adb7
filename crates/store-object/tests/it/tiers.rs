//! The store as the cold one of two tiers.

use crate::rig::{folder, ledger, open, submit};
use ai_audit_store::{LogName, MemoryStore, Query, Store, StoreError, TieredStore};
use ai_audit_store_object::{OpenMode, Place};
use ai_audit_testkit::{EagerTiers, TestLog, conforms, keeps};
use std::sync::Arc;

fn conform_as_one(place: &Place) {
    let hot = Arc::new(MemoryStore::new());
    let cold = |mode| Arc::new(open(place, mode));
    conforms(&EagerTiers(TieredStore::new(
        hot.clone(),
        cold(OpenMode::Create),
    )));
    keeps(&EagerTiers(TieredStore::new(
        hot,
        cold(OpenMode::ReadWrite),
    )));
}

#[test]
fn a_store_with_all_of_it_in_a_folder_conforms() {
    let folder = folder();
    conform_as_one(&Place::Folder(folder.path().into()));
}

/// A ledger over both: what was moved is found and read, the log is attached again and goes on.
#[test]
fn a_ledger_goes_on_over_what_was_moved_to_objects() {
    let (folder, marks) = (folder(), tempfile::tempdir().unwrap());
    let place = Place::Folder(folder.path().into());
    let (hot, name) = (Arc::new(MemoryStore::new()), LogName::default());
    let cold = Arc::new(open(&place, OpenMode::Create));
    let store = Arc::new(TieredStore::new(hot.clone(), cold));
    let first = ledger(store.clone(), marks.path());
    first.create_log(name.clone(), TestLog::new_log(1)).unwrap();
    let receipts = submit(&first, 100).wait().unwrap();
    let last = receipts.last().unwrap().seq;
    assert_eq!(store.move_through(&name, last).unwrap().cold, last + 1);
    assert_eq!(hot.count_deleted(&name, 0..=last).unwrap(), 100);
    for receipt in &receipts {
        let query = Query::Id(receipt.id);
        assert_eq!(store.find(&name, &query, None, 9).unwrap(), [receipt.seq]);
    }
    submit(&first, 5).wait().unwrap();
    first.close("done").unwrap();
    // Somebody else, over the same stores.
    let cold = Arc::new(open(&place, OpenMode::ReadWrite));
    let store = Arc::new(TieredStore::new(hot, cold));
    let again = ledger(store.clone(), marks.path());
    again.attach_log(name.clone(), TestLog::signers(1)).unwrap();
    submit(&again, 5).wait().unwrap();
    again.close("done").unwrap();
    let head = crate::rig::whole(&*store, &name);
    assert_eq!(
        store.move_through(&name, head.size() - 1).unwrap().cold,
        head.size()
    );
    assert_eq!(crate::rig::whole(&*store, &name), head);
    // The copy is a log by itself.
    assert_eq!(
        crate::rig::whole(&open(&place, OpenMode::ReadOnly), &name),
        head
    );
}

/// Asked before the hot store deletes: this one may not write.
#[test]
fn nothing_is_deleted_in_the_hot_store_where_the_objects_stay() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (hot, name) = (Arc::new(MemoryStore::new()), LogName::default());
    let cold = |mode| Arc::new(open(&place, mode));
    let store = TieredStore::new(hot.clone(), cold(OpenMode::Create));
    let receipts = TestLog::new(1).seal(9);
    crate::rig::append(&store, &name, &ai_audit_core::Head::EMPTY, &receipts).unwrap();
    store.move_through(&name, 4).unwrap();
    let store = TieredStore::new(hot.clone(), cold(OpenMode::ReadOnly));
    let before = hot.count_deleted(&name, 0..=8).unwrap();
    assert_eq!(store.may_delete(&name), Err(StoreError::ReadOnly));
    let refused = store.delete_receipts(&name, 3..=8);
    assert_eq!(refused, Err(StoreError::ReadOnly));
    assert_eq!(hot.count_deleted(&name, 0..=8).unwrap(), before);
}

/// The copy is altered before it was read back: the hot store keeps its own.
#[test]
fn a98_a_copy_that_was_altered_costs_nothing() {
    let folder = folder();
    let place = Place::Folder(folder.path().into());
    let (hot, name) = (Arc::new(MemoryStore::new()), LogName::default());
    let cold = Arc::new(open(&place, OpenMode::Create));
    let (receipts, empty) = (TestLog::new(1).seal(9), ai_audit_core::Head::EMPTY);
    crate::rig::append(&*hot, &name, &empty, &receipts).unwrap();
    // A move that died here.
    crate::rig::append(&*cold, &name, &empty, &receipts[..5]).unwrap();
    let segment = crate::rig::objects(folder.path(), "segments").remove(0);
    let good = std::fs::read(&segment).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&segment, bad).unwrap();
    let store = TieredStore::new(hot.clone(), cold);
    for _ in 0..2 {
        let error = store.move_through(&name, 8).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(hot.count_deleted(&name, 0..=8).unwrap(), 0);
    }
    std::fs::write(&segment, good).unwrap();
    assert_eq!(store.move_through(&name, 8).unwrap().cold, 9);
    assert_eq!(hot.count_deleted(&name, 0..=8).unwrap(), 7);
}
