//! Attaching a log whose lease was taken, and letting go of one that is another's.

use super::Holds;
use super::log::OfLog;
use crate::Problem;
use crate::shared::Shared;
use ai_audit_store::{Ledger, LedgerError, LogName, StoreError};
use std::sync::atomic::Ordering;

impl Holds {
    /// Attaches a log whose lease is this instance's. One that cannot be attached is given up, for others to try.
    pub(super) fn open(&self, shared: &Shared, of: &OfLog) -> Result<(), Problem> {
        let (writer, log) = (shared.intake.writer(), &of.name);
        if writer.ledger().is_attached(log) {
            // By a lease before this one. What is wrong with that was told.
            let _ = self.let_go(shared, of, None);
        }
        // Who wrote meanwhile may have put another policy in force.
        shared.intake.forget(log);
        let fence = of.fence();
        let attached = writer.attach_anew(log, fence, &|| of.is_sure());
        let tell = |line: &str| shared.options.troubles.tell(line);
        for warning in writer.take_warnings() {
            tell(&warning);
        }
        let why = match attached {
            Ok(size) if size > fence && of.is_sure() => {
                of.opened();
                return Ok(());
            }
            Ok(size) => {
                let _ = self.let_go(shared, of, None);
                match size > fence {
                    true => "its lease was over before it was attached".to_owned(),
                    false => format!(
                        "it ends at {size}, and had {fence} receipts when its lease was taken: an older copy of the store answers"
                    ),
                }
            }
            Err(error) => error.to_string(),
        };
        tell(&format!(
            "log {log} is not written to here, and its lease is given up: {why}"
        ));
        let until = self.now() + self.rules.length();
        self.tell_of_end(shared, of, of.give_up(&*self.claims, until));
        Err(Problem::later(
            "the log cannot be attached by this instance now; its operator knows why",
        ))
    }

    /// Lets go of a log, with a stop receipt where there is a reason. What is lost and was not declared the ledger keeps for
    /// when it is attached again.
    pub(super) fn let_go(
        &self,
        shared: &Shared,
        of: &OfLog,
        reason: Option<&str>,
    ) -> Result<(), LedgerError> {
        let ledger = shared.intake.writer().ledger();
        match ledger.detach_log(&of.name, reason) {
            Err(LedgerError::NotAttached { .. }) => Ok(()),
            done => done.inspect_err(|error| shared.options.troubles.tell(&error.to_string())),
        }
    }

    pub(super) fn tell_of_end(&self, shared: &Shared, of: &OfLog, ended: Result<bool, StoreError>) {
        if let Err(error) = ended {
            let log = &of.name;
            let line = format!("giving back the lease of log {log}: {error}");
            shared.options.troubles.tell(&line);
        }
    }

    /// Does what a look found to be due: attaches a log whose lease was taken, or lets go of one that is another's. Waits for
    /// the store.
    pub(super) fn settle(&self, shared: &Shared, of: &OfLog) {
        let _door = of.door.blocking_lock();
        of.unqueue();
        let is_due = !of.is_open() && !of.is_refused() && !shared.closing.load(Ordering::Relaxed);
        if !of.is_held() {
            if has(shared.intake.writer().ledger(), &of.name) {
                // What is wrong with that was told.
                let _ = self.let_go(shared, of, None);
            }
        } else if of.is_sure() && is_due {
            // What is wrong it tells by itself.
            let _ = self.open(shared, of);
        }
    }
}

/// Whether a ledger has a log, or found that it ends elsewhere and has still to let go of it.
pub(super) fn has(ledger: &Ledger, log: &LogName) -> bool {
    let found = || ledger.taken_over().iter().any(|(found, _)| found == log);
    ledger.is_attached(log) || found()
}
