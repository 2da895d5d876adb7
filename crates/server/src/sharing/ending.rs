//! The end of an instance that shares the logs: each gets its stop receipt, its lease is given back, and then come checkpoints.

use super::Holds;
use super::attach::has;
use crate::ServeError;
use crate::shared::Shared;
use ai_audit_directory::DirectoryError;
use ai_audit_store::{AppendError, LedgerError, LogName, StoreError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long appends under way are waited for before leases are given back.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// Gives the logs back as soon as nothing more is to begin: what is downloaded may take long, and nobody has to wait for that.
pub(crate) async fn given_back(
    shared: &Arc<Shared>,
    told: oneshot::Receiver<()>,
) -> Result<(), ServeError> {
    // Also where the service ended by itself.
    let _ = told.await;
    shared.closing.store(true, Ordering::Relaxed);
    let asked = Arc::clone(shared);
    let (done, ended) = oneshot::channel();
    // Not by the threads that requests need: those that are waited for here may wait for one.
    std::thread::Builder::new()
        .name("ai-audit-give-back".into())
        .spawn(move || {
            let given = match &asked.holds {
                Some(holds) => holds.give_back(&asked),
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
    /// appends under way, and for the store.
    fn give_back(&self, shared: &Shared) -> Result<(), ServeError> {
        let began = Instant::now();
        while Arc::strong_count(&self.under_way) > 1 && began.elapsed() < UNDER_WAY {
            std::thread::sleep(Duration::from_millis(10));
        }
        let ledger = shared.intake.writer().ledger();
        let mut ended = Ok(());
        let mut stopped = Vec::new();
        for of in self.all() {
            let _door = of.door.blocking_lock();
            // What is not sure is nobody's to stop, and where the store is away nobody waits for it once for each log.
            let held = of.is_sure();
            if held && ledger.is_attached(&of.name) {
                let reason = shared.options.stop_reason.as_str();
                let done = self.let_go(shared, &of, Some(reason));
                if !done.as_ref().is_err_and(is_anothers) {
                    stopped.push(of.name.clone());
                    ended = ended.and(done.map_err(ServeError::from));
                }
            } else if has(ledger, &of.name) {
                // What is wrong with that was told.
                let _ = self.let_go(shared, &of, None);
            }
            if held {
                self.tell_of_end(shared, &of, of.give_back(&*self.claims));
            }
        }
        // For which nobody needs a lease.
        ended.and(checkpoints(shared, &stopped))
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
