//! The store as one instance reaches it: through a gate that is open only while the simulation lets the instance
//! work, that can be cut, and that can go down in the middle of an append, before the commit or behind it.

use ai_audit_core::{Head, NodeHash, ReceiptId, SubjectKeyId, UnverifiedReceipt};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, Lease, Leases, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt,
};
use ai_audit_store_sqlite::{SqliteLeases, SqliteStore};
use core::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happens to the append of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arm {
    /// The instance dies before anything is committed.
    DieBefore,
    /// It dies when all is committed, before it hears so.
    DieAfter,
    /// All is committed, and the answer is lost.
    LoseAnswer,
}

/// A connection to the store's file, and whether it can be used now.
pub(crate) struct Gate {
    inner: SqliteStore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: bool,
    cut: bool,
    dead: bool,
    armed: Option<(ReceiptId, Arm)>,
}

impl Gate {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self {
            inner,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the instance work, or no longer. What its threads try by themselves in between, by a clock that is no
    /// part of the simulation, fails.
    pub(crate) fn open(&self, open: bool) {
        self.state().open = open;
    }

    /// Cuts the instance off, or ends that.
    pub(crate) fn cut(&self, cut: bool) {
        self.state().cut = cut;
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state().cut
    }

    /// Nothing of this instance reaches the store any more: it is dead.
    pub(crate) fn kill(&self) {
        self.state().dead = true;
    }

    /// The append of this record goes so.
    pub(crate) fn arm(&self, id: ReceiptId, arm: Arm) {
        self.state().armed = Some((id, arm));
    }

    fn check(&self) -> Result<(), StoreError> {
        let state = self.state();
        if state.open && !state.cut && !state.dead {
            return Ok(());
        }
        Err(gone())
    }

    /// What happens to this append.
    fn armed(&self, batches: &[Batch<'_>]) -> Option<Arm> {
        let (id, arm) = self.state().armed?;
        let has = |sealed: &Sealed| {
            UnverifiedReceipt::parse(sealed.as_bytes())
                .is_ok_and(|receipt| receipt.header().id == id)
        };
        let found = batches.iter().any(|batch| batch.receipts.iter().any(has));
        found.then_some(arm)
    }
}

fn gone() -> StoreError {
    StoreError::Io {
        what: "the store does not answer".into(),
    }
}

impl Store for Gate {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.check()?;
        let Some(arm) = self.armed(batches) else {
            return self.inner.append(batches);
        };
        if arm != Arm::DieBefore {
            self.inner.append(batches)?;
        }
        let mut state = self.state();
        state.armed = None;
        state.dead = arm != Arm::LoseAnswer;
        Err(gone())
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.check()?;
        self.inner.logs()
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.check()?;
        self.inner.head(log)
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.check()?;
        self.inner.read(log, from_seq, limit)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.check()?;
        self.inner.delete_receipts(log, range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.check()?;
        self.inner.restore_receipts(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.check()?;
        self.inner.count_deleted(log, range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.check()?;
        self.inner.ciphertexts(log, seq)
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.check()?;
        self.inner.delete_ciphertexts(log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.check()?;
        self.inner.find(log, query, after, limit)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.inner.hashes(log, level, range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.check()?;
        self.inner.put_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.check()?;
        self.inner.checkpoints(log)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.check()?;
        self.inner.latest_checkpoint(log)
    }

    fn health(&self) -> Result<Health, StoreError> {
        self.check()?;
        self.inner.health()
    }
}

/// The place of the leases behind the same gate.
pub(crate) struct GatedLeases {
    pub(crate) inner: SqliteLeases,
    pub(crate) gate: Arc<Gate>,
}

impl Leases for GatedLeases {
    fn lease(&self, log: &LogName) -> Result<Option<Lease>, StoreError> {
        self.gate.check()?;
        self.inner.lease(log)
    }

    fn leases(&self) -> Result<Vec<(LogName, Lease)>, StoreError> {
        self.gate.check()?;
        self.inner.leases()
    }

    fn replace_lease(
        &self,
        log: &LogName,
        expected: Option<&Lease>,
        new: &Lease,
    ) -> Result<bool, StoreError> {
        self.gate.check()?;
        self.inner.replace_lease(log, expected, new)
    }
}
