//! Durable appends through the ledger, by 1, 8 and 64 producers that each wait for their receipt, into a log whose receipts are
//! signed one by one and one that permits batches; beside the bare driver, twice: one prepared insert of as many rows of the same length in a commit into a table with a key; and one of
//! the same rows into tables as ours are, with their indexes and what they check.
//!
//! `cargo xtask stores` runs it, on a PostgreSQL of its own. The least ratio of the medians to the first is the bar.
#![allow(clippy::unwrap_used, reason = "a measurement that fails says where")]
#![allow(clippy::print_stdout, reason = "its output is the table")]

use ai_audit_core::{BatchSeal, Decision};
use ai_audit_store::{Ledger, LedgerConfig, LogName, NewLog, Record, Store, SystemClock};
use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, Rights, grant, migrate};
use ai_audit_testkit::postgres::PostgresServer;
use ai_audit_testkit::{Counter, TestLog};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;

/// The least throughput, as a part of the bare driver's.
const BAR: f64 = 0.7;
/// From here on a receipt's place takes three bytes of it: the rule for bytes finds by that what kind it is.
const FIRST: i64 = 16_384;

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let (rounds, receipts) = if short { (3, 600) } else { (9, 4_000) };
    let Some(server) = PostgresServer::start("throughput of the PostgreSQL store", &[], |_| ())
    else {
        return ExitCode::SUCCESS;
    };
    let owner = server.url("postgres");
    server.sql("CREATE ROLE audit_writer LOGIN");
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
    let same = Options {
        schema: "beside".into(),
        ..Options::default()
    };
    migrate(&owner, &same).unwrap();
    let mut beside = logs.each_ref().map(|log| {
        through(&ledger, log, 64, 300);
        let same = Same::connect(&owner, log);
        (Bare::connect(&owner, log, same.row_len()), same)
    });
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
    for producers in [1, 8, 64] {
        // One producer waits for each commit: fewer do for it.
        let count = if producers == 1 {
            receipts / 4
        } else {
            receipts
        };
        let mut figures = [Figures::default(), Figures::default()];
        // The first round warms all up. Then by turns, so that what disturbs one disturbs all.
        for round in 0..=rounds {
            for (at, (log, figures)) in logs.iter().zip(&mut figures).enumerate() {
                let before = ledger.stats();
                let rate = through(&ledger, log, producers, count / producers);
                let after = ledger.stats();
                let commits = after.commits - before.commits;
                let size = (after.appended - before.appended)
                    .div_ceil(commits.max(1))
                    .max(1);
                let rows = usize::try_from(size).unwrap();
                // What comes alone is signed in either log.
                let (bare, same) = &mut beside[if producers == 1 { 0 } else { at }];
                // A batch's seal is a row and no record.
                let records = f64::from(u32::try_from(count / producers * producers).unwrap());
                let appended = u32::try_from(after.appended - before.appended).unwrap();
                let part = records / f64::from(appended);
                let bare = bare.rate(rows, count) * part;
                let same = same.rate(rows, count) * part;
                if round > 0 {
                    figures.ours.push(rate);
                    figures.bare.push(bare);
                    figures.same.push(same);
                    figures.sizes.push(f64::from(u32::try_from(size).unwrap()));
                }
            }
        }
        for (log, figures) in logs.iter().zip(figures) {
            let Figures {
                ours,
                bare,
                same,
                sizes,
            } = figures;
            let [ours, bare, same, size] = [ours, bare, same, sizes].map(median);
            let (ratio, of_same) = (ours / bare, ours / same);
            least = least.min(ratio);
            println!(
                "{:>8} {producers:>9} {ours:>10.0} {size:>11.0} {bare:>11.0} {ratio:>6.2} {same:>11.0} {of_same:>6.2}",
                log.as_str()
            );
        }
    }
    ledger.close("measured").unwrap();
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

/// Of each round.
#[derive(Default)]
struct Figures {
    ours: Vec<f64>,
    bare: Vec<f64>,
    same: Vec<f64>,
    sizes: Vec<f64>,
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
    row: Vec<u8>,
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
    fn connect(address: &str, log: &LogName, row_len: usize) -> Self {
        let (runtime, client) = connect(address);
        let table = format!("{log}_rows");
        let make = format!("CREATE TABLE {table} (key bigint PRIMARY KEY, row bytea NOT NULL)");
        runtime.block_on(client.batch_execute(&make)).unwrap();
        let insert = format!("INSERT INTO {table} SELECT * FROM unnest($1::bigint[], $2::bytea[])");
        let insert = runtime.block_on(client.prepare(&insert)).unwrap();
        Self {
            runtime,
            client,
            insert,
            row: vec![7; row_len],
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
            let rows = vec![&self.row[..]; size];
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
    log: i64,
    next: i64,
}

impl Same {
    fn connect(address: &str, log: &LogName) -> Self {
        let (runtime, client) = connect(address);
        let written = "SELECT hash, receipts.id, sealed_at, kind, trace_id, session_id, sealed, log
                       FROM ai_audit.receipts JOIN ai_audit.logs ON logs.id = log
                       WHERE name = $1 AND kind = 2 AND seq >= $2 ORDER BY seq LIMIT 2000";
        let insert = "INSERT INTO beside.receipts
                      (log, seq, hash, id, sealed_at, kind, trace_id, session_id, sealed)
                      SELECT $9::bigint, * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::integer[],
                                              $6::text[], $7::text[], $8::bytea[])";
        let rows = runtime
            .block_on(client.query(written, &[&log.as_str(), &FIRST]))
            .unwrap();
        let insert = runtime.block_on(client.prepare(insert)).unwrap();
        Self {
            runtime,
            client,
            insert,
            log: rows[0].get(7),
            rows,
            next: FIRST,
        }
    }

    /// Those at the end were written by few: a receipt like most is the first.
    fn row_len(&self) -> usize {
        self.rows[0].get::<_, &[u8]>(6).len()
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
                let all: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
                    &keys, &hashes, &ids, &times, &kinds, &traces, &sessions, &sealed, &self.log,
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
