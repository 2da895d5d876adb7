//! A26: erasing subjects, cut off at each step and resumed, with proof in the log.

use crate::erasing::{Keys, Source, erasing, log, shred};
use crate::rig::{kinds, rig};
use ai_audit_core::{DecodeBody as _, Kind, PolicyChange, Status, UnverifiedReceipt};
use ai_audit_shredding::{ErasureCompleted, ErasureRequested, HeldKey, SubjectKeys};
use ai_audit_store::{AppendError, ChangePolicy, LedgerError, MemoryKeys, ReadLimit, Shred, Store};
use ai_audit_testkit::{Counter, Fault, TestLog};
use std::sync::{Arc, Mutex};

#[test]
fn a26_many_subjects_are_erased_in_one_go() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    let seqs: Vec<u64> = ["a", "b", "c", "a"]
        .iter()
        .map(|subject| erasing.submit(&ledger, subject))
        .collect();
    let store = &*erasing.rig.store;
    let held = |seq: u64| store.ciphertexts(&log(), seq).unwrap().len();
    assert_eq!(seqs.iter().map(|seq| held(*seq)).sum::<usize>(), 4);
    let old: Vec<_> = erasing.keeper().subjects().unwrap();

    let done = ledger.shred(&log(), shred(&["b", "a", "a"])).unwrap();
    assert_eq!(done.subjects, old[..2]);
    assert_eq!((done.requests.len(), done.completions.len()), (1, 1));
    assert_eq!(done.ciphertexts, 3);
    assert_eq!(
        seqs.iter().map(|seq| held(*seq)).collect::<Vec<_>>(),
        [0, 0, 1, 0]
    );
    assert_eq!(erasing.keeper().subjects().unwrap(), old[2..]);
    for (_, key) in &old[..2] {
        let held = erasing.keeper().held(*key).unwrap();
        assert!(matches!(held, HeldKey::Destroyed));
    }
    let said = erasing.receipts(Kind::ERASURE_REQUESTED, |receipt| {
        let request = ErasureRequested::decode(receipt).unwrap();
        (request.keys().count(), request.reason.to_string())
    });
    assert_eq!(said, [(2, "asked for it".to_owned())]);
    // The log stays whole, and says what cannot be seen in it: that no copy of a key is left.
    erasing.assert_erased();

    // Who comes again has a new key.
    erasing.submit(&ledger, "a");
    let new = erasing.keeper().find("a").unwrap().unwrap();
    assert_ne!(new, old[0].1);
    ledger.shred(&log(), shred(&["a"])).unwrap();
    erasing.assert_erased();
    let keks = erasing.receipts(Kind::ERASURE_COMPLETED, |receipt| {
        ErasureCompleted::decode(receipt).unwrap().kek
    });
    assert_ne!(keks[0], keks[1]);
}

#[test]
fn a26_what_is_cut_off_is_finished_when_the_log_is_attached_again() {
    // The destruction fails before it was done, after it was done; the completion is not stored.
    for cut in 0..3 {
        let erasing = erasing();
        let ledger = erasing.rig.created();
        let seq = erasing.submit(&ledger, "a");
        erasing.submit(&ledger, "b");
        match cut {
            0 => *erasing.keys.fails.lock().unwrap() = Some(false),
            1 => *erasing.keys.fails.lock().unwrap() = Some(true),
            // The request is stored; then the disk is full.
            _ => {
                erasing.rig.store.fail_next(Fault::None);
                erasing.rig.store.fail_next(Fault::Full);
            }
        }
        ledger.shred(&log(), shred(&["a"])).unwrap_err();
        assert_eq!(erasing.receipts(Kind::ERASURE_REQUESTED, |_| ()).len(), 1);
        assert!(erasing.receipts(Kind::ERASURE_COMPLETED, |_| ()).is_empty());
        erasing.assert_open();
        let under_way = erasing.report(true).verdict.erasure;
        assert!(matches!(under_way, Status::Unverified { .. }), "{cut}");
        // The process is killed, and another one begins.
        std::mem::forget(ledger);
        let ledger = erasing.rig.attached();
        assert_eq!(
            erasing.receipts(Kind::ERASURE_COMPLETED, |_| ()).len(),
            1,
            "{cut}"
        );
        assert!(
            erasing
                .rig
                .store
                .ciphertexts(&log(), seq)
                .unwrap()
                .is_empty()
        );
        assert_eq!(erasing.keeper().find("a").unwrap(), None);
        assert!(erasing.keeper().find("b").unwrap().is_some());
        erasing.assert_erased();
        // Nothing is done twice.
        drop(ledger);
        drop(erasing.rig.attached());
        assert_eq!(erasing.receipts(Kind::ERASURE_COMPLETED, |_| ()).len(), 1);
    }
}

#[test]
fn a26_while_it_cannot_be_finished_the_log_is_not_attached() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    *erasing.keys.fails.lock().unwrap() = Some(false);
    ledger.shred(&log(), shred(&["a"])).unwrap_err();
    std::mem::forget(ledger);
    *erasing.keys.fails.lock().unwrap() = Some(false);
    let ledger = erasing.rig.open();
    let error = ledger
        .attach_log(log(), TestLog::signers(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("subject keys: the disk is gone"), "{error}");
    assert!(!ledger.is_attached(&log()));
    ledger.attach_log(log(), TestLog::signers(1)).unwrap();
    assert_eq!(erasing.receipts(Kind::ERASURE_COMPLETED, |_| ()).len(), 1);
}

#[test]
fn a26_what_could_not_be_finished_is_not_begun() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let before = kinds(&*erasing.rig.store, &log());
    *erasing.keys.refuses.lock().unwrap() = true;
    let error = ledger.shred(&log(), shred(&["a"])).unwrap_err();
    assert!(error.to_string().contains("passphrase"), "{error}");
    assert_eq!(kinds(&*erasing.rig.store, &log()), before);
    erasing.submit(&ledger, "a");
    *erasing.keys.refuses.lock().unwrap() = false;
    ledger.shred(&log(), shred(&["a"])).unwrap();
    erasing.assert_open();
}

#[test]
fn a26_nothing_is_recorded_before_an_erasure_is_finished() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    // The keys are destroyed, and what follows fails, twice.
    *erasing.keys.fails.lock().unwrap() = Some(true);
    ledger.shred(&log(), shred(&["a"])).unwrap_err();
    *erasing.keys.fails.lock().unwrap() = Some(true);
    let ticket = ledger.submit(&log(), vec![erasing.record("a")]).unwrap();
    let error = ticket.wait().unwrap_err();
    assert!(matches!(error, AppendError::Erasing(_)), "{error}");
    assert!(error.to_string().contains("receipt 3 asks for"), "{error}");
    // Then it can be finished, and is, before the next record: whose key is a new one.
    erasing.submit(&ledger, "a");
    ledger.drain().unwrap();
    let order = kinds(&*erasing.rig.store, &log());
    let completed = order
        .iter()
        .position(|kind| *kind == Kind::ERASURE_COMPLETED);
    assert_eq!(completed, Some(4), "{order:?}");
    ledger.close("").unwrap();
    assert_eq!(erasing.receipts(Kind::GAP, |_| ()).len(), 1);
    erasing.assert_open();
}

#[test]
fn keys_that_are_lost_are_recorded_as_gone_so_that_new_ones_can_be_used() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let lost = erasing.keeper().find("a").unwrap().unwrap();
    drop(ledger);
    // Another keeper, which never had it.
    let mut again = erasing;
    let keys = Arc::new(Keys {
        keys: MemoryKeys::new(Arc::new(Counter::default())),
        fails: Mutex::default(),
        sync_fails: Mutex::default(),
        refuses: Mutex::default(),
        afterwards: Mutex::default(),
    });
    again.rig.config.subject_keys = Some(Arc::new(Source(Arc::clone(&keys))));
    again.keys = keys;
    // Other ids than before: the same counter would give the lost one again.
    again.keeper().key_for("somebody").unwrap();
    let ledger = again.rig.attached();
    let wish = Shred {
        lost: vec![("a".into(), lost)],
        ..shred(&[])
    };
    let done = ledger.shred(&log(), wish).unwrap();
    assert_eq!(done.subjects, [("a".to_owned(), lost)]);
    again.submit(&ledger, "a");
    again.assert_open();
}

#[test]
fn a26_a_record_made_before_and_sealed_after_is_refused() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let late = erasing.record("a");
    ledger.shred(&log(), shred(&["a"])).unwrap();
    let error = ledger.submit(&log(), vec![late]).unwrap().wait();
    assert!(
        matches!(&error, Err(AppendError::Erased { index: 0, .. })),
        "{error:?}"
    );
    erasing.submit(&ledger, "a");
    erasing.assert_erased();
}

#[test]
fn nothing_is_sealed_under_keys_that_could_not_be_kept() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    *erasing.keys.sync_fails.lock().unwrap() = true;
    let ticket = ledger.submit(&log(), vec![erasing.record("a")]).unwrap();
    let error = ticket.wait().unwrap_err().to_string();
    assert!(error.contains("the disk is full"), "{error}");
    *erasing.keys.sync_fails.lock().unwrap() = false;
    erasing.submit(&ledger, "a");
    // What was taken and not recorded is declared.
    assert_eq!(erasing.receipts(Kind::GAP, |_| ()).len(), 1);
}

#[test]
fn who_has_no_key_cannot_be_erased() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let before = kinds(&*erasing.rig.store, &log());
    for (subjects, said) in [
        (&["a", "nobody"][..], "no key is held for \"nobody\""),
        (&[""], "no key is held for the log itself"),
        (&[], "no subject was named"),
    ] {
        let error = ledger.shred(&log(), shred(subjects)).unwrap_err();
        assert!(matches!(error, LedgerError::NothingHeld { .. }));
        assert!(error.to_string().contains(said), "{error}");
    }
    let error = ledger
        .shred(
            &log(),
            Shred {
                reason: String::new(),
                ..shred(&["a"])
            },
        )
        .unwrap_err();
    assert!(error.to_string().contains("reason"), "{error}");
    assert_eq!(kinds(&*erasing.rig.store, &log()), before);
    assert!(erasing.keeper().find("a").unwrap().is_some());
    drop(ledger);

    let rig = rig();
    let error = rig.created().shred(&log(), shred(&["a"])).unwrap_err();
    assert!(
        matches!(error, LedgerError::NoSubjectKeys { .. }),
        "{error}"
    );
}

#[test]
fn a_request_that_no_receipt_holds_is_several() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    let subjects: Vec<String> = (0..600).map(|n| format!("{n:0>200}")).collect();
    for subject in &subjects {
        erasing.keeper().key_for(subject).unwrap();
    }
    let names: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let done = ledger.shred(&log(), shred(&names)).unwrap();
    assert!(done.requests.len() > 2);
    assert_eq!(done.requests.len(), done.completions.len());
    assert!(erasing.keeper().subjects().unwrap().is_empty());
    let keks = erasing.receipts(Kind::ERASURE_COMPLETED, |receipt| {
        ErasureCompleted::decode(receipt).unwrap().kek
    });
    assert!(keks.iter().all(|kek| *kek == keks[0]), "one destruction");
    erasing.assert_erased();
}

#[test]
fn the_policy_changes_from_a_receipt_on() {
    let rig = rig();
    let ledger = rig.created();
    let change = |name: &str, value: &str| ChangePolicy {
        entries: vec![("region".into(), "eu".into()), (name.into(), value.into())],
        reason: "new rules".into(),
    };
    let receipt = ledger
        .change_policy(&log(), change("audience", "staff"))
        .unwrap();
    let read = rig.store.read(&log(), receipt.seq, ReadLimit::ONE).unwrap();
    let stored = UnverifiedReceipt::parse(read[0].sealed().unwrap()).unwrap();
    let body = PolicyChange::decode(&stored).unwrap();
    let entries: Vec<_> = body
        .policy
        .iter()
        .map(|entry| (entry.name.to_string(), entry.value.to_string()))
        .collect();
    assert_eq!(
        entries,
        [
            ("audience".to_owned(), "staff".to_owned()),
            ("region".to_owned(), "eu".to_owned())
        ]
    );
    for fixed in ["retention-days", "keys", "receipt-key", "receipt-seal"] {
        let error = ledger
            .change_policy(&log(), change(fixed, "1"))
            .unwrap_err();
        assert!(error.to_string().contains("only a genesis"), "{error}");
    }
}
