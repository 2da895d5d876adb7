//! Appending through the ledger, in memory and durably, beside signing and beside bare rows.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark"
)]

use ai_audit_benches::rows::bare_rows;
use ai_audit_benches::{config, ledger, ledger_with, record};
use ai_audit_core::SigningKey;
use ai_audit_store::{Ledger, LogName, MemoryStore};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// Receipts of one measured round.
const ROUND: usize = 1024;
/// Producers that append durably at once.
const PRODUCERS: usize = 64;
/// As long as a sealed benchmark receipt.
const ROW: [u8; 443] = [7; 443];

fn append_one(ledger: &Ledger, log: &LogName) {
    ledger.submit(log, vec![record()]).unwrap().wait().unwrap();
}

/// Has producers work at once, and says how long they took; starting them does not count.
fn together(producers: usize, work: impl Fn() + Sync) -> Duration {
    let (ready, work) = (Barrier::new(producers + 1), &work);
    thread::scope(|scope| {
        let all: Vec<_> = (0..producers)
            .map(|_| {
                scope.spawn(|| {
                    ready.wait();
                    work();
                })
            })
            .collect();
        ready.wait();
        let started = Instant::now();
        for producer in all {
            producer.join().unwrap();
        }
        started.elapsed()
    })
}

fn append(c: &mut Criterion) {
    let log = LogName::default();
    let key = SigningKey::from_bytes(&[1; 32]);

    let mut group = c.benchmark_group("append-memory");
    group.sample_size(20);
    group.throughput(Throughput::Elements(ROUND as u64));
    let memory = ledger(Arc::new(MemoryStore::new()));
    group.bench_function("ours", |b| {
        b.iter(|| {
            let records = (0..ROUND).map(|_| record()).collect();
            memory.submit(&log, records).unwrap().wait().unwrap();
        });
    });
    memory.close("measured").unwrap();
    group.bench_function("ed25519-sign", |b| {
        b.iter(|| {
            for _ in 0..ROUND {
                black_box(key.sign(black_box(&ROW[..52])));
            }
        });
    });
    group.finish();

    // Not in a temporary folder of the system: that is often memory, which needs no sync.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("audit.db");
    let store = SqliteStore::open(&path, OpenMode::Create).unwrap();
    let durable = ledger(Arc::new(store));
    let mut group = c.benchmark_group("append-durable-1");
    group.sample_size(20);
    group.bench_function("ours", |b| b.iter(|| append_one(&durable, &log)));
    let mut file = File::create(folder.path().join("bare")).unwrap();
    group.bench_function("append-fdatasync", |b| {
        b.iter(|| {
            file.write_all(&ROW).unwrap();
            file.sync_data().unwrap();
        });
    });
    group.finish();

    let mut group = c.benchmark_group("append-durable-64");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROUND as u64));
    let before = durable.stats();
    group.bench_function("ours", |b| {
        b.iter_custom(|rounds| {
            let each = usize::try_from(rounds).unwrap() * (ROUND / PRODUCERS);
            together(PRODUCERS, || {
                for _ in 0..each {
                    append_one(&durable, &log);
                }
            })
        });
    });
    let after = durable.stats();
    println!(
        "append-durable-64: {:.1} receipts a commit",
        (after.appended - before.appended) as f64 / (after.commits - before.commits) as f64
    );
    durable.close("measured").unwrap();
    let mut bare = bare_rows(&folder.path().join("rows.db")).unwrap();
    group.bench_function("sign-and-commit-rows", |b| {
        b.iter(|| {
            for _ in 0..ROUND / PRODUCERS {
                let transaction = bare.transaction().unwrap();
                let mut insert = transaction
                    .prepare_cached("INSERT INTO rows (row) VALUES (?)")
                    .unwrap();
                for _ in 0..PRODUCERS {
                    black_box(key.sign(black_box(&ROW[..52])));
                    insert.execute([&ROW[..]]).unwrap();
                }
                drop(insert);
                transaction.commit().unwrap();
            }
        });
    });
    group.finish();
}

/// How many share a commit, where the writer waits for them to come back and where it does not.
fn group_commit(c: &mut Criterion) {
    let log = LogName::default();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut group = c.benchmark_group("group-commit");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROUND as u64));
    for producers in [8, 64, 512] {
        for waits in [false, true] {
            let name = format!("{producers}-{}", if waits { "waits" } else { "at-once" });
            let store = SqliteStore::open(&folder.path().join(&name), OpenMode::Create).unwrap();
            let mut config = config();
            if !waits {
                config.linger = Duration::ZERO;
            }
            let durable = ledger_with(Arc::new(store), config);
            group.bench_function(&name, |b| {
                b.iter_custom(|rounds| {
                    let each = usize::try_from(rounds).unwrap() * (ROUND / producers);
                    together(producers, || {
                        for _ in 0..each {
                            append_one(&durable, &log);
                        }
                    })
                });
            });
            let stats = durable.stats();
            println!(
                "group-commit/{name}: {:.1} receipts a commit",
                stats.appended as f64 / stats.commits as f64
            );
            durable.close("measured").unwrap();
        }
    }
    group.finish();
}

criterion_group!(benches, append, group_commit);
criterion_main!(benches);
