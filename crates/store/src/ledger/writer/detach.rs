//! Letting go of one log, and of none of its losses.

use super::Writer;
use super::pending::Pending;
use crate::{LedgerError, LogName, Undeclared};
use ai_audit_core::Stop;
use std::collections::BTreeMap;

impl Writer {
    /// Lets go of a log; with a reason it is stopped in order before, as far as that can be done.
    pub(super) fn detach(
        &mut self,
        name: &LogName,
        reason: Option<&str>,
    ) -> Result<(), LedgerError> {
        // What producers were refused belongs to the log as long as it is here.
        self.take_refused();
        let stopped = match reason {
            Some(reason) if self.logs.contains_key(name) => self.stop(name, reason),
            _ => Ok(()),
        };
        let kept = self.undeclared.remove(name).unwrap_or_default();
        let mut lost: Vec<Undeclared> = kept.into_iter().map(|loss| loss.told(true)).collect();
        match self.logs.remove(name) {
            Some(log) => lost.extend(log.undeclared()),
            None if lost.is_empty() => {
                return Err(LedgerError::NotAttached { log: name.clone() });
            }
            None => {}
        }
        if lost.is_empty() {
            return stopped;
        }
        // Nobody else knows of it: whoever writes to the log next has to declare it.
        Err(LedgerError::Undeclared {
            log: name.clone(),
            lost,
            error: stopped.err().map(Box::new),
        })
    }

    /// Declares what is lost, of this log and others, and writes this one's stop receipt behind it.
    fn stop(&mut self, name: &LogName, reason: &str) -> Result<(), LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        self.settle(name).map_err(append)?;
        self.take_refused();
        let mut batch = BTreeMap::new();
        // From here on the batch has other logs' losses in it: it is committed whatever becomes of this one.
        self.declare_losses(&mut batch);
        let mut sealed = Ok(());
        if let Some(log) = self.logs.get(name) {
            let pending = batch
                .entry(name.clone())
                .or_insert_with(|| Pending::new(log));
            let stop = |size| Stop {
                reason: reason.into(),
                size,
            };
            sealed = self.sealer.own(log, pending, stop).map(drop);
        }
        let stored = self.commit(batch).remove(name).unwrap_or(Ok(()));
        sealed.and(stored).map_err(append)
    }
}
