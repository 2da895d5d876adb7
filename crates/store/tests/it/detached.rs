//! What was lost when a log is let go of: declared in it, or handed back.

use crate::leases::secs;
use crate::rig::{NOW, Rig, record, rig, walk};
use ai_audit_core::{DecodeBody as _, Gap, Kind, UnverifiedReceipt};
use ai_audit_store::{Ledger, LedgerError, LogName, Store, StoreError, Undeclared};
use ai_audit_testkit::{Fault, TestLog};
use std::time::Duration;

/// What a ledger hands back with a log that it lets go of.
fn handed_back(ledger: &Ledger, reason: Option<&str>) -> (Vec<Undeclared>, Option<LedgerError>) {
    let log = LogName::default();
    match ledger.detach_log(&log, reason).unwrap_err() {
        LedgerError::Undeclared { lost, error, .. } => (lost, error.map(|error| *error)),
        error => panic!("{error}"),
    }
}

/// Has records lost that cannot be declared for so many appends.
fn lose(rig: &Rig, ledger: &Ledger, fault: Fault) {
    for fault in [fault; 20] {
        rig.store.fail_next(fault);
    }
    let lost = ledger.submit(&LogName::default(), vec![record("lost"), record("lost")]);
    lost.unwrap().wait().unwrap_err();
}

fn gaps(rig: &Rig) -> Vec<(u64, String)> {
    walk(&*rig.store, &LogName::default(), 1)
        .iter()
        .filter(|(kind, _)| *kind == Kind::GAP)
        .map(|(_, sealed)| {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            let gap = Gap::decode(&receipt).unwrap();
            (gap.lost.unwrap(), gap.reason.to_string())
        })
        .collect()
}

#[test]
fn what_is_lost_and_cannot_be_declared_is_handed_back_with_the_log() {
    for (fault, reason, sure) in [
        (Fault::Before, None, true),
        (Fault::Before, Some("handed over"), true),
        (Fault::BeforeAndBlind, None, false),
        (Fault::BeforeAndBlind, Some("handed over"), false),
    ] {
        let (rig, log) = (rig(), LogName::default());
        let first = rig.created();
        lose(&rig, &first, fault);
        let (lost, error) = handed_back(&first, reason);
        let [loss] = &lost[..] else {
            panic!("{lost:?}");
        };
        assert_eq!((loss.records, loss.sure), (2, sure), "{fault:?} {reason:?}");
        assert_eq!(error.is_some(), reason.is_some(), "{error:?}");
        // Only once.
        let again = first.detach_log(&log, reason);
        assert!(matches!(again, Err(LedgerError::NotAttached { .. })));
        drop(first);
        while rig.store.append(&[]).is_err() {}
        rig.store.heal();
        // Who has the log from now on declares it.
        let second = rig.attached();
        second.declare_lost(&log, loss.records, &loss.reason);
        second.close("").unwrap();
        assert_eq!(gaps(&rig), [(2, loss.reason.clone())]);
    }
}

#[test]
fn what_a_log_lost_that_was_left_is_declared_with_its_times_when_it_is_attached_again() {
    for (fault, sure, declared) in [
        (Fault::Before, true, 1),
        (Fault::BeforeAndBlind, false, 1),
        (Fault::AfterAndBlind, false, 0),
    ] {
        let (rig, log) = (rig(), LogName::default());
        let first = rig.created();
        lose(&rig, &first, fault);
        let (lost, error) = handed_back(&first, None);
        assert_eq!((lost.len(), lost[0].sure, error), (1, sure, None));
        while rig.store.append(&[]).is_err() {}
        rig.store.heal();
        // Much later, so that its times show when it was lost and not when it was declared.
        rig.clock.set(NOW + 3_600_000_000);
        first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
        let all = walk(&*rig.store, &log, 1);
        let all = all.iter().filter(|(kind, _)| *kind == Kind::GAP);
        let times: Vec<_> = all
            .map(|(_, sealed)| {
                let receipt = UnverifiedReceipt::parse(sealed).unwrap();
                let gap = Gap::decode(&receipt).unwrap();
                (gap.from, gap.to, gap.lost)
            })
            .collect();
        let expected = (lost[0].from, lost[0].to, Some(2));
        assert_eq!(times, vec![expected; declared], "{fault:?}");
        // Only once.
        first.detach_log(&log, None).unwrap();
        first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
        assert_eq!(gaps(&rig).len(), declared, "{fault:?}");
    }
}

#[test]
fn what_is_lost_is_declared_before_a_log_is_let_go_of_in_order() {
    let rig = rig();
    let first = rig.created();
    rig.store.fail_next(Fault::Before);
    let lost = first.submit(&LogName::default(), vec![record("lost")]);
    lost.unwrap().wait().unwrap_err();
    first
        .detach_log(&LogName::default(), Some("handed over"))
        .unwrap();
    assert_eq!(gaps(&rig).len(), 1);
}

#[test]
fn what_a_log_that_was_taken_over_lost_is_handed_back_or_declared_when_it_is_attached_again() {
    for again in [false, true] {
        let (rig, log) = (rig(), LogName::default());
        let first = rig.created();
        let second = rig.attached();
        first.declare_lost(&log, 3, "a task failed");
        let began = std::time::Instant::now();
        while first.is_attached(&log) {
            assert!(began.elapsed() < secs(60), "it does not notice");
            std::thread::sleep(Duration::from_millis(5));
        }
        // Nobody appended who could have been told: the ledger found out by itself.
        let found = first.taken_over();
        assert!(
            matches!(&found[..], [(name, StoreError::HeadMoved { .. })] if *name == log),
            "{found:?}"
        );
        second.close("").unwrap();
        if again {
            // An attempt that fails takes nothing of it along.
            rig.store.fail_next(Fault::Before);
            let signers = || TestLog::signers(1);
            first.attach_log(log.clone(), signers()).unwrap_err();
            first.attach_log(log.clone(), signers()).unwrap();
            assert!(first.taken_over().is_empty());
            first.detach_log(&log, Some("handed over")).unwrap();
            assert_eq!(gaps(&rig), [(3, "a task failed".to_owned())]);
        } else {
            let (lost, error) = handed_back(&first, None);
            assert_eq!((lost[0].records, lost[0].sure, error), (3, true, None));
            assert!(gaps(&rig).is_empty());
        }
    }
}

#[test]
fn what_was_in_doubt_when_a_log_was_taken_over_is_declared_when_it_is_attached_again_if_it_is_lost()
{
    for (fault, declared) in [(Fault::BeforeAndBlind, 1), (Fault::AfterAndBlind, 0)] {
        let (rig, log) = (rig(), LogName::default());
        let first = rig.created();
        rig.store.fail_next(fault);
        let lost = first.submit(&log, vec![record("lost"), record("lost")]);
        lost.unwrap().wait().unwrap_err();
        rig.store.heal();
        // Another one writes behind what the first does not know of, unless that was quicker to find out.
        let second = rig.open();
        let began = std::time::Instant::now();
        // The first may declare its loss in the middle of that.
        while second.attach_log(log.clone(), TestLog::signers(1)).is_err() {
            assert!(began.elapsed() < secs(60), "it cannot be attached");
        }
        while first.is_attached(&log) {
            assert!(began.elapsed() < secs(60), "it does not notice");
            // Nothing of this is lost: it is refused before it is taken.
            let probe = first.submit(&log, vec![record("probe")]);
            let _ = probe.map(ai_audit_store::Ticket::wait);
            std::thread::sleep(Duration::from_millis(5));
        }
        second.close("").unwrap();
        first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
        first.detach_log(&log, Some("handed over")).unwrap();
        let of_two = gaps(&rig).iter().filter(|(lost, _)| *lost == 2).count();
        assert_eq!(of_two, declared, "{fault:?}: {:?}", gaps(&rig));
    }
}
