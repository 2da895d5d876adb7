//! The logs that are followed, each as far as somebody asked, and the last verdict of each.

use super::Watch;
use crate::Problem;
use crate::forms::MadeVerdict;
use ai_audit_directory::LogDirectory;
use ai_audit_store::{LogName, ReadLimit};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most logs that are followed.
const LOGS: usize = 8;
/// A log for which nobody asked for so long makes room for another.
const IDLE: Duration = Duration::from_secs(60);
/// The most receipts that one request looks at.
const LOOKED_AT: usize = 10_000;

/// A log, when it was asked for last, and what is known of it.
type Known = (LogName, Instant, Arc<Mutex<Watch>>);

/// What is followed. The log that was asked for last stands first.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    followed: Mutex<VecDeque<Known>>,
    verdicts: Mutex<BTreeMap<LogName, MadeVerdict>>,
}

impl Watches {
    /// Gets on with a log that has `size` receipts, and shows it.
    pub(crate) fn at<T>(
        &self,
        directory: &LogDirectory,
        log: &LogName,
        size: u64,
        show: impl FnOnce(&Watch) -> T,
    ) -> Result<T, Problem> {
        let watch = self.of(log, Instant::now())?;
        let mut watch = lock(&watch);
        let mut left = LOOKED_AT;
        while watch.looked_at() < size && left > 0 {
            let limit = ReadLimit {
                receipts: left.min(1024),
                ..ReadLimit::default()
            };
            let read = directory.store().read(log, watch.looked_at(), limit)?;
            if read.is_empty() {
                break;
            }
            left = left.saturating_sub(read.len());
            read.iter().for_each(|stored| watch.take(stored));
        }
        Ok(show(&watch))
    }

    fn of(&self, log: &LogName, now: Instant) -> Result<Arc<Mutex<Watch>>, Problem> {
        let mut followed = lock(&self.followed);
        let place = followed.iter().position(|(known, _, _)| known == log);
        let watch = match place.and_then(|place| followed.remove(place)) {
            Some((_, _, watch)) => watch,
            None => {
                let last = followed.back().filter(|_| followed.len() >= LOGS);
                match last {
                    // What is known of it would be lost, and begun anew by whoever asks for it.
                    Some((_, asked, _)) if now.saturating_duration_since(*asked) < IDLE => {
                        return Err(Problem::later(format!(
                            "{LOGS} other logs are being watched; one makes room a minute after it was asked for last"
                        )));
                    }
                    Some(_) => drop(followed.pop_back()),
                    None => {}
                }
                Arc::new(Mutex::new(Watch::new()?))
            }
        };
        followed.push_front((log.clone(), now, Arc::clone(&watch)));
        Ok(watch)
    }

    /// The last verdict on a log.
    pub(crate) fn verdict(&self, log: &LogName) -> Option<MadeVerdict> {
        lock(&self.verdicts).get(log).cloned()
    }

    /// Remembers a verdict.
    pub(crate) fn judged(&self, log: &LogName, verdict: MadeVerdict) {
        lock(&self.verdicts).insert(log.clone(), verdict);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What was counted before a panic is counted.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_watched_makes_no_room_for_another() {
        let watches = Watches::default();
        let log = |number: usize| LogName::new(&format!("log-{number}")).unwrap();
        let begun = Instant::now();
        let all: Vec<_> = (0..LOGS)
            .map(|number| watches.of(&log(number), begun).unwrap())
            .collect();
        assert!(watches.of(&log(LOGS), begun).is_err());
        let later = begun + IDLE;
        let again = watches.of(&log(0), later).unwrap();
        assert!(Arc::ptr_eq(&all[0], &again));
        // In place of the one that was asked for first; what is known of the others stays.
        watches.of(&log(LOGS), later).unwrap();
        let again = watches.of(&log(2), later).unwrap();
        assert!(Arc::ptr_eq(&all[2], &again));
        assert_eq!(lock(&watches.followed).len(), LOGS);
    }
}
