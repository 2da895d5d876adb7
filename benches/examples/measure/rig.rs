//! Logs in SQLite files, and records for them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ai_audit_benches::decision;
use ai_audit_store::{
    Ledger, LedgerConfig, LogName, Random, RandomError, Record, Store, SystemClock,
};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_testkit::TestLog;
use anyhow::{Context as _, Result};

/// By which the test keys of the log are made.
pub(crate) const LOG: u8 = 1;
/// Records of one trace.
const TRACE: u64 = 10;
/// Records of one session.
const SESSION: u64 = 100;

/// Random bytes of the system, as a real writer has them.
struct System;

impl Random for System {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|error| RandomError::new(error.to_string()))
    }
}

/// The store of a file that is there or is made.
pub(crate) fn store(path: &Path) -> Result<Arc<SqliteStore>> {
    let store = SqliteStore::open(path, OpenMode::Create);
    Ok(Arc::new(
        store.with_context(|| format!("opening {}", path.display()))?,
    ))
}

/// As it is used, with a checkpoint of all receipts in the end.
fn config() -> LedgerConfig {
    let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(System), "measure");
    config.checkpoints.at_close = true;
    config
}

/// A ledger with a new log in a store.
pub(crate) fn create(store: Arc<dyn Store>) -> Result<Ledger> {
    let ledger = Ledger::open(store, config())?;
    ledger.create_log(LogName::default(), TestLog::new_log(LOG))?;
    Ok(ledger)
}

/// A ledger with the log that is in a store.
pub(crate) fn attach(store: Arc<dyn Store>) -> Result<Ledger> {
    let ledger = Ledger::open(store, config())?;
    ledger.attach_log(LogName::default(), TestLog::signers(LOG))?;
    Ok(ledger)
}

/// Makes records of traces and sessions with random names, as an index meets them.
#[derive(Debug, Default)]
pub(crate) struct Records(AtomicU64);

impl Records {
    /// Those of a process of its own: its names are not those of another start.
    pub(crate) const fn starting_at(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }

    /// The next record.
    pub(crate) fn next(&self) -> Record {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let trace = number / TRACE;
        let trace = format!("{:016x}{:016x}", scattered(trace), scattered(!trace));
        let session = format!("session-{:x}", scattered(number / SESSION));
        Record::new(&decision()).trace(trace).session(session)
    }

    /// The next records.
    pub(crate) fn group(&self, count: usize) -> Vec<Record> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// SplitMix64's output function: another number for each, without any order.
pub(crate) const fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
