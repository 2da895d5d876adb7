//! One durable log that grows: what the next receipt, a verification, a proof, a checkpoint and a crash
//! cost at each size.

use std::collections::VecDeque;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ai_audit_core::SigningKey;
use ai_audit_merkle::{LeafHash, LeafIndex, Tiled, TreeSize, inclusion_proof};
use ai_audit_note::VKey;
use ai_audit_readahead::ReadAhead;
use ai_audit_store::{Ledger, LogName, ReadLimit, Store, StoreReader, StoreTiles};
use ai_audit_store_sqlite::SqliteStore;
use ai_audit_testkit::TestLog;
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy, verify_source};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bare::{Rows, append_and_sync};
use crate::rig::{self, LOG, Records, scattered};
use crate::samples::{Samples, median, nanos, real};
use crate::{cpu, killed};

/// Receipts of a commit while the log is filled, and commits that wait in the queue.
const FILL: (usize, usize) = (1024, 4);
/// Receipts of a commit that is measured.
const BATCH: usize = 64;
/// Receipts of a chunk, between which the bare loop runs.
const CHUNK: usize = 1024;
/// Most chunks that are measured at a size.
const CHUNKS: usize = 20;
/// Receipts that are verified between two rounds of the bare primitive, and how long those are.
const VERIFY: (u64, usize) = (2_000, 60);
/// Receipts that are verified at least: a short log several times.
const VERIFIED: u64 = 100_000;
/// Receipts whose inclusion is proved, and how often.
const PROOFS: (u64, usize) = (256, 9);
/// Checkpoints that are made at a size.
const CHECKPOINTS: usize = 100;

/// A log that grows.
struct Growing<'f> {
    folder: &'f Path,
    database: std::path::PathBuf,
    records: Records,
}

pub(crate) fn run(folder: &Path, sizes: &[u64]) -> Result<Value> {
    let growing = Growing {
        folder,
        database: folder.join("audit.db"),
        records: Records::default(),
    };
    let store = rig::store(&growing.database)?;
    rig::create(store)?.close("created")?;
    let mut rows = Vec::new();
    for size in sizes {
        rows.push(growing.at(*size)?);
    }
    Ok(json!({ "sizes": rows }))
}

impl Growing<'_> {
    /// Fills the log up to a size and measures there.
    fn at(&self, size: u64) -> Result<Value> {
        let store = rig::store(&self.database)?;
        let ledger = rig::attach(store.clone())?;
        let filling = Instant::now();
        self.fill(&ledger, &*store, size)?;
        let filled = filling.elapsed();
        let held = held(&*store)?;
        println!("{held} receipts, filled in {:.1} s", filled.as_secs_f64());
        let append = self.append(&ledger, &*store, held)?;
        println!("  appended");
        let checkpoint = self.checkpoints(&ledger)?;
        let note = ledger.checkpoint(&LogName::default())?;
        let proof = proofs(&store, &note)?;
        let verify = verify(&*store, &note)?;
        println!("  proved and verified");
        ledger.close("measured")?;
        drop((ledger, store));
        let recovery = killed::rounds(&self.database)?;
        println!("  killed and opened again");
        Ok(json!({
            "receipts": held,
            "file_bytes": std::fs::metadata(&self.database)?.len(),
            "append": append,
            "checkpoint": checkpoint,
            "proof": proof,
            "verify": verify,
            "recovery": recovery,
        }))
    }

    /// Appends until the log has so many receipts, with some commits waiting behind the one that is
    /// written.
    fn fill(&self, ledger: &Ledger, store: &dyn Store, size: u64) -> Result<()> {
        let log = LogName::default();
        let mut left = usize::try_from(size.saturating_sub(held(store)?))?;
        let mut waiting = VecDeque::new();
        while left > 0 {
            let group = left.min(FILL.0);
            waiting.push_back(ledger.submit(&log, self.records.group(group))?);
            left -= group;
            if waiting.len() > FILL.1
                && let Some(ticket) = waiting.pop_front()
            {
                ticket.wait()?;
            }
        }
        for ticket in waiting {
            ticket.wait()?;
        }
        Ok(())
    }

    /// Chunks of commits, in turn with as many bare rows.
    fn append(&self, ledger: &Ledger, store: &dyn Store, held: u64) -> Result<Value> {
        let log = LogName::default();
        let sealed = store.read(&log, 2, ReadLimit::ONE)?;
        let sealed = sealed.first().and_then(|receipt| receipt.sealed());
        let bytes = sealed.context("the log has no receipt 2")?.len();
        let path = self.folder.join("bare.db");
        remove(&path)?;
        let mut bare = Rows::new(&path, bytes)?;
        let chunks = usize::try_from(held / 2)? / CHUNK;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..chunks.clamp(1, CHUNKS) {
            let start = Instant::now();
            for _ in 0..CHUNK / BATCH {
                let ticket = ledger.submit(&log, self.records.group(BATCH))?;
                ticket.wait()?;
            }
            ours.push(each(start.elapsed(), CHUNK));
            let start = Instant::now();
            for _ in 0..CHUNK / BATCH {
                bare.commit(BATCH)?;
            }
            theirs.push(each(start.elapsed(), CHUNK));
        }
        figure(median(&mut ours), median(&mut theirs))
    }

    /// Checkpoints after one more receipt each, in turn with a bare append and sync.
    fn checkpoints(&self, ledger: &Ledger) -> Result<Value> {
        let log = LogName::default();
        let path = self.folder.join("bare");
        let (mut ours, mut bare) = (Samples::default(), Samples::default());
        let mut work = Samples::default();
        for _ in 0..CHECKPOINTS {
            ledger.submit(&log, self.records.group(1))?.wait()?;
            let (start, before) = (Instant::now(), cpu::process());
            let note = ledger.checkpoint(&log)?;
            ours.push(start.elapsed());
            let used = cpu::process()
                .zip(before)
                .map(|(after, before)| after - before);
            work.push(used.unwrap_or_else(|| start.elapsed()));
            bare.extend(append_and_sync(
                &path,
                note.len(),
                Duration::from_millis(1),
            )?);
        }
        let mut figure = figure(whole(ours.median()), whole(bare.median()))?;
        figure["cpu_ns"] = work.median().into();
        Ok(figure)
    }
}

fn remove(database: &Path) -> Result<()> {
    if database.exists() {
        std::fs::remove_file(database).with_context(|| database.display().to_string())?;
    }
    Ok(())
}

fn held(store: &dyn Store) -> Result<u64> {
    let head = store.head(&LogName::default())?;
    Ok(head.context("there is no log")?.size())
}

/// Proofs of receipts all over the log, each made once before; in turn with bare hashes of their path.
fn proofs(store: &Arc<SqliteStore>, note: &str) -> Result<Value> {
    let log = LogName::default();
    let checkpoint = ai_audit_note::Checkpoint::open(note.as_bytes(), &vkey(note)?)?;
    let (size, root): (TreeSize, _) = (checkpoint.size, checkpoint.root);
    let (mut ours, mut bare, mut bytes) = (Samples::default(), Samples::default(), 0);
    let hash = LeafHash::of(&[7]);
    for round in 0..=PROOFS.1 {
        for number in 0..PROOFS.0 {
            let index = LeafIndex::new(scattered(number) % size.as_u64());
            // As a caller has it who proves one receipt: no hash is kept from the proof before.
            let start = cpu::thread();
            let proof = inclusion_proof(
                &mut Tiled::new(StoreTiles::new(&**store, &log)),
                index,
                size,
            )?;
            let took = cpu::thread() - start;
            if round == 0 {
                let mut leaf = Vec::new();
                store.hashes(&log, 0, index.as_u64()..index.as_u64() + 1, &mut leaf)?;
                let leaf = leaf.first().context("the log has no such leaf")?;
                proof.verify(&LeafHash::from_bytes(*leaf.as_bytes()), &root)?;
                bytes = bytes.max(proof.path.len() * 32);
                continue;
            }
            ours.push(took);
            let start = cpu::thread();
            for _ in 0..20 {
                black_box(LeafHash::of(black_box(hash.as_bytes())));
            }
            bare.push(cpu::thread() - start);
        }
    }
    let mut figure = figure(whole(ours.median()), whole(bare.median()))?;
    figure["bytes"] = bytes.into();
    Ok(figure)
}

/// The whole log, pinned and with the checkpoint of all its receipts, on one thread; in turn with the
/// bare signature. A short log several times.
fn verify(store: &dyn Store, note: &str) -> Result<Value> {
    let policy = TrustPolicy::new()
        .pin(Pin::parse(&vkey(note)?.to_string())?)
        .checkpoint(note.as_bytes())?;
    let held = held(store)?;
    let key = SigningKey::from_bytes(&[1; 32]);
    let (public, message) = (key.verifying_key(), [0; 52]);
    let signature = key.sign(&message);
    let (mut bare, mut rounds, mut good) = (Duration::ZERO, 0, true);
    let (start, times) = (cpu::thread(), VERIFIED.div_ceil(held));
    for _ in 0..times {
        let source = StoreReader::new(store, &LogName::default())?;
        let mut source = ReadAhead::new(source, 1, []);
        let report = verify_source(LogVerifier::new(&policy), &mut source, |done| {
            if done % VERIFY.0 != 0 {
                return;
            }
            let start = cpu::thread();
            for _ in 0..VERIFY.1 {
                good &= public.verify(black_box(&message), &signature).is_ok();
            }
            bare += cpu::thread() - start;
            rounds += 1;
        })?;
        let verdict = &report.verdict;
        ensure!(
            report.receipts == held
                && verdict.integrity.is_verified()
                && verdict.attribution.is_verified()
                && verdict.completeness.is_verified(),
            "the log does not verify: {verdict:?}"
        );
    }
    let ours = cpu::thread() - start - bare;
    ensure!(good, "a signature that was just made does not verify");
    figure(
        each(ours, usize::try_from(held * times)?),
        each(bare, VERIFY.1 * rounds),
    )
}

/// The line of the log's checkpoint key, with the origin that a note begins with.
fn vkey(note: &str) -> Result<VKey> {
    let origin = note.lines().next().context("an empty checkpoint")?;
    let [_, checkpoint, _] = TestLog::keys(LOG);
    Ok(VKey::ed25519(origin, checkpoint.verifying_key())?)
}

/// Nanoseconds each.
fn each(time: Duration, count: usize) -> f64 {
    whole(nanos(time)) / real(count)
}

fn whole(nanos: u64) -> f64 {
    usize::try_from(nanos).map_or(f64::INFINITY, real)
}

/// Ours and the bare primitive, in nanoseconds.
fn figure(ours: f64, bare: f64) -> Result<Value> {
    ensure!(
        ours > 0.0 && bare > 0.0 && ours.is_finite(),
        "the clock did not move: {ours} and {bare} ns"
    );
    Ok(json!({ "ns": ours, "bare_ns": bare }))
}
