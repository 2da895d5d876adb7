//! The end of an instance that shares the logs: each gets its stop receipt, its lease is given back, and then come checkpoints.

use super::Holds;
use super::attach::has;
use super::log::OfLog;
use crate::ServeError;
use crate::shared::Shared;
use ai_audit_directory::DirectoryError;
use ai_audit_store::{AppendError, LedgerError, LogName, StoreError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long appends under way are waited for before leases are given back.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// How long those that attach logs, or claim them, are waited for, all together.
const AT_DOORS: Duration = Duration::from_secs(10);

/// What came of the ends of logs.
struct Ends {
    stopped: Vec<LogName>,
    /// The first error.
    ended: Result<(), ServeError>,
}

/// Gives the logs back as soon as nothing more is to begin: what is downloaded may take long, and nobody has to wait for that.
pub(crate) async fn given_back(
    shared: &Arc<Shared>,
    told: oneshot::Receiver<()>,
) -> Result<(), ServeError> {
    // Also where the service ended by itself.
    let _ = told.await;
    shared.closing.store(true, Ordering::Relaxed);
    let (asked, runtime) = (Arc::clone(shared), Handle::current());
    let (done, ended) = oneshot::channel();
    // Not by the threads that requests need: those that are waited for here may wait for one.
    std::thread::Builder::new()
        .name("ai-audit-give-back".into())
        .spawn(move || {
            let given = match &asked.holds {
                Some(holds) => holds.give_back(&asked, &runtime),
                None => Ok(()),
            };
            // Whoever waits may drop what is shared next, and with it the directory's lock.
            drop(asked);
            let _ = done.send(given);
        })?;
    // One that broke off gave back what it did; the rest is waited for as if the process had died.
    ended.await.unwrap_or(Ok(()))
}

impl Holds {
    /// Ends what this instance has of the logs: stop receipts, leases that others can take at once, and checkpoints. Waits for
    /// appends under way, and for the store. A log that somebody is at comes last: behind its claims no other one waits.
    fn give_back(&self, shared: &Shared, runtime: &Handle) -> Result<(), ServeError> {
        let began = Instant::now();
        while Arc::strong_count(&self.under_way) > 1 && began.elapsed() < UNDER_WAY {
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut ends = Ends {
            stopped: Vec::new(),
            ended: Ok(()),
        };
        let mut left = Vec::new();
        for of in self.all() {
            if let Ok(door) = Arc::clone(&of.door).try_lock_owned() {
                self.end_of(shared, &of, &mut ends);
                drop(door);
            } else {
                left.push(of);
            }
        }
        let until = Instant::now() + AT_DOORS;
        for of in left {
            let rest = until.saturating_duration_since(Instant::now());
            let opened = runtime.block_on(async {
                let door = Arc::clone(&of.door).lock_owned();
                timeout(rest, door).await.ok()
            });
            if let Some(door) = opened {
                self.end_of(shared, &of, &mut ends);
                drop(door);
            } else if of.is_held() {
                let line = format!(
                    "log {} was not stopped, and its lease not given back: it was still being attached or let go of",
                    of.name
                );
                shared.options.troubles.tell(&line);
                let late = io::Error::new(io::ErrorKind::TimedOut, line);
                if ends.ended.is_ok() {
                    ends.ended = Err(late.into());
                }
            }
        }
        // For which nobody needs a lease.
        ends.ended.and(checkpoints(shared, &ends.stopped))
    }

    /// Ends what this instance has of a log at whose door nobody else is.
    fn end_of(&self, shared: &Shared, of: &OfLog, ends: &mut Ends) {
        let ledger = shared.intake.writer().ledger();
        // What is not sure is nobody's to stop, and where the store is away nobody waits for it once for each log.
        let held = of.is_sure();
        if held && ledger.is_attached(&of.name) {
            let reason = shared.options.stop_reason.as_str();
            match self.let_go(shared, of, Some(reason)) {
                Err(error) if is_anothers(&error) => {}
                done => {
                    ends.stopped.push(of.name.clone());
                    if let Err(error) = done
                        && ends.ended.is_ok()
                    {
                        ends.ended = Err(error.into());
                    }
                }
            }
        } else if has(ledger, &of.name) {
            // What is wrong with that was told.
            let _ = self.let_go(shared, of, None);
        }
        if held {
            self.tell_of_end(shared, of, of.give_back(&*self.claims));
        }
    }
}

/// Makes checkpoints of all that can have one; the first error.
fn checkpoints(shared: &Shared, logs: &[LogName]) -> Result<(), ServeError> {
    let mut made = Ok(());
    for log in logs {
        let Err(error) = shared.intake.reading().make_checkpoint(log) else {
            continue;
        };
        let away = matches!(
            error,
            DirectoryError::Store(StoreError::Io { .. })
                | DirectoryError::Open(StoreError::Io { .. })
        );
        made = made.and(Err(ServeError::from(error)));
        if away {
            break;
        }
    }
    made
}

/// Whether a log could not be stopped because another instance wrote to it: it goes on there, and nothing is missing.
fn is_anothers(error: &LedgerError) -> bool {
    matches!(
        error,
        LedgerError::Append {
            error: AppendError::TakenOver { .. },
            ..
        }
    )
}
