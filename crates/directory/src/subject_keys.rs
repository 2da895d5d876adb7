//! The subject keys of a log in a directory, and the key that wraps them.

use crate::durable::plain;
use crate::error::io_at;
use crate::{DirectoryError, FileKek, LogDirectory, LogPaths, OsRandom, Passphrase};
use ai_audit_core::LogId;
use ai_audit_store::LogName;
use ai_audit_store_sqlite::SqliteSubjectKeys;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl LogDirectory {
    /// The subject keys of a log, for reading, also while the writer runs. None where it has none yet.
    ///
    /// # Errors
    ///
    /// When the log is not there, the keys cannot be read or production refuses their files, or the
    /// keys are there without the key that wraps them, or that one without them.
    pub fn subject_keys(
        &self,
        log: &LogName,
    ) -> Result<Option<SqliteSubjectKeys<FileKek>>, DirectoryError> {
        self.keys_to_read(log, self.passphrase()?)
    }

    /// The same to see which there are and which are destroyed. A passphrase that cannot be read is none: settings that came
    /// with somebody's directory may name any file, and most of it can be told without.
    pub(crate) fn subject_keys_to_look_at(
        &self,
        log: &LogName,
    ) -> Result<Option<SqliteSubjectKeys<FileKek>>, DirectoryError> {
        let settings = self.settings();
        let given = settings.kek_passphrase.is_some();
        // A pipe would be waited for, and a device has no end.
        let readable = |file: &PathBuf| plain(file).is_ok();
        let passphrase = match settings.kek_passphrase_file.as_ref().is_none_or(readable) || given {
            true => self.passphrase().unwrap_or_default(),
            false => None,
        };
        self.keys_to_read(log, passphrase)
    }

    fn keys_to_read(
        &self,
        log: &LogName,
        passphrase: Option<Passphrase>,
    ) -> Result<Option<SqliteSubjectKeys<FileKek>>, DirectoryError> {
        let id = self.head(log)?.log_id();
        let paths = self.layout().log(log);
        self.check_subject_keys(&paths)?;
        let kek = self.kek(&paths, &id, passphrase)?;
        Ok(SqliteSubjectKeys::open(&paths.subject_keys, id, kek)?)
    }

    /// The same to write them, made where there are none. Only for who holds the writer's lock.
    pub(crate) fn subject_keys_to_write(
        &self,
        log: &LogName,
    ) -> Result<SqliteSubjectKeys<FileKek>, DirectoryError> {
        self.keys_may_be_used(log)?;
        let id = self.head(log)?.log_id();
        let paths = self.layout().log(log);
        self.check_subject_keys(&paths)?;
        let kek = self.kek(&paths, &id, self.passphrase()?)?;
        kek.destroy_unfinished()?;
        let (path, random) = (&paths.subject_keys, Arc::new(OsRandom));
        Ok(SqliteSubjectKeys::create_or_open(path, id, kek, random)?)
    }

    fn passphrase(&self) -> Result<Option<Passphrase>, DirectoryError> {
        let settings = self.settings();
        match (&settings.kek_passphrase, &settings.kek_passphrase_file) {
            (Some(passphrase), _) => Ok(Some(passphrase.clone())),
            (None, Some(file)) => Passphrase::read(file, settings.production).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn kek(
        &self,
        paths: &LogPaths,
        log: &LogId,
        passphrase: Option<Passphrase>,
    ) -> Result<FileKek, DirectoryError> {
        let settings = self.settings();
        let (file, next) = match &settings.kek_folder {
            None => (paths.kek.clone(), paths.next_kek.clone()),
            Some(folder) => elsewhere(folder, log, paths)?,
        };
        Ok(FileKek::new(file, next, passphrase, settings.production))
    }

    /// In production: who else can read the file.
    fn check_subject_keys(&self, paths: &LogPaths) -> Result<(), DirectoryError> {
        #[cfg(unix)]
        if self.settings().production {
            use std::os::unix::fs::PermissionsExt as _;
            let path = &paths.subject_keys;
            let mode = match fs::metadata(path) {
                Ok(metadata) => metadata.permissions().mode() & 0o777,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(io_at(path)(error)),
            };
            if mode & 0o077 != 0 {
                let path = path.clone();
                return Err(DirectoryError::KeyMode { path, mode });
            }
        }
        #[cfg(not(unix))]
        let _ = paths;
        Ok(())
    }
}

/// The files in the folder of the setting `kek-folder`, where the logs of several directories meet.
fn elsewhere(
    folder: &Path,
    log: &LogId,
    paths: &LogPaths,
) -> Result<(PathBuf, PathBuf), DirectoryError> {
    let file = folder.join(format!("{log}.kek"));
    let next = folder.join(format!("{log}.kek.next"));
    for (here, there) in [(&paths.kek, &file), (&paths.next_kek, &next)] {
        if here.exists() && !there.exists() {
            return Err(DirectoryError::Key {
                path: here.clone(),
                what: format!(
                    "the key-encryption key is still here, and the setting kek-folder wants it elsewhere; move it to {}",
                    there.display()
                ),
            });
        }
    }
    Ok((file, next))
}
