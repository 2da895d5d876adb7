//! Finding out where a log ends after a commit failed, and ending what must be ended first.

use super::{Writer, recover_frontier};
use crate::{AppendError, LogName, StoreError};
use ai_audit_core::Head;

impl Writer {
    /// Finds out where a log ends after a commit failed, and goes on from there; finishes an erasure
    /// that is under way, but for what is owed by a store that is away.
    pub(super) fn settle(&mut self, name: &LogName) -> Result<(), AppendError> {
        self.settle_head(name)?;
        if !self.logs.get(name).is_some_and(|log| log.erasing.is_open()) {
            return Ok(());
        }
        self.finish_erasures(name)
            .map_err(|error| AppendError::Erasing(Box::new(error)))
    }

    /// Finds out where a log ends after a commit failed, and goes on from there.
    pub(super) fn settle_head(&mut self, name: &LogName) -> Result<(), AppendError> {
        let Some(log) = self.logs.get_mut(name) else {
            return Ok(());
        };
        if let Some(error) = &log.taken_over {
            return Err(AppendError::TakenOver {
                log: name.clone(),
                error: Box::new(error.clone()),
            });
        }
        let Some(doubt) = log.doubt.take() else {
            return log.hold_valid_key();
        };
        let found = match self.store.head(name) {
            Ok(found) => found.unwrap_or(Head::EMPTY),
            Err(_) => {
                let error = doubt.error.clone();
                log.doubt = Some(doubt);
                return Err(AppendError::Store(error));
            }
        };
        if found == log.head {
            for loss in doubt.losses {
                log.lose(loss);
            }
            self.queue
                .count(|stats| stats.lost = stats.lost.saturating_add(doubt.records));
            return Ok(());
        }
        if found == doubt.attempted {
            match recover_frontier(&*self.store, name, found.size()) {
                Ok(frontier) => {
                    log.frontier = frontier;
                    log.head = found;
                    log.keys = doubt.keys;
                    log.epoch = doubt.epoch;
                    self.mark(name);
                    return self.hold_valid_key(name);
                }
                Err(_) => {
                    let error = doubt.error.clone();
                    log.doubt = Some(doubt);
                    return Err(AppendError::Store(error));
                }
            }
        }
        let error = StoreError::HeadMoved {
            log: name.clone(),
            expected: Box::new(log.head),
            found: Box::new(found),
        };
        // Whether its losses are in the log only another one could tell who reads it.
        log.doubt = Some(doubt);
        log.taken_over = Some(error.clone());
        self.queue.set_taken_over(name, error.clone());
        Err(AppendError::TakenOver {
            log: name.clone(),
            error: Box::new(error),
        })
    }
}
