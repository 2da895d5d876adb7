//! A long log in SQLite: proofs from it, and whether appending and verifying cost more as it grows.

use crate::core::MESSAGE;
use ai_audit_benches::compare::{Effort, Row, Runner, quantile};
use ai_audit_benches::{ledger, packages, record_of};
use ai_audit_merkle::{LeafIndex, Tiled, TreeSize, inclusion_proof};
use ai_audit_note::SignedNote;
use ai_audit_store::{Ledger, LogName, StoreReader, StoreTiles};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::TestLog;
use ai_audit_verify::LogVerifier;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const GROUP: &str = "A long stored log";
const WORKS: [&str; 3] = ["proof from", "append, growth to", "verify, growth to"];
/// Signatures between two groups, that the group's time is held against: the machine's pace just then.
const BARE: u64 = 32;

/// The cost of a receipt, in bare signatures, when the log had this size.
type Costs = Vec<(u64, f64)>;

pub(crate) fn rows(runner: &Runner) {
    if !runner.wants_any(GROUP, &WORKS) {
        return;
    }
    let (size, name) = runner
        .effort()
        .of((3_000, "3,000"), (100_000, "10^5"), (1_000_000, "10^6"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = SqliteStore::open(&folder.path().join("audit.db"), OpenMode::Create).unwrap();
    let (store, log) = (Arc::new(store), LogName::default());
    let ledger = ledger(store.clone());
    let appending = fill(&ledger, &log, size, runner.effort());
    let checkpoint = ledger.checkpoint(&log).unwrap();
    ledger.close("filled").unwrap();
    let growth = |row: &str, costs: &Costs| {
        let row = Row::new(GROUP, &format!("{row} {name}")).most(1.3);
        runner.figure(row, worst_step(costs, size), "x");
    };
    growth(WORKS[1], &appending);

    let note = SignedNote::parse(checkpoint.as_bytes()).unwrap();
    let leaves: u64 = note.text().lines().nth(1).unwrap().parse().unwrap();
    let mut at = 1u64;
    let mut nodes = Tiled::new(StoreTiles::new(&*store, &log));
    runner.single(
        Row::new(GROUP, &format!("{} {name}", WORKS[0])).most(60e3),
        1,
        || {
            // Other receipts each time, all over the log: the leaf's tile is read, those above it and at the
            // right edge are the reader's already.
            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = LeafIndex::new((at >> 20) % leaves);
            inclusion_proof(&mut nodes, index, TreeSize::new(leaves)).unwrap()
        },
    );
    if runner.wants_any(GROUP, &WORKS[2..]) {
        growth(WORKS[2], &verify(&store, &log, &checkpoint));
    }
}

/// Appends until the log has so many receipts.
fn fill(ledger: &Ledger, log: &LogName, size: u64, effort: Effort) -> Costs {
    let group = effort.of(64, 1024, 1024);
    let [key, ..] = TestLog::keys(1);
    let (mut costs, mut held) = (Vec::new(), 0);
    while held < size {
        let count = group.min(size - held);
        let numbers = held..held + count;
        let records = numbers.map(|n| record_of(usize::try_from(n).unwrap()));
        let records = records.collect();
        let start = Instant::now();
        ledger.submit(log, records).unwrap().wait().unwrap();
        let ours = nanos(start, count);
        let start = Instant::now();
        for _ in 0..BARE {
            black_box(key.sign(black_box(&MESSAGE)));
        }
        held += count;
        costs.push((held, ours / nanos(start, BARE)));
    }
    costs
}

/// Reads and verifies the whole log.
fn verify(store: &SqliteStore, log: &LogName, checkpoint: &str) -> Costs {
    const GROUP: u64 = 100;
    let [key, ..] = TestLog::keys(1);
    let (public, signature) = (key.verifying_key(), key.sign(&MESSAGE));
    let policy = packages::policy_of(checkpoint);
    let mut verifier = LogVerifier::new(&policy);
    let mut receipts = StoreReader::new(store, log).unwrap();
    let (mut costs, mut seen) = (Vec::new(), 0);
    let mut start = Instant::now();
    while let Some(stored) = receipts.read_receipt().unwrap() {
        verifier.push(stored.sealed().unwrap());
        seen += 1;
        if seen % GROUP == 0 {
            let ours = nanos(start, GROUP);
            start = Instant::now();
            for _ in 0..4 {
                public.verify(black_box(&MESSAGE), &signature).unwrap();
            }
            costs.push((seen, ours / nanos(start, 4)));
            start = Instant::now();
        }
    }
    let report = verifier.finish();
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    costs
}

#[allow(
    clippy::cast_precision_loss,
    reason = "durations and counts here are far below 2^53"
)]
fn nanos(start: Instant, count: u64) -> f64 {
    start.elapsed().as_nanos() as f64 / count as f64
}

/// From 10^4 on (or a tenth of a shorter log): how many times as much a receipt costs when the log is ten
/// times as long, at the worst step.
fn worst_step(costs: &Costs, size: u64) -> f64 {
    let mut worst = 0.0f64;
    let mut decade = (size / 10).min(10_000);
    let mut before: Option<f64> = None;
    while decade <= size {
        let mut there: Vec<f64> = costs
            .iter()
            .filter(|(held, _)| *held > decade / 2 && *held <= decade)
            .map(|(_, cost)| *cost)
            .collect();
        assert!(!there.is_empty(), "nothing was measured up to {decade}");
        let now = quantile(&mut there, 0.5);
        if let Some(before) = before {
            worst = worst.max(now / before);
        }
        before = Some(now);
        decade *= 10;
    }
    worst
}
