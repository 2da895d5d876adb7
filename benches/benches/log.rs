//! Appending through the ledger, in memory and durably, beside signing and beside bare rows.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::{ledger, record};
use ai_audit_core::SigningKey;
use ai_audit_store::{Ledger, LogName, MemoryStore};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rusqlite::Connection;
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::thread;

/// Receipts of one measured round.
const ROUND: usize = 1024;
/// Producers that append durably at once.
const PRODUCERS: usize = 64;
/// As long as a sealed benchmark receipt.
const ROW: [u8; 443] = [7; 443];

fn append_one(ledger: &Ledger, log: &LogName) {
    ledger.submit(log, vec![record()]).unwrap().wait().unwrap();
}

/// A table of bare rows, in the mode that the store uses.
fn rows(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
        .unwrap();
    connection
        .pragma_update(None, "synchronous", "full")
        .unwrap();
    connection
        .execute_batch("CREATE TABLE rows (key INTEGER PRIMARY KEY, row BLOB NOT NULL)")
        .unwrap();
    connection
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
    group.bench_function("ours", |b| {
        b.iter(|| {
            thread::scope(|scope| {
                for _ in 0..PRODUCERS {
                    scope.spawn(|| {
                        for _ in 0..ROUND / PRODUCERS {
                            append_one(&durable, &log);
                        }
                    });
                }
            });
        });
    });
    durable.close("measured").unwrap();
    let mut bare = rows(&folder.path().join("rows.db"));
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

criterion_group!(benches, append);
criterion_main!(benches);
