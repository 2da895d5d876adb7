//! What writers do to any store, tried from outside: two that race, and one whose server is killed.

use ai_audit_core::{Chain, Decision, Head, UnverifiedReceipt};
use ai_audit_store::{Batch, LogName, ReadLimit, Sealed, Store, StoreError};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::TestLog;

/// Appends to one log.
///
/// # Errors
///
/// As the store's.
pub fn append(
    store: &dyn Store,
    log: &LogName,
    expected: &Head,
    receipts: &[Sealed],
) -> Result<(), StoreError> {
    store.append(&[Batch {
        log,
        expected,
        receipts,
    }])
}

/// Reads a log from its start: one chain up to the head that the store gives, which is returned.
#[must_use]
pub fn whole(store: &dyn Store, name: &LogName) -> Head {
    let mut chain = Chain::new();
    loop {
        let from = chain.head().size();
        let read = store.read(name, from, ReadLimit::default()).unwrap();
        if read.is_empty() {
            break;
        }
        for receipt in read {
            let receipt = UnverifiedReceipt::parse(receipt.sealed().unwrap())
                .map(|receipt| chain.push(&receipt).map(drop));
            receipt.unwrap().unwrap();
        }
    }
    let head = store.head(name).unwrap().unwrap_or(Head::EMPTY);
    assert_eq!(*chain.head(), head);
    head
}

/// Two writers meet so many times at the same head of the default log, each with a receipt of its own and a
/// store that it opened itself: each time one of them wins and the other one is told where the log is, and one
/// chain is left. The log is not there before.
pub fn race<S: Store>(open: impl Fn() -> S + Sync, rounds: u64) {
    let name = LogName::default();
    let mut log = TestLog::new(1);
    append(&open(), &name, &Head::EMPTY, &log.seal(2)).unwrap();
    let (start, meet) = (log.head(), Barrier::new(2));
    let race = |model: &str| {
        let store = open();
        let (mut won, mut head, mut wrong) = (0, start, None);
        for round in 0..rounds {
            // Also where something is wrong: the other one waits here.
            meet.wait();
            if wrong.is_some() {
                continue;
            }
            let mut log = TestLog::forked(1, head);
            let decision = Decision {
                model: model.into(),
                ..Decision::new()
            };
            let receipts = [log.seal_next(&decision)];
            head = match append(&store, &name, &head, &receipts) {
                Ok(()) => {
                    won += 1;
                    log.head()
                }
                Err(StoreError::HeadMoved { found, .. }) => *found,
                Err(other) => {
                    wrong = Some(format!("round {round}: {other}"));
                    continue;
                }
            };
            if head.size() != log.head().size() {
                wrong = Some(format!("round {round}: {} receipts", head.size()));
            }
        }
        (won, head, wrong)
    };
    let [one, two] = thread::scope(|scope| {
        let race = &race;
        let threads = ["one", "two"].map(|model| scope.spawn(move || race(model)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!((&one.2, &two.2), (&None, &None));
    assert_eq!(one.0 + two.0, rounds, "somebody won twice, or nobody");
    assert_eq!(one.1, two.1);
    println!("of {rounds} races the first writer won {}", one.0);

    let store = open();
    let head = whole(&store, &name);
    assert_eq!((head.size(), head), (rounds + 2, one.1));
    assert_eq!(store.health().unwrap().receipts, rounds + 2);
}

/// A server that a test kills.
pub trait Killable {
    /// Ends it without a warning.
    fn kill(&mut self);
    /// Starts it again with what it has on its disk.
    fn start_again(&mut self);
}

/// A server is killed so many times while a writer appends to the default log of its store, each time `step`
/// later than the time before. What was acknowledged is there afterwards; what failed is there as a whole or not
/// at all, and the head tells which. `head` asks for it when the server is back.
pub fn killed_while_it_commits(
    store: &dyn Store,
    server: &mut dyn Killable,
    (rounds, step): (u32, Duration),
    head: impl Fn() -> Head,
) {
    let name = LogName::default();
    let mut held = Head::EMPTY;
    let (mut persisted, mut lost) = (0, 0);
    for round in 0..rounds {
        let acknowledged = AtomicU64::new(held.size());
        let (before, after) = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut log = if held.is_empty() {
                    TestLog::new(1)
                } else {
                    TestLog::forked(1, held)
                };
                loop {
                    let expected = log.head();
                    let receipts = log.seal(7);
                    match append(store, &name, &expected, &receipts) {
                        Ok(()) => acknowledged.store(log.head().size(), Ordering::SeqCst),
                        Err(error) => {
                            assert!(matches!(error, StoreError::Io { .. }), "{error}");
                            return (expected, log.head());
                        }
                    }
                }
            });
            // Not before something was acknowledged in this round, at another moment each time.
            while acknowledged.load(Ordering::SeqCst) == held.size() && !writer.is_finished() {
                thread::yield_now();
            }
            thread::sleep(step * round);
            server.kill();
            writer.join().unwrap()
        });
        server.start_again();
        assert_eq!(before.size(), acknowledged.load(Ordering::SeqCst));
        held = head();
        assert_eq!(whole(store, &name), held);
        match held {
            found if found == before => lost += 1,
            found if found == after => persisted += 1,
            found => panic!("neither {before:?} nor {after:?}: {found:?}"),
        }
    }
    println!("of {rounds} commits that failed {persisted} were stored, {lost} were not");
}
