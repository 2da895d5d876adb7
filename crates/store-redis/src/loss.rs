//! Logs in a store that may lose what it acknowledged say so in their genesis.

use crate::store::RedisStore;
use ai_audit_core::{DecodeBody as _, Genesis, UnverifiedReceipt};
use ai_audit_store::{Batch, LogName, ReadLimit, StoreError};
use std::sync::PoisonError;

/// The policy entry by which a genesis declares that receipts may be lost which were acknowledged:
/// what an auditor sees of [`RedisOptions::allow_loss`](crate::RedisOptions::allow_loss).
///
/// ```
/// use ai_audit_store_redis::LOSS;
/// let (name, value) = LOSS;
/// let policy = vec![(name.to_string(), value.to_string())];
/// assert_eq!(policy[0].1, "may lose acknowledged receipts");
/// ```
pub const LOSS: (&str, &str) = ("store", "may lose acknowledged receipts");

impl RedisStore {
    /// Refuses what is to be written to a log that does not declare it, where it must.
    pub(crate) fn declares_loss(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        if !self.options.allow_loss || batch.receipts.is_empty() || self.is_known(batch.log) {
            return Ok(());
        }
        let genesis = if batch.expected.is_empty() {
            batch
                .receipts
                .first()
                .map(|sealed| sealed.as_bytes().to_vec())
        } else {
            let mut read = self.read_receipts(batch.log, 0, ReadLimit::ONE)?;
            read.pop().and_then(|receipt| receipt.into_sealed())
        };
        // Where there is none, the comparison of the heads refuses it.
        let Some(genesis) = genesis else {
            return Ok(());
        };
        let declares = UnverifiedReceipt::parse(&genesis)
            .and_then(|receipt| {
                let genesis = Genesis::decode(&receipt)?;
                Ok(genesis.policy_value(LOSS.0) == Some(LOSS.1))
            })
            .unwrap_or(false);
        if !declares {
            let (name, value) = LOSS;
            return Err(StoreError::Invalid {
                what: format!(
                    "log {}: the store at {} was opened for loss, and the log's genesis does not say so; expected \
                     its policy entry {name:?} = {value:?}: give a new log this entry, or keep it where nothing is lost",
                    batch.log,
                    self.server()
                ),
            });
        }
        // Of a new log its genesis is not there yet.
        if !batch.expected.is_empty() {
            let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
            declared.insert(batch.log.clone());
        }
        Ok(())
    }

    fn is_known(&self, log: &LogName) -> bool {
        let declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        declared.contains(log)
    }
}
