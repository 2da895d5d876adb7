//! Looks at all leases, every so often: renews this instance's, takes what is over, and has logs attached and let go of.

use super::log::{OfLog, Wish};
use super::{Holds, size_of};
use crate::shared::Shared;
use ai_audit_store::{Lease, LogName};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

/// The most logs whose leases are followed: whoever has the password of the role that appends can write as many as he likes.
const MOST: usize = 100_000;

/// Looks until what is given back is dropped. None where the logs are not shared.
///
/// Attaching and letting go take as long as the store does, and are done by a thread of their own: meanwhile leases are
/// renewed.
pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Option<Sender<()>>> {
    let Some(every) = shared.holds.as_ref().map(Holds::every) else {
        return Ok(None);
    };
    let (stop, stopped) = channel();
    let (due, settles) = channel::<Arc<OfLog>>();
    let (looking, settling) = (Arc::downgrade(shared), Arc::downgrade(shared));
    thread::Builder::new()
        .name("ai-audit-attach".into())
        .spawn(move || {
            while let Ok(of) = settles.recv() {
                let Some(shared) = settling.upgrade() else {
                    break;
                };
                if let Some(holds) = &shared.holds {
                    holds.settle(&shared, &of);
                }
            }
        })?;
    thread::Builder::new()
        .name("ai-audit-leases".into())
        .spawn(move || {
            loop {
                let Some(shared) = looking.upgrade() else {
                    break;
                };
                if let Some(holds) = &shared.holds {
                    holds.look(&shared, &due);
                }
                drop(shared);
                if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        })?;
    Ok(Some(stop))
}

impl Holds {
    fn look(&self, shared: &Shared, due: &Sender<Arc<OfLog>>) {
        let tell = |line: String| shared.options.troubles.tell(&line);
        let read = self.now();
        let found: HashMap<LogName, Lease> = match self.leases.leases() {
            Ok(found) => found.into_iter().take(MOST).collect(),
            // What is sure until some time stays so.
            Err(error) => return tell(format!("looking at the leases of the logs: {error}")),
        };
        for log in found.keys() {
            self.of(log);
        }
        let closing = shared.closing.load(Ordering::Relaxed);
        let wish = match closing {
            true => Wish::Kept,
            false => Wish::Watched,
        };
        let writer = shared.intake.writer();
        let store = writer.directory().store();
        for of in self.all() {
            if !closing {
                self.notice(shared, &of);
            }
            let size = || size_of(store, &of.name);
            let record = found.get(&of.name);
            if let Err(error) = of.tend(&*self.leases, (record, read), size, wish) {
                tell(format!("the lease of log {}: {error}", of.name));
            }
            let is_attached = writer.ledger().is_attached(&of.name);
            let is_due = match of.is_held() {
                true => !of.is_open() && !closing,
                false => is_attached,
            };
            if is_due && of.queue() {
                // Where nobody settles it, the process ends.
                let _ = due.send(of);
            }
        }
    }
}
