//! A writer that another one has followed: left to itself it would refuse appends for ever.

use crate::shared::Shared;
use ai_audit_store::{AppendError, StoreError};
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
    /// Whether a log was found to end behind where this writer left it, since the store was last asked.
    elsewhere: AtomicBool,
    heard: Notify,
}

impl Lost {
    /// Hears why a write failed. Gives what the operator is to hear of it beside the error.
    pub(crate) fn written(&self, error: &AppendError) -> Option<String> {
        match error {
            AppendError::TakenOver { error: below, .. } => {
                let back = went_back(below);
                // Whoever has less than this writer is none that followed it.
                if back.is_none() {
                    self.elsewhere.store(true, Ordering::Relaxed);
                    self.heard.notify_one();
                }
                return back;
            }
            AppendError::Store(below)
            | AppendError::Unknown(below)
            | AppendError::Unconfirmed { error: below, .. }
                if matches!(below, StoreError::Locked { .. }) =>
            {
                self.heard.notify_one();
            }
            _ => {}
        }
        None
    }

    pub(crate) fn is_so(&self) -> bool {
        self.so.load(Ordering::Relaxed)
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

/// Whether what the store said of the lock is the end. That a log ends elsewhere is none by itself: whoever has the
/// password of the role that appends puts a row behind it without any lock, and would end all that writes.
fn is_over(elsewhere: bool, found: &Result<bool, StoreError>) -> bool {
    match found {
        Err(StoreError::Locked { .. }) => true,
        // Another one had it for a while, and wrote.
        Ok(false) => elsewhere,
        _ => false,
    }
}

/// Is there once another writer has the store, or had it and wrote.
pub(crate) async fn taken_over(shared: &Arc<Shared>) {
    let lost = &shared.lost;
    let mut elsewhere = false;
    loop {
        tokio::select! {
            () = lost.heard.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        elsewhere |= lost.elsewhere.swap(false, Ordering::Relaxed);
        // A connection that was lost is made anew by this, and takes the lock again where nobody has it.
        let asked = Arc::clone(shared);
        let look = move || {
            let store = asked.intake.writer().directory().store();
            store.is_alone_since_opened()
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(found) if is_over(elsewhere, &found) => break,
            Ok(Ok(alone)) => elsewhere &= !alone,
            Ok(Err(error)) => {
                let line = format!("whether this is the writer still: {error}");
                shared.options.troubles.tell(&line);
            }
            Err(_) => {}
        }
    }
    lost.so.store(true, Ordering::Relaxed);
}

#[cfg(test)]
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

    /// A log that ends elsewhere.
    fn moved(expected: u64, found: u64) -> AppendError {
        let head = |size| {
            Box::new(Head::from_parts(
                LogId::from_bytes([1; 32]),
                size,
                LeafHash::from_bytes([2; 32]),
                Timestamp::from_micros(3),
            ))
        };
        let log = LogName::default();
        AppendError::TakenOver {
            log: log.clone(),
            error: Box::new(StoreError::HeadMoved {
                log,
                expected: head(expected),
                found: head(found),
            }),
        }
    }

    #[test]
    fn a_writer_that_was_followed_is_over_and_one_whose_store_fails_is_not() {
        for (elsewhere, found, expected) in [
            (false, Err(locked()), true),
            (true, Err(locked()), true),
            // It lost the lock, and has it again.
            (true, Ok(false), true),
            (false, Ok(false), false),
            // A row that was put behind a log without the lock.
            (true, Ok(true), false),
            (true, Err(failed()), false),
        ] {
            assert_eq!(is_over(elsewhere, &found), expected, "{found:?}");
        }
    }

    #[test]
    fn a_store_that_went_back_is_told_and_is_no_other_writer() {
        for (error, elsewhere, told) in [
            (moved(20, 21), true, false),
            (moved(20, 20), true, false),
            (moved(20, 10), false, true),
            (AppendError::Store(locked()), false, false),
            (AppendError::Closed, false, false),
        ] {
            let lost = Lost::default();
            assert_eq!(lost.written(&error).is_some(), told, "{error}");
            assert_eq!(lost.elsewhere.load(Ordering::Relaxed), elsewhere, "{error}");
        }
    }
}
