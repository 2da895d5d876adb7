//! A91: two writers that each think themselves alone.

use crate::servers::{append, create};
use ai_audit_core::{Chain, Decision, Head, UnverifiedReceipt};
use ai_audit_store::{LogName, ReadLimit, Store, StoreError};
use ai_audit_testkit::{RedisServer, TestLog};
use std::sync::Barrier;

/// How often the two meet.
const ROUNDS: u64 = 10_000;

#[test]
fn a91_of_two_writers_that_race_one_wins_each_time() {
    let Some(server) = RedisServer::start_in_memory(&[]) else {
        return;
    };
    let name = LogName::default();
    let mut log = TestLog::new(1);
    append(&create(&server), &name, &Head::EMPTY, &log.seal(2)).unwrap();
    // Both start each round from the same head, with receipts that differ.
    let (start, meet) = (log.head(), Barrier::new(2));
    let race = |model: &str| {
        let store = create(&server);
        let (mut won, mut head, mut wrong) = (0, start, None);
        for round in 0..ROUNDS {
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
    let [one, two] = std::thread::scope(|scope| {
        let race = &race;
        let threads = ["one", "two"].map(|model| scope.spawn(move || race(model)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!((&one.2, &two.2), (&None, &None));
    assert_eq!(one.0 + two.0, ROUNDS, "somebody won twice, or nobody");
    assert_eq!(one.1, two.1);
    println!("of {ROUNDS} races the first writer won {}", one.0);

    // One chain, without a gap.
    let store = create(&server);
    let mut chain = Chain::new();
    loop {
        let read = store
            .read(&name, chain.head().size(), ReadLimit::default())
            .unwrap();
        if read.is_empty() {
            break;
        }
        for receipt in read {
            chain
                .push(&UnverifiedReceipt::parse(receipt.sealed().unwrap()).unwrap())
                .unwrap();
        }
    }
    assert_eq!(chain.head(), &one.1);
    assert_eq!(chain.head().size(), ROUNDS + 2);
    assert_eq!(store.health().unwrap().receipts, ROUNDS + 2);
}
