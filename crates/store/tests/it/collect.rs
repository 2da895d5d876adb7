//! The ambient collector: scopes, nesting, panics, futures that move between threads.

use crate::rig::{NOW, Rig, decision, record, rig, walk};
use ai_audit_core::{
    Decision, DecodeBody as _, Gap, Kind, ReceiptId, Timestamp, UnverifiedReceipt,
};
use ai_audit_store::{
    EncodedRecordBody, Ledger, LogName, Record, SubmitError, collect, is_collecting,
};
use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

/// The models of the log's decisions, in order.
fn models(rig: &Rig) -> Vec<String> {
    walk(&*rig.store, &LogName::default(), 1)
        .iter()
        .filter(|(kind, _)| *kind == Kind::DECISION)
        .map(|(_, sealed)| {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            Decision::decode(&receipt).unwrap().model.to_string()
        })
        .collect()
}

fn deep_inside(model: &str) {
    collect(record(model)).unwrap();
}

#[test]
fn a_task_s_records_become_one_group() {
    let rig = rig();
    let ledger = rig.created();
    let log = LogName::default();
    assert!(!is_collecting());
    let lost = collect(record("nobody collects")).unwrap_err();
    assert!(format!("{lost:?}").contains("decision"));
    let (value, ticket) = ledger.collect(&log, || {
        assert!(is_collecting());
        deep_inside("a");
        // A task within collects by itself, and is written first.
        let (_, inner) = ledger.collect(&log, || deep_inside("inner"));
        inner.unwrap().unwrap().wait().unwrap();
        deep_inside("b");
        7
    });
    let receipts = ticket.unwrap().unwrap().wait().unwrap();
    assert_eq!((value, receipts.len()), (7, 2));
    let (_, nothing) = ledger.collect(&log, || ());
    assert!(nothing.unwrap().is_none());
    assert_eq!(models(&rig), ["inner", "a", "b"]);
}

#[test]
fn what_a_task_recorded_before_it_panicked_is_kept() {
    let rig = rig();
    let ledger = rig.created();
    let log = LogName::default();
    let task = std::panic::AssertUnwindSafe(|| {
        ledger.collect(&log, || {
            deep_inside("before");
            panic!("on purpose");
        })
    });
    assert!(std::panic::catch_unwind(task).is_err());
    assert!(!is_collecting());
    ledger.drain().unwrap();
    assert_eq!(models(&rig), ["before"]);
}

/// Records, yields once, records again.
async fn in_two_steps(first: &'static str, second: &'static str) -> u8 {
    deep_inside(first);
    let mut yielded = false;
    poll_fn(|_| {
        if core::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    deep_inside(second);
    3
}

#[test]
fn futures_collect_across_polls_and_threads_without_mixing() {
    let rig = rig();
    let ledger = Arc::new(rig.created());
    let log = LogName::default();
    let mut one = Ledger::collect_future(Arc::clone(&ledger), &log, in_two_steps("1a", "1b"));
    let mut two = Ledger::collect_future(Arc::clone(&ledger), &log, in_two_steps("2a", "2b"));
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(&mut one).poll(&mut context).is_pending());
    assert!(pin!(&mut two).poll(&mut context).is_pending());
    assert!(!is_collecting());
    let finish = std::thread::spawn(move || {
        let mut context = Context::from_waker(Waker::noop());
        match pin!(two).poll(&mut context) {
            Poll::Ready((value, ticket)) => (value, ticket.unwrap().unwrap().wait().unwrap().len()),
            Poll::Pending => panic!("it was ready"),
        }
    });
    assert_eq!(finish.join().unwrap(), (3, 2));
    let Poll::Ready((_, ticket)) = pin!(one).poll(&mut context) else {
        panic!("it was ready");
    };
    ticket.unwrap().unwrap().wait().unwrap();
    assert_eq!(models(&rig), ["2a", "2b", "1a", "1b"]);
}

#[test]
fn a_cancelled_future_submits_what_it_recorded() {
    let rig = rig();
    let ledger = rig.created();
    let mut task = Ledger::collect_future(&ledger, &LogName::default(), in_two_steps("a", "b"));
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(&mut task).poll(&mut context).is_pending());
    drop(task);
    ledger.drain().unwrap();
    assert_eq!(models(&rig), ["a"]);
}

#[test]
fn tickets_are_futures() {
    let rig = rig();
    let ledger = rig.created();
    let ticket = ledger
        .submit(&LogName::default(), vec![Record::new(&decision("a"))])
        .unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    struct Wake(std::sync::mpsc::Sender<()>);
    impl std::task::Wake for Wake {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    let waker = Waker::from(Arc::new(Wake(sender)));
    let mut context = Context::from_waker(&waker);
    let mut ticket = pin!(ticket);
    loop {
        match ticket.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => {
                assert_eq!(outcome.unwrap()[0].seq, 2);
                return;
            }
            Poll::Pending => receiver.recv().unwrap(),
        }
    }
}

/// How many records the log declares lost, and why.
fn gaps(rig: &Rig) -> Vec<(Option<u64>, String)> {
    walk(&*rig.store, &LogName::default(), 1)
        .iter()
        .filter(|(kind, _)| *kind == Kind::GAP)
        .map(|(_, sealed)| {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            let gap = Gap::decode(&receipt).unwrap();
            (gap.lost, gap.reason.to_string())
        })
        .collect()
}

#[test]
fn a34_a_task_that_recorded_more_than_the_queue_holds_loses_nothing() {
    let mut rig = rig();
    rig.config.capacity = 4;
    let ledger = rig.created();
    let log = LogName::default();
    for _ in 0..20 {
        // Others use the queue meanwhile.
        drop(ledger.submit(&log, vec![record("other")]).unwrap());
    }
    let (_, ticket) = ledger.collect(&log, || (0..10).for_each(|_| deep_inside("much")));
    let receipts = ticket.unwrap().unwrap().wait().unwrap();
    assert_eq!(receipts.len(), 10);
    assert_eq!(receipts[9].seq, receipts[0].seq + 9, "one behind the other");
    let task = std::panic::AssertUnwindSafe(|| {
        ledger.collect(&log, || {
            (0..10).for_each(|_| deep_inside("panicked"));
            panic!("on purpose");
        })
    });
    assert!(std::panic::catch_unwind(task).is_err());
    ledger.close("").unwrap();
    let models = models(&rig);
    assert_eq!(
        models.iter().filter(|model| *model == "panicked").count(),
        10
    );
    assert!(gaps(&rig).is_empty());
}

#[test]
fn a34_a_record_that_cannot_be_sealed_is_left_out_alone_and_declared() {
    let rig = rig();
    let ledger = rig.created();
    let log = LogName::default();
    let long = "x".repeat(70_000);
    let (_, result) = ledger.collect(&log, || {
        deep_inside("before");
        deep_inside(&long);
        deep_inside("after");
    });
    let error = result.unwrap_err();
    assert!(
        matches!(error, SubmitError::Record { index: 1, .. }),
        "{error}"
    );
    let task = std::panic::AssertUnwindSafe(|| {
        ledger.collect(&log, || {
            deep_inside(&long);
            deep_inside("in a panic");
            deep_inside(&long);
            panic!("on purpose");
        })
    });
    assert!(std::panic::catch_unwind(task).is_err());
    ledger.close("").unwrap();
    assert_eq!(models(&rig), ["before", "after", "in a panic"]);
    let gaps = gaps(&rig);
    let lost: u64 = gaps.iter().filter_map(|(lost, _)| *lost).sum();
    assert_eq!(lost, 3, "{gaps:?}");
    assert!(gaps[0].1.contains("a task recorded"), "{gaps:?}");
    assert_eq!(ledger.stats().lost, 3);
}

#[test]
fn a34_what_only_the_writer_can_refuse_is_declared_too() {
    let rig = rig();
    let ledger = rig.created();
    let log = LogName::default();
    // Fits by itself, but not together with header and names; nobody waits for the ticket.
    let (_, ticket) = ledger.collect(&log, || {
        deep_inside("with it");
        collect(record("a").trace("t".repeat(65_530))).unwrap();
    });
    drop(ticket.unwrap());
    // A record that is built may count on the places of the others.
    let id = ReceiptId::from_parts(Timestamp::from_micros(NOW), [1; 10]);
    let (_, result) = ledger.collect(&log, || {
        collect(record(&"x".repeat(70_000))).unwrap();
        deep_inside("its place would be another");
        let built = Record::build(id, |earlier| {
            let parents = earlier.hash(1).into_iter().collect();
            EncodedRecordBody::new(&Decision {
                parents,
                ..Decision::new()
            })
        });
        collect(built).unwrap();
    });
    assert!(matches!(result, Err(SubmitError::Record { index: 0, .. })));
    ledger.close("").unwrap();
    assert!(models(&rig).is_empty());
    let lost: u64 = gaps(&rig).iter().filter_map(|(lost, _)| *lost).sum();
    assert_eq!(lost, 5, "{:?}", gaps(&rig));
}
