//! One of several writers of copies of a directory, each of the logs whose lease it holds.

use super::{Writer, from_ledger};
use crate::store::Mode;
use crate::{DirectoryError, Settings};
use ai_audit_store::{AppendError, LedgerError, LedgerObserver, LogName};
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// How often a log is attached to which its former holder may still append meanwhile: his appends are refused from the first
/// start receipt on.
const TRIES: u32 = 3;

impl Writer {
    /// Opens a directory on a PostgreSQL beside others that open copies of it in this way; a sole writer is refused then,
    /// and this one while there is a sole one. `software` is what start receipts name.
    ///
    /// No log is attached, also not by what is submitted to it: whoever holds its lease
    /// ([`open_leases`](crate::open_leases)) does that, with [`Writer::attach_anew`]. Keys of subjects are refused: each
    /// copy has its own, and an erasure would leave those of the others.
    ///
    /// # Errors
    ///
    /// When it is no log directory, or none that can be shared; another process has this copy, or a sole writer the logs;
    /// the server does not have the logs that were made in it.
    pub fn open_shared(
        path: &Path,
        settings: Settings,
        software: &str,
        observer: Option<Arc<dyn LedgerObserver>>,
    ) -> Result<Self, DirectoryError> {
        // Nothing is attached by that: what was cut off in this copy's own files is undone.
        Self::opened(path, settings, software, Mode::Shared, observer)
    }

    /// Attaches a log whose lease was taken, also one that was attached before and let go of: its start receipt shuts
    /// everybody else out. `fence` is how many receipts the log had when the lease was taken, and `still` tells whether it is
    /// held yet. Gives how many receipts the log has with the start receipt.
    ///
    /// # Errors
    ///
    /// As [`Writer::attach`]; [`DirectoryError::Refused`] where the lease is over, or the log has fewer receipts than `fence`:
    /// nothing is written then; where an erasure is not completed, since only the copy that has the keys can do that; where
    /// its receipt key is handed over with each epoch, in files of which the other copies hear nothing.
    pub fn attach_anew(
        &self,
        log: &LogName,
        fence: u64,
        still: &dyn Fn() -> bool,
    ) -> Result<u64, DirectoryError> {
        self.may_be_shared(log)?;
        // Others wrote since they were asked.
        let mut asked = self
            .keys
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        asked.logs.remove(log);
        drop(asked);
        let mut tries = 1;
        loop {
            let signers = self.keys.signers(log)?;
            let size = self.directory.head(log)?.size();
            if size < fence {
                return Err(DirectoryError::Refused(format!(
                    "log {log} has {size} receipts, and had {fence} when its lease was taken: an older copy of the store answers"
                )));
            }
            // Whoever has it by now would be shut out, and is the one who may write.
            if !still() {
                return Err(DirectoryError::Refused(format!(
                    "log {log}: its lease was over before it could be attached"
                )));
            }
            match self.ledger.attach_log(log.clone(), signers) {
                Ok(info) => return Ok(info.size),
                Err(LedgerError::Append {
                    error: AppendError::TakenOver { .. },
                    ..
                }) if tries < TRIES => tries += 1,
                Err(error) => return Err(from_ledger(error)),
            }
        }
    }

    /// Refuses a log that no other copy could write to: what it needs is in the files of one of them.
    fn may_be_shared(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.directory.head(log)?;
        if !self.shared {
            return Ok(());
        }
        if self.directory.is_forward_secure(log)? && self.directory.receipt_service(log)?.is_none()
        {
            return Err(DirectoryError::Refused(format!(
                "log {log}: its receipt key is handed over with each epoch, in the files of one directory, so instances cannot \
                 share it; expected a key in a service"
            )));
        }
        // Attaching it would destroy the keys of this copy, and record it as done.
        if !self.directory.open_erasures(log)?.is_empty() {
            return Err(DirectoryError::Refused(format!(
                "log {log}: an erasure is not completed, and only one copy of the directory has the keys that it is about; \
                 finish it with `ai-audit shred` there, while no instance runs, then copy the directory again"
            )));
        }
        Ok(())
    }

    /// Whether others with copies of the directory write to other logs of it.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::keepers::Keepers;
    use crate::writer::config;
    use crate::{InitOptions, init};
    use ai_audit_core::{LogId, SubjectKeyId};
    use ai_audit_shredding::{HeldKey, KekId, SubjectKey, SubjectKeys, SubjectKeysError};
    use ai_audit_store::{Ledger, Shred, SubjectKeysSource};

    type Kept<T> = Result<T, SubjectKeysError>;

    /// Keys that cannot be destroyed once that is recorded.
    struct Stuck(Arc<dyn SubjectKeys>);

    impl SubjectKeys for Stuck {
        fn log(&self) -> &LogId {
            self.0.log()
        }
        fn key_for(&self, subject: &str) -> Kept<SubjectKey> {
            self.0.key_for(subject)
        }
        fn find(&self, subject: &str) -> Kept<Option<SubjectKeyId>> {
            self.0.find(subject)
        }
        fn held(&self, id: SubjectKeyId) -> Kept<HeldKey> {
            self.0.held(id)
        }
        fn subjects(&self) -> Kept<Vec<(String, SubjectKeyId)>> {
            self.0.subjects()
        }
        fn sync(&self) -> Kept<()> {
            self.0.sync()
        }
        fn kek(&self) -> Kept<KekId> {
            self.0.kek()
        }
        fn may_destroy(&self, keys: &[SubjectKeyId]) -> Kept<()> {
            self.0.may_destroy(keys)
        }
        fn destroy(&self, _: &[SubjectKeyId], _: KekId) -> Kept<KekId> {
            Err(SubjectKeysError::new("the disk is gone"))
        }
    }

    struct Of(Arc<Stuck>);

    impl SubjectKeysSource for Of {
        fn subject_keys(&self, _: &LogName, _: LogId) -> Result<Arc<dyn SubjectKeys>, String> {
            let keys: Arc<Stuck> = Arc::clone(&self.0);
            Ok(keys)
        }

        fn opened(&self, log: &LogName, id: LogId) -> Option<Arc<dyn SubjectKeys>> {
            self.subject_keys(log, id).ok()
        }
    }

    fn writer(folder: &Path) -> Writer {
        let options = InitOptions::new("example.org/test");
        init(folder, &options, Settings::default(), "test").unwrap();
        let mut writer = Writer::open(folder, Settings::default(), "test").unwrap();
        writer.shared = true;
        writer
    }

    #[test]
    fn nothing_is_written_where_the_lease_is_over_or_an_older_copy_answers() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(folder.path());
        let log = LogName::default();
        let size = || writer.directory().head(&log).unwrap().size();
        let before = size();
        let over = writer.attach_anew(&log, before, &|| false).unwrap_err();
        assert!(over.to_string().contains("its lease was over"), "{over}");
        let older = writer.attach_anew(&log, before + 1, &|| true).unwrap_err();
        assert!(older.to_string().contains("an older copy"), "{older}");
        assert_eq!(size(), before);
        assert!(!writer.ledger().is_attached(&log));
        let attached = writer.attach_anew(&log, before, &|| true).unwrap();
        assert_eq!((attached, size()), (before + 1, before + 1));
    }

    /// What completes an erasure is done in the ledger, which asks for the keys by itself.
    #[test]
    fn the_ledger_of_one_of_several_copies_gets_no_keys_of_subjects() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(folder.path());
        let log = LogName::default();
        let head = writer.directory().head(&log).unwrap();
        let shared = Keepers::new(writer.directory().clone(), true);
        let Err(refused) = shared.subject_keys(&log, head.log_id()) else {
            panic!("it has keys");
        };
        assert!(refused.contains("an erasure would leave"), "{refused}");
        let Err(refused) = writer.subject_keys(&log) else {
            panic!("it has keys");
        };
        assert!(refused.to_string().contains("an erasure would leave"));
        let sole = Keepers::new(writer.directory().clone(), false);
        assert!(sole.subject_keys(&log, head.log_id()).is_ok());
    }

    /// Any copy would record as destroyed what another one has the keys of.
    #[test]
    fn a_log_with_an_erasure_that_is_not_completed_is_not_attached() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(folder.path());
        let log = LogName::default();
        let keys = writer.keepers().of(&log).unwrap();
        let _of_a_person = keys.key_for("person-7").unwrap();
        keys.sync().unwrap();
        let mut config = config(writer.directory().settings(), "test").unwrap();
        config.subject_keys = Some(Arc::new(Of(Arc::new(Stuck(keys)))));
        let ledger = Ledger::open(writer.directory().shared_store(), config).unwrap();
        let signers = writer.keys.signers(&log).unwrap();
        ledger.attach_log(log.clone(), signers).unwrap();
        let wish = Shred {
            subjects: vec!["person-7".into()],
            lost: Vec::new(),
            reason: "request 31".into(),
            legal_basis: String::new(),
            requested_by: String::new(),
        };
        ledger.shred(&log, wish).unwrap_err();
        drop(ledger);
        let open = || writer.directory().open_erasures(&log).unwrap().len();
        assert_eq!(open(), 1);
        let error = writer.attach_anew(&log, 1, &|| true).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("finish it with `ai-audit shred`"), "{said}");
        assert_eq!(open(), 1);
        assert!(!writer.ledger().is_attached(&log));
    }
}
