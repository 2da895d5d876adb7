//! Two stores as one: the conformance suite with everything cold, moves by policy, moves that break off, verification.

use crate::rig::{NOW, name, record};
use ai_audit_core::{Exit, Kind, Question, Timestamp};
use ai_audit_epochs::EpochPolicy;
use ai_audit_note::VKey;
use ai_audit_store::{
    Archived, Batch, DeleteEpoch, Ledger, LedgerConfig, LogName, MemoryStore, NewLog, Query,
    ReadLimit, Sealed, Store, StoreError, StoreReader, StoredContent, TierPolicy, TieredStore,
};
use ai_audit_testkit::erasures::{ciphertext, decision_with, key_id};
use ai_audit_testkit::{
    Counter, EagerTiers, Fault, FaultyStore, StillClock, TestLog, conforms, keeps,
};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy, verify_source};
use core::time::Duration;
use std::sync::Arc;

type Memory = Arc<MemoryStore>;

fn tiers() -> (Memory, Memory, TieredStore) {
    let (hot, cold) = (Memory::default(), Memory::default());
    let store = TieredStore::new(hot.clone(), cold.clone());
    (hot, cold, store)
}

#[test]
fn two_stores_conform_as_one_wherever_the_receipts_are() {
    let (_, cold, store) = tiers();
    conforms(&store);
    assert!(cold.logs().unwrap().is_empty());

    let (hot, cold, store) = tiers();
    let store = EagerTiers(store);
    conforms(&store);
    let tiles = name("tiles");
    assert_eq!(cold.head(&tiles).unwrap(), hot.head(&tiles).unwrap());
    assert_eq!(hot.count_deleted(&tiles, 0..=699).unwrap(), 698);
    // Another value over the same stores.
    keeps(&EagerTiers(TieredStore::new(hot, cold)));
}

fn append(store: &dyn Store, log: &mut TestLog, count: u64) {
    let (name, head) = (LogName::default(), log.head());
    let receipts = log.seal(count);
    let batch = Batch {
        log: &name,
        expected: &head,
        receipts: &receipts,
    };
    store.append(&[batch]).unwrap();
}

fn contents(store: &dyn Store) -> Vec<StoredContent> {
    let all = ReadLimit {
        receipts: usize::MAX,
        bytes: usize::MAX,
    };
    let read = store.read(&LogName::default(), 0, all).unwrap();
    read.into_iter().map(|receipt| receipt.content).collect()
}

#[test]
fn a_move_that_broke_off_goes_on_and_nothing_is_lost() {
    let log_name = LogName::default();
    for fault in [
        Fault::Before,
        Fault::After,
        Fault::Full,
        Fault::AfterAndBlind,
    ] {
        let (hot, cold) = (
            Memory::default(),
            Arc::new(FaultyStore::new(MemoryStore::new())),
        );
        let store = TieredStore::new(hot.clone(), cold.clone());
        let mut log = TestLog::new(1);
        append(&store, &mut log, 9000);
        let all = contents(&store);
        // The second of three pieces goes wrong.
        cold.fail_next(Fault::None);
        cold.fail_next(fault);
        let first = store.move_through(&log_name, 8999);
        assert_eq!(contents(&*hot).len(), all.len());
        cold.heal();
        assert_eq!(contents(&store), all, "{fault:?}");
        if fault != Fault::After {
            assert!(first.is_err(), "{fault:?}");
        }
        // By another one, that knows nothing of it.
        let again = TieredStore::new(hot.clone(), cold.clone());
        assert_eq!(again.move_through(&log_name, 8999).unwrap().cold, 9000);
        assert_eq!(contents(&again), all);
        assert_eq!(hot.count_deleted(&log_name, 0..=8999).unwrap(), 8998);
        assert_eq!(again.count_deleted(&log_name, 0..=8999).unwrap(), 0);
    }
}

#[test]
fn what_the_cold_store_does_not_give_back_is_not_deleted() {
    let log_name = LogName::default();
    let (hot, cold, store) = tiers();
    let mut log = TestLog::new(1);
    append(&store, &mut log, 50);
    // Another log of that name is there.
    let mut other = TestLog::new(2);
    append(&*cold, &mut other, 10);
    let error = store.move_through(&log_name, 40).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(hot.count_deleted(&log_name, 0..=49).unwrap(), 0);

    // The cold store lost receipts that were moved: they are missing, which is told, and others are not.
    let (hot, cold, store) = tiers();
    append(&store, &mut TestLog::new(1), 50);
    store.move_through(&log_name, 40).unwrap();
    cold.delete_receipts(&log_name, 10..=12).unwrap();
    assert_eq!(store.count_deleted(&log_name, 0..=49).unwrap(), 3);
    let missing = contents(&store);
    let missing = missing
        .iter()
        .filter(|content| matches!(content, StoredContent::Deleted(_)));
    assert_eq!(missing.count(), 3);
    // One that is longer than the log, as after a hot store was restored from an older copy.
    let shorter = Memory::default();
    append(&*shorter, &mut TestLog::new(1), 20);
    let (another, cold_head) = (cold.clone(), cold.head(&log_name).unwrap());
    let store = TieredStore::new(shorter.clone(), cold);
    let error = store.delete_receipts(&log_name, 2..=9).unwrap_err();
    assert!(
        error.to_string().contains("an older copy of the hot tier"),
        "{error}"
    );
    assert_eq!(shorter.count_deleted(&log_name, 0..=19).unwrap(), 0);
    // What the cold one has is brought back, and from then on it is a copy.
    let beyond = store.cold_beyond(&log_name).unwrap().unwrap();
    // What does not hold is not begun with.
    let error = store.catch_up(&log_name, &mut |receipt| match receipt.header().seq {
        25 => Err("no".into()),
        _ => Ok(()),
    });
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("receipt 25") && error.contains("nothing was brought"),
        "{error}"
    );
    assert_eq!(shorter.head(&log_name).unwrap().unwrap().size(), 20);
    let mut seen = Vec::new();
    let caught = store.catch_up(&log_name, &mut |receipt| {
        seen.push(receipt.header().seq);
        Ok(())
    });
    let caught = caught.unwrap();
    assert_eq!((caught.receipts, caught.moved), (beyond - 20, None));
    assert_eq!(seen, (20..beyond).collect::<Vec<_>>());
    assert_eq!(store.head(&log_name).unwrap(), cold_head);
    assert_eq!(
        store.catch_up(&log_name, &mut |_| Ok(())).unwrap().receipts,
        0
    );
    assert_eq!(store.cold_beyond(&log_name).unwrap(), None);
    assert_eq!(store.copied(&log_name).unwrap(), beyond);
    // One that went another way meanwhile is left as it is.
    let other = Memory::default();
    append(&*other, &mut TestLog::new(2), 20);
    let store = TieredStore::new(other.clone(), another);
    let error = store.catch_up(&log_name, &mut |_| Ok(())).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("another receipt") || error.contains("another log"),
        "{error}"
    );
    assert_eq!(
        store.cold_beyond(&log_name).unwrap(),
        None,
        "of another log nothing is said"
    );
    assert_eq!(other.head(&log_name).unwrap().unwrap().size(), 20);
    drop(hot);
}

#[test]
fn what_was_never_read_back_whole_is_not_deleted_by_the_next_move() {
    let log_name = LogName::default();
    let beside = vec![ciphertext(1, b"a text")];
    let begin = || {
        let hot = Memory::default();
        let cold = Arc::new(FaultyStore::new(MemoryStore::new()));
        let mut log = TestLog::new(1);
        let mut all = log.seal(50);
        let decision = log.seal_next(&decision_with("person", &beside));
        all.push(decision.with_ciphertexts(beside.clone()));
        all.extend(log.seal(20));
        let batch = |receipts| Batch {
            log: &log_name,
            expected: &ai_audit_core::Head::EMPTY,
            receipts,
        };
        hot.append(&[batch(&all)]).unwrap();
        let copy = cold.clone();
        let copied = all.clone();
        let died = move |receipts: &[Sealed]| {
            copy.append(&[Batch {
                log: &LogName::default(),
                expected: &ai_audit_core::Head::EMPTY,
                receipts,
            }])
        };
        (hot, cold, copied, died)
    };
    let refused = |hot: &Memory, cold: &Arc<FaultyStore<MemoryStore>>, seq: u64| {
        // The same one again, and another one that knows nothing of it.
        let store = TieredStore::new(hot.clone(), cold.clone());
        let other = TieredStore::new(hot.clone(), cold.clone());
        for store in [&store, &store, &other] {
            let error = store.move_through(&log_name, 60).unwrap_err().to_string();
            assert!(
                error.contains(&format!("give back receipt {seq} ")),
                "{error}"
            );
            assert_eq!(hot.count_deleted(&log_name, 0..=70).unwrap(), 0);
            assert_eq!(hot.ciphertexts(&log_name, 50).unwrap(), beside);
            assert!(store.delete_ciphertexts(&log_name, &[key_id(2)]).is_err());
        }
        store
    };
    // What was appended is altered when it is read back; then it is not any more.
    let (hot, cold, _, _) = begin();
    cold.alter(Some(30));
    let store = refused(&hot, &cold, 30);
    cold.alter(None);
    let moved = store.move_through(&log_name, 60).unwrap();
    assert_eq!((moved.copied, moved.freed, moved.cold), (0, 59, 61));
    assert_eq!(store.ciphertexts(&log_name, 50).unwrap(), beside);
    // The process died before it read back what the cold store then lost.
    let (hot, cold, all, died) = begin();
    died(&all[..55]).unwrap();
    cold.delete_receipts(&log_name, 10..=12).unwrap();
    refused(&hot, &cold, 10);
    // It lost a ciphertext alone.
    let (hot, cold, all, died) = begin();
    died(&all[..55]).unwrap();
    cold.delete_ciphertexts(&log_name, &[key_id(1)]).unwrap();
    refused(&hot, &cold, 50);
    // It has all: the next move ends that one.
    let (hot, cold, all, died) = begin();
    died(&all[..55]).unwrap();
    let store = TieredStore::new(hot.clone(), cold);
    let moved = store.move_through(&log_name, 60).unwrap();
    assert_eq!((moved.copied, moved.freed, moved.cold), (6, 59, 61));
    assert_eq!(store.count_deleted(&log_name, 0..=70).unwrap(), 0);
}

#[test]
fn a_cold_store_that_keeps_everything_is_asked_before_the_hot_one_deletes() {
    let log_name = LogName::default();
    let hot = Memory::default();
    let cold = Arc::new(FaultyStore::new(MemoryStore::new()));
    let store = TieredStore::new(hot.clone(), cold.clone());
    let mut log = TestLog::new(1);
    append(&store, &mut log, 50);
    cold.refuse_deletions(true);
    // What it has nothing of does not concern it.
    store.may_delete(&log_name).unwrap();
    assert_eq!(store.delete_receipts(&log_name, 5..=6).unwrap(), 2);
    let all = TestLog::new(1).seal(50);
    assert_eq!(store.restore_receipts(&log_name, &all).unwrap(), 2);
    store.move_through(&log_name, 20).unwrap();
    let before = hot.count_deleted(&log_name, 0..=49).unwrap();
    let says = |error: StoreError| assert!(error.to_string().contains("keeps everything"));
    says(store.may_delete(&log_name).unwrap_err());
    says(store.delete_receipts(&log_name, 10..=30).unwrap_err());
    says(store.delete_ciphertexts(&log_name, &[]).unwrap_err());
    assert_eq!(hot.count_deleted(&log_name, 0..=49).unwrap(), before);
    assert_eq!(store.delete_receipts(&log_name, 21..=30).unwrap(), 10);
}

#[test]
fn what_was_deleted_before_it_could_move_is_named() {
    let log_name = LogName::default();
    let (hot, _, store) = tiers();
    let mut log = TestLog::new(1);
    append(&store, &mut log, 50);
    hot.delete_receipts(&log_name, 10..=12).unwrap();
    let error = store.move_through(&log_name, 40).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("receipt 10 has no bytes in the hot tier"),
        "{error}"
    );
    assert!(store.move_through(&log_name, 50).is_err());
    // Those before it moved; when it is put back the rest does.
    let all = TestLog::new(1).seal(50);
    assert_eq!(store.restore_receipts(&log_name, &all[5..20]).unwrap(), 3);
    assert_eq!(store.move_through(&log_name, 40).unwrap().cold, 41);
    assert_eq!(store.count_deleted(&log_name, 0..=49).unwrap(), 0);
}

#[test]
fn receipts_come_back_and_erasures_reach_both_tiers() {
    let log_name = LogName::default();
    let (hot, cold, store) = tiers();
    let mut log = TestLog::new(1);
    append(&store, &mut log, 20);
    for person in 1..=2 {
        let head = log.head();
        let beside = vec![ciphertext(person, b"a text"), ciphertext(9, b"another")];
        let sealed = log
            .seal_next(&decision_with("person", &beside))
            .with_ciphertexts(beside);
        let batch = Batch {
            log: &log_name,
            expected: &head,
            receipts: &[sealed],
        };
        store.append(&[batch]).unwrap();
    }
    let all = contents(&store);
    // The first of the two decisions moves, and its ciphertexts with it.
    assert_eq!(store.move_through(&log_name, 20).unwrap().freed, 19);
    assert!(hot.ciphertexts(&log_name, 20).unwrap().is_empty());
    assert_eq!(store.ciphertexts(&log_name, 20).unwrap().len(), 2);
    assert_eq!(store.bring_back(&log_name, 5..=20).unwrap(), 16);
    assert_eq!(store.bring_back(&log_name, 5..=21).unwrap(), 0);
    assert_eq!(hot.count_deleted(&log_name, 0..=21).unwrap(), 3);
    assert_eq!(contents(&store), all);
    assert_eq!(store.ciphertexts(&log_name, 20).unwrap().len(), 2);
    let removed = |key| store.delete_ciphertexts(&log_name, &[key_id(key)]).unwrap();
    assert_eq!((removed(1), removed(9), removed(9)), (1, 2, 0));
    assert!(cold.ciphertexts(&log_name, 20).unwrap().is_empty());
    assert_eq!(store.ciphertexts(&log_name, 21).unwrap().len(), 1);
    // Deleted in both, also what had come back.
    assert_eq!(store.delete_receipts(&log_name, 10..=21).unwrap(), 12);
    assert_eq!(cold.count_deleted(&log_name, 0..=20).unwrap(), 11);
    assert_eq!(store.count_deleted(&log_name, 0..=21).unwrap(), 12);
}

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// A ledger over two tiers: epochs move by policy, the log verifies through both, one is deleted for good.
#[test]
fn sealed_epochs_move_by_policy_and_the_log_verifies_through_all_tiers() {
    let (hot, cold) = (
        Memory::default(),
        Arc::new(FaultyStore::new(MemoryStore::new())),
    );
    let store = Arc::new(TieredStore::new(hot.clone(), cold.clone()));
    let clock = Arc::new(StillClock::at(NOW));
    let mut config = LedgerConfig::new(clock.clone(), Arc::new(Counter::default()), "test 1");
    config.epochs = EpochPolicy {
        receipts: Some(20),
        age: None,
    };
    let ledger = Ledger::open(store.clone(), config).unwrap();
    let log = LogName::default();
    let new = NewLog {
        policy: vec![("retention-days".into(), "0".into())],
        ..TestLog::new_log(1)
    };
    let origin = ledger.create_log(log.clone(), new).unwrap().origin;
    let submit = |ledger: &Ledger| {
        for _ in 0..25 {
            let records = vec![record("m").trace("t").session("s")];
            ledger.submit(&log, records).unwrap().wait().unwrap();
        }
    };
    let policy = TierPolicy {
        age: Duration::from_secs(86_400),
        keep: 1,
    };
    let now = |days: u64| Timestamp::from_micros(NOW + days * DAY);
    submit(&ledger);
    submit(&ledger);
    // Not old enough.
    let moved = store.move_epochs(&log, &policy, now(0)).unwrap();
    assert_eq!(moved, Default::default());
    clock.set(NOW + 2 * DAY);
    submit(&ledger);
    ledger.checkpoint(&log).unwrap();
    let seals = |store: &dyn Store| {
        let query = Query::Kind(Kind::EPOCH_SEAL);
        store.find(&log, &query, None, 99).unwrap()
    };
    let first = seals(&*store);
    let moved = store.move_epochs(&log, &policy, now(2)).unwrap();
    // Those that were sealed on the first day.
    assert!(first.len() >= 3 && moved.cold == first[1] + 1, "{moved:?}");
    assert_eq!(moved.copied, moved.cold);
    let verified = |store: &dyn Store| {
        let [_, checkpoint, _] = TestLog::keys(1);
        let line = VKey::ed25519(&origin, checkpoint.verifying_key()).unwrap();
        let size = store.head(&log).unwrap().unwrap().size();
        let policy = TrustPolicy::new().pin(Pin::Log(line)).min_size(size);
        let mut verifier = LogVerifier::new(&policy);
        for kept in store.checkpoints(&log).unwrap() {
            verifier.evidence_checkpoint(kept.note.as_bytes()).unwrap();
        }
        let mut source = StoreReader::new(store, &log).unwrap();
        let report = verify_source(verifier, &mut source, |_| {}).unwrap();
        report.exit(&Question::DEFAULT)
    };
    assert_eq!(verified(&*store), Exit::Verified);
    // The hot store alone has not all of it, and says so.
    assert_eq!(verified(&*hot), Exit::Failed);
    // The cold one is a log by itself.
    assert_eq!(verified(&*cold), Exit::Verified);
    let query = Query::Session("s".into());
    let found = store.find(&log, &query, None, 99).unwrap();
    assert_eq!(found.len(), 75);
    let pages = store.find(&log, &query, Some(found[9]), 5).unwrap();
    assert_eq!(pages, found[10..15]);

    // An epoch that was moved is deleted by the ledger as any other, for good.
    let wish = DeleteEpoch {
        epoch: 0,
        archived: Archived::Nowhere,
        reason: "test".into(),
    };
    // No receipt says that it was deleted where the cold store would not.
    let before = store.head(&log).unwrap();
    cold.refuse_deletions(true);
    ledger.delete_epoch(&log, wish.clone()).unwrap_err();
    assert_eq!(store.head(&log).unwrap(), before);
    assert_eq!(store.count_deleted(&log, 0..=first[0]).unwrap(), 0);
    cold.refuse_deletions(false);
    let deleted = ledger.delete_epoch(&log, wish).unwrap();
    assert!(deleted.deleted > 10);
    assert_eq!(
        cold.count_deleted(&log, 0..=first[0]).unwrap(),
        deleted.deleted
    );
    submit(&ledger);
    ledger.checkpoint(&log).unwrap();
    assert_eq!(verified(&*store), Exit::Verified);
    ledger.close("done").unwrap();
    // Attached again over both.
    let config = LedgerConfig::new(clock, Arc::new(Counter::default()), "test 1");
    let again = Ledger::open(store.clone(), config).unwrap();
    again.attach_log(log.clone(), TestLog::signers(1)).unwrap();
    again.close("done").unwrap();
    assert_eq!(verified(&*store), Exit::Verified);
}
