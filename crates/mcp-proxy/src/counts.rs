//! What the proxy counts.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What passed and what did not.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages that were forwarded, in both directions.
    pub(crate) forwarded: AtomicU64,
    /// Calls of tools that were forwarded.
    pub(crate) calls: AtomicU64,
    /// Calls that a rule refused.
    pub(crate) denied: AtomicU64,
    /// Messages that could not be read as one thing alone.
    pub(crate) malformed: AtomicU64,
    /// Answers to nothing that was asked.
    pub(crate) stray: AtomicU64,
    /// Calls that were forwarded, or not, since their intent could not be recorded.
    pub(crate) unrecorded: AtomicU64,
    /// Outcomes that could not be recorded: their intents stay open.
    pub(crate) lost_outcomes: AtomicU64,
}

pub(crate) fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl fmt::Display for Counts {
    /// One line, of what there is any of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} messages, {} calls of tools",
            of(&self.forwarded),
            of(&self.calls)
        )?;
        for (count, what) in [
            (&self.denied, "refused by a rule"),
            (&self.malformed, "messages not forwarded: malformed"),
            (&self.stray, "answers to nothing that was asked, dropped"),
            (&self.unrecorded, "calls without an intent"),
            (
                &self.lost_outcomes,
                "outcomes not recorded: their intents stay open",
            ),
        ] {
            if of(count) > 0 {
                write!(f, ", {} {what}", of(count))?;
            }
        }
        Ok(())
    }
}
