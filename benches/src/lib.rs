//! What the benchmarks of `benches/` have in common: the decision they seal and the logs they fill.
//!
//! Run them with `cargo xtask bench`.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "for benchmarks"
)]

use ai_audit_core::{Check, Decision, Digest, TextDigest};
use ai_audit_export::LogEvidence;
use ai_audit_merkle::{TileError, Tiled};
use ai_audit_store::{
    Ledger, LedgerConfig, LogName, MemoryStore, Record, Store, StoreError, StoreReader, StoreTiles,
    SystemClock,
};
use ai_audit_testkit::{Counter, TestLog};
use std::sync::Arc;

/// Bytes that the sealed benchmark receipt may have at most.
pub const MAX_SEALED: usize = 450;

/// Two checks, ids, four digests.
#[must_use]
pub fn decision() -> Decision<'static> {
    let check = |name: &'static str| Check {
        name: name.into(),
        score: Some(0.25),
        threshold: Some(0.5),
        ..Check::default()
    };
    Decision {
        input: Some(TextDigest::plain("input")),
        input_canonical: Some(TextDigest::plain("canonical")),
        output: Some(TextDigest::plain("output")),
        config: Some(Digest::of(b"config")),
        checks: vec![check("toxicity"), check("pii")].into(),
        model: "gpt-4o".into(),
        ..Decision::new()
    }
}

/// The same with the header's ids, for a ledger.
#[must_use]
pub fn record() -> Record {
    Record::new(&decision())
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42")
}

/// A ledger on a store, with one log in it.
#[must_use]
pub fn ledger(store: Arc<dyn Store>) -> Ledger {
    let config = LedgerConfig::new(
        Arc::new(SystemClock),
        Arc::new(Counter::default()),
        "benches",
    );
    let ledger = Ledger::open(store, config).unwrap();
    ledger
        .create_log(LogName::default(), TestLog::new_log(1))
        .unwrap();
    ledger
}

/// A log in memory, to be exported.
#[derive(Debug)]
pub struct MemoryLog {
    pub store: Arc<MemoryStore>,
    pub log: LogName,
    pub checkpoint: String,
}

impl MemoryLog {
    /// A log of this many decisions.
    #[must_use]
    pub fn of(decisions: usize) -> Self {
        let store = Arc::new(MemoryStore::new());
        let ledger = ledger(store.clone());
        let log = LogName::default();
        let mut left = decisions;
        while left > 0 {
            let group = left.min(1024);
            let records = (0..group).map(|_| record()).collect();
            ledger.submit(&log, records).unwrap().wait().unwrap();
            left -= group;
        }
        let checkpoint = ledger.checkpoint(&log).unwrap();
        ledger.close("filled").unwrap();
        Self {
            store,
            log,
            checkpoint,
        }
    }
}

impl LogEvidence for MemoryLog {
    type Error = StoreError;
    type Receipts<'s> = StoreReader<'s>;
    type NodeError = TileError<StoreError>;
    type Nodes<'s> = Tiled<StoreTiles<'s>>;

    fn receipts(&self) -> Result<StoreReader<'_>, StoreError> {
        StoreReader::new(&*self.store, &self.log)
    }

    fn nodes(&self) -> Tiled<StoreTiles<'_>> {
        Tiled::new(StoreTiles::new(&*self.store, &self.log))
    }
}
