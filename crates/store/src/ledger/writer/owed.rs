//! How far the erasures of a log are, and what of them a store that is away has still to do.

use super::Writer;
use crate::{LedgerError, LogName, StoreError};
use std::collections::BTreeSet;

/// How far the erasures of a log are.
#[derive(Debug)]
pub(super) enum Erasing {
    /// None is under way.
    Nothing,
    /// One may have been requested whose keys are still there: nothing else is written.
    Open,
    /// The keys are destroyed, and a store that is away has something yet that was encrypted under them. The log grows. That
    /// it is owed is said by the request, which no completion ends: so nobody who attaches the log later forgets it.
    Owed(Owed),
}

impl Erasing {
    /// Whether nothing else may be written.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// What is owed.
    pub(super) const fn owed(&self) -> Option<&Owed> {
        match self {
            Self::Owed(owed) => Some(owed),
            Self::Nothing | Self::Open => None,
        }
    }
}

/// What a store that is away has still to do.
#[derive(Debug)]
pub(super) struct Owed {
    /// The first request that waits for it.
    seq: u64,
    /// Whose keys the requests destroyed that wait.
    subjects: BTreeSet<String>,
    /// What the store said.
    error: StoreError,
}

impl Owed {
    pub(super) const fn new(seq: u64, error: StoreError) -> Self {
        Self {
            seq,
            subjects: BTreeSet::new(),
            error,
        }
    }

    /// Whether the store said nothing, or took nothing of this writer: then it does not do the next thing either. What else
    /// it says may be about this one request.
    pub(super) fn is_away(&self) -> bool {
        let StoreError::Owed { error } = &self.error else {
            return false;
        };
        matches!(**error, StoreError::Io { .. } | StoreError::Denied { .. })
    }

    /// One more request waits: what the store said to that is the latest.
    pub(super) fn again(&mut self, error: StoreError) {
        self.error = error;
    }

    /// Adds subjects whose keys are destroyed.
    pub(super) fn extend(&mut self, subjects: &BTreeSet<String>) {
        self.subjects.extend(subjects.iter().cloned());
    }

    /// Whether a subject is one of them. A verifier expects one key of a subject up to the completion of his erasure, so
    /// nothing is sealed under his next one before it.
    pub(super) fn concerns(&self, subject: &str) -> bool {
        self.subjects.contains(subject)
    }

    pub(super) fn told(&self, log: &LogName) -> LedgerError {
        LedgerError::Owed {
            log: log.clone(),
            seq: self.seq,
            error: self.error.clone(),
        }
    }
}

impl Writer {
    /// Notes how far the erasures of a log are.
    pub(super) fn set_erasing(&mut self, name: &LogName, erasing: Erasing) {
        if let Some(owed) = erasing.owed() {
            let error = owed.told(name).to_string();
            self.queue.count(|stats| stats.last_error = Some(error));
        }
        if let Some(log) = self.logs.get_mut(name) {
            log.erasing = erasing;
        }
    }

    /// Completes the erasures that wait for a store which was away.
    pub(super) fn pay(&mut self, name: &LogName) -> Result<(), LedgerError> {
        self.settle(name).map_err(|error| LedgerError::Append {
            log: name.clone(),
            error,
        })?;
        if !self.logs.contains_key(name) {
            return Err(LedgerError::NotAttached { log: name.clone() });
        }
        if self.paid(name).is_err() {
            self.finish_erasures(name)?;
        }
        self.paid(name)
    }

    /// Whether nothing is owed.
    pub(super) fn paid(&self, name: &LogName) -> Result<(), LedgerError> {
        let log = self.logs.get(name);
        match log.and_then(|log| log.erasing.owed()) {
            Some(owed) => Err(owed.told(name)),
            None => Ok(()),
        }
    }
}
