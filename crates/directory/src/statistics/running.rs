//! Counts that go on where they ended: asked again, they cost what came since.

use super::Statistics;
use super::counting::Counting;
use crate::deleted::deletions;
use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{Head, NodeHash};
use ai_audit_store::{LogName, Store, StoreError, StoreReader};
use std::collections::BTreeMap;

/// The statistics of one log, kept while it grows. They are those of [`Statistics::of`] each time, and cost
/// the receipts that were added since the last time.
///
/// What was counted is kept in memory and nowhere else. It is counted from the first receipt again where
/// the log is another one or a shorter one, and where bytes were deleted or put back since. What somebody
/// changes in the store by other means shows only when it is counted anew: nothing is verified here.
///
/// ```
/// use ai_audit_directory::{InitOptions, RunningStatistics, Settings, Writer, init};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit");
/// # let log = init(&path, &InitOptions::new("example.org/x"), Settings::default(), "app")?.log;
/// let mut running = RunningStatistics::new();
/// let writer = Writer::open(&path, Settings::default(), "app")?;
/// let before = running.catch_up(writer.directory(), &log, |_, _| {})?;
/// writer.attach(&log)?; // seals a start receipt
/// let after = running.catch_up(writer.directory(), &log, |_, _| {})?;
/// assert!(after.counts.receipts > before.counts.receipts);
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct RunningStatistics {
    counted: Option<Counted>,
}

/// What was counted of a log.
#[derive(Debug)]
struct Counted {
    /// Where the log ended.
    head: Head,
    /// Its deletions, and what they had deleted.
    deletions: BTreeMap<(u64, u64), u64>,
    counting: Counting,
}

impl RunningStatistics {
    /// Of a log of which nothing was counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { counted: None }
    }

    /// Counts what came since the last time, telling `progress` how many receipts were gone through by now,
    /// of how many. Nothing is verified.
    ///
    /// # Errors
    ///
    /// When the log is not there, or cannot be read. The next time it is counted from the first receipt on.
    pub fn catch_up(
        &mut self,
        directory: &LogDirectory,
        log: &LogName,
        progress: impl FnMut(u64, u64),
    ) -> Result<Statistics, DirectoryError> {
        let head = directory.head(log)?;
        self.to(directory.store(), log, head, progress)
            .map_err(DirectoryError::Store)
    }

    /// About how many bytes of memory are kept until the next time.
    #[must_use]
    pub fn held(&self) -> usize {
        let counted = self.counted.as_ref();
        counted.map_or(0, |counted| {
            counted.counting.held() + counted.deletions.len() * size_of::<[u64; 6]>()
        })
    }

    /// Counts up to a head.
    fn to(
        &mut self,
        store: &dyn Store,
        log: &LogName,
        head: Head,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Statistics, StoreError> {
        let size = head.size();
        let before = deletions(store, log, size)?;
        // Where something fails what was counted is gone: a part of a receipt may be in it.
        let mut counting = match self.counted.take() {
            Some(counted) if counted.goes_on(store, log, &head, &before)? => counted.counting,
            _ => Counting::default(),
        };
        let mut source = StoreReader::range(store, log, counting.receipts()..size);
        while let Some(stored) = source.read_receipt()? {
            counting.take(&stored).map_err(|what| StoreError::Corrupt {
                what: format!("receipt {} of log {log}: {what}", stored.seq),
            })?;
            progress(counting.receipts(), size);
        }
        let statistics = counting.report();
        // What is deleted while it is counted may be counted or not: that is not gone on from.
        let deletions = deletions(store, log, size)?;
        if deletions == before {
            self.counted = Some(Counted {
                head,
                deletions,
                counting,
            });
        }
        Ok(statistics)
    }
}

impl Counted {
    /// Whether a log that ends at `head` begins with what was counted, as it was then.
    fn goes_on(
        &self,
        store: &dyn Store,
        log: &LogName,
        head: &Head,
        deletions: &BTreeMap<(u64, u64), u64>,
    ) -> Result<bool, StoreError> {
        let counted = &self.head;
        if counted.log_id() != head.log_id()
            || counted.size() > head.size()
            || self.deletions != *deletions
        {
            return Ok(false);
        }
        let Some(last) = counted.size().checked_sub(1) else {
            return Ok(true);
        };
        let mut hashes = Vec::new();
        store.hashes(log, 0, last..counted.size(), &mut hashes)?;
        let expected = NodeHash::from_bytes(*counted.hash().as_bytes());
        Ok(hashes.first() == Some(&expected))
    }
}

#[cfg(test)]
mod tests;
