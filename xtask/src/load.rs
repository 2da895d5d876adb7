//! `cargo xtask load`: a mixed load on the running service at half of what it takes, with its memory; and the
//! log that it leaves, verified.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::measure::{self, Disk, time};
use crate::program::{self, Speed};
use crate::service::{Running, verified};
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;

/// Seconds, if nothing else is said.
pub(crate) const HOUR: u64 = 60 * 60;
/// As in the whole form of CI.
pub(crate) const WHOLE: u64 = 10 * 60;
/// As in CI.
pub(crate) const SHORT: u64 = 10;

/// Of each second of load at a few thousand requests, and some for the rest.
const BYTES_A_SECOND: u64 = 3 << 20;
/// What memory may be more in the last quarter than in the second one, on average: as a part of it, or
/// in bytes. Allocators keep pages for later, and SQLite's cache fills.
const GROWTH: (f64, f64) = (0.1, 16.0 * 1024.0 * 1024.0);
/// Between two looks at the memory.
const PAUSE: Duration = Duration::from_millis(200);
/// Kinds of receipts that the log makes by itself.
const CONTROL: [&str; 4] = ["genesis", "start", "stop", "checkpoint"];

/// Loads a service for so many seconds.
///
/// # Errors
/// When an answer is not what it should be, a receipt that was acknowledged is not in the log, there are
/// others, memory grows, or the log is not verified.
pub(crate) fn run(workspace: &Workspace, seconds: u64) -> Result<()> {
    let disk = Disk::new(workspace, "load", (1 << 30) + seconds * BYTES_A_SECOND)?;
    // Seconds are for showing that it works; what is to be measured takes longer.
    let speed = Speed::of(seconds <= SHORT);
    let program = measure::program(workspace, speed)?;
    let audit = program::command(workspace, speed)?;
    let log = disk.folder.join("audit");
    let ai_audit = || Cmd::new(workspace, &audit);
    ai_audit()
        .arg("init")
        .arg(&log)
        .args(["--name", "example.org/load", "--quiet"])
        .run()?;
    let token = ai_audit()
        .args(["token", "create"])
        .arg(&log)
        .args(["--scope", "admin", "--quiet"])
        .read()?;
    let running = Running::start(&audit, &log, &["--metrics"])?;
    let json = disk.folder.join("figures.json");
    let address = running.url.trim_start_matches("http://").to_owned();
    // Only of the time in which the load is half of what it takes.
    let half = AtomicBool::new(false);
    let memory = thread::scope(|scope| -> Result<Vec<(Duration, u64)>> {
        let load = scope.spawn(|| {
            Cmd::new(workspace, &program)
                .args(["load", &address, token.trim(), &seconds.to_string()])
                .arg(&json)
                .run_lines(|line| {
                    half.fetch_or(line.starts_with("at most "), Ordering::Relaxed);
                    Show::Yes
                })
        });
        let (mut begun, mut memory) = (Instant::now(), Vec::new());
        while !load.is_finished() {
            if half.load(Ordering::Relaxed) {
                memory.extend(resident(running.id()).map(|bytes| (begun.elapsed(), bytes)));
            } else {
                begun = Instant::now();
            }
            thread::sleep(PAUSE);
        }
        load.join()
            .map_err(|_| anyhow::anyhow!("the load panicked"))??;
        Ok(memory)
    })?;
    running.stop()?;
    let figures: Value = serde_json::from_slice(&fs::read(&json)?)?;
    verified(workspace, &audit, &log)?;
    let counted = all_there(workspace, &audit, &log, &figures)?;
    let number = |name: &str| figures[name].as_f64().with_context(|| name.to_owned());
    let quantile = |name: &str| {
        figures["latency"][name]
            .as_f64()
            .with_context(|| name.to_owned())
    };
    println!(
        "load: {:.0} requests a second of {:.0} at most, for {seconds} s; p50 {}, p99 {}; {counted} receipts \
         acknowledged and there; {} answers of 503",
        number("per_second")?,
        number("maximum")?,
        time(quantile("p50")?),
        time(quantile("p99")?),
        figures["later"],
    );
    flat(&memory)
}

/// Every receipt that was acknowledged is in the log, and no other but those of its own.
fn all_there(
    workspace: &Workspace,
    audit: &std::path::Path,
    log: &std::path::Path,
    figures: &Value,
) -> Result<u64> {
    let said = Cmd::new(workspace, audit)
        .arg("stats")
        .arg(log)
        .arg("--json")
        .read()?;
    let said: Value = serde_json::from_str(&said)?;
    let kinds = said["kinds"].as_object().context("`kinds`")?;
    let sent: u64 = kinds
        .iter()
        .filter(|(kind, _)| !CONTROL.contains(&kind.as_str()))
        .filter_map(|(_, count)| count.as_u64())
        .sum();
    let acknowledged = figures["acknowledged"].as_u64().context("`acknowledged`")?;
    ensure!(
        sent == acknowledged,
        "{acknowledged} receipts were acknowledged, and {sent} are in the log: {kinds:?}"
    );
    Ok(sent)
}

/// Holds the average of the last quarter against that of the second.
fn flat(memory: &[(Duration, u64)]) -> Result<()> {
    let Some((end, _)) = memory.last() else {
        println!("load: memory is not known here");
        return Ok(());
    };
    let average = |quarter: u32| {
        let (from, to) = (*end * quarter / 4, *end * (quarter + 1) / 4);
        let part: Vec<f64> = memory
            .iter()
            .filter(|(at, _)| (from..=to).contains(at))
            .map(|(_, bytes)| real(*bytes))
            .collect();
        part.iter().sum::<f64>() / real(part.len().try_into().unwrap_or(u64::MAX)).max(1.0)
    };
    let (second, last) = (average(1), average(3));
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    println!(
        "load: memory {:.1} MiB on average in the second quarter, {:.1} MiB in the last",
        mib(second),
        mib(last)
    );
    let most = (second * GROWTH.0).max(GROWTH.1);
    ensure!(
        last - second <= most,
        "memory grew by {:.1} MiB, at most {:.1} were expected",
        mib(last - second),
        mib(most)
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of memory are below 2^53")]
const fn real(bytes: u64) -> f64 {
    bytes as f64
}

/// Bytes of memory that a process has, where the system tells.
fn resident(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
