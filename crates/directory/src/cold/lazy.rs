//! A store that is connected when it is first asked, with the key as it is in its file by then: receipts are recorded, and
//! young ones read, whether or not it answers, and whether or not the key is there.

use super::ColdSettings;
use crate::DirectoryError;
use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt,
};
use ai_audit_store_object::{ObjectStore, OpenMode};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, PoisonError};

/// A store in objects that may not have been asked yet.
#[derive(Debug)]
pub(crate) struct Lazy {
    cold: ColdSettings,
    production: bool,
    mode: OpenMode,
    opened: Mutex<Option<Arc<ObjectStore>>>,
}

impl Lazy {
    pub(crate) const fn new(cold: ColdSettings, production: bool, mode: OpenMode) -> Self {
        Self {
            cold,
            production,
            mode,
            opened: Mutex::new(None),
        }
    }

    /// Asks the store for something. Where it does not take the key that one may have been changed in its file: it is read
    /// again, and the store asked once more. Of a change that is half done by then the rest is done, and the rest alone counted.
    pub(crate) fn ask<T>(
        &self,
        mut ask: impl FnMut(&ObjectStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let store = self.store()?;
        match ask(&store) {
            Err(StoreError::Denied { what }) => {
                self.forget(&store);
                // Whatever is wrong with the key now, the change may be half done: that is no refusal of it.
                let store = self.store().map_err(|error| StoreError::Denied {
                    what: format!("{what}; then its key was read again: {error}"),
                })?;
                ask(&store)
            }
            other => other,
        }
    }

    /// The store. Where it did not answer, or its key was none, it is opened again each time.
    fn store(&self) -> Result<Arc<ObjectStore>, StoreError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*opened {
            return Ok(Arc::clone(store));
        }
        let place =
            super::place(&self.cold, self.production).map_err(|error| of_settings(&error))?;
        let store = ObjectStore::open(&place, self.mode, &super::options(&self.cold));
        let store = Arc::new(store.map_err(of_cold)?);
        *opened = Some(Arc::clone(&store));
        Ok(store)
    }

    /// Lets go of a store, if it is still the one that is asked.
    fn forget(&self, store: &Arc<ObjectStore>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.as_ref().is_some_and(|held| Arc::ptr_eq(held, store)) {
            *opened = None;
        }
    }
}

/// Says that it is the store for what is old whose key, or whose authorities' file, cannot be used. Who asks did nothing wrong.
fn of_settings(error: &DirectoryError) -> StoreError {
    let what = format!("what is old is out of reach: {error}");
    match error {
        DirectoryError::Key { .. }
        | DirectoryError::KeyMode { .. }
        | DirectoryError::Settings { .. } => StoreError::Denied { what },
        _ => StoreError::Io { what },
    }
}

/// Says which of the two stores it is that is not there.
fn of_cold(error: StoreError) -> StoreError {
    match error {
        StoreError::NotAStore { what } => StoreError::NotAStore {
            what: format!(
                "what is old is in a store that is not there: {what}; bring it back, or make it by `ai-audit epoch move --new` if \
                 nothing was moved yet, with `--lost` where it is gone for good"
            ),
        },
        other => other,
    }
}

impl Store for Lazy {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.ask(|store| store.append(batches))
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.ask(|store| store.logs())
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.ask(|store| store.head(log).map_err(of_cold))
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.ask(|store| store.read(log, from_seq, limit))
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.ask(|store| store.delete_receipts(log, range.clone()))
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.ask(|store| store.restore_receipts(log, receipts))
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.ask(|store| store.count_deleted(log, range.clone()))
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.ask(|store| store.ciphertexts(log, seq))
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.ask(|store| store.may_delete(log))
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.ask(|store| store.delete_ciphertexts(log, keys))
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.ask(|store| store.find(log, query, after, limit))
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.ask(|store| store.hashes(log, level, range.clone(), out))
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.ask(|store| store.put_checkpoint(log, size, note))
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.ask(|store| store.checkpoints(log))
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.ask(|store| store.checkpoints_in(log, sizes.clone()))
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.ask(|store| store.latest_checkpoint(log))
    }

    /// Asks nobody: a directory is well as long as its first store is.
    fn health(&self) -> Result<Health, StoreError> {
        let mut health = Health::new("object");
        health.durable = true;
        health.writable = self.mode != OpenMode::ReadOnly;
        Ok(health)
    }
}
