//! Logs for trying out: their genesis says so, nobody keeps their recovery key, and production
//! refuses their keys.

use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{DecodeBody as _, Genesis, UnverifiedReceipt};
use ai_audit_store::{LogName, StoreError};

/// The genesis policy entry of such a log: what an auditor sees of it.
pub(crate) const POLICY: (&str, &str) = ("keys", "ephemeral");

impl LogDirectory {
    /// Whether a log was opened with ephemeral keys, as its genesis says.
    ///
    /// # Errors
    ///
    /// When the log is not there or its genesis does not decode.
    pub fn is_ephemeral(&self, log: &LogName) -> Result<bool, DirectoryError> {
        let sealed = self.receipt(log, 0)?;
        let genesis = UnverifiedReceipt::parse(&sealed)
            .and_then(|receipt| Genesis::decode(&receipt))
            .map_err(|error| StoreError::Corrupt {
                what: format!("genesis of log {log}: {error}"),
            })?;
        Ok(genesis.policy_value(POLICY.0) == Some(POLICY.1))
    }

    /// For whatever is about to use a log's keys.
    pub(crate) fn keys_may_be_used(&self, log: &LogName) -> Result<(), DirectoryError> {
        if self.settings().production && self.is_ephemeral(log)? {
            return Err(DirectoryError::Ephemeral { log: log.clone() });
        }
        Ok(())
    }
}
