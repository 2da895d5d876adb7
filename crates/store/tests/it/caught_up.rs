//! Catching up with a cold store: what cannot be gone on with is not begun with, and what broke off goes on.

use ai_audit_store::{Batch, LogName, MemoryStore, Sealed, Store, StoreError, TieredStore};
use ai_audit_testkit::{Fault, FaultyStore, TestLog};
use std::sync::Arc;

type Faulty = Arc<FaultyStore<MemoryStore>>;
type Memory = Arc<MemoryStore>;

/// A hot store that went back to so many receipts, and a cold one that has what these and `more` are.
fn gone_back(first: u64, more: impl FnOnce(&mut TestLog) -> Vec<Sealed>) -> (Faulty, Memory) {
    let hot: Faulty = Arc::new(FaultyStore::new(MemoryStore::new()));
    let cold = Memory::default();
    let mut log = TestLog::new(1);
    let put = |stores: &[&dyn Store],
               log: &mut TestLog,
               seal: &mut dyn FnMut(&mut TestLog) -> Vec<Sealed>| {
        let (name, head) = (LogName::default(), log.head());
        let receipts = seal(log);
        let batch = Batch {
            log: &name,
            expected: &head,
            receipts: &receipts,
        };
        for store in stores {
            store.append(&[batch]).unwrap();
        }
    };
    put(&[&*hot, &*cold], &mut log, &mut |log| {
        let genesis = log.seal_permitting();
        [vec![genesis], log.seal(first - 1)].concat()
    });
    let mut more = Some(more);
    put(&[&*cold], &mut log, &mut |log| more.take().unwrap()(log));
    (hot, cold)
}

#[test]
fn what_cannot_be_gone_on_with_is_not_begun_with() {
    let log = LogName::default();
    let refused = |hot: &Faulty, cold: &Memory| {
        let store = TieredStore::new(hot.clone(), cold.clone());
        let error = store.catch_up(&log, &mut |_| Ok(())).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
        assert_eq!(hot.head(&log).unwrap().unwrap().size(), 8);
        error.to_string()
    };
    // A hole: it was deleted for good.
    let (hot, cold) = gone_back(8, |log| log.seal(12));
    cold.delete_receipts(&log, 15..=16).unwrap();
    let said = refused(&hot, &cold);
    assert!(said.contains("receipt 15 was deleted for good"), "{said}");
    // A move that was cut off within a batch: nobody signed for its end.
    let (hot, cold) = gone_back(8, |log| {
        let mut all = log.seal_batch(5);
        all.pop();
        all
    });
    let said = refused(&hot, &cold);
    assert!(said.contains("receipt 12, which is batched"), "{said}");
    // With its seal it is whole.
    let (hot, cold) = gone_back(8, |log| log.seal_batch(5));
    let store = TieredStore::new(hot.clone(), cold.clone());
    let caught = store.catch_up(&log, &mut |_| Ok(())).unwrap();
    assert_eq!(caught.receipts, 6);
    assert_eq!(hot.head(&log).unwrap(), cold.head(&log).unwrap());
}

#[test]
fn catching_up_that_broke_off_goes_on() {
    let log = LogName::default();
    let (hot, cold) = gone_back(8, |log| log.seal(14_000));
    for fault in [Fault::Full, Fault::After] {
        hot.fail_next(Fault::None);
        hot.fail_next(fault);
        let store = TieredStore::new(hot.clone(), cold.clone());
        store.catch_up(&log, &mut |_| Ok(())).unwrap_err();
    }
    let size = hot.head(&log).unwrap().unwrap().size();
    assert!(size > 8 && size < 14_008, "{size}");
    let store = TieredStore::new(hot.clone(), cold.clone());
    let caught = store.catch_up(&log, &mut |_| Ok(())).unwrap();
    assert_eq!(caught.receipts, 14_008 - size);
    assert_eq!(hot.head(&log).unwrap(), cold.head(&log).unwrap());
}
