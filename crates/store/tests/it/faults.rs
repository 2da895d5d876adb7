//! A32: the store fails, before or after it wrote.

use crate::rig::{Gate, Rig, gated_log, kinds, name, record, rig, walk};
use ai_audit_core::{DecodeBody as _, Gap, Kind, UnverifiedReceipt};
use ai_audit_store::{AppendError, Ledger, LogName, Receipt, Store, StoreError, Ticket};
use ai_audit_testkit::{Fault, TestLog};
use core::time::Duration;
use std::sync::Arc;

fn submit(ledger: &Ledger, model: &str) -> Ticket {
    ledger
        .submit(&LogName::default(), vec![record(model), record(model)])
        .unwrap()
}

/// Number of records that a log declares lost.
fn lost(rig: &Rig, log: &LogName, number: u8) -> u64 {
    let gaps = gaps_of(rig, log, number);
    gaps.iter().filter_map(|(lost, _)| *lost).sum()
}

fn gaps(rig: &Rig) -> Vec<(Option<u64>, String)> {
    gaps_of(rig, &LogName::default(), 1)
}

fn gaps_of(rig: &Rig, log: &LogName, number: u8) -> Vec<(Option<u64>, String)> {
    walk(&*rig.store, log, number)
        .iter()
        .filter(|(kind, _)| *kind == Kind::GAP)
        .map(|(_, sealed)| {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            let gap = Gap::decode(&receipt).unwrap();
            (gap.lost, gap.reason.to_string())
        })
        .collect()
}

const RUN: [Kind; 2] = [Kind::GENESIS, Kind::START];
const TWO: [Kind; 2] = [Kind::DECISION, Kind::DECISION];

#[test]
fn a32_a_full_disk_is_told_and_the_loss_declared() {
    let rig = rig();
    let ledger = rig.created();
    rig.store.fail_next(Fault::Full);
    let head = rig.store.head(&LogName::default()).unwrap();
    let error = submit(&ledger, "lost").wait().unwrap_err();
    assert!(
        matches!(&error, AppendError::Store(StoreError::Full { .. })),
        "{error}"
    );
    assert_eq!(rig.store.head(&LogName::default()).unwrap(), head);
    let receipts = submit(&ledger, "kept").wait().unwrap();
    assert_eq!(receipts[0].seq, 3, "a gap receipt comes before");
    ledger.close("").unwrap();
    let expected = [&RUN[..], &[Kind::GAP], &TWO, &[Kind::STOP]].concat();
    assert_eq!(kinds(&*rig.store, &LogName::default()), expected);
    let [(lost, reason)] = &gaps(&rig)[..] else {
        panic!("one gap");
    };
    assert_eq!(*lost, Some(2));
    assert!(reason.contains("no space left"), "{reason}");
    let stats = ledger.stats();
    assert_eq!((stats.failed_commits, stats.lost), (1, 2));
}

#[test]
fn a32_a_loss_is_declared_though_nobody_submits_any_more() {
    let rig = rig();
    let ledger = rig.created();
    rig.store.fail_next(Fault::Before);
    submit(&ledger, "lost").wait().unwrap_err();
    let before = ledger.stats().appended;
    for _ in 0..600 {
        // Only then is the log at rest, and can be read without meeting the writer.
        if ledger.stats().appended > before {
            assert_eq!(gaps(&rig).len(), 1);
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the loss was not declared");
}

#[test]
fn a32_a_gap_that_cannot_be_written_is_written_later_and_once() {
    let rig = rig();
    let ledger = rig.created();
    for fault in [Fault::Before, Fault::Full, Fault::Before] {
        rig.store.fail_next(fault);
        submit(&ledger, "lost").wait().unwrap_err();
    }
    submit(&ledger, "kept").wait().unwrap();
    ledger.close("").unwrap();
    let gaps = gaps(&rig);
    assert_eq!(lost(&rig, &LogName::default(), 1), 6, "{gaps:?}");
    assert_eq!(gaps.len(), 2, "one for each reason: {gaps:?}");
    assert_eq!(
        ledger.stats().lost,
        6,
        "each counted once, however often its gap failed"
    );
}

/// The receipts of a group that is in the log though its commit seemed to fail.
fn places(rig: &Rig, model: &str) -> Vec<u64> {
    (0..)
        .zip(walk(&*rig.store, &LogName::default(), 1))
        .filter(|(_, (kind, sealed))| {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            *kind == Kind::DECISION
                && ai_audit_core::Decision::decode(&receipt).unwrap().model == model
        })
        .map(|(seq, _)| seq)
        .collect()
}

#[test]
fn a32_failed_but_persisted_neither_doubles_nor_forks() {
    let rig = rig();
    let ledger = rig.created();
    rig.store.fail_next(Fault::After);
    let error = submit(&ledger, "there").wait().unwrap_err();
    assert!(
        matches!(error, AppendError::Unconfirmed { first_seq: 2, .. }),
        "{error}"
    );
    let receipts: Vec<Receipt> = submit(&ledger, "next").wait().unwrap();
    assert_eq!(receipts[0].seq, 4);
    let note = ledger.checkpoint(&LogName::default()).unwrap();
    ledger.close("").unwrap();
    let expected = [&RUN[..], &TWO, &TWO, &[Kind::STOP]].concat();
    assert_eq!(kinds(&*rig.store, &LogName::default()), expected);
    assert_eq!(places(&rig, "there"), [2, 3]);
    assert_eq!(ledger.stats().lost, 0);
    // The tree went on from there too: whoever attaches checks the checkpoint's root.
    assert!(note.contains("\n6\n"), "{note}");
    drop(rig.attached());
}

#[test]
fn a32_unknown_until_the_store_can_be_read_again() {
    for persisted in [true, false] {
        let rig = rig();
        let ledger = rig.created();
        rig.store.fail_next(if persisted {
            Fault::AfterAndBlind
        } else {
            Fault::BeforeAndBlind
        });
        let error = submit(&ledger, "who knows").wait().unwrap_err();
        assert!(matches!(error, AppendError::Unknown(_)), "{error}");
        // As long as nobody knows where the log ends, nothing is sealed on a guess.
        let error = submit(&ledger, "refused").wait().unwrap_err();
        assert!(matches!(error, AppendError::Store(_)), "{error}");
        rig.store.heal();
        submit(&ledger, "after").wait().unwrap();
        ledger.close("").unwrap();
        let lost = lost(&rig, &LogName::default(), 1);
        if persisted {
            assert_eq!(places(&rig, "who knows"), [2, 3]);
            assert_eq!(lost, 2);
        } else {
            assert!(places(&rig, "who knows").is_empty());
            assert_eq!(lost, 4);
        }
        assert!(places(&rig, "refused").is_empty());
        assert_eq!(places(&rig, "after").len(), 2);
    }
}

#[test]
fn a32_creating_and_attaching_tell_of_a_failing_store() {
    let rig = rig();
    let ledger = rig.open();
    rig.store.fail_next(Fault::Full);
    let created = ledger.create_log(LogName::default(), TestLog::new_log(1));
    assert!(created.unwrap_err().to_string().contains("no room"));
    assert!(rig.store.logs().unwrap().is_empty());
    ledger
        .create_log(LogName::default(), TestLog::new_log(1))
        .unwrap();
    ledger.close("").unwrap();

    let ledger = rig.open();
    rig.store.fail_next(Fault::Before);
    let log = LogName::default();
    assert!(ledger.attach_log(log.clone(), TestLog::signers(1)).is_err());
    assert!(ledger.submit(&log, vec![record("a")]).is_err());
    ledger.attach_log(log.clone(), TestLog::signers(1)).unwrap();
    ledger
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
}

#[test]
fn a32_one_failing_commit_touches_all_its_logs_and_each_declares_its_own() {
    let rig = rig();
    let (gate, other) = (Arc::new(Gate::default()), name("other"));
    let ledger = rig.open();
    ledger
        .create_log(LogName::default(), gated_log(1, &gate))
        .unwrap();
    ledger
        .create_log(other.clone(), TestLog::new_log(2))
        .unwrap();
    // While the first commit is held back the second gets groups of both logs; both commits fail.
    gate.shut();
    let first = submit(&ledger, "a");
    gate.wait_for_signer();
    let second = submit(&ledger, "b");
    let third = ledger.submit(&other, vec![record("c")]).unwrap();
    rig.store.fail_next(Fault::Before);
    rig.store.fail_next(Fault::Before);
    gate.open();
    for ticket in [first, second, third] {
        assert!(matches!(ticket.wait(), Err(AppendError::Store(_))));
    }
    ledger.close("").unwrap();
    assert_eq!(ledger.stats().failed_commits, 2);
    assert_eq!(lost(&rig, &LogName::default(), 1), 4);
    assert_eq!(lost(&rig, &other, 2), 1);
}
