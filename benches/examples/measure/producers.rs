//! The closed loop: each producer records, waits until that is durable, and records again.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ai_audit_store::{Ledger, LogName, ReadLimit, Store};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::bare::{Rows, append_and_sync};
use crate::latency::Size;
use crate::rig::{self, Records};
use crate::samples::{Samples, median, rate, real};

/// Rounds of the ledger and of the bare loop in turn.
pub(crate) fn run(folder: &Path, producers: usize, size: Size) -> Result<Value> {
    let store = rig::store(&folder.join("audit.db"))?;
    let ledger = rig::create(store.clone())?;
    let records = Records::default();
    // What is only at the beginning, such as the first pages of the file, is not measured.
    round(&ledger, &records, producers, size.round / 4)?;
    let bytes = sealed_bytes(&*store)?;
    let mut bare = Rows::new(&folder.join("bare.db"), bytes)?;
    let (mut ours, mut rows, mut syncs) =
        (Samples::default(), Samples::default(), Samples::default());
    let (mut time, mut bare_time, mut ratios) = (Duration::ZERO, Duration::ZERO, Vec::new());
    let (mut commits, mut appended) = (0, 0);
    for _ in 0..size.rounds {
        let before = ledger.stats();
        let (samples, took) = round(&ledger, &records, producers, size.round)?;
        let after = ledger.stats();
        let written = after.appended - before.appended;
        ensure!(
            u64::try_from(samples.count())? == written,
            "{} records were acknowledged and {written} written",
            samples.count()
        );
        let committed = after.commits - before.commits;
        commits += committed;
        appended += written;
        let batch = usize::try_from((written + committed / 2) / committed.max(1))?.max(1);
        let (bare_samples, bare_took) = bare.run(batch, size.round)?;
        ratios.push(rate(samples.count(), took) / rate(bare_samples.count(), bare_took));
        ours.extend(samples);
        rows.extend(bare_samples);
        time += took;
        bare_time += bare_took;
        if producers == 1 {
            syncs.extend(append_and_sync(&folder.join("bare"), bytes, size.round)?);
        }
    }
    ledger.close("measured")?;
    let sync = (syncs.count() > 0).then(|| syncs.quantiles());
    Ok(json!({
        "producers": producers,
        "bytes": bytes,
        "batch": real(usize::try_from(appended)?) / real(usize::try_from(commits)?),
        "per_second": rate(ours.count(), time),
        "latency": ours.quantiles(),
        "bare_per_second": rate(rows.count(), bare_time),
        "bare_latency": rows.quantiles(),
        "ratio": median(&mut ratios),
        "sync_latency": sync,
    }))
}

/// Has so many producers append for a time.
fn round(
    ledger: &Ledger,
    records: &Records,
    producers: usize,
    time: Duration,
) -> Result<(Samples, Duration)> {
    let log = LogName::default();
    let start = Instant::now();
    let produce = || -> Result<Samples> {
        let mut samples = Samples::default();
        while start.elapsed() < time {
            let began = Instant::now();
            ledger.submit(&log, vec![records.next()])?.wait()?;
            samples.push(began.elapsed());
        }
        Ok(samples)
    };
    let mut all = Samples::default();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..producers).map(|_| scope.spawn(produce)).collect();
        for thread in threads {
            let samples = thread.join().map_err(|_| anyhow!("a producer panicked"))?;
            all.extend(samples?);
        }
        Ok(())
    })?;
    Ok((all, start.elapsed()))
}

/// The length of the receipts: the one after genesis and start.
fn sealed_bytes(store: &dyn Store) -> Result<usize> {
    let found = store.read(&LogName::default(), 2, ReadLimit::ONE)?;
    let sealed = found.first().and_then(|receipt| receipt.sealed());
    Ok(sealed.context("the log has no receipt 2")?.len())
}
