//! What did not come into a log: kept until a gap receipt declares it.

use super::Writer;
use super::log::Loss;
use super::pending::Pending;
use crate::ledger::words::shorten;
use crate::{AppendError, LogName};
use std::collections::BTreeMap;

impl Writer {
    pub(super) fn take_refused(&mut self) {
        for ((name, mut reason), refused) in self.queue.take_refused() {
            shorten(&mut reason);
            if let Some(log) = self.logs.get_mut(&name) {
                log.lose(Loss {
                    records: refused.records,
                    from: refused.from,
                    to: refused.to,
                    reason,
                });
            }
        }
    }

    pub(super) fn declare_losses(&mut self, batch: &mut BTreeMap<LogName, Pending>) {
        let doubtful: Vec<LogName> = self
            .logs
            .iter()
            .filter(|(_, log)| log.doubt.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in doubtful {
            // Whether that worked shows below, and again when somebody submits.
            let _ = self.settle(&name);
        }
        for (name, log) in &mut self.logs {
            let waits = log.doubt.is_some() || log.taken_over.is_some() || log.erasing.is_open();
            if log.losses.is_empty() || waits {
                continue;
            }
            let mut pending = Pending::new(log);
            // What could not be declared stays with the log, for the next time.
            let _ = self.sealer.declare(log, &mut pending);
            if !pending.sealed.is_empty() {
                batch.insert(name.clone(), pending);
            }
        }
    }

    pub(super) fn lose(&mut self, name: &LogName, records: u64, error: &AppendError) {
        let now = self.config.clock.now();
        // What stands in the log for ever names no path and no person.
        let mut reason = match error {
            AppendError::SubjectKeys(_) => "subject keys could not be kept".to_owned(),
            AppendError::Erasing(_) => "an erasure could not be finished".to_owned(),
            other => other.to_string(),
        };
        // A gap must fit a receipt whatever a store or signer has to say.
        shorten(&mut reason);
        if let Some(log) = self.logs.get_mut(name) {
            log.lose(Loss {
                records,
                from: now,
                to: now,
                reason,
            });
        }
        self.queue
            .count(|stats| stats.lost = stats.lost.saturating_add(records));
    }
}
