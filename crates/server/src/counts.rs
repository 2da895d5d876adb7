//! Statistics that are kept by log, so that asking again costs what came since.

use crate::Problem;
use ai_audit_directory::{LogDirectory, RunningStatistics, Statistics};
use ai_audit_store::LogName;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of memory that the counts of all logs may take. Where it is more, those go first that nobody asked
/// for the longest; they are counted anew when somebody does.
const HELD: usize = 64 << 20;
/// Bytes that a log takes here beside its counts.
const ENTRY: usize = 1 << 10;

/// The counts of one log.
#[derive(Debug)]
struct Kept {
    log: LogName,
    /// Bytes of memory that they take, about.
    held: usize,
    running: Arc<Mutex<RunningStatistics>>,
}

/// The counts of the logs. The log that was asked for last stands first.
#[derive(Debug, Default)]
pub(crate) struct KeptCounts {
    kept: Mutex<VecDeque<Kept>>,
}

impl KeptCounts {
    /// The statistics of a log as it is now. Of two who ask for one log at once, the second waits for what
    /// the first counts.
    pub(crate) fn of(
        &self,
        directory: &LogDirectory,
        log: &LogName,
    ) -> Result<Statistics, Problem> {
        let running = self.running(log);
        let mut running = lock(&running);
        let statistics = running.catch_up(directory, log, |_, _| {});
        self.takes(log, running.held(), HELD);
        Ok(statistics?)
    }

    /// The counts of a log, from now on the first.
    fn running(&self, log: &LogName) -> Arc<Mutex<RunningStatistics>> {
        let mut kept = lock(&self.kept);
        let place = kept.iter().position(|kept| kept.log == *log);
        let counts = place.and_then(|place| kept.remove(place));
        let counts = counts.unwrap_or_else(|| Kept {
            log: log.clone(),
            held: 0,
            running: Arc::default(),
        });
        let running = Arc::clone(&counts.running);
        kept.push_front(counts);
        running
    }

    /// Remembers how much the counts of a log take, and makes room where all together take more than `most`.
    fn takes(&self, log: &LogName, held: usize, most: usize) {
        let mut kept = lock(&self.kept);
        if let Some(counts) = kept.iter_mut().find(|kept| kept.log == *log) {
            counts.held = held + ENTRY;
        }
        let mut all: usize = kept.iter().map(|kept| kept.held).sum();
        while all > most
            && let Some(last) = kept.pop_back()
        {
            all -= last.held;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What was counted when a panic came is not kept.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_nobody_asked_for_the_longest_make_room() {
        let counts = KeptCounts::default();
        let log = |number: usize| LogName::new(&format!("log-{number}")).unwrap();
        let names = || -> Vec<String> {
            let kept = lock(&counts.kept);
            kept.iter().map(|kept| kept.log.to_string()).collect()
        };
        let first = counts.running(&log(0));
        counts.takes(&log(0), 100 * ENTRY, 200 * ENTRY);
        counts.running(&log(1));
        counts.takes(&log(1), 50 * ENTRY, 200 * ENTRY);
        assert!(Arc::ptr_eq(&first, &counts.running(&log(0))));
        counts.running(&log(2));
        counts.takes(&log(2), 60 * ENTRY, 200 * ENTRY);
        assert_eq!(names(), ["log-2", "log-0"]);
        assert!(Arc::ptr_eq(&first, &counts.running(&log(0))));
        // One that takes more than all may take is not kept either.
        counts.takes(&log(0), 300 * ENTRY, 200 * ENTRY);
        assert!(names().is_empty());
    }
}
