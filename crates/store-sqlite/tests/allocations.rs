//! How often the ledger allocates for a receipt, from `submit` until SQLite has synced it. A program of its
//! own: the allocations of all its threads are counted, so nothing else may run beside.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test, which says what it measured"
)]

use ai_audit_core::Decision;
use ai_audit_store::{Ledger, LedgerConfig, LogName, Record};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::{Counter, StillClock, TestLog};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::sync::Arc;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 64;

fn record() -> Record {
    let decision = Decision {
        model: "m".into(),
        ..Decision::new()
    };
    Record::new(&decision).trace("trace").session("session")
}

/// Allocations and bytes for each receipt of groups of this many, which wait one for the other.
fn each(ledger: &Ledger, len: usize) -> (usize, usize) {
    let log = LogName::default();
    let groups = |count: usize| -> Vec<Vec<Record>> {
        (0..count)
            .map(|_| (0..len).map(|_| record()).collect())
            .collect()
    };
    let submit = |groups: Vec<Vec<Record>>| {
        for records in groups {
            ledger.submit(&log, records).unwrap().wait().unwrap();
        }
    };
    submit(groups(8));
    let groups = groups(ROUNDS);
    let region = Region::new(COUNTED);
    submit(groups);
    let change = region.change();
    let receipts = ROUNDS * len;
    let counted = change.allocations + change.reallocations;
    (
        counted.div_ceil(receipts),
        change.bytes_allocated.div_ceil(receipts),
    )
}

#[test]
fn a_receipt_costs_a_bounded_number_of_allocations() {
    let config = LedgerConfig::new(
        Arc::new(StillClock::at(1_790_000_000_000_000)),
        Arc::new(Counter::default()),
        "tests",
    );
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("audit.db"), OpenMode::Create).unwrap();
    let ledger = Ledger::open(Arc::new(store), config).unwrap();
    ledger
        .create_log(LogName::default(), TestLog::new_log(1))
        .unwrap();
    let (alone, together) = (each(&ledger, 1), each(&ledger, 256));
    println!("SQLite: alone {alone:?}, in groups of 256 {together:?}");
    assert!(alone.0 <= ALONE && together.0 <= TOGETHER);
    assert!(together.1 <= BYTES);
}

/// A commit of one: the ticket, the group, what the commit collects.
const ALONE: usize = 28;
/// One of many: its sealed bytes. SQLite's own allocator is not counted.
const TOGETHER: usize = 3;
/// Bytes for one of many: what is kept of it, and what was on the way.
const BYTES: usize = 1200;
