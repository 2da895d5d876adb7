//! A writer that another one has followed: left to itself it would refuse appends for ever.

use crate::shared::Shared;
use ai_audit_store::{Alone, AppendError, LogName, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How often the store is asked, where nobody appends and hears of it.
const LOOK: Duration = Duration::from_secs(3);

/// Whether another writer has the store.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    so: AtomicBool,
    heard: Notify,
}

impl Lost {
    /// Hears why a write failed: where another writer may be the reason, the next look is now.
    pub(crate) fn written(&self, error: &AppendError) {
        let by_another = match error {
            AppendError::TakenOver { .. } => true,
            AppendError::Store(below)
            | AppendError::Unknown(below)
            | AppendError::Unconfirmed { error: below, .. } => {
                matches!(below, StoreError::Locked { .. })
            }
            _ => false,
        };
        if by_another {
            self.heard.notify_one();
        }
    }

    pub(crate) fn is_so(&self) -> bool {
        self.so.load(Ordering::Relaxed)
    }
}

/// What the looks have found so far of logs that end elsewhere than where this writer left them.
#[derive(Debug, Default)]
struct Elsewhere {
    /// Those that were written to while the lock was this writer's all the time: by somebody who heeds no lock.
    heedless: HashSet<LogName>,
    /// Those whose store went back: that was told.
    back: HashSet<LogName>,
}

impl Elsewhere {
    /// Whether what the store says of the lock, and the ledger of its logs, is the end. That a log ends elsewhere is
    /// none by itself: whoever has the password of the role that appends puts a row behind it without any lock, and would
    /// end all that writes. Gives besides what the operator is to hear.
    fn is_over(
        &mut self,
        found: &Result<bool, StoreError>,
        logs: Vec<(LogName, StoreError)>,
    ) -> (bool, Vec<String>) {
        let mut told = Vec::new();
        let mut followed = false;
        for (log, error) in logs {
            // Whoever has less than this writer is none that followed it.
            if let Some(line) = went_back(&error) {
                if self.back.insert(log) {
                    told.push(line);
                }
            } else if matches!(found, Ok(true)) {
                self.heedless.insert(log);
            } else {
                followed |= !self.heedless.contains(&log);
            }
        }
        let over = match found {
            Err(StoreError::Locked { .. }) => true,
            // Another one had it for a while, and wrote.
            Ok(false) => followed,
            _ => false,
        };
        (over, told)
    }
}

/// A store that has less of a log than it had: an older replica took over, or a copy was put in its place.
fn went_back(error: &StoreError) -> Option<String> {
    match error {
        StoreError::HeadMoved {
            log,
            expected,
            found,
        } if found.size() < expected.size() => Some(format!(
            "log {log}: the store went back from {} receipts to {}; this writer stays and refuses appends to it, so that no instance that knows of less goes on (docs/spec/routing.md)",
            expected.size(),
            found.size()
        )),
        _ => None,
    }
}

/// What a look found of the lock, and what is wrong beside it: that is told, and decides nothing.
fn apart(looked: Result<Alone, StoreError>) -> (Result<bool, StoreError>, Option<StoreError>) {
    match looked {
        Ok(alone) => (Ok(alone.since_opened), alone.trouble),
        Err(error) => (Err(error), None),
    }
}

/// Is there once another writer has the store, or had it and wrote. Asks the ledger and not those who append: it may have
/// found out by itself, and then refuses what comes without a word of why.
pub(crate) async fn taken_over(shared: &Arc<Shared>) {
    let lost = &shared.lost;
    let mut elsewhere = Elsewhere::default();
    loop {
        tokio::select! {
            () = lost.heard.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        // A connection that was lost is made anew by this, and takes the lock again where nobody has it.
        let asked = Arc::clone(shared);
        let look = move || {
            let writer = asked.intake.writer();
            // In this order: what was found before the lock was seen to be held may have been without it.
            let logs = writer.ledger().taken_over();
            (writer.directory().store().is_alone_since_opened(), logs)
        };
        let Ok((found, logs)) = tokio::task::spawn_blocking(look).await else {
            continue;
        };
        let (found, beside) = apart(found);
        let (over, mut told) = elsewhere.is_over(&found, logs);
        if over {
            break;
        }
        if let Err(error) = found {
            told.push(format!("whether this is the writer still: {error}"));
        }
        if let Some(error) = beside {
            told.push(format!(
                "this is the writer, and others may not find it: {error}"
            ));
        }
        for line in told {
            shared.options.troubles.tell(&line);
        }
    }
    lost.so.store(true, Ordering::Relaxed);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_core::{Head, LeafHash, LogId, Timestamp};
    use ai_audit_store::LogName;

    fn locked() -> StoreError {
        StoreError::Locked {
            what: "schema ai_audit".into(),
            holder: None,
        }
    }

    fn failed() -> StoreError {
        StoreError::Io {
            what: "no answer".into(),
        }
    }

    /// Logs that end elsewhere.
    fn moved(expected: u64, found: u64) -> Vec<(LogName, StoreError)> {
        let head = |size| {
            Box::new(Head::from_parts(
                LogId::from_bytes([1; 32]),
                size,
                LeafHash::from_bytes([2; 32]),
                Timestamp::from_micros(3),
            ))
        };
        let log = LogName::default();
        let error = StoreError::HeadMoved {
            log: log.clone(),
            expected: head(expected),
            found: head(found),
        };
        vec![(log, error)]
    }

    #[test]
    fn a_writer_that_was_followed_is_over_and_one_whose_store_fails_is_not() {
        for (logs, found, expected) in [
            (vec![], Err(locked()), true),
            (moved(20, 21), Err(locked()), true),
            // It lost the lock, and has it again.
            (moved(20, 21), Ok(false), true),
            (moved(20, 20), Ok(false), true),
            (vec![], Ok(false), false),
            // A row that was put behind a log without the lock.
            (moved(20, 21), Ok(true), false),
            (moved(20, 21), Err(failed()), false),
        ] {
            let (over, told) = Elsewhere::default().is_over(&found, logs);
            assert_eq!(over, expected, "{found:?}");
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn what_is_wrong_beside_the_lock_hides_nothing_of_it() {
        for since_opened in [true, false] {
            let (found, beside) = apart(Ok(Alone {
                since_opened,
                trouble: Some(failed()),
            }));
            assert_eq!((&found, beside), (&Ok(since_opened), Some(failed())));
            // The lock was lost for a while, and a log goes on behind where it was left: over, whatever the row is like.
            let (over, _) = Elsewhere::default().is_over(&found, moved(20, 21));
            assert_eq!(over, !since_opened);
        }
        assert_eq!(apart(Err(locked())), (Err(locked()), None));
    }

    #[test]
    fn what_was_heedless_while_the_lock_was_held_stays_so() {
        let mut elsewhere = Elsewhere::default();
        assert!(!elsewhere.is_over(&Ok(true), moved(20, 21)).0);
        // The connection was made anew since, and nobody else wrote.
        assert!(!elsewhere.is_over(&Ok(false), moved(20, 21)).0);
        let (mut logs, other) = (moved(20, 21), LogName::new("other").unwrap());
        logs.push((other, logs[0].1.clone()));
        assert!(elsewhere.is_over(&Ok(false), logs).0);
    }

    #[test]
    fn a_store_that_went_back_is_told_once_and_is_no_other_writer() {
        let mut elsewhere = Elsewhere::default();
        let (over, told) = elsewhere.is_over(&Ok(false), moved(20, 10));
        assert!(!over && told.len() == 1, "{told:?}");
        let (over, told) = elsewhere.is_over(&Ok(false), moved(20, 10));
        assert!(!over && told.is_empty(), "{told:?}");
    }
}
