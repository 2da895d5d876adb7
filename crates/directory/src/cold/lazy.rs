//! A store that is connected when it is first asked: receipts are recorded, and young ones read, whether or not it
//! answers.

use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt,
};
use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, PoisonError};

/// A store in objects that may not have been asked yet.
#[derive(Debug)]
pub(crate) struct Lazy {
    place: Place,
    options: ObjectOptions,
    mode: OpenMode,
    opened: Mutex<Option<Arc<ObjectStore>>>,
}

impl Lazy {
    pub(crate) const fn new(place: Place, options: ObjectOptions, mode: OpenMode) -> Self {
        Self {
            place,
            options,
            mode,
            opened: Mutex::new(None),
        }
    }

    /// The store. Where it did not answer it is asked again each time.
    pub(crate) fn store(&self) -> Result<Arc<ObjectStore>, StoreError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*opened {
            return Ok(Arc::clone(store));
        }
        let store = ObjectStore::open(&self.place, self.mode, &self.options);
        let store = Arc::new(store.map_err(of_cold)?);
        *opened = Some(Arc::clone(&store));
        Ok(store)
    }
}

/// Says which of the two stores it is that is not there.
fn of_cold(error: StoreError) -> StoreError {
    match error {
        StoreError::NotAStore { what } => StoreError::NotAStore {
            what: format!(
                "what is old is in a store that is not there: {what}; bring it back, or make it by `ai-audit epoch move --new` if \
                 nothing was moved yet"
            ),
        },
        other => other,
    }
}

impl Store for Lazy {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.store()?.append(batches)
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.store()?.logs()
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.store()?.head(log).map_err(of_cold)
    }

    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.store()?.read(log, from_seq, limit)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.store()?.delete_receipts(log, range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.store()?.restore_receipts(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.store()?.count_deleted(log, range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.store()?.ciphertexts(log, seq)
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.store()?.may_delete(log)
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.store()?.delete_ciphertexts(log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.store()?.find(log, query, after, limit)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.store()?.hashes(log, level, range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.store()?.put_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.store()?.checkpoints(log)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.store()?.latest_checkpoint(log)
    }

    /// Asks nobody: a directory is well as long as its first store is.
    fn health(&self) -> Result<Health, StoreError> {
        let mut health = Health::new("object");
        health.durable = true;
        health.writable = self.mode != OpenMode::ReadOnly;
        Ok(health)
    }
}
