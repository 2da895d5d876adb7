//! Appends that were given up without an answer: before anybody hears where a log ends, they are done or never will be.

use crate::store::RedisStore;
use ai_audit_store::{LogName, StoreError};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of logs' fences. Each append compares its log's. Who gave an append up counts the fence on, and what is
/// on its way yet is refused when it arrives: in a buffer of the network nobody else could stop it.
#[derive(Debug, Default)]
pub(crate) struct Fences {
    /// As they were when they were last heard of; of the others none was ever counted on, as far as is known.
    known: Mutex<HashMap<LogName, Vec<u8>>>,
    /// Logs to which an append may be on its way yet.
    doubtful: Mutex<BTreeSet<LogName>>,
}

impl RedisStore {
    /// What an append is to compare with its log's fence.
    pub(crate) fn fence(&self, log: &LogName) -> Vec<u8> {
        let known = lock(&self.fences.known);
        known.get(log).cloned().unwrap_or_default()
    }

    /// The fence that a comparison found, or that was counted on here.
    pub(crate) fn learn_fence(&self, log: &LogName, fence: Vec<u8>) {
        lock(&self.fences.known).insert(log.clone(), fence);
    }

    /// An append to these logs ended without an answer.
    pub(crate) fn doubt<'l>(&self, logs: impl Iterator<Item = &'l LogName>) {
        lock(&self.fences.doubtful).extend(logs.cloned());
    }

    /// Shuts out what may be on its way yet. Whatever is read afterwards stays so.
    ///
    /// # Errors
    ///
    /// When the server does not answer: then nobody can say where such a log ends.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let mut doubtful = lock(&self.fences.doubtful);
        if doubtful.is_empty() {
            return Ok(());
        }
        while let Some(log) = doubtful.first() {
            let fence = self.count_fence_on(log)?;
            self.learn_fence(log, fence);
            doubtful.pop_first();
        }
        // The server that took this may be another one than that of the connection that reads.
        self.forget_reader();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left: at worst a log is doubted once more, or a comparison is made in vain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
