//! A26: the cold store of an erasure goes away, or begins to keep everything, after the keys are destroyed. The log grows, and
//! nobody says that the erasure is done before the cold store has done its part.

use crate::erasing::{Erasing, erasing, log, shred};
use ai_audit_core::{DecodeBody as _, Kind, Status};
use ai_audit_shredding::{ErasureCompleted, SubjectKeys as _};
use ai_audit_store::{
    AppendError, Ledger, LedgerError, MemoryStore, Store, StoreError, TieredStore, open_erasures,
};
use ai_audit_testkit::{FaultyStore, TestLog};
use std::sync::Arc;

type Cold = FaultyStore<MemoryStore>;
/// What is done to it.
type Turn = fn(&Cold);

/// The log's store with a cold one behind it.
fn tiers(erasing: &Erasing, cold: &Arc<Cold>) -> Arc<TieredStore> {
    let hot = erasing.rig.store.clone();
    Arc::new(TieredStore::new(hot, cold.clone()))
}

fn open(erasing: &Erasing, store: &Arc<TieredStore>) -> Ledger {
    Ledger::open(store.clone(), erasing.rig.config.clone()).unwrap()
}

/// How the completions count what was removed.
fn completed(erasing: &Erasing) -> Vec<u64> {
    erasing.receipts(Kind::ERASURE_COMPLETED, |receipt| {
        ErasureCompleted::decode(receipt).unwrap().ciphertexts
    })
}

fn is_owed(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Owed { .. })
}

#[test]
fn a26_the_log_grows_while_a_cold_store_owes_its_part_of_an_erasure() {
    let away: [(Turn, Turn); 2] = [
        (Cold::go_away, Cold::heal),
        (
            |cold| cold.refuse_deletions(true),
            |cold| cold.refuse_deletions(false),
        ),
    ];
    for (goes, comes) in away {
        let (erasing, cold) = (erasing(), Arc::new(Cold::new(MemoryStore::new())));
        let hot = &erasing.rig.store;
        let store = tiers(&erasing, &cold);
        let ledger = open(&erasing, &store);
        ledger.create_log(log(), TestLog::new_log(1)).unwrap();
        let old = erasing.submit(&ledger, "a");
        erasing.submit(&ledger, "b");
        assert_eq!(store.move_through(&log(), old).unwrap().cold, old + 1);
        let young = erasing.submit(&ledger, "a");
        let gone = cold.clone();
        *erasing.keys.afterwards.lock().unwrap() = Some(Box::new(move || goes(&gone)));
        let error = ledger.shred(&log(), shred(&["a"])).unwrap_err();
        assert!(is_owed(&error), "{error}");
        // What could be done is: the key is gone, and what stood where the log is written.
        assert_eq!(erasing.keeper().find("a").unwrap(), None);
        assert!(hot.ciphertexts(&log(), young).unwrap().is_empty());
        assert_eq!(cold.inner().ciphertexts(&log(), old).unwrap().len(), 1);
        // Nothing says that it is done, and the log grows, but for records about the same subject.
        let requests = open_erasures(&*store, &log()).unwrap();
        assert_eq!(requests.len(), 1);
        erasing.submit(&ledger, "b");
        let ticket = ledger.submit(&log(), vec![erasing.record("a")]).unwrap();
        let error = ticket.wait().unwrap_err();
        assert!(matches!(error, AppendError::Erasing(_)), "{error}");
        erasing.submit(&ledger, "b");
        assert!(is_owed(&ledger.finish_erasures(&log()).unwrap_err()));
        // What else is to be erased waits, before anything of it is recorded.
        assert!(is_owed(&ledger.shred(&log(), shred(&["b"])).unwrap_err()));
        assert!(erasing.keeper().find("b").unwrap().is_some());
        assert_eq!(open_erasures(&*store, &log()).unwrap(), requests);
        assert!(completed(&erasing).is_empty());
        // The process is killed: the next one knows of it, and goes on in the same way.
        std::mem::forget(ledger);
        let store = tiers(&erasing, &cold);
        let ledger = open(&erasing, &store);
        ledger.attach_log(log(), TestLog::signers(1)).unwrap();
        erasing.submit(&ledger, "b");
        assert!(is_owed(&ledger.finish_erasures(&log()).unwrap_err()));
        assert!(completed(&erasing).is_empty());
        // The cold store is back, and whoever reads through both is told that the erasure is under way.
        comes(&cold);
        let under_way = erasing.report_of(&*store, true).verdict.erasure;
        assert!(
            matches!(under_way, Status::Unverified { .. }),
            "{under_way:?}"
        );
        ledger.finish_erasures(&log()).unwrap();
        assert!(cold.inner().ciphertexts(&log(), old).unwrap().is_empty());
        assert_eq!(completed(&erasing), [1]);
        assert!(open_erasures(&*store, &log()).unwrap().is_empty());
        ledger.finish_erasures(&log()).unwrap();
        assert_eq!(completed(&erasing), [1]);
        let erased = erasing.report_of(&*store, true).verdict.erasure;
        assert_eq!(erased, Status::Verified);
        // Records about the subject are taken again, and what was refused meanwhile is declared.
        erasing.submit(&ledger, "a");
        assert_eq!(erasing.receipts(Kind::GAP, |_| ()).len(), 1);
        ledger.shred(&log(), shred(&["b"])).unwrap();
        ledger.close("done").unwrap();
        assert_eq!(completed(&erasing).len(), 2);
    }
}

/// It is away when the log is attached, and comes back before the next time: attaching ends what it owes.
#[test]
fn a26_attaching_a_log_ends_what_its_cold_store_owes() {
    let (erasing, cold) = (erasing(), Arc::new(Cold::new(MemoryStore::new())));
    let store = tiers(&erasing, &cold);
    let ledger = open(&erasing, &store);
    ledger.create_log(log(), TestLog::new_log(1)).unwrap();
    let old = erasing.submit(&ledger, "a");
    store.move_through(&log(), old).unwrap();
    // Killed when the key was destroyed, and nothing else done.
    *erasing.keys.fails.lock().unwrap() = Some(true);
    ledger.shred(&log(), shred(&["a"])).unwrap_err();
    std::mem::forget(ledger);
    cold.go_away();
    let ledger = open(&erasing, &tiers(&erasing, &cold));
    ledger.attach_log(log(), TestLog::signers(1)).unwrap();
    erasing.submit(&ledger, "b");
    ledger.close("done").unwrap();
    assert!(completed(&erasing).is_empty());
    cold.heal();
    let store = tiers(&erasing, &cold);
    let ledger = open(&erasing, &store);
    ledger.attach_log(log(), TestLog::signers(1)).unwrap();
    assert_eq!(completed(&erasing), [1]);
    erasing.submit(&ledger, "a");
    ledger.close("done").unwrap();
    let erased = erasing.report_of(&*store, true).verdict.erasure;
    assert_eq!(erased, Status::Verified);
}

/// A server that says nothing is waited for: an erasure of several requests waits for it once, and no log of the writer waits
/// longer.
#[test]
fn a_cold_store_that_is_away_is_asked_once_by_an_erasure_of_several_requests() {
    let (erasing, cold) = (erasing(), Arc::new(Cold::new(MemoryStore::new())));
    let store = tiers(&erasing, &cold);
    let ledger = open(&erasing, &store);
    ledger.create_log(log(), TestLog::new_log(1)).unwrap();
    let old = erasing.submit(&ledger, "a");
    store.move_through(&log(), old).unwrap();
    let mut subjects: Vec<String> = (0..100)
        .map(|number| format!("{number:03}").repeat(300))
        .collect();
    for subject in &subjects {
        erasing.keeper().key_for(subject).unwrap();
    }
    subjects.push("a".into());
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let gone = cold.clone();
    *erasing.keys.afterwards.lock().unwrap() = Some(Box::new(move || gone.go_away()));
    let error = ledger.shred(&log(), shred(&subjects)).unwrap_err();
    assert!(is_owed(&error), "{error}");
    let requests = open_erasures(&*store, &log()).unwrap();
    assert!(requests.len() > 2, "{requests:?}");
    assert_eq!(cold.asked_in_vain(), 1);
    // Nor by who tries to end it. Of all of them nothing is recorded meanwhile.
    assert!(is_owed(&ledger.finish_erasures(&log()).unwrap_err()));
    assert_eq!(cold.asked_in_vain(), 2);
    let ticket = ledger.submit(&log(), vec![erasing.record("a")]).unwrap();
    assert!(matches!(
        ticket.wait().unwrap_err(),
        AppendError::Erasing(_)
    ));
    cold.heal();
    ledger.finish_erasures(&log()).unwrap();
    assert_eq!(completed(&erasing).len(), requests.len());
    assert_eq!(completed(&erasing).iter().sum::<u64>(), 1);
    ledger.close("done").unwrap();
}

/// What is owed is told as that by the store itself.
#[test]
fn two_stores_of_which_one_is_away_say_which_of_them_deleted() {
    let (erasing, cold) = (erasing(), Arc::new(Cold::new(MemoryStore::new())));
    let store = tiers(&erasing, &cold);
    let ledger = open(&erasing, &store);
    ledger.create_log(log(), TestLog::new_log(1)).unwrap();
    let old = erasing.submit(&ledger, "a");
    let young = erasing.submit(&ledger, "a");
    store.move_through(&log(), old).unwrap();
    let key = erasing.keeper().find("a").unwrap().unwrap();
    cold.go_away();
    let error = store.delete_ciphertexts(&log(), &[key]).unwrap_err();
    assert!(matches!(error, StoreError::Owed { .. }), "{error}");
    cold.heal();
    assert!(store.ciphertexts(&log(), young).unwrap().is_empty());
    assert_eq!(store.delete_ciphertexts(&log(), &[key]).unwrap(), 1);
    assert!(store.ciphertexts(&log(), old).unwrap().is_empty());
    ledger.close("done").unwrap();
}
