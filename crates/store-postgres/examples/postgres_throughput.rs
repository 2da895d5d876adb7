//! Durable appends through the ledger, by 1, 8 and 64 producers that each wait for their receipt, into a log whose receipts are
//! signed one by one and one that permits batches; beside the bare driver, twice: one prepared insert of as many rows of the same length in a commit into a table with a key; and one of
//! the same rows into tables as ours are, with their indexes and what they check.
//!
//! `cargo xtask stores` runs it, on a PostgreSQL of its own. The least ratio of the medians to the first is the bar.
#![allow(clippy::unwrap_used, reason = "a measurement that fails says where")]
#![allow(clippy::print_stdout, reason = "its output is the table")]

use ai_audit_core::{BatchSeal, Decision};
use ai_audit_store::{
    Ledger, LedgerConfig, LogName, NewLog, ReadLimit, Record, Store, SystemClock,
};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, Rights, grant, migrate};
use ai_audit_testkit::postgres::PostgresServer;
use ai_audit_testkit::{Counter, TestLog};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;

/// The least throughput, as a part of the bare driver's.
const BAR: f64 = 0.7;
/// As long as a sealed receipt of these with a signature.
const ROW: [u8; 222] = [7; 222];

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let (rounds, receipts) = if short { (3, 600) } else { (9, 4_000) };
    let Some(server) = PostgresServer::start("throughput of the PostgreSQL store", &[], |_| ())
    else {
        return ExitCode::SUCCESS;
    };
    let owner = server.url("postgres");
    server.sql("CREATE ROLE audit_writer LOGIN; CREATE TABLE rows (key bigint PRIMARY KEY, row bytea NOT NULL)");
    migrate(&owner, &Options::default()).unwrap();
    grant(&owner, &Options::default(), "audit_writer", Rights::Append).unwrap();
    let writer = server.url("audit_writer");
    let store = PostgresStore::open(&writer, OpenMode::ReadWrite, Options::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let config = LedgerConfig::new(
        Arc::new(SystemClock),
        Arc::new(Counter::default()),
        "measured",
    );
    let ledger = Ledger::open(Arc::clone(&store), config).unwrap();
    let permission = (BatchSeal::POLICY.into(), BatchSeal::PERMITTED.into());
    let logs = [("signed", vec![]), ("batched", vec![permission])].map(|(name, policy)| {
        let log = LogName::new(name).unwrap();
        let new = NewLog {
            policy,
            ..TestLog::new_log(1)
        };
        ledger.create_log(log.clone(), new).unwrap();
        log
    });
    let mut bare = Bare::connect(&owner);
    let same = Options {
        schema: "beside".into(),
        ..Options::default()
    };
    migrate(&owner, &same).unwrap();
    through(&ledger, &logs[0], 64, 32);
    let mut same = Same::connect(&owner);
    println!(
        "{:>8} {:>9} {:>10} {:>11} {:>11} {:>6} {:>11} {:>6}",
        "log",
        "producers",
        "receipts/s",
        "in a commit",
        "bare rows/s",
        "ratio",
        "same rows/s",
        "ratio"
    );
    let mut least = f64::INFINITY;
    for (log, producers) in logs
        .iter()
        .flat_map(|log| [1, 8, 64].map(|producers| (log, producers)))
    {
        // One producer waits for each commit: fewer do for it.
        let count = if producers == 1 {
            receipts / 4
        } else {
            receipts
        };
        let (mut ours, mut sizes) = (Vec::new(), Vec::new());
        let (mut beside, mut alike) = (Vec::new(), Vec::new());
        // The first round warms both up. Then by turns, so that what disturbs one disturbs both.
        for round in 0..=rounds {
            let before = ledger.stats();
            let rate = through(&ledger, log, producers, count / producers);
            let after = ledger.stats();
            let commits = after.commits - before.commits;
            let size = (after.appended - before.appended)
                .div_ceil(commits.max(1))
                .max(1);
            let rows = usize::try_from(size).unwrap();
            let (bare_rate, same_rate) = (bare.rate(rows, count), same.rate(rows, count));
            if round > 0 {
                ours.push(rate);
                beside.push(bare_rate);
                alike.push(same_rate);
                sizes.push(f64::from(u32::try_from(size).unwrap()));
            }
        }
        let (ours, size) = (median(ours), median(sizes));
        let (beside, alike) = (median(beside), median(alike));
        let (ratio, of_same) = (ours / beside, ours / alike);
        least = least.min(ratio);
        println!(
            "{:>8} {producers:>9} {ours:>10.0} {size:>11.0} {beside:>11.0} {ratio:>6.2} {alike:>11.0} {of_same:>6.2}",
            log.as_str()
        );
    }
    ledger.close("measured").unwrap();
    let last = store.read(&logs[0], 2_000, ReadLimit::ONE).unwrap();
    println!(
        "a receipt has {} bytes, a row {}",
        last[0].sealed().unwrap().len(),
        ROW.len()
    );
    let verdict = match (short, least >= BAR) {
        (true, _) => "not judged in the short form",
        (false, true) => "reached",
        (false, false) => "MISSED",
    };
    println!("least ratio {least:.2}, bar at least {BAR}: {verdict}");
    // In the short form the machine is busy with other things: it shows, and does not judge.
    if least < BAR && !short {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Receipts a second of as many producers, each with one record at a time.
fn through(ledger: &Ledger, log: &LogName, producers: usize, each: usize) -> f64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..producers {
            scope.spawn(|| {
                for _ in 0..each {
                    let decision = Decision {
                        model: "gpt-4o".into(),
                        ..Decision::new()
                    };
                    let record = Record::new(&decision).trace("trace").session("session");
                    ledger.submit(log, vec![record]).unwrap().wait().unwrap();
                }
            });
        }
    });
    rate(producers * each, began)
}

/// The driver alone.
struct Bare {
    runtime: Runtime,
    client: tokio_postgres::Client,
    insert: tokio_postgres::Statement,
    next: i64,
}

fn connect(address: &str) -> (Runtime, tokio_postgres::Client) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (client, connection) = runtime
        .block_on(tokio_postgres::connect(address, tokio_postgres::NoTls))
        .unwrap();
    runtime.spawn(async {
        connection.await.unwrap();
    });
    (runtime, client)
}

impl Bare {
    fn connect(address: &str) -> Self {
        let (runtime, client) = connect(address);
        let insert = "INSERT INTO rows SELECT * FROM unnest($1::bigint[], $2::bytea[])";
        let insert = runtime.block_on(client.prepare(insert)).unwrap();
        Self {
            runtime,
            client,
            insert,
            next: 0,
        }
    }

    /// Rows a second, as many in a commit.
    fn rate(&mut self, size: usize, rows: usize) -> f64 {
        let began = Instant::now();
        let commits = rows.div_ceil(size);
        for _ in 0..commits {
            let keys: Vec<i64> = (self.next..).take(size).collect();
            self.next += i64::try_from(size).unwrap();
            let rows = vec![&ROW[..]; size];
            let insert = async { self.client.execute(&self.insert, &[&keys, &rows]).await };
            self.runtime.block_on(insert).unwrap();
        }
        rate(commits * size, began)
    }
}

/// The driver with rows that the ledger wrote, into tables like its own.
struct Same {
    runtime: Runtime,
    client: tokio_postgres::Client,
    insert: tokio_postgres::Statement,
    /// Some of them, over and over.
    rows: Vec<tokio_postgres::Row>,
    next: i64,
}

impl Same {
    fn connect(address: &str) -> Self {
        let (runtime, client) = connect(address);
        let written =
            "SELECT hash, id, sealed_at, kind, trace_id, session_id, sealed FROM ai_audit.receipts
                       WHERE kind = 2 ORDER BY seq DESC LIMIT 2000";
        let insert = "INSERT INTO beside.receipts
                      (log, seq, hash, id, sealed_at, kind, trace_id, session_id, sealed)
                      SELECT 1, * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::integer[],
                                              $6::text[], $7::text[], $8::bytea[])";
        let rows = runtime.block_on(client.query(written, &[])).unwrap();
        let insert = runtime.block_on(client.prepare(insert)).unwrap();
        Self {
            runtime,
            client,
            insert,
            rows,
            next: 0,
        }
    }

    /// Rows a second, as many in a commit.
    fn rate(&mut self, size: usize, rows: usize) -> f64 {
        let began = Instant::now();
        let commits = rows.div_ceil(size);
        let mut written = self.rows.iter().cycle();
        for _ in 0..commits {
            let keys: Vec<i64> = (self.next..).take(size).collect();
            self.next += i64::try_from(size).unwrap();
            let rows: Vec<&tokio_postgres::Row> = written.by_ref().take(size).collect();
            let bytes = |at: usize| rows.iter().map(|row| row.get(at)).collect::<Vec<&[u8]>>();
            let texts = |at: usize| rows.iter().map(|row| row.get(at)).collect::<Vec<&str>>();
            let times: Vec<i64> = rows.iter().map(|row| row.get(2)).collect();
            let kinds: Vec<i32> = rows.iter().map(|row| row.get(3)).collect();
            let (hashes, sealed) = (bytes(0), bytes(6));
            // In the order in which they are made, and each of them once.
            let ids: Vec<[u8; 16]> = keys.iter().map(|key| id(*key)).collect();
            let ids: Vec<&[u8]> = ids.iter().map(<[u8; 16]>::as_slice).collect();
            let (traces, sessions) = (texts(4), texts(5));
            let insert = async {
                let all: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
                    &keys, &hashes, &ids, &times, &kinds, &traces, &sessions, &sealed,
                ];
                self.client.execute(&self.insert, &all).await
            };
            self.runtime.block_on(insert).unwrap();
        }
        rate(commits * size, began)
    }
}

fn id(number: i64) -> [u8; 16] {
    (u128::from(number.unsigned_abs()) << 64).to_be_bytes()
}

fn rate(count: usize, began: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
