//! Two tiers where nothing stays hot: for the conformance suite, which then reads all from the cold one.

use ai_audit_core::{Head, NodeHash, SubjectKeyId};
use ai_audit_merkle::TreeSize;
use ai_audit_store::{
    Alone, Batch, Ciphertext, Health, LogName, Query, ReadLimit, Sealed, Store, StoreError,
    StoredCheckpoint, StoredReceipt, TieredStore,
};
use core::ops::{Range, RangeInclusive};

/// A store that moves everything as soon as it is appended.
#[derive(Debug)]
pub struct EagerTiers(pub TieredStore);

impl Store for EagerTiers {
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError> {
        self.0.append(batches)?;
        for batch in batches.iter().filter(|batch| !batch.receipts.is_empty()) {
            let last = self.0.head(batch.log)?.unwrap().size() - 1;
            self.0.move_through(batch.log, last)?;
        }
        Ok(())
    }

    fn logs(&self) -> Result<Vec<LogName>, StoreError> {
        self.0.logs()
    }

    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError> {
        self.0.head(log)
    }

    fn read(
        &self,
        log: &LogName,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError> {
        self.0.read(log, from, limit)
    }

    fn delete_receipts(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.0.delete_receipts(log, range)
    }

    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError> {
        self.0.restore_receipts(log, receipts)
    }

    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError> {
        self.0.count_deleted(log, range)
    }

    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError> {
        self.0.ciphertexts(log, seq)
    }

    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        self.0.may_delete(log)
    }

    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError> {
        self.0.delete_ciphertexts(log, keys)
    }

    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.0.find(log, query, after, limit)
    }

    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.0.hashes(log, level, range, out)
    }

    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError> {
        self.0.put_checkpoint(log, size, note)
    }

    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.0.checkpoints(log)
    }

    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.0.checkpoints_in(log, sizes)
    }

    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.0.latest_checkpoint(log)
    }

    fn health(&self) -> Result<Health, StoreError> {
        self.0.health()
    }

    fn is_alone_since_opened(&self) -> Result<Alone, StoreError> {
        self.0.is_alone_since_opened()
    }
}
