//! Erasures and changes of policy: what is asked of the ledger and what came of it.

use super::queue::Command;
use super::{Ledger, Receipt, ticket};
use crate::{LedgerError, LogName};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::SubjectKeys;
use std::sync::Arc;

/// Has the keepers of subject keys, for a ledger that sees to it that keys are durable before the
/// receipts in which they have a part, and that destroys them.
pub trait SubjectKeysSource: Send + Sync {
    /// The keeper of a log's keys, which begins now where there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, in lower case and without a full stop.
    fn subject_keys(&self, log: &LogName, id: LogId) -> Result<Arc<dyn SubjectKeys>, String>;

    /// The same, if somebody asked for it before: else there is nothing to make durable.
    fn opened(&self, log: &LogName, id: LogId) -> Option<Arc<dyn SubjectKeys>>;
}

/// Whose keys are to be destroyed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shred {
    /// The subjects' pseudonyms; the empty one is the log itself.
    pub subjects: Vec<String>,
    /// Keys that the log names and nobody keeps any more, with their subjects: lost, or destroyed in
    /// what this copy of the log does not know of. That they are gone is recorded, so that their
    /// subjects can have new ones.
    pub lost: Vec<(String, SubjectKeyId)>,
    /// Why; not empty. Stands in the log for ever, so it should name nobody.
    pub reason: String,
    /// Such as `GDPR Art. 17(1)(b)`; may be empty.
    pub legal_basis: String,
    /// Who asked, as a pseudonym; may be empty.
    pub requested_by: String,
}

/// What was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shredded {
    /// The subjects with their keys, sorted.
    pub subjects: Vec<(String, SubjectKeyId)>,
    /// The requests; several where they do not fit one receipt.
    pub requests: Vec<Receipt>,
    /// Their completions.
    pub completions: Vec<Receipt>,
    /// Ciphertexts that were removed.
    pub ciphertexts: u64,
}

/// Entries of a log's policy that change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePolicy {
    /// Names and values, in any order. An empty value removes an entry.
    pub entries: Vec<(String, String)>,
    /// Why; may be empty.
    pub reason: String,
}

impl Ledger {
    /// Destroys the keys of subjects: the request is made durable, the keys are destroyed and what
    /// was encrypted under them is removed, the completion is made durable. An erasure that is cut
    /// off is finished when the log is attached again, or when this is called again.
    ///
    /// Everything that was submitted before is in the log before it; a record that comes later and
    /// hangs on a destroyed key is refused.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoSubjectKeys`], [`LedgerError::NothingHeld`], [`LedgerError::SubjectKeys`]:
    /// nothing has changed then. When a receipt cannot be stored, or the keys cannot be destroyed
    /// after all: then the log takes nothing before it is finished, which is tried each time. [`LedgerError::Owed`] where
    /// the keys are destroyed and a store that is away has something yet: then the log goes on, but for records about these
    /// subjects, and it is completed by [`Ledger::finish_erasures`] or when the log is attached again.
    pub fn shred(&self, log: &LogName, wish: Shred) -> Result<Shredded, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue.command(Command::Shred(log.clone(), wish, done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Completes erasures whose keys are destroyed and that wait for a store which was away. Does nothing where none does.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Owed`] where it still is; [`LedgerError::NotAttached`]; as [`Ledger::shred`].
    pub fn finish_erasures(&self, log: &LogName) -> Result<(), LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue.command(Command::Pay(log.clone(), done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Changes entries of the log's policy from here on.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`]; when the policy receipt cannot be sealed, such as for a name
    /// that only a genesis sets, or not be stored.
    pub fn change_policy(
        &self,
        log: &LogName,
        change: ChangePolicy,
    ) -> Result<Receipt, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::ChangePolicy(log.clone(), change, done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }
}
