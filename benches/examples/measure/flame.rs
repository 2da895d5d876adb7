//! What a profiler looks at: sealing, the durable append, or verification, for some seconds.

use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ai_audit_benches::{decision, record};
use ai_audit_core::{Draft, Genesis, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp};
use ai_audit_note::VKey;
use ai_audit_readahead::ReadAhead;
use ai_audit_store::{LogName, Store as _, StoreReader};
use ai_audit_testkit::TestLog;
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy, verify_source};
use anyhow::{Context as _, Result, anyhow, bail, ensure};

use crate::rig::{self, LOG, Records};
use crate::samples::rate;

/// Producers that append at once.
const PRODUCERS: usize = 64;
/// Receipts of the log that is verified: few enough to be made quickly, enough for the key's tables.
const VERIFIED: usize = 20_000;

pub(crate) fn run(work: &str, folder: &Path, seconds: u64) -> Result<()> {
    let time = Duration::from_secs(seconds);
    let database = folder.join(format!("{work}.db"));
    let start = Instant::now();
    let done = match work {
        "seal" => seal(time)?,
        "append" => append(&database, time)?,
        "fill" => fill(&folder.join("verify.db"))?,
        "verify" => verify(&database, time)?,
        other => bail!("{other:?} is none of seal, append, fill and verify"),
    };
    println!(
        "{done} receipts, {:.0} a second",
        rate(done, start.elapsed())
    );
    Ok(())
}

fn seal(time: Duration) -> Result<usize> {
    let [receipt, checkpoint, recovery] = TestLog::keys(LOG);
    let public = [&receipt, &checkpoint, &recovery].map(SigningKey::verifying_key);
    let genesis = Genesis::new(
        "example.org",
        "",
        &public[0],
        &public[1],
        &public[2],
        [7; 16],
    );
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut head = draft
        .seal(&genesis, &Head::EMPTY, &receipt, &mut buf)?
        .head();
    let draft = draft
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42");
    let body = decision();
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < time {
        head = draft
            .seal(black_box(&body), &head, &receipt, &mut buf)?
            .head();
        done += 1;
    }
    Ok(done)
}

fn append(database: &Path, time: Duration) -> Result<usize> {
    let ledger = rig::create(rig::store(database)?)?;
    let records = Records::default();
    let log = LogName::default();
    let start = Instant::now();
    let produce = || -> Result<usize> {
        let mut done = 0;
        while start.elapsed() < time {
            ledger.submit(&log, vec![records.next()])?.wait()?;
            done += 1;
        }
        Ok(done)
    };
    let done = thread::scope(|scope| -> Result<usize> {
        let threads: Vec<_> = (0..PRODUCERS).map(|_| scope.spawn(produce)).collect();
        threads.into_iter().try_fold(0, |sum, thread| {
            let done = thread.join().map_err(|_| anyhow!("a producer panicked"))?;
            Ok(sum + done?)
        })
    })?;
    ledger.close("measured")?;
    Ok(done)
}

/// The log that is verified, made by a run of its own so that it is in no profile.
fn fill(database: &Path) -> Result<usize> {
    let log = LogName::default();
    let ledger = rig::create(rig::store(database)?)?;
    for _ in 0..VERIFIED / 1000 {
        let group = (0..1000).map(|_| record()).collect();
        ledger.submit(&log, group)?.wait()?;
    }
    ledger.close("filled")?;
    Ok(VERIFIED)
}

fn verify(database: &Path, time: Duration) -> Result<usize> {
    let log = LogName::default();
    let store = rig::store(database)?;
    let note = store.latest_checkpoint(&log)?;
    let note = note.context("the log has no checkpoint")?.note;
    let origin = note.lines().next().context("an empty checkpoint")?;
    let [_, checkpoint, _] = TestLog::keys(LOG);
    let line = VKey::ed25519(origin, checkpoint.verifying_key())?.to_string();
    let policy = TrustPolicy::new()
        .pin(Pin::parse(&line)?)
        .checkpoint(note.as_bytes())?;
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < time {
        let mut source = ReadAhead::new(StoreReader::new(&*store, &log)?, 1, []);
        let report = verify_source(LogVerifier::new(&policy), &mut source, |_| {})?;
        ensure!(
            report.verdict.completeness.is_verified(),
            "the log does not verify: {:?}",
            report.verdict
        );
        done += usize::try_from(report.receipts)?;
    }
    Ok(done)
}
