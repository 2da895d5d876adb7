//! What is wrong with the keys of a log's subjects: files that are gone or do not open, and keys that do not fit the receipts
//! (A124). That is asked of what the writer asks, and nothing is made by it.

use super::{Seen, key_error, look, look_at_database};
use crate::store::{self, Mode};
use crate::{DirectoryError, FileKek, LogDirectory, LogPaths, Passphrase};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    HeldKey, KekId, KekVault as _, KnownUpTo, SubjectKey, SubjectKeys, SubjectKeysError,
};
use ai_audit_store::{KnownSubjectKeys, LogName};
use ai_audit_store_sqlite::SqliteSubjectKeys;
use std::path::PathBuf;
use std::sync::Arc;

impl LogDirectory {
    /// The keys of subjects and the one that wraps them, of which each is told where the other is there without it; and
    /// whether the log's receipts are of these keys.
    pub(super) fn check_keys_of_subjects(
        &self,
        log: &LogName,
        paths: &LogPaths,
    ) -> Result<(), DirectoryError> {
        if self.hides_keys_of_subjects(log, paths)? {
            return Ok(());
        }
        match self.subject_keys_to_look_at(log) {
            Err(DirectoryError::SubjectKeys(error)) if error.is_of_reader() => Ok(()),
            opened => self.check_receipts_of_subjects(log, opened?),
        }
    }

    /// The passphrase under which the key that wraps them is, as far as it is there. It is not tried: that is made to take
    /// long.
    pub(super) fn check_passphrase(
        &self,
        log: &LogName,
        paths: &LogPaths,
    ) -> Result<(), DirectoryError> {
        let settings = self.settings();
        // What cannot be looked at is told with the keys.
        let is_hidden = self.hides_keys_of_subjects(log, paths).unwrap_or(true);
        if settings.kek_passphrase.is_some() || is_hidden {
            return Ok(());
        }
        if let Some(file) = &settings.kek_passphrase_file {
            return match look(file)? {
                Seen::Hidden => Ok(()),
                Seen::Plain => Passphrase::read(file, settings.production).map(drop),
                Seen::Nothing => Err(key_error(
                    file,
                    "the passphrase of the key-encryption key is not there, and without it nothing about a subject can be recorded, \
                     revealed or erased; bring it back, or set kek-passphrase-file to where it is",
                )),
            };
        }
        let [kek, next] = self.kek_files(log, paths)?;
        let vault = FileKek::new(kek, next, None, settings.production);
        match vault.settled() {
            // Without one this opens what is under none, and says of another that it is under one.
            Ok(Some(id)) => vault
                .held(&id)
                .map(drop)
                .map_err(DirectoryError::SubjectKeys),
            _ => Ok(()),
        }
    }

    /// Whether whoever looks may not read them.
    fn hides_keys_of_subjects(
        &self,
        log: &LogName,
        paths: &LogPaths,
    ) -> Result<bool, DirectoryError> {
        let [kek, _] = self.kek_files(log, paths)?;
        let seen = [look_at_database(&paths.subject_keys)?, look(&kek)?];
        Ok(seen.iter().any(|seen| matches!(seen, Seen::Hidden)))
    }

    /// The file of the key that wraps them, and that of the next one.
    fn kek_files(&self, log: &LogName, paths: &LogPaths) -> Result<[PathBuf; 2], DirectoryError> {
        let Some(folder) = &self.settings().kek_folder else {
            return Ok([paths.kek.clone(), paths.next_kek.clone()]);
        };
        let id = self.head(log)?.log_id();
        Ok(["kek", "kek.next"].map(|name| folder.join(format!("{id}.{name}"))))
    }

    /// Whether the writer would refuse keys because of what the receipts say of them.
    fn check_receipts_of_subjects(
        &self,
        log: &LogName,
        keys: Option<SqliteSubjectKeys<FileKek>>,
    ) -> Result<(), DirectoryError> {
        let log_id = self.head(log)?.log_id();
        // What was moved would have to be fetched. Who destroyed a key is in what is not moved.
        let store = match &self.tiers {
            Some(_) => store::open(self.layout(), self.settings(), Mode::Read)?,
            None => self.shared_store(),
        };
        let looking = Arc::new(Looking { keys, log: log_id });
        let (directory, name) = (self.clone(), log.clone());
        let known = KnownSubjectKeys::new(looking, store, log.clone()).accounting(move || {
            let accounts = directory.accounts_for_what_answers(&name);
            accounts.map_err(|error| SubjectKeysError::new(error.to_string()))
        });
        match known.conflicts()?.into_iter().next() {
            Some(conflict) => Err(SubjectKeysError::new(conflict.to_string()).into()),
            None => Ok(()),
        }
    }
}

/// Keys of subjects to look at, of which none is made and nothing is noted.
struct Looking {
    /// None where nothing was made yet, or both of their files are gone.
    keys: Option<SqliteSubjectKeys<FileKek>>,
    log: LogId,
}

fn only_looked_at() -> SubjectKeysError {
    SubjectKeysError::new("the keys of subjects are only looked at")
}

impl SubjectKeys for Looking {
    fn log(&self) -> &LogId {
        &self.log
    }

    fn key_for(&self, _: &str) -> Result<SubjectKey, SubjectKeysError> {
        Err(only_looked_at())
    }

    fn find(&self, subject: &str) -> Result<Option<SubjectKeyId>, SubjectKeysError> {
        self.keys
            .as_ref()
            .map_or(Ok(None), |keys| keys.find(subject))
    }

    fn held(&self, id: SubjectKeyId) -> Result<HeldKey, SubjectKeysError> {
        let Some(keys) = &self.keys else {
            return Ok(HeldKey::Unknown);
        };
        match keys.held(id) {
            // It is there and does not open, as without the passphrase. Nothing is opened by what is given for it.
            Err(error) => {
                let mut all = keys.subjects()?.into_iter();
                match all.find(|(_, key)| *key == id) {
                    Some((subject, _)) => Ok(HeldKey::InUse {
                        subject,
                        key: SubjectKey::new(id, self.log, &[0; 32]),
                    }),
                    None => Err(error),
                }
            }
            held => held,
        }
    }

    fn subjects(&self) -> Result<Vec<(String, SubjectKeyId)>, SubjectKeysError> {
        self.keys
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), SubjectKeys::subjects)
    }

    fn sync(&self) -> Result<(), SubjectKeysError> {
        Ok(())
    }

    fn kek(&self) -> Result<KekId, SubjectKeysError> {
        self.keys
            .as_ref()
            .map_or_else(|| Err(only_looked_at()), SubjectKeys::kek)
    }

    fn may_destroy(&self, _: &[SubjectKeyId]) -> Result<(), SubjectKeysError> {
        Err(only_looked_at())
    }

    fn destroy(&self, _: &[SubjectKeyId], _: KekId) -> Result<KekId, SubjectKeysError> {
        Err(only_looked_at())
    }

    fn known_up_to(&self) -> Result<Option<KnownUpTo>, SubjectKeysError> {
        self.keys
            .as_ref()
            .map_or(Ok(None), SubjectKeys::known_up_to)
    }

    /// It is for whoever writes to note.
    fn note_known_up_to(&self, _: KnownUpTo) -> Result<(), SubjectKeysError> {
        Ok(())
    }
}
