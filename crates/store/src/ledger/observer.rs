//! Who hears of commits: for metrics and traces of the ledger's own work.

use crate::LogName;
use core::time::Duration;

/// Hears of each commit, on the writer's thread, after whoever waited for it was told.
///
/// It must be quick and wait for nobody: the next commit waits for it. Without one
/// ([`LedgerConfig::observer`](crate::LedgerConfig::observer)) no time is measured.
pub trait LedgerObserver: Send + Sync {
    /// A commit ended, one way or the other.
    fn committed(&self, commit: &Commit<'_>);

    /// A log turned out to have been written to by somebody else.
    fn taken_over(&self, log: &LogName);
}

/// A commit that ended.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its logs, and how many receipts of each.
    pub logs: &'a [(LogName, u64)],
    /// From the first receipt drawn up to the last signature.
    pub sealing: Duration,
    /// From there to the store's answer.
    pub storing: Duration,
    /// Whether the store took it.
    pub stored: bool,
}
