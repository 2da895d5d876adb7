//! Closing: every log is stopped in order.

use super::Writer;
use super::pending::Pending;
use crate::{LedgerError, LogName};
use ai_audit_core::Stop;
use std::collections::BTreeMap;

impl Writer {
    /// Stops every log in order.
    pub(super) fn close(&mut self, reason: &str) -> Result<(), LedgerError> {
        self.take_refused();
        let mut result = Ok(());
        let mut names: Vec<LogName> = self.logs.keys().cloned().collect();
        names.sort();
        let mut fail = |log: &LogName, error| {
            if result.is_ok() {
                let log = log.clone();
                result = Err(LedgerError::Append { log, error });
            }
        };
        let mut batch = BTreeMap::new();
        self.declare_losses(&mut batch);
        for name in &names {
            if let Err(error) = self.settle(name) {
                fail(name, error);
                continue;
            }
            let Some(log) = self.logs.get(name) else {
                continue;
            };
            let pending = batch
                .entry(name.clone())
                .or_insert_with(|| Pending::new(log));
            let stop = |size| Stop {
                reason: reason.into(),
                size,
            };
            if let Err(error) = self.sealer.own(log, pending, stop) {
                fail(name, error);
            }
        }
        for (name, outcome) in self.commit(batch) {
            if let Err(error) = outcome {
                fail(&name, error);
            }
        }
        if self.config.checkpoints.at_close {
            for name in &names {
                if let Err(error) = self.checkpoint(name)
                    && result.is_ok()
                {
                    result = Err(error);
                }
            }
        }
        result
    }
}
