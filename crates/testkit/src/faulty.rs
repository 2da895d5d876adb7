//! A store that fails when it is told to, before it writes or after it wrote, and counts what is read of it.

use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Alone, Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredContent, StoredReceipt,
};
use core::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How the next append goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This one goes well: the next fault is for the append behind it.
    None,
    /// Nothing is written: the disk is full.
    Full,
    /// Nothing is written: an I/O error.
    Before,
    /// All is written, and the caller is told that it failed: a sync that reports an error.
    After,
    /// As [`Fault::After`], and the head cannot be read until [`FaultyStore::heal`].
    AfterAndBlind,
    /// As [`Fault::Before`], and the head cannot be read until [`FaultyStore::heal`].
    BeforeAndBlind,
}

/// Another store, and the faults to come.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    faults: Mutex<Vec<Fault>>,
    blind: Mutex<bool>,
    missed: AtomicU64,
    keeping: AtomicBool,
    altered: Mutex<Option<u64>>,
    lost: Mutex<Option<Range<u64>>>,
    receipts_read: AtomicU64,
    nodes_read: AtomicU64,
}

impl<S> FaultyStore<S> {
    /// A store without faults.
    pub const fn new(inner: S) -> Self {
        Self {
            inner,
            faults: Mutex::new(Vec::new()),
            blind: Mutex::new(false),
            missed: AtomicU64::new(0),
            keeping: AtomicBool::new(false),
            altered: Mutex::new(None),
            lost: Mutex::new(None),
            receipts_read: AtomicU64::new(0),
            nodes_read: AtomicU64::new(0),
        }
    }

    /// How many receipts were read of it so far, those without bytes included.
    pub fn receipts_read(&self) -> u64 {
        self.receipts_read.load(Ordering::SeqCst)
    }

    /// How many nodes of trees were read of it so far, leaves included.
    pub fn nodes_read(&self) -> u64 {
        self.nodes_read.load(Ordering::SeqCst)
    }

    /// The next append that has no fault yet fails like this.
    pub fn fail_next(&self, fault: Fault) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    /// Heads cannot be read from now on: a server that went away.
    pub fn go_away(&self) {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// How often a head was asked for while it could not be read.
    pub fn asked_in_vain(&self) -> u64 {
        self.missed.load(Ordering::SeqCst)
    }

    /// Heads can be read again.
    pub fn heal(&self) {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// Deletes nothing from now on, and says so; or does again.
    pub fn refuse_deletions(&self, refuse: bool) {
        self.keeping.store(refuse, Ordering::SeqCst);
    }

    /// The last byte of this receipt is another one when it is read; of none any more without.
    pub fn alter(&self, seq: Option<u64>) {
        *self.altered.lock().unwrap_or_else(PoisonError::into_inner) = seq;
    }

    /// These receipts cannot be read: an object that is missing among those of a store for what is old.
    pub fn lose(&self, lost: Range<u64>) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(lost);
    }

    fn deletes(&self) -> Result<(), StoreError> {
        match self.keeping.load(Ordering::SeqCst) {
            true => Err(StoreError::Invalid {
                what: "this store keeps everything".into(),
            }),
            false => Ok(()),
        }
    }

    /// The store below.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    fn next(&self) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            None
        } else {
            Some(faults.remove(0))
        }
    }
}

fn io(what: &str) -> StoreError {
    StoreError::Io { what: what.into() }
}

impl<S: Store> Store for FaultyStore<S> {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        match self.next() {
            None | Some(Fault::None) => self.inner.append(batches),
            Some(Fault::Full) => Err(StoreError::Full {
                what: "no space left".into(),
            }),
            Some(fault) => {
                if matches!(fault, Fault::AfterAndBlind | Fault::BeforeAndBlind) {
                    *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = true;
                }
                if matches!(fault, Fault::Before | Fault::BeforeAndBlind) {
                    return Err(io("an I/O error before writing"));
                }
                self.inner.append(batches)?;
                Err(io("a sync that failed"))
            }
        }
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        if *self.blind.lock().unwrap_or_else(PoisonError::into_inner) {
            self.missed.fetch_add(1, Ordering::SeqCst);
            return Err(io("the head cannot be read"));
        }
        self.inner.head(log)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.inner.logs()
    }

    fn read(
        &self,
        log: &LogName,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        let altered = *self.altered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = self.inner.read(log, from, limit)?;
        if let Some(lost) = &*self.lost.lock().unwrap_or_else(PoisonError::into_inner) {
            if lost.contains(&from) {
                return Err(io("an object is missing"));
            }
            read.retain(|one| from >= lost.end || one.seq < lost.start);
        }
        self.receipts_read
            .fetch_add(read.len() as u64, Ordering::SeqCst);
        for receipt in read.iter_mut().filter(|one| Some(one.seq) == altered) {
            if let StoredContent::Sealed(sealed) = &mut receipt.content
                && let Some(last) = sealed.last_mut()
            {
                *last ^= 1;
            }
        }
        Ok(read)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.deletes()?;
        self.inner.delete_receipts(log, range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.inner.restore_receipts(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.inner.count_deleted(log, range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.inner.ciphertexts(log, seq)
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.deletes()?;
        self.inner.may_delete(log)
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.deletes()?;
        self.inner.delete_ciphertexts(log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.inner.find(log, query, after, limit)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.inner.hashes(log, level, range, out)?;
        self.nodes_read
            .fetch_add(out.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.inner.put_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.inner.checkpoints(log)
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.inner.checkpoints_in(log, sizes)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.inner.latest_checkpoint(log)
    }

    fn health(&self) -> Result<Health, StoreError> {
        self.inner.health()
    }

    fn is_alone_since_opened(&self) -> Result<Alone, StoreError> {
        self.inner.is_alone_since_opened()
    }
}
