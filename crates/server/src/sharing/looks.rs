//! Looks at all leases, every so often: renews this instance's, takes what is over, and has logs attached and let go of.

use super::log::{OfLog, Wish, address, lock, renew};
use super::{Holds, is_left, size_of};
use crate::shared::Shared;
use ai_audit_store::{Lease, LogName};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

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
            let (mut begun, mut first) = (false, 0);
            loop {
                let Some(shared) = looking.upgrade() else {
                    break;
                };
                if let Some(holds) = &shared.holds {
                    begun = begun || holds.begin(&shared);
                    holds.look(&shared, &due, &mut first);
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
    /// Follows the leases of the directory's logs; tells whether they could be read. A log is made while no instance runs, and
    /// one that somebody asks for is followed from then on. Whoever has the password of the role that appends can write leases
    /// of others, as many as he likes: nobody looks at those.
    fn begin(&self, shared: &Shared) -> bool {
        match shared.intake.writer().directory().logs() {
            Ok(logs) => {
                for log in &logs {
                    self.of(log);
                }
                true
            }
            Err(error) => {
                let line = format!("looking which logs there are: {error}");
                shared.options.troubles.tell(&line);
                false
            }
        }
    }

    /// Begins with renewals. Takes then what is over, for as long as the next renewals can wait: `first` is where the next look
    /// goes on with that, so that no log whose record is slow keeps others from their turn.
    fn look(&self, shared: &Shared, due: &Sender<Arc<OfLog>>, first: &mut usize) {
        let tell = |line: String| shared.options.troubles.tell(&line);
        let mut all = self.all();
        *first = first.checked_rem(all.len()).unwrap_or_default();
        all.rotate_left(*first);
        let names: Vec<LogName> = all.iter().map(|of| of.name.clone()).collect();
        let read = self.now();
        // All of them: one that was left out would look as if there were none.
        let found: HashMap<LogName, Lease> = match self.leases.leases_of(&names) {
            Ok(found) => found.into_iter().collect(),
            // What is sure until some time stays so.
            Err(error) => return tell(format!("looking at the leases of the logs: {error}")),
        };
        let closing = shared.closing.load(Ordering::Relaxed);
        let writer = shared.intake.writer();
        let (store, ledger) = (writer.directory().store(), writer.ledger());
        // These are attached no more, and the ledger has still to let go of them.
        let lost = ledger.taken_over().into_iter().map(|(log, _)| log);
        let lost: BTreeSet<LogName> = lost.collect();
        if !closing {
            for of in all.iter().filter(|of| is_left(shared, of)) {
                of.try_forget();
            }
        }
        let known = all
            .iter()
            .filter_map(|of| Some((&**of, found.get(&of.name)?)));
        if let Err(error) = renew(&*self.leases, known, read) {
            tell(format!("renewing the leases of logs: {error}"));
        }
        // The first one is always tried, however slow the store is.
        let (renewed, mut late) = (self.now(), false);
        for (place, of) in all.into_iter().enumerate() {
            if !late && self.now().saturating_sub(renewed) > self.every() {
                late = true;
                *first += place;
            }
            let wish = match late || closing || of.is_refused() {
                true => Wish::Kept,
                false => Wish::Watched,
            };
            let size = || size_of(store, &of.name);
            let record = found.get(&of.name);
            if self.is_twin(&of, record) {
                tell(format!(
                    "another process advertises {}, as this one does, and has log {}: each instance needs an address of its own",
                    self.own, of.name
                ));
            }
            let tended = of.try_tend(&*self.leases, (record, read), size, wish);
            if let Some(Err(error)) = tended {
                tell(format!("the lease of log {}: {error}", of.name));
            }
            let is_due = match of.is_held() {
                true => !of.is_open() && !closing,
                false => ledger.is_attached(&of.name) || lost.contains(&of.name),
            };
            if is_due && of.queue() {
                // Where nobody settles it, the process ends.
                let _ = due.send(of);
            }
        }
    }

    /// Whether a record shows that another process has this one's address.
    fn is_twin(&self, of: &OfLog, found: Option<&Lease>) -> bool {
        let found = found.filter(|found| {
            let is_own = address(&found.holder).eq_ignore_ascii_case(address(&self.holder));
            is_own && *found.holder != *self.holder && !found.is_free()
        });
        lock(&self.twins).see(&of.name, found, self.now())
    }
}
