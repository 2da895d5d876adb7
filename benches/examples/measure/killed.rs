//! A process that appends and is killed, and the one that opens its log afterwards.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ai_audit_core::{LeafHash, UnverifiedReceipt};
use ai_audit_store::{LogName, StoreReader};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::cpu;
use crate::rig::{self, Records};
use crate::samples::{Samples, nanos};

/// Kills at each size.
const KILLS: u32 = 5;
/// Producers of the process that is killed.
const PRODUCERS: usize = 8;
/// Acknowledgements after which it is killed at the earliest; then some milliseconds more, others each
/// time.
const ACKNOWLEDGED: usize = 500;
const LATER: Duration = Duration::from_micros(1_700);

/// Appends until the process is killed, and prints what was acknowledged: place and hash.
pub(crate) fn append(database: &Path) -> Result<()> {
    let ledger = rig::attach(rig::store(database)?)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let records = Records::starting_at(nanos(now));
    let log = LogName::default();
    let produce = || -> Result<()> {
        loop {
            let receipts = ledger.submit(&log, vec![records.next()])?.wait()?;
            for receipt in receipts {
                // One write each: a line that is there whole was acknowledged.
                let line = format!("{} {}\n", receipt.seq, receipt.hash);
                std::io::stdout().lock().write_all(line.as_bytes())?;
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..PRODUCERS).map(|_| scope.spawn(produce)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a producer panicked"))?)
    })
}

/// Opens the log, appends one receipt, and prints how long that took since the process began, its
/// processor time and its peak memory.
pub(crate) fn reopen(database: &Path, started: Instant) -> Result<()> {
    let ledger = rig::attach(rig::store(database)?)?;
    let record = Records::default().next();
    ledger.submit(&LogName::default(), vec![record])?.wait()?;
    let figures = json!({
        "appended": nanos(started.elapsed()),
        "cpu": nanos(cpu::process().unwrap_or_else(|| started.elapsed())),
        "peak_kib": cpu::peak_kib(),
    });
    println!("{figures}");
    ledger.close("measured")?;
    Ok(())
}

/// Kills and opens again some times.
pub(crate) fn rounds(database: &Path) -> Result<Value> {
    let mut times = [const { Vec::new() }; 2];
    let (mut peak, mut acknowledged) = (0, 0);
    for number in 0..KILLS {
        let acks = killed(database, LATER * number)?;
        let figures = opened_again(database)?;
        for (times, name) in times.iter_mut().zip(["appended", "cpu"]) {
            let time = figures[name].as_u64().context("no time")?;
            times.push(Duration::from_nanos(time));
        }
        peak = peak.max(figures["peak_kib"].as_u64().context("no peak memory")?);
        all_there(database, &acks)?;
        acknowledged += acks.len();
    }
    let [appended, cpu] = times.map(|times| {
        let mut samples = Samples::default();
        times.into_iter().for_each(|time| samples.push(time));
        samples.quantiles()
    });
    Ok(json!({
        "kills": KILLS,
        "acknowledged": acknowledged,
        "appended": appended,
        "cpu": cpu,
        "peak_kib": peak,
    }))
}

/// Starts the process that appends, kills it while it does, and gives what it said was acknowledged.
fn killed(database: &Path, later: Duration) -> Result<HashMap<u64, String>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("append-until-killed")
        .arg(database)
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("no output")?;
    let mut output = BufReader::new(output);
    let mut acknowledged = HashMap::new();
    let mut read = |output: &mut BufReader<_>| -> Result<bool> {
        let mut line = String::new();
        output.read_line(&mut line)?;
        // The pipe ends with the process, perhaps within a line.
        let Some(line) = line.strip_suffix('\n') else {
            return Ok(false);
        };
        let (seq, hash) = line.split_once(' ').context("a line without a hash")?;
        acknowledged.insert(seq.parse()?, hash.to_owned());
        Ok(true)
    };
    for _ in 0..ACKNOWLEDGED {
        ensure!(
            read(&mut output)?,
            "the process that appends ended by itself: {}",
            child.wait()?
        );
    }
    thread::sleep(later);
    // SIGKILL: nothing of the process runs any more, no destructor and no handler.
    child.kill()?;
    let status = child.wait()?;
    ensure!(!status.success(), "the process was not killed: {status}");
    while read(&mut output)? {}
    Ok(acknowledged)
}

fn opened_again(database: &Path) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .arg("reopen")
        .arg(database)
        .output()?;
    ensure!(
        output.status.success(),
        "the log cannot be opened again: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Whether every acknowledged receipt is in the log, in its place.
fn all_there(database: &Path, acknowledged: &HashMap<u64, String>) -> Result<()> {
    let first = acknowledged.keys().min().context("nothing acknowledged")?;
    let last = acknowledged.keys().max().context("nothing acknowledged")?;
    let store = rig::store(database)?;
    let mut reader = StoreReader::range(&*store, &LogName::default(), *first..last + 1);
    let mut found = 0;
    while let Some(receipt) = reader.read_receipt()? {
        let Some(hash) = acknowledged.get(&receipt.seq) else {
            continue;
        };
        let sealed = receipt
            .sealed()
            .context("an acknowledged receipt is deleted")?;
        let there: LeafHash = UnverifiedReceipt::parse(sealed)?.hash();
        ensure!(
            there.to_string() == *hash,
            "receipt {} was acknowledged with another hash",
            receipt.seq
        );
        found += 1;
    }
    ensure!(
        found == acknowledged.len(),
        "of {} acknowledged receipts {found} are in the log",
        acknowledged.len()
    );
    Ok(())
}
