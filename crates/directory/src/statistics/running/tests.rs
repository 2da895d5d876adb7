//! What asking again costs, and when it is counted from the first receipt on.

use super::*;
use ai_audit_store::{Batch, MemoryStore};
use ai_audit_testkit::{FaultyStore, TestLog};

type Counted = FaultyStore<MemoryStore>;

fn name() -> LogName {
    LogName::default()
}

fn append(store: &Counted, log: &mut TestLog, count: u64) {
    let expected = log.head();
    let receipts = log.seal(count);
    let batch = Batch {
        log: &name(),
        expected: &expected,
        receipts: &receipts,
    };
    store.append(&[batch]).unwrap();
}

/// Asks, and says how many receipts were counted and how many were read for it.
fn ask(running: &mut RunningStatistics, store: &Counted) -> (u64, u64) {
    let read = store.receipts_read();
    let head = store.head(&name()).unwrap().unwrap();
    let mut seen = 0;
    let progress = |done, of| {
        assert!(done <= of && of == head.size());
        seen += 1;
    };
    let statistics = running.to(store, &name(), head, progress).unwrap();
    let anew = RunningStatistics::new().to(store.inner(), &name(), head, |_, _| {});
    assert_eq!(
        serde_json::to_value(&statistics).unwrap(),
        serde_json::to_value(anew.unwrap()).unwrap()
    );
    let read = store.receipts_read() - read;
    assert_eq!(read, seen);
    (statistics.counts.receipts, read)
}

#[test]
fn asked_again_it_reads_what_came_since() {
    let store = FaultyStore::new(MemoryStore::new());
    let (mut log, mut running) = (TestLog::new(1), RunningStatistics::new());
    append(&store, &mut log, 3000);
    assert_eq!(ask(&mut running, &store), (3000, 3000));
    assert_eq!(ask(&mut running, &store), (3000, 0));
    append(&store, &mut log, 7);
    assert_eq!(ask(&mut running, &store), (3007, 7));
    // One receipt of the tree tells that the log is still the one that was counted.
    let nodes = store.nodes_read();
    assert_eq!(ask(&mut running, &store), (3007, 0));
    assert_eq!(store.nodes_read() - nodes, 1);
    // It keeps figures and names, and no receipts.
    let held = running.held();
    assert!((1..100_000).contains(&held), "{held}");
}

#[test]
fn another_or_a_shorter_log_is_counted_from_its_first_receipt_on() {
    let (mut log, mut running) = (TestLog::new(1), RunningStatistics::new());
    let store = FaultyStore::new(MemoryStore::new());
    append(&store, &mut log, 20);
    let fork = log.head();
    append(&store, &mut log, 20);
    assert_eq!(ask(&mut running, &store), (40, 40));
    // Its second history, which goes on differently behind receipt 19.
    let other = FaultyStore::new(MemoryStore::new());
    append(&other, &mut TestLog::new(1), 20);
    assert_eq!(ask(&mut running, &other), (20, 20));
    assert_eq!(ask(&mut running, &store), (40, 20));
    append(&other, &mut TestLog::forked(1, fork), 30);
    assert_eq!(ask(&mut running, &other), (50, 50));
    let third = FaultyStore::new(MemoryStore::new());
    append(&third, &mut TestLog::new(2), 60);
    assert_eq!(ask(&mut running, &third), (60, 60));
}

#[test]
fn where_a_receipt_cannot_be_read_nothing_of_it_is_kept() {
    let store = FaultyStore::new(MemoryStore::new());
    let (mut log, mut running) = (TestLog::new(1), RunningStatistics::new());
    append(&store, &mut log, 20);
    assert_eq!(ask(&mut running, &store), (20, 20));
    append(&store, &mut log, 10);
    // A head that promises more than is there.
    let head = log.head();
    let beyond = Head::from_parts(head.log_id(), 40, head.hash(), head.sealed_at());
    let error = running.to(&store, &name(), beyond, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("receipt 30"), "{error}");
    assert_eq!(running.held(), 0);
    assert_eq!(ask(&mut running, &store), (30, 30));
}
