//! A33: two writers race for each place of one log.

use crate::rig::{all, append, head, server, writer};
use ai_audit_core::{Chain, Head, UnverifiedReceipt};
use ai_audit_store::{Batch, LogName, Store, StoreError};
use ai_audit_testkit::TestLog;
use std::sync::Barrier;

/// Places that are raced for. `TESTS_RACES` says another number.
fn races() -> u64 {
    let said = std::env::var("TESTS_RACES").ok();
    said.map_or(1_000, |said| said.parse().unwrap())
}

#[test]
fn a33_two_writers_race_for_each_place_and_one_gets_it() {
    let Some(server) = server() else { return };
    let races = races();
    let start = Barrier::new(2);
    // Each appends what it sealed behind the same head, and both go on from whatever is there then.
    let race = || {
        let store = writer(&server);
        // One that panicked would leave the other waiting for ever: what is wrong is told at the end.
        let (mut own, mut won, mut wrong) = (TestLog::new(1), 0, None);
        for place in 0..races {
            let expected = own.head();
            assert_eq!(expected.size(), place);
            let sealed = own.seal(1);
            start.wait();
            match append(&store, &expected, &sealed) {
                Ok(()) => won += 1,
                Err(StoreError::HeadMoved { found, .. }) if *found == own.head() => {}
                Err(error) => wrong = wrong.or(Some(format!("place {place}: {error}"))),
            }
        }
        (won, wrong)
    };
    let [one, other] = std::thread::scope(|scope| {
        let other = scope.spawn(race);
        [race(), other.join().unwrap()]
    });
    assert_eq!((&one.1, &other.1), (&None, &None));
    let won = [one.0, other.0];
    assert_eq!(won[0] + won[1], races, "each place has one winner: {won:?}");
    let store = writer(&server);
    let mut chain = Chain::resume(Head::EMPTY);
    for sealed in all(&store) {
        chain
            .push(&UnverifiedReceipt::parse(&sealed).unwrap())
            .unwrap();
    }
    assert_eq!((chain.head().size(), *chain.head()), (races, head(&store)));
}

/// Without agreeing on anything: each takes what is there, and appends batches behind it.
#[test]
fn a33_writers_that_collide_leave_one_chain_without_a_gap() {
    let Some(server) = server() else { return };
    let names = ["a", "b", "c"].map(|name| LogName::new(name).unwrap());
    let goal = 600;
    std::thread::scope(|scope| {
        for turn in 0..3 {
            let (server, names) = (&server, &names);
            scope.spawn(move || {
                let store = writer(server);
                loop {
                    // Several logs at once, each writer in another order: none waits for another for ever.
                    let mut order = [0_usize, 1, 2];
                    order.rotate_left(turn);
                    let made: Vec<_> = order
                        .iter()
                        .map(|number| {
                            let head = store.head(&names[*number]).unwrap();
                            let head = head.unwrap_or(Head::EMPTY);
                            let mut log = TestLog::forked(u8::try_from(*number).unwrap() + 1, head);
                            (*number, head, log.seal(3))
                        })
                        .collect();
                    if made.iter().all(|(_, head, _)| head.size() >= goal) {
                        return;
                    }
                    let batches: Vec<_> = made
                        .iter()
                        .map(|(number, expected, receipts)| Batch {
                            log: &names[*number],
                            expected,
                            receipts,
                        })
                        .collect();
                    match store.append(&batches) {
                        Ok(()) | Err(StoreError::HeadMoved { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let store = writer(&server);
    let sizes = names.map(|name| {
        let mut chain = Chain::resume(Head::EMPTY);
        let limit = ai_audit_store::ReadLimit {
            receipts: 9_999,
            bytes: usize::MAX,
        };
        for one in store.read(&name, 0, limit).unwrap() {
            chain
                .push(&UnverifiedReceipt::parse(one.sealed().unwrap()).unwrap())
                .unwrap();
        }
        assert_eq!(Some(*chain.head()), store.head(&name).unwrap());
        chain.head().size()
    });
    // All or nothing, so they are of one length.
    assert!(sizes[0] >= goal && sizes == [sizes[0]; 3], "{sizes:?}");
}
