//! The logs, and what their clients remember.

use crate::instance::store;
use ai_audit_core::{LeafHash, ReceiptId, SigningKey};
use ai_audit_note::VKey;
use ai_audit_store::{Ledger, LedgerConfig, LogName};
use ai_audit_store_sqlite::OpenMode;
use ai_audit_testkit::{Counter, StillClock, TestLog};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;

/// A log, and its client.
pub(crate) struct Shard {
    pub(crate) index: usize,
    pub(crate) name: LogName,
    /// That of its keys.
    pub(crate) number: u8,
    /// The key line that its auditor was given.
    pub(crate) line: String,
    /// The record that is not acknowledged yet.
    pub(crate) waiting: Option<ReceiptId>,
    /// The instance that acknowledged last.
    pub(crate) favourite: usize,
    /// What was acknowledged: id, place, hash.
    pub(crate) acknowledged: Vec<(ReceiptId, u64, LeafHash)>,
    /// Checkpoints that its auditor got.
    pub(crate) notes: Vec<String>,
}

/// Opens so many logs in a new store.
pub(crate) fn create(folder: &Path, count: usize) -> Result<Vec<Shard>> {
    let store = Arc::new(store(folder, OpenMode::Create)?);
    let clock = Arc::new(StillClock::at(u64::try_from(crate::instance::BEGIN)?));
    let config = LedgerConfig::new(clock, Arc::new(Counter::default()), "simulated");
    let ledger = Ledger::open(store, config)?;
    let mut shards = Vec::new();
    for index in 0..count {
        let number = u8::try_from(index)?;
        let name = LogName::new(&format!("shard-{index:03}"))?;
        let log = ledger.create_log(name.clone(), TestLog::new_log(number))?;
        let [_, checkpoint, _]: [SigningKey; 3] = TestLog::keys(number);
        shards.push(Shard {
            index,
            name,
            number,
            line: VKey::ed25519(&log.origin, checkpoint.verifying_key())?.to_string(),
            waiting: None,
            favourite: index,
            acknowledged: Vec::new(),
            notes: Vec::new(),
        });
    }
    ledger.close("opened")?;
    Ok(shards)
}
