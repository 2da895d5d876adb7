//! The open loop: requests arrive on a fixed schedule, whether those before them are done or not.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use ai_audit_store::{Ledger, LogName, Ticket};
use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::cpu;
use crate::rig::{self, Records};
use crate::samples::{Samples, rate as per_second};

/// How much longer than the schedule the acknowledgements may take where a rate was held.
const HELD: f64 = 1.01;
/// How much shorter the schedule without a ledger is.
const BASELINE: u32 = 4;

/// A request that was submitted: when it was due, and what its acknowledgement comes from. Without a
/// ledger there is nothing to wait for.
type Request = (Instant, Option<Ticket>);

/// What a schedule came to.
struct Run {
    latencies: Samples,
    /// How late the schedule was.
    lateness: Samples,
    /// From the first request's due time to the last acknowledgement.
    took: Duration,
    /// Processor time of all threads, as a share of one core.
    cpu: Option<f64>,
}

pub(crate) fn run(database: &Path, rate: u32, time: Duration) -> Result<Value> {
    let baseline = schedule(None, rate, time / BASELINE)?;
    let store = rig::store(database)?;
    let ledger = rig::create(store)?;
    schedule(Some(&ledger), rate, time / 10)?;
    let before = ledger.stats();
    let mut run = schedule(Some(&ledger), rate, time)?;
    let after = ledger.stats();
    ensure!(
        after.appended - before.appended == u64::try_from(run.latencies.count())?,
        "{} requests were acknowledged and {} written",
        run.latencies.count(),
        after.appended - before.appended
    );
    ledger.close("measured")?;
    let cpu = run.cpu.zip(baseline.cpu).map(|(all, base)| all - base);
    Ok(json!({
        "rate": rate,
        "seconds": time.as_secs_f64(),
        "achieved": per_second(run.latencies.count(), run.took),
        "held": run.took.as_secs_f64() <= HELD * time.as_secs_f64(),
        "latency": run.latencies.quantiles(),
        "lateness": run.lateness.quantiles(),
        "commits": after.commits - before.commits,
        "cpu": cpu,
        "schedule_cpu": baseline.cpu,
    }))
}

/// Submits on schedule from this thread, and waits for the acknowledgements in another one. They come
/// in the order of submission, since there is one log.
fn schedule(ledger: Option<&Ledger>, rate: u32, time: Duration) -> Result<Run> {
    cpu::punctual_sleeps();
    let records = Records::starting_at(u64::from(rate) << 40);
    let log = LogName::default();
    let requests = (time.as_millis() * u128::from(rate) / 1000).max(1);
    let requests = u32::try_from(requests)?;
    let interval = Duration::from_secs(1) / rate;
    let (sender, receiver) = channel::<Request>();
    thread::scope(|scope| {
        let before = cpu::process();
        let waiter = scope.spawn(|| wait_for(receiver));
        let mut lateness = Samples::default();
        let start = Instant::now() + interval;
        let submitted = (0..requests).try_for_each(|number| -> Result<()> {
            let due = start + interval * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            lateness.push(due.elapsed());
            let ticket = match ledger {
                Some(ledger) => Some(ledger.submit(&log, vec![records.next()])?),
                None => None,
            };
            sender
                .send((due, ticket))
                .map_err(|_| anyhow!("nobody waits for acknowledgements any more"))
        });
        drop(sender);
        let waited = waiter.join().map_err(|_| anyhow!("the waiter panicked"))?;
        let (wall, after) = (start.elapsed(), cpu::process());
        submitted?;
        let (latencies, last) = waited?;
        let cpu = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before).as_secs_f64() / wall.as_secs_f64());
        Ok(Run {
            latencies,
            lateness,
            took: last.saturating_duration_since(start),
            cpu,
        })
    })
}

/// Takes the time of each acknowledgement, from when its request was due.
fn wait_for(requests: Receiver<Request>) -> Result<(Samples, Instant)> {
    let (mut latencies, mut last) = (Samples::default(), Instant::now());
    for (due, ticket) in requests {
        if let Some(ticket) = ticket {
            ticket.wait()?;
        }
        last = Instant::now();
        latencies.push(last.saturating_duration_since(due));
    }
    Ok((latencies, last))
}
