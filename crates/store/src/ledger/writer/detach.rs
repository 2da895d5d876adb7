//! Letting go of one log, and of none of its losses.

use super::Writer;
use super::log::Loss;
use super::pending::Pending;
use crate::{LedgerError, LogName, Undeclared};
use ai_audit_core::{Head, Stop};
use std::collections::BTreeMap;

/// Losses of a log that was let go of and may be attached again.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    pub(super) lost: Vec<Loss>,
    /// What is lost unless the log went on to this head, which could not be found out.
    pub(super) in_doubt: Option<(Head, Vec<Loss>)>,
}

impl Kept {
    /// For whoever declares them in our place.
    pub(super) fn told(self) -> Vec<Undeclared> {
        let in_doubt = self.in_doubt.map(|(_, losses)| losses).unwrap_or_default();
        let sure = self.lost.into_iter().map(|loss| loss.told(true));
        sure.chain(in_doubt.into_iter().map(|loss| loss.told(false)))
            .collect()
    }
}

impl Writer {
    /// Lets go of a log; with a reason it is stopped in order before, as far as that can be done.
    pub(super) fn detach(
        &mut self,
        name: &LogName,
        reason: Option<&str>,
    ) -> Result<(), LedgerError> {
        // What producers were refused belongs to the log as long as it is here.
        self.take_refused();
        let Some(reason) = reason else {
            return self.leave(name);
        };
        let stopped = match self.logs.contains_key(name) {
            true => self.stop(name, reason),
            false => Ok(()),
        };
        let kept = self.undeclared.remove(name).unwrap_or_default();
        let mut lost = kept.told();
        match self.logs.remove(name) {
            Some(log) => lost.extend(log.undeclared().told()),
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

    /// Leaves a log to another writer. What it lost is told, and kept: only where it is attached again can be found out what
    /// of it came into the log all the same.
    fn leave(&mut self, name: &LogName) -> Result<(), LedgerError> {
        if !self.logs.contains_key(name) {
            return Err(LedgerError::NotAttached { log: name.clone() });
        }
        self.let_go(name);
        let kept = self.undeclared.get(name).cloned().unwrap_or_default();
        match kept.told() {
            lost if lost.is_empty() => Ok(()),
            lost => Err(LedgerError::Undeclared {
                log: name.clone(),
                lost,
                error: None,
            }),
        }
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

    /// What a log that was let go of lost for certain, now that it can be read again and ends here.
    pub(super) fn kept_losses(
        &self,
        name: &LogName,
        head: &Head,
    ) -> Result<Vec<Loss>, LedgerError> {
        let Some(Kept { mut lost, in_doubt }) = self.undeclared.get(name).cloned() else {
            return Ok(Vec::new());
        };
        if let Some((attempted, losses)) = in_doubt {
            let last = attempted.size().checked_sub(1);
            let stored = match last.filter(|_| attempted.size() <= head.size()) {
                Some(seq) => self.hash(name, seq)? == attempted.hash(),
                None => false,
            };
            if !stored {
                lost.extend(losses);
            }
        }
        Ok(lost)
    }

    /// Forgets a log that is to be attached anew, but not what it lost.
    pub(super) fn let_go(&mut self, name: &LogName) {
        let Some(log) = self.logs.remove(name) else {
            return;
        };
        let kept = log.undeclared();
        // What was kept before an attempt to attach it stays as it was, unless that wrote it, perhaps.
        if kept.in_doubt.is_none() && self.undeclared.contains_key(name) {
            return;
        }
        if !kept.lost.is_empty() || kept.in_doubt.is_some() {
            self.undeclared.insert(name.clone(), kept);
        }
    }
}
