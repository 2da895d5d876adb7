//! What a proxy did, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a proxy did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls that were forwarded.
    pub forwarded: u64,
    /// Calls that were refused since their intent could not be made durable.
    pub refused: u64,
    /// Calls that were forwarded without a durable intent.
    pub unrecorded: u64,
    /// Calls whose outcome could not be made durable: their intents stay open.
    pub open: u64,
    /// Requests and answers of known forms that could not be read, or were longer than is read. Their
    /// digests are in the log.
    pub unread: u64,
    /// Decisions or tool calls that the log did not take as they were, such as one with a name that holds
    /// personal data.
    pub left_out: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) forwarded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unrecorded: AtomicU64,
    pub(crate) unread: AtomicU64,
    pub(crate) left_out: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            forwarded: read(&self.forwarded),
            refused: read(&self.refused),
            unrecorded: read(&self.unrecorded),
            // Counted with the calls.
            open: 0,
            unread: read(&self.unread),
            left_out: read(&self.left_out),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
