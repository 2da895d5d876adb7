//! The keepers of the subject keys of a directory's logs, for its one writer.

use crate::{DirectoryError, LogDirectory, Writer};
use ai_audit_core::LogId;
use ai_audit_shredding::{SubjectKeys, SubjectKeysError};
use ai_audit_store::{
    KnownSubjectKeys, LogName, Shred, Shredded, SubjectKeysSource, open_erasures,
};
use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens the keys of each log when they are first needed.
pub(crate) struct Keepers {
    directory: LogDirectory,
    opened: Mutex<BTreeMap<LogName, Arc<dyn SubjectKeys>>>,
    /// Whether others with copies of the directory write to other logs of it: then nobody is handed keys.
    shared: bool,
}

impl Keepers {
    pub(crate) const fn new(directory: LogDirectory, shared: bool) -> Self {
        Self {
            directory,
            shared,
            opened: Mutex::new(BTreeMap::new()),
        }
    }

    pub(crate) fn of(&self, log: &LogName) -> Result<Arc<dyn SubjectKeys>, DirectoryError> {
        // Held while they are opened, so that nobody opens them a second time.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = opened.get(log) {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(self.directory.subject_keys_to_write(log)?);
        // The file may be from before the last receipts: a backup, or another machine's.
        let known = KnownSubjectKeys::new(keys, self.directory.shared_store(), log.clone());
        let (directory, name) = (self.directory.clone(), log.clone());
        let keys: Arc<dyn SubjectKeys> = Arc::new(known.accounting(move || {
            // Where they were moved to a store that this copy does not know, nobody can tell which keys they use.
            let accounts = directory.accounts_for_all(&name);
            accounts.map_err(|error| SubjectKeysError::new(error.to_string()))
        }));
        opened.insert(log.clone(), Arc::clone(&keys));
        Ok(keys)
    }
}

impl SubjectKeysSource for Keepers {
    fn subject_keys(&self, log: &LogName, _: LogId) -> Result<Arc<dyn SubjectKeys>, String> {
        if self.shared {
            return Err(of_one_copy().to_string());
        }
        self.of(log).map_err(|error| error.to_string())
    }

    fn opened(&self, log: &LogName, _: LogId) -> Option<Arc<dyn SubjectKeys>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.get(log).map(Arc::clone)
    }
}

/// Why there are no keys of subjects where several copies of a directory are written with.
fn of_one_copy() -> DirectoryError {
    DirectoryError::Refused(
        "records about subjects, and texts that are pseudonymized or encrypted, need keys that each of the instances \
         that share the logs would make for itself: an erasure would leave those of the others, so they are not taken"
            .into(),
    )
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keepers").finish_non_exhaustive()
    }
}

impl LogDirectory {
    /// The receipts of a log that ask for an erasure which is not completed, ascending: it was cut off, or the store for
    /// what is old has still to do its part.
    ///
    /// # Errors
    ///
    /// When the log is not there, or cannot be read.
    pub fn open_erasures(&self, log: &LogName) -> Result<Vec<u64>, DirectoryError> {
        self.head(log)?;
        Ok(open_erasures(self.store(), log)?)
    }
}

impl Writer {
    /// The keys of the subjects of a log; made, with the key that wraps them, where there are none. A
    /// destruction that was cut off is finished or forgotten.
    ///
    /// # Errors
    ///
    /// When there is no such log, or the keys cannot be read or made; [`DirectoryError::Refused`] where the directory is one
    /// of several copies ([`Writer::open_shared`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_directory::{InitOptions, Settings, Writer, init};
    /// use ai_audit_shredding::{HeldKey, SubjectKeys as _};
    /// use ai_audit_store::LogName;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// init(path, &InitOptions::new("example.org/doc"), Settings::default(), "doc")?;
    /// let writer = Writer::open(path, Settings::default(), "doc")?;
    /// let keys = writer.subject_keys(&LogName::default())?;
    /// let key = keys.key_for("person-7")?;
    /// keys.sync()?;
    /// let (before, id) = (keys.kek()?, key.id());
    /// drop(key);
    /// assert_ne!(keys.destroy(&[id], before)?, before);
    /// assert!(matches!(keys.held(id)?, HeldKey::Destroyed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subject_keys(&self, log: &LogName) -> Result<Arc<dyn SubjectKeys>, DirectoryError> {
        if self.is_shared() {
            return Err(of_one_copy());
        }
        self.keepers().of(log)
    }

    /// Destroys the keys of subjects, so that nothing that is kept of them can be read again.
    ///
    /// # Errors
    ///
    /// As [`Ledger::shred`](ai_audit_store::Ledger::shred); where receipts were moved to a store that the settings do not name.
    pub fn shred(&self, log: &LogName, wish: Shred) -> Result<Shredded, DirectoryError> {
        let texts = [
            ("reason", wish.reason.as_str()),
            ("legal basis", wish.legal_basis.as_str()),
            ("requested by", wish.requested_by.as_str()),
        ];
        self.directory().names_nobody(log, &texts)?;
        self.directory().accounts_for_all(log)?;
        self.attach(log)?;
        self.ledger()
            .shred(log, wish)
            .map_err(crate::writer::from_ledger)
    }

    /// Completes the erasures of a log that wait for a store which was away. Does nothing where none does.
    ///
    /// # Errors
    ///
    /// As [`Ledger::finish_erasures`](ai_audit_store::Ledger::finish_erasures); where receipts were moved to a store that the
    /// settings do not name, or that does not answer.
    pub fn finish_erasures(&self, log: &LogName) -> Result<(), DirectoryError> {
        // The log may have been attached while nobody knew whether the store that was away is the right one.
        if !self.directory().open_erasures(log)?.is_empty() {
            self.directory().accounts_for_all(log)?;
        }
        self.attach(log)?;
        self.ledger()
            .finish_erasures(log)
            .map_err(crate::writer::from_ledger)
    }
}
