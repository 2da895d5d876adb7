//! What became of events.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What became of the events of the target so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditCounts {
    /// Durable.
    pub recorded: u64,
    /// In the log already, under the id that they gave.
    pub repeated: u64,
    /// Not recorded because the queue was full, or the guard was gone.
    pub dropped: u64,
    /// Not recorded because they are no record: an unknown field, a value of the wrong kind.
    pub refused: u64,
    /// Taken, and then not stored; the ledger says so in the log.
    pub failed: u64,
}

/// The same while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) recorded: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// Of the dropped ones, those that the log has not been told of.
    pub(crate) untold: AtomicU64,
    /// Bytes that wait.
    pub(crate) waiting: AtomicUsize,
    /// Events that are being put into the queue.
    pub(crate) sending: AtomicUsize,
    /// Whether the queue takes nothing any more.
    pub(crate) closed: AtomicBool,
}

impl Counts {
    pub(crate) fn now(&self) -> AuditCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AuditCounts {
            recorded: of(&self.recorded),
            repeated: of(&self.repeated),
            dropped: of(&self.dropped),
            refused: of(&self.refused),
            failed: of(&self.failed),
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
