//! What must be so at the end: each log verifies, as somebody does it who has its key line and the checkpoints that
//! he got, and has all that was acknowledged, once, in its place.

use crate::instance::store;
use crate::shards::Shard;
use ai_audit_core::{Digest, Exit, Kind, LeafHash, Question, ReceiptId, UnverifiedReceipt};
use ai_audit_store::{Store, StoreReader};
use ai_audit_store_sqlite::OpenMode;
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy, verify_source};
use anyhow::{Context as _, Result, ensure};
use std::collections::HashMap;
use std::path::Path;

/// Checkpoints of one log that it is held against.
const NOTES: usize = 40;

/// What the logs have.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) receipts: u64,
    pub(crate) starts: u64,
    /// Receipts that declare records which an instance took and could not store.
    pub(crate) declared: u64,
    /// Those that say that a clock was behind.
    pub(crate) clocks: u64,
    /// Digest of where all logs end.
    pub(crate) ends: String,
}

/// Checks all logs.
pub(crate) fn all(folder: &Path, shards: &[Shard]) -> Result<Found> {
    let store = store(folder, OpenMode::ReadOnly)?;
    store.check_file()?;
    let mut found = Found::default();
    let mut ends = Vec::new();
    for shard in shards {
        one(&store, shard, &mut found).with_context(|| format!("log {}", shard.name))?;
        let head = store.head(&shard.name)?.context("no head")?;
        ends.extend_from_slice(head.hash().as_bytes());
    }
    found.ends = Digest::of(&ends).to_string();
    Ok(found)
}

fn one(store: &dyn Store, shard: &Shard, found: &mut Found) -> Result<()> {
    let mut policy = TrustPolicy::new().pin(Pin::parse(&shard.line)?);
    let skipped = shard.notes.len().saturating_sub(NOTES);
    for note in shard.notes.iter().skip(skipped) {
        policy = policy.checkpoint(note.as_bytes())?;
    }
    let mut source = StoreReader::new(store, &shard.name)?;
    let report = verify_source(LogVerifier::new(&policy), &mut source, |_| {})?;
    ensure!(
        report.exit(&Question::DEFAULT) == Exit::Verified,
        "it does not verify: {:?}",
        report.verdict
    );
    let mut places: HashMap<ReceiptId, (u64, LeafHash)> = HashMap::new();
    let mut reader = StoreReader::new(store, &shard.name)?;
    while let Some(stored) = reader.read_receipt()? {
        let receipt = UnverifiedReceipt::parse(stored.sealed().context("its bytes are gone")?)?;
        let header = receipt.header();
        let before = places.insert(header.id, (stored.seq, receipt.hash()));
        ensure!(before.is_none(), "id {} stands twice", header.id);
        found.receipts += 1;
        match header.kind {
            Kind::START => found.starts += 1,
            Kind::GAP => found.declared += 1,
            Kind::CLOCK_ANOMALY => found.clocks += 1,
            _ => {}
        }
    }
    for (id, seq, hash) in &shard.acknowledged {
        ensure!(
            places.get(id) == Some(&(*seq, *hash)),
            "record {id} was acknowledged as receipt {seq}, hash {hash}; the log has {:?}",
            places.get(id)
        );
    }
    ensure!(
        shard.waiting.is_none(),
        "a record was never acknowledged, though all instances are well"
    );
    Ok(())
}
