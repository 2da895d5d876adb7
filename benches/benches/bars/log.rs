//! Appending through the ledger, in memory and durably, beside signing and beside bare rows.

use crate::core::MESSAGE;
use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::rows::bare_rows;
use ai_audit_benches::{ledger, record};
use ai_audit_core::SigningKey;
use ai_audit_store::{Ledger, LogName, MemoryStore};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::thread;

const GROUP: &str = "Appending";
/// Receipts of one measured round.
const ROUND: usize = 1024;
/// The same where many producers append durably: long enough that starting their threads is nothing.
const DURABLE: usize = 4096;
/// Producers that append durably at once.
const PRODUCERS: usize = 64;
/// As long as a sealed benchmark receipt.
const ROW: [u8; 443] = [7; 443];

fn append_one(ledger: &Ledger, log: &LogName) {
    ledger.submit(log, vec![record()]).unwrap().wait().unwrap();
}

pub(crate) fn rows(runner: &Runner) {
    in_memory(runner);
    crate::batched::rows(runner);
    if runner.wants_any(GROUP, &["durable, 1 producer", "durable, 64 producers"]) {
        durable(runner);
    }
}

fn in_memory(runner: &Runner) {
    let log = LogName::default();
    let key = SigningKey::from_bytes(&[1; 32]);
    let memory = ledger(Arc::new(MemoryStore::new()));
    runner.pair(
        Row::new(GROUP, "in memory, 1,024 at once").beside("Ed25519 sign"),
        1024,
        || {
            let records = (0..ROUND).map(|_| record()).collect();
            memory.submit(&log, records).unwrap().wait().unwrap();
        },
        || {
            for _ in 0..ROUND {
                black_box(key.sign(black_box(&MESSAGE)));
            }
        },
    );
    memory.close("measured").unwrap();
}

fn durable(runner: &Runner) {
    let log = LogName::default();
    let key = SigningKey::from_bytes(&[1; 32]);
    // Not in a temporary folder of the system: that is often memory, which needs no sync.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = SqliteStore::open(&folder.path().join("audit.db"), OpenMode::Create).unwrap();
    let durable = ledger(Arc::new(store));
    let mut file = File::create(folder.path().join("bare")).unwrap();
    runner.pair(
        Row::new(GROUP, "durable, 1 producer")
            .beside("write, fdatasync")
            .most(1.5),
        1,
        || append_one(&durable, &log),
        || {
            file.write_all(&ROW).unwrap();
            file.sync_data().unwrap();
        },
    );
    let each = runner.effort().of(ROUND, DURABLE, DURABLE) / PRODUCERS;
    let mut bare = bare_rows(&folder.path().join("rows.db")).unwrap();
    runner.pair(
        Row::new(GROUP, "durable, 64 producers")
            .beside("sign, bare rows")
            .most(1.25),
        u64::try_from(each * PRODUCERS).unwrap(),
        || {
            thread::scope(|scope| {
                for _ in 0..PRODUCERS {
                    scope.spawn(|| {
                        for _ in 0..each {
                            append_one(&durable, &log);
                        }
                    });
                }
            });
        },
        || {
            for _ in 0..each {
                let transaction = bare.transaction().unwrap();
                let mut insert = transaction
                    .prepare_cached("INSERT INTO rows (row) VALUES (?)")
                    .unwrap();
                for _ in 0..PRODUCERS {
                    black_box(key.sign(black_box(&MESSAGE)));
                    insert.execute([&ROW[..]]).unwrap();
                }
                drop(insert);
                transaction.commit().unwrap();
            }
        },
    );
    durable.close("measured").unwrap();
}
