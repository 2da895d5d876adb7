//! Takes the times of a commit for whoever wants to hear of it; without him it does nothing.

use crate::ledger::observer::{Commit, LedgerObserver};
use crate::{Batch, LogName};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

/// The times of the commit that is under way.
pub(super) struct Watch {
    observer: Option<Arc<dyn LedgerObserver>>,
    begun: Option<Instant>,
    sealed: Option<Sealed>,
    stored: Option<(Duration, bool)>,
}

/// What is to be stored.
struct Sealed {
    at: Instant,
    took: Duration,
    logs: Vec<(LogName, u64)>,
}

impl Watch {
    pub(super) const fn new(observer: Option<Arc<dyn LedgerObserver>>) -> Self {
        Self {
            observer,
            begun: None,
            sealed: None,
            stored: None,
        }
    }

    /// Something is drawn up, unless that has begun.
    pub(super) fn begin(&mut self) {
        if self.observer.is_some() && self.begun.is_none() {
            self.begun = Some(Instant::now());
        }
    }

    /// All of it is signed.
    pub(super) fn sealed(&mut self, batches: &[Batch<'_>]) {
        if self.observer.is_none() {
            return;
        }
        let at = Instant::now();
        let begun = self.begun.take().unwrap_or(at);
        let receipts = |batch: &Batch<'_>| u64::try_from(batch.receipts.len()).unwrap_or(u64::MAX);
        self.sealed = Some(Sealed {
            at,
            took: at.saturating_duration_since(begun),
            logs: batches
                .iter()
                .map(|batch| (batch.log.clone(), receipts(batch)))
                .collect(),
        });
    }

    /// The store has answered.
    pub(super) fn stored(&mut self, stored: bool) {
        if let Some(sealed) = &self.sealed {
            self.stored = Some((sealed.at.elapsed(), stored));
        }
    }

    /// Everybody who waited has been told.
    pub(super) fn tell(&mut self) {
        if let (Some(observer), Some(sealed), Some((storing, stored))) =
            (&self.observer, self.sealed.take(), self.stored.take())
        {
            observer.committed(&Commit {
                logs: &sealed.logs,
                sealing: sealed.took,
                storing,
                stored,
            });
        }
    }

    /// There is nothing more to store.
    pub(super) fn end(&mut self) {
        self.begun = None;
    }

    /// A log is not ours any more.
    pub(super) fn taken_over(&self, log: &LogName) {
        if let Some(observer) = &self.observer {
            observer.taken_over(log);
        }
    }
}

#[cfg(test)]
mod tests;
