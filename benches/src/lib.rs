//! What the benchmarks of `benches/` have in common: the decision they seal, the logs they fill, the
//! texts they redact, and the runner of the table of bars.
//!
//! Run them with `cargo xtask bench`.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "for benchmarks"
)]

pub mod accuracy;
pub mod compare;
pub mod packages;
pub mod rows;
pub mod texts;
pub mod traces;
pub mod whole;

use ai_audit_core::{Check, Decision, Digest, TextDigest};
use ai_audit_export::LogEvidence;
use ai_audit_merkle::{TileError, Tiled};
use ai_audit_store::{
    Ledger, LedgerConfig, LogName, MemoryStore, Record, Store, StoreError, StoreReader, StoreTiles,
    SystemClock,
};
use ai_audit_testkit::{Counter, TestLog};
use std::fmt::Write as _;
use std::sync::Arc;

/// Bytes that the sealed benchmark receipt may have at most.
pub const MAX_SEALED: usize = 450;

/// Who made the decision.
pub const ACTOR: &str = "support-agent-7";

/// Two checks, ids, four digests.
#[must_use]
pub fn decision() -> Decision<'static> {
    scored([0.25, 0.25])
}

fn scored([toxicity, pii]: [f64; 2]) -> Decision<'static> {
    let check = |name: &'static str, score: f64| Check {
        name: name.into(),
        score: Some(score),
        threshold: Some(0.5),
        ..Check::default()
    };
    Decision {
        input: Some(TextDigest::plain("input")),
        input_canonical: Some(TextDigest::plain("canonical")),
        output: Some(TextDigest::plain("output")),
        config: Some(Digest::of(b"config")),
        checks: vec![check("toxicity", toxicity), check("pii", pii)].into(),
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

/// One of many that differ, as those of a real log do: only then do packages and stores have their sizes.
#[must_use]
pub fn record_of(number: usize) -> Record {
    let text = |what: &str| Some(TextDigest::plain(&format!("{what} {number}")));
    let score = |of: usize| f64::from(u32::try_from(number % of).unwrap()) / 100.0;
    let decision = Decision {
        input: text("question"),
        input_canonical: text("the same"),
        output: text("answer"),
        ..scored([score(89), score(97)])
    };
    let trace = Digest::of(&(number / 10).to_be_bytes());
    let mut hex = String::new();
    for byte in trace.as_bytes().iter().take(16) {
        write!(hex, "{byte:02x}").unwrap();
    }
    Record::new(&decision)
        .trace(hex)
        .session(format!("session-{}", number / 100))
        .actor(ACTOR)
}

/// How a ledger of the benchmarks is opened.
#[must_use]
pub fn config() -> LedgerConfig {
    LedgerConfig::new(
        Arc::new(SystemClock),
        Arc::new(Counter::default()),
        "benches",
    )
}

/// A ledger on a store, with one log in it.
#[must_use]
pub fn ledger(store: Arc<dyn Store>) -> Ledger {
    ledger_with(store, config())
}

/// The same, opened in another way.
#[must_use]
pub fn ledger_with(store: Arc<dyn Store>, config: LedgerConfig) -> Ledger {
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
    /// A log of this many decisions, no two the same.
    #[must_use]
    pub fn of(decisions: usize) -> Self {
        let store = Arc::new(MemoryStore::new());
        let ledger = ledger(store.clone());
        let log = LogName::default();
        let mut left = decisions;
        while left > 0 {
            let group = left.min(1024);
            let first = decisions - left;
            let records = (first..first + group).map(record_of).collect();
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

impl MemoryLog {
    /// The sealed bytes of each receipt.
    #[must_use]
    pub fn sealed(&self) -> Vec<Vec<u8>> {
        let mut receipts = StoreReader::new(&*self.store, &self.log).unwrap();
        let mut all = Vec::new();
        while let Some(stored) = receipts.read_receipt().unwrap() {
            all.extend(stored.into_sealed());
        }
        all
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
