//! Receipts a second at 1, 8 and 64 producers, on a Redis that syncs before it answers, in logs whose receipts are signed one
//! by one and in logs that permit batches, beside a bare loop of the client over batches of the same sizes.
//!
//!     cargo run --release -p ai-audit-store-redis --example redis_throughput -- [SECONDS] [ROUNDS]
//!
//! The bare loop writes receipts that were sealed before, and a head, in one transaction: no script, no tree, no
//! index, no signature. Both run by turns on the same server; shown are the medians.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for developers, whose output is its purpose"
)]

use ai_audit_core::{BatchSeal, Decision, Head};
use ai_audit_store::{
    Batch, Ledger, LedgerConfig, LogName, NewLog, Record, Sealed, Store, SystemClock,
};
use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
use ai_audit_testkit::{Counter, RedisServer, TestLog};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (length, rounds) = (Duration::from_secs(number(5)), number(5));
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    println!(
        "    log producers    ledger     append   bare loop   ledger/bare   append/bare   in a commit"
    );
    let permission = (BatchSeal::POLICY.into(), BatchSeal::PERMITTED.into());
    let logs = [("signed", vec![]), ("batched", vec![permission])];
    for producers in [1_usize, 8, 64] {
        let mut figures = [Figures::default(), Figures::default()];
        // By turns, so that what disturbs one disturbs all.
        for round in 0..rounds {
            for ((kind, policy), figures) in logs.iter().zip(&mut figures) {
                let name = format!("{kind}-{producers}-{round}");
                let work = Work {
                    batched: !policy.is_empty(),
                    size: producers,
                    length,
                };
                let new = NewLog {
                    policy: policy.clone(),
                    ..TestLog::new_log(1)
                };
                let (rate, size) = through_ledger(&server, &name, new, work);
                figures.ledger.push(rate);
                figures.sizes.push(size);
                figures
                    .append
                    .push(appends(&server, &format!("{name}-a"), work));
                figures.bare.push(bare_loop(&server, &name, work));
            }
        }
        for ((kind, _), figures) in logs.iter().zip(figures) {
            let Figures {
                ledger,
                append,
                bare,
                sizes,
            } = figures;
            let [ledger, append, bare, size] = [ledger, append, bare, sizes].map(median);
            println!(
                "{kind:>7} {producers:>9} {ledger:>7.0}/s  {append:>7.0}/s   {bare:>7.0}/s {:>13.2} {:>13.2} {size:>13.1}",
                ledger / bare,
                append / bare
            );
        }
    }
}

/// Of each round.
#[derive(Default)]
struct Figures {
    ledger: Vec<f64>,
    append: Vec<f64>,
    bare: Vec<f64>,
    sizes: Vec<f64>,
}

/// What is measured.
#[derive(Clone, Copy)]
struct Work {
    /// In a log that permits batches.
    batched: bool,
    /// Producers, and receipts in a batch.
    size: usize,
    length: Duration,
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn open(server: &RedisServer) -> RedisStore {
    RedisStore::open(&server.url(), OpenMode::Create, &RedisOptions::default()).unwrap()
}

/// Producers that each submit one record and wait until it is durable.
fn through_ledger(server: &RedisServer, name: &str, new: NewLog, work: Work) -> (f64, f64) {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(Counter::default()));
    let config = LedgerConfig::new(clock, random, "measure 1.0");
    let ledger = Ledger::open(Arc::new(open(server)), config).unwrap();
    let log = LogName::new(name).unwrap();
    ledger.create_log(log.clone(), new).unwrap();
    let before = ledger.stats();
    let (stop, sealed) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for producer in 0..work.size {
            let (ledger, log, stop, sealed) = (&ledger, &log, &stop, &sealed);
            scope.spawn(move || {
                let decision = Decision {
                    model: "gpt-4o".into(),
                    ..Decision::new()
                };
                let trace = format!("trace {producer}");
                while !stop.load(Ordering::Relaxed) {
                    let record = Record::new(&decision).trace(&trace);
                    ledger.submit(log, vec![record]).unwrap().wait().unwrap();
                    sealed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(work.length);
        stop.store(true, Ordering::Relaxed);
    });
    let seconds = start.elapsed().as_secs_f64();
    let sealed = f64::from(u32::try_from(sealed.into_inner()).unwrap());
    let after = ledger.stats();
    let number = |count: u64| f64::from(u32::try_from(count).unwrap());
    let commits = number(after.commits - before.commits);
    let appended = number(after.appended - before.appended);
    ledger.close("measured").unwrap();
    (sealed / seconds, appended / commits)
}

/// Batches of receipts that are sealed between, not counted.
fn appends(server: &RedisServer, name: &str, work: Work) -> f64 {
    let (store, name) = (open(server), LogName::new(name).unwrap());
    batches(work, |expected, receipts| {
        let batch = Batch {
            log: &name,
            expected,
            receipts,
        };
        store.append(&[batch]).unwrap();
    })
}

fn bare_loop(server: &RedisServer, name: &str, work: Work) -> f64 {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let (receipts_key, head_key) = (format!("bare:{name}"), format!("bare:{name}:head"));
    batches(work, |expected, receipts| {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        let set = pipeline.cmd("HSET").arg(&receipts_key);
        for (seq, sealed) in (expected.size()..).zip(receipts) {
            set.arg(seq).arg(sealed.as_bytes());
        }
        let last = expected.size() + receipts.len() as u64;
        pipeline.cmd("SET").arg(&head_key).arg(last);
        pipeline.query::<redis::Value>(&mut connection).unwrap();
    })
}

/// Receipts a second, of the time that the writing took. Where it is permitted they are batched as the ledger does it.
fn batches(work: Work, mut write: impl FnMut(&Head, &[Sealed])) -> f64 {
    let Work {
        batched,
        size,
        length,
    } = work;
    let mut log = TestLog::new(1);
    if batched {
        let genesis = log.seal_permitting();
        write(&Head::EMPTY, &[genesis]);
    }
    let (mut spent, mut count) = (Duration::ZERO, 0_u32);
    while spent < length {
        let expected = log.head();
        let receipts = match batched && size >= 8 {
            true => log.seal_batch(size as u64),
            false => log.seal(size as u64),
        };
        let start = Instant::now();
        write(&expected, &receipts);
        spent += start.elapsed();
        count += u32::try_from(size).unwrap();
    }
    f64::from(count) / spent.as_secs_f64()
}
