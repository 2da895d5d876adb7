//! A34: the queue is full.

use crate::rig::{Gate, NOW, gated_log, record, rig, walk};
use ai_audit_core::{DecodeBody as _, Gap, Kind, Timestamp, UnverifiedReceipt};
use ai_audit_store::{Ledger, LogName, OnFull, SubmitError, Ticket};
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A ledger whose writer stands still at the gate, with one group taken and four records queued,
/// which is all there is room for.
fn full(on_full: OnFull) -> (crate::rig::Rig, Ledger, Arc<Gate>, Vec<Ticket>) {
    let mut rig = rig();
    rig.config.capacity = 4;
    rig.config.on_full = on_full;
    let gate = Arc::new(Gate::default());
    let ledger = rig.open();
    ledger
        .create_log(LogName::default(), gated_log(1, &gate))
        .unwrap();
    gate.shut();
    let submit = |count: usize| {
        let records = (0..count).map(|_| record("kept")).collect();
        ledger.submit(&LogName::default(), records).unwrap()
    };
    let first = submit(1);
    gate.wait_for_signer();
    let tickets = vec![first, submit(3), submit(1)];
    let stats = ledger.stats();
    assert_eq!((stats.queued, stats.capacity, stats.in_flight), (4, 4, 1));
    (rig, ledger, gate, tickets)
}

#[test]
fn a34_refusals_are_errors_and_are_declared_in_the_log() {
    let (rig, ledger, gate, tickets) = full(OnFull::Error);
    let log = LogName::default();
    for (time, count) in [(5, 1), (9, 2)] {
        rig.clock.set(NOW + time);
        let records = (0..count).map(|_| record("refused")).collect();
        assert_eq!(
            ledger.submit(&log, records).unwrap_err(),
            SubmitError::Full {
                queued: 4,
                capacity: 4
            }
        );
    }
    gate.open();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    ledger.close("").unwrap();
    assert_eq!(ledger.stats().refused, 3);
    let all = walk(&*rig.store, &log, 1);
    let decisions = all.iter().filter(|(kind, _)| *kind == Kind::DECISION);
    assert_eq!(decisions.count(), 5, "all that was taken, nothing evicted");
    let gaps: Vec<_> = all.iter().filter(|(kind, _)| *kind == Kind::GAP).collect();
    assert_eq!(gaps.len(), 1);
    let receipt = UnverifiedReceipt::parse(&gaps[0].1).unwrap();
    let gap = Gap::decode(&receipt).unwrap();
    assert_eq!(gap.lost, Some(3));
    assert_eq!(gap.from, Timestamp::from_micros(NOW + 5));
    assert_eq!(gap.to, Timestamp::from_micros(NOW + 9));
    assert!(gap.reason.contains("the queue was full"), "{}", gap.reason);
}

#[test]
fn what_never_came_to_be_submitted_is_declared_when_whoever_lost_it_says_so() {
    let (rig, ledger, gate, tickets) = full(OnFull::Error);
    let log = LogName::default();
    ledger.declare_lost(&log, 2, "it could not be made");
    ledger.declare_lost(&log, 1, "it could not be made");
    // Of a log that is not there nobody hears.
    ledger.declare_lost(&LogName::new("other").unwrap(), 1, "");
    gate.open();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    ledger.close("").unwrap();
    let all = walk(&*rig.store, &log, 1);
    let gaps: Vec<_> = all.iter().filter(|(kind, _)| *kind == Kind::GAP).collect();
    assert_eq!(gaps.len(), 1);
    let receipt = UnverifiedReceipt::parse(&gaps[0].1).unwrap();
    let gap = Gap::decode(&receipt).unwrap();
    assert_eq!(gap.lost, Some(3));
    assert!(
        gap.reason.contains("it could not be made"),
        "{}",
        gap.reason
    );
}

#[test]
fn a34_with_a_time_out_it_waits_that_long() {
    let timeout = Duration::from_millis(80);
    let (_rig, ledger, gate, _tickets) = full(OnFull::Timeout(timeout));
    let log = LogName::default();
    let began = Instant::now();
    let refused = ledger.submit(&log, vec![record("refused")]);
    assert!(matches!(refused, Err(SubmitError::Full { .. })));
    assert!(began.elapsed() >= timeout);
    // Room that comes in time is taken.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(10));
            gate.open();
        });
        ledger
            .submit(&log, vec![record("taken")])
            .unwrap()
            .wait()
            .unwrap();
    });
}

#[test]
fn a34_blocking_waits_and_loses_nothing() {
    let (rig, ledger, gate, tickets) = full(OnFull::Block);
    let log = LogName::default();
    let through = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let producer = scope.spawn(|| {
            let ticket = ledger.submit(&log, vec![record("blocked")]).unwrap();
            through.store(true, Ordering::SeqCst);
            ticket.wait().unwrap()
        });
        std::thread::sleep(Duration::from_millis(50));
        assert!(!through.load(Ordering::SeqCst), "there was no room");
        gate.open();
        assert_eq!(producer.join().unwrap()[0].seq, 7);
    });
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let too_long = (0..5).map(|_| record("a")).collect();
    assert_eq!(
        ledger.submit(&log, too_long).unwrap_err(),
        SubmitError::TooLarge {
            records: 5,
            capacity: 4
        }
    );
    ledger.close("").unwrap();
    let all = walk(&*rig.store, &log, 1);
    assert!(all.iter().all(|(kind, _)| *kind != Kind::GAP));
}

#[test]
fn closing_lets_go_of_blocked_producers_and_keeps_what_was_taken() {
    let (rig, ledger, gate, tickets) = full(OnFull::Block);
    let log = LogName::default();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| ledger.submit(&log, vec![record("blocked")]));
        let closing = scope.spawn(|| ledger.close("in time"));
        assert_eq!(blocked.join().unwrap().unwrap_err(), SubmitError::Closed);
        gate.open();
        closing.join().unwrap().unwrap();
    });
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    assert_eq!(walk(&*rig.store, &log, 1).len(), 2 + 5 + 1);
}

#[test]
fn drain_waits_for_what_was_submitted_before() {
    let (rig, ledger, gate, tickets) = full(OnFull::Block);
    let waiting = tickets.into_iter().next().unwrap();
    let waiting = waiting.wait_timeout(Duration::from_millis(20)).unwrap_err();
    gate.open();
    ledger.drain().unwrap();
    assert_eq!(ledger.stats().queued, 0);
    assert_eq!(walk(&*rig.store, &LogName::default(), 1).len(), 2 + 5);
    waiting.wait_timeout(Duration::ZERO).unwrap().unwrap();
}
