//! The key-encryption key of a log in files: the current one, and while an erasure is under way the
//! next.

mod form;

use crate::durable::plain;
use crate::error::io_at;
use crate::key_files::{
    folder_of, private_folder, read_secret, sync_folder, unfinished, write_secret,
};
use crate::receipt_keys::{destroy, destroy_unfinished};
use crate::{DirectoryError, OsRandom, Passphrase};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{
    Kek, KekId, KekVault, KeyWrapper, SubjectKey, SubjectKeysError, WrapsKeys,
};
use ai_audit_store::Random as _;
use core::fmt;
use form::{Bytes, Fresh, KekFile, Kept};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `keys/kek` and `keys/kek.next`, or the same in another folder under the log's id.
///
/// The next key is durable before anything is wrapped under it. Once everything is, the old one's
/// file is overwritten with zeros, synced and removed, the next one takes its name, and the old one in
/// memory is wiped. After a crash in between, the file of subject keys says which of the two stays. (On
/// flash and copy-on-write file systems overwriting does not reach every old block.)
///
/// Under a passphrase (Argon2id, RFC 9106) new files are sealed, and a plain one is read all the same
/// until the next erasure. A passphrase is worked on once for each file, and its key kept in memory
/// as long as the file is there.
pub struct FileKek {
    file: PathBuf,
    next_file: PathBuf,
    passphrase: Option<Passphrase>,
    private_only: bool,
    opened: Mutex<Vec<Arc<Kek>>>,
}

/// What the two files hold.
struct Files {
    current: Option<KekFile>,
    next: Option<KekFile>,
}

impl Files {
    fn all(self) -> impl Iterator<Item = KekFile> {
        [self.current, self.next].into_iter().flatten()
    }

    fn has(&self, id: &KekId) -> bool {
        [&self.current, &self.next]
            .into_iter()
            .flatten()
            .any(|file| file.id == *id)
    }
}

impl FileKek {
    /// Whether a file, wherever it lies, looks like a log's key-encryption key: nothing that it wraps could be read
    /// without it.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        form::is_begun(path)
    }

    /// The keys in two files, either of which may not be there. With `private_only`, files that
    /// others can read are refused. Nothing is read yet.
    ///
    /// ```
    /// use ai_audit_directory::FileKek;
    /// use ai_audit_shredding::{KekVault as _, KeyWrapper as _};
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let vault = FileKek::new(folder.join("kek"), folder.join("kek.next"), None, true);
    /// assert_eq!(vault.settled()?, None);
    /// let first = vault.prepare()?.id();
    /// vault.settle(&first)?;
    /// assert_eq!((vault.settled()?, vault.ids()?), (Some(first), vec![first]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(
        file: PathBuf,
        next_file: PathBuf,
        passphrase: Option<Passphrase>,
        private_only: bool,
    ) -> Self {
        Self {
            file,
            next_file,
            passphrase,
            private_only,
            opened: Mutex::default(),
        }
    }

    /// Destroys what is left of files whose writing was cut off. Only for who holds the writer's lock.
    pub(crate) fn destroy_unfinished(&self) -> Result<(), DirectoryError> {
        [&self.file, &self.next_file]
            .into_iter()
            .try_for_each(|file| destroy_unfinished(folder_of(file), &unfinished(file)))
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Arc<Kek>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads both files. The next one first: where it takes the other's name in between, it is seen
    /// twice rather than not at all.
    fn read(&self) -> Result<Files, DirectoryError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let next = self.read_one(&self.next_file)?;
            let current = self.read_one(&self.file)?;
            let files = match (current, next) {
                // Where it was cut off while it was destroyed, it had been handed over from.
                (Read::Malformed, Read::Key(next)) => Files {
                    current: None,
                    next: Some(next),
                },
                // Another process may be destroying it just now, and the next one take its name.
                (Read::Malformed, _) if tries < 3 => continue,
                (Read::Malformed, _) => return Err(malformed(&self.file)),
                // A next one that was cut off while it was destroyed had not been handed over to.
                (current, next) => Files {
                    current: current.key(),
                    next: next.key(),
                },
            };
            // Keys in memory go with their files.
            self.opened().retain(|kek| files.has(&kek.id()));
            return Ok(files);
        }
    }

    fn read_one(&self, path: &Path) -> Result<Read, DirectoryError> {
        // It comes with a directory that somebody may have handed over.
        let read = plain(path).map_err(io_at(path));
        match read.and_then(|()| read_secret(path, self.private_only)) {
            Ok(text) => Ok(KekFile::parse(&text).map_or(Read::Malformed, Read::Key)),
            Err(DirectoryError::Key { .. }) => Ok(Read::Malformed),
            Err(DirectoryError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {
                Ok(Read::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn open(&self, file: &KekFile) -> Result<Arc<Kek>, DirectoryError> {
        let found = self
            .opened()
            .iter()
            .find(|kek| kek.id() == file.id)
            .cloned();
        if let Some(kek) = found {
            return Ok(kek);
        }
        let kek = match &file.key {
            Kept::Plain(key) => Kek::new(file.id, key),
            Kept::Sealed(sealed) => {
                let passphrase = self.passphrase.as_ref().ok_or_else(|| {
                    self.wrong("it is under a passphrase; set AI_AUDIT_KEK_PASSPHRASE, or the setting kek-passphrase-file to a file with it")
                })?;
                let key = sealed.open(passphrase).ok_or_else(|| {
                    self.wrong("it does not open: the passphrase is another one, the file was changed, or there is not memory enough (Argon2id takes 64 MiB)")
                })?;
                Kek::new(file.id, &key)
            }
        };
        let kek = Arc::new(kek);
        self.opened().push(Arc::clone(&kek));
        Ok(kek)
    }

    fn wrong(&self, what: &str) -> DirectoryError {
        DirectoryError::Key {
            path: self.file.clone(),
            what: what.into(),
        }
    }

    fn make(&self) -> Result<Arc<Kek>, DirectoryError> {
        private_folder(folder_of(&self.next_file))?;
        if self.next_file.exists() {
            destroy(&self.next_file)?;
        }
        let mut id = [0; 16];
        self.fill(&mut id)?;
        let id = KekId::from_bytes(id);
        let mut key: Bytes = form::empty();
        self.fill(&mut **key)?;
        let text = match &self.passphrase {
            None => form::plain(id, &key),
            Some(passphrase) => {
                let mut fresh = Fresh {
                    salt: [0; 16],
                    nonce: [0; 12],
                };
                self.fill(&mut fresh.salt)?;
                self.fill(&mut fresh.nonce)?;
                form::sealed(id, &key, passphrase, &fresh).ok_or_else(|| {
                    self.wrong(
                        "there is not memory enough for its passphrase (Argon2id takes 64 MiB)",
                    )
                })?
            }
        };
        write_secret(&self.next_file, text.as_bytes())?;
        let kek = Arc::new(Kek::new(id, &key));
        self.opened().push(Arc::clone(&kek));
        Ok(kek)
    }

    fn fill(&self, out: &mut [u8]) -> Result<(), DirectoryError> {
        OsRandom
            .fill(out)
            .map_err(|error| self.wrong(&error.to_string()))
    }

    fn settle_files(&self, valid: &KekId) -> Result<(), DirectoryError> {
        let files = self.read()?;
        let is = |file: &Option<KekFile>| file.as_ref().is_some_and(|file| file.id == *valid);
        let (is_current, is_next) = (is(&files.current), is(&files.next));
        if !is_current && !is_next {
            return Err(self.wrong(&format!("key-encryption key {valid} is not here")));
        }
        self.opened().retain(|kek| kek.id() == *valid);
        if is_current {
            if self.next_file.exists() {
                destroy(&self.next_file)?;
            }
            return Ok(());
        }
        if self.file.exists() {
            destroy(&self.file)?;
        }
        fs::rename(&self.next_file, &self.file).map_err(io_at(&self.next_file))?;
        sync_folder(folder_of(&self.file))
    }
}

enum Read {
    Nothing,
    Malformed,
    Key(KekFile),
}

impl Read {
    fn key(self) -> Option<KekFile> {
        match self {
            Self::Key(key) => Some(key),
            Self::Nothing | Self::Malformed => None,
        }
    }
}

impl KekVault for FileKek {
    fn held(&self, id: &KekId) -> Result<Option<Box<dyn WrapsKeys>>, SubjectKeysError> {
        let file = self
            .read()
            .map_err(failed)?
            .all()
            .find(|file| file.id == *id);
        let kek = file
            .map(|file| self.open(&file).map_err(failed))
            .transpose()?;
        Ok(kek.map(|kek| Box::new(Held(kek)) as Box<dyn WrapsKeys>))
    }

    fn ids(&self) -> Result<Vec<KekId>, SubjectKeysError> {
        let files = self.read().map_err(failed)?;
        let mut ids: Vec<KekId> = files.all().map(|file| file.id).collect();
        ids.dedup();
        Ok(ids)
    }

    fn settled(&self) -> Result<Option<KekId>, SubjectKeysError> {
        Ok(self.read().map_err(failed)?.current.map(|file| file.id))
    }

    fn place(&self) -> String {
        self.file.display().to_string()
    }

    fn prepare(&self) -> Result<Box<dyn WrapsKeys>, SubjectKeysError> {
        Ok(Box::new(Held(self.make().map_err(failed)?)))
    }

    fn settle(&self, valid: &KekId) -> Result<(), SubjectKeysError> {
        self.settle_files(valid).map_err(failed)
    }
}

/// A key in memory, which is wiped when the files' keeper and everybody who uses it let it go.
struct Held(Arc<Kek>);

impl KeyWrapper for Held {
    type Error = SubjectKeysError;

    fn id(&self) -> KekId {
        self.0.id()
    }

    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, SubjectKeysError> {
        self.0
            .wrap(subject, key, nonce)
            .map_err(|error| SubjectKeysError::new(error.to_string()))
    }

    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, SubjectKeysError> {
        self.0
            .unwrap(log, subject, id, wrapped)
            .map_err(|error| SubjectKeysError::new(error.to_string()))
    }
}

impl fmt::Debug for FileKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKek")
            .field("file", &self.file)
            .field("next_file", &self.next_file)
            .field("passphrase", &self.passphrase)
            .finish_non_exhaustive()
    }
}

fn failed(error: DirectoryError) -> SubjectKeysError {
    SubjectKeysError::new(error.to_string())
}

fn malformed(path: &Path) -> DirectoryError {
    DirectoryError::Key {
        path: path.into(),
        what: "expected a key-encryption key (ai-audit/kek/v1); bring it back from where a copy is kept".into(),
    }
}
