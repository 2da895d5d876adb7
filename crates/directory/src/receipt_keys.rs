//! A log's receipt key in files, and its change: the next key beside it, the old one destroyed.

use crate::error::io_at;
use crate::key_files::{folder_of, sync_folder};
use crate::receipt_signer::{ReceiptSigner, receipt_signer};
use crate::{DirectoryError, LogPaths, OsRandom, read_key, write_key};
use ai_audit_core::{SECRET_KEY_LEN, Signer, SigningKey, VerifyingKey};
use ai_audit_store::{Random as _, ReceiptKeys, ReceiptKeysError};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `keys/receipt.pem`, and while a rotation is under way `keys/receipt.next.pem`.
///
/// The next key is durable before the rotation is sealed. Once the rotation is durable, the old
/// key's file is overwritten with zeros, synced and removed, and the next one takes its name; the
/// old key in memory is wiped. After a crash in between, what the log says is valid decides which of
/// the two stays. (On flash and copy-on-write file systems overwriting does not reach every old
/// block; the threat model says what follows.)
#[derive(Debug)]
pub struct FileReceiptKeys {
    file: PathBuf,
    next_file: PathBuf,
    current: Option<ReceiptSigner>,
    next: Option<ReceiptSigner>,
}

impl FileReceiptKeys {
    /// Reads the files of a log.
    ///
    /// # Errors
    ///
    /// When neither file holds a key, or, with `private_only`, when others can read one.
    pub fn open(paths: &LogPaths, private_only: bool) -> Result<Self, DirectoryError> {
        let (file, next_file) = (paths.receipt_key.clone(), paths.next_receipt_key.clone());
        let next = match read_key(&next_file, private_only) {
            Ok(key) => Some(receipt_signer(key, &next_file)?),
            Err(error @ DirectoryError::KeyMode { .. }) => return Err(error),
            // One that was cut off while it was written was never handed over to.
            Err(_) => None,
        };
        let current = match read_key(&file, private_only) {
            Ok(key) => Some(receipt_signer(key, &file)?),
            Err(error @ DirectoryError::KeyMode { .. }) => return Err(error),
            // One that was cut off while it was destroyed had been handed over from.
            Err(_) if next.is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            file,
            next_file,
            current,
            next,
        })
    }

    /// The same for a log whose valid key is about to be revoked, and may be lost.
    ///
    /// # Errors
    ///
    /// With `private_only`, when others can read a file.
    pub(crate) fn open_to_revoke(
        paths: &LogPaths,
        private_only: bool,
    ) -> Result<Self, DirectoryError> {
        match Self::open(paths, private_only) {
            Err(DirectoryError::Key { .. } | DirectoryError::Io { .. }) => Ok(Self {
                file: paths.receipt_key.clone(),
                next_file: paths.next_receipt_key.clone(),
                current: None,
                next: None,
            }),
            other => other,
        }
    }

    /// The key to take over by a revocation: the next one that is kept already, which an earlier try
    /// may have named, or a new one.
    pub(crate) fn successor(&mut self) -> Result<VerifyingKey, DirectoryError> {
        if self.next.is_none() {
            self.prepare()
                .map(drop)
                .map_err(|error| DirectoryError::Key {
                    path: self.next_file.clone(),
                    what: error.to_string(),
                })?;
        }
        match &self.next {
            Some(next) => Ok(next.verifying_key()),
            None => Err(DirectoryError::Key {
                path: self.next_file.clone(),
                what: "the next key is not there".into(),
            }),
        }
    }

    /// Keeps a key as the next one, in place of one that was prepared before.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn prepare_key(&mut self, key: SigningKey) -> Result<(), DirectoryError> {
        if self.next_file.exists() {
            destroy(&self.next_file)?;
        }
        self.next = None;
        write_key(&self.next_file, &key)?;
        self.next = Some(receipt_signer(key, &self.next_file)?);
        Ok(())
    }

    fn settle_files(&mut self, valid: &VerifyingKey) -> Result<(), DirectoryError> {
        if held(self.current.as_ref(), valid) {
            return Ok(());
        }
        if !held(self.next.as_ref(), valid) {
            return Err(DirectoryError::Key {
                path: self.file.clone(),
                what: format!("the log's valid receipt key {} is not here", valid.id()),
            });
        }
        // Dropping it wipes it.
        self.current = None;
        if self.file.exists() {
            destroy(&self.file)?;
        }
        fs::rename(&self.next_file, &self.file).map_err(io_at(&self.next_file))?;
        sync_folder(folder_of(&self.file))?;
        self.current = self.next.take();
        Ok(())
    }
}

impl ReceiptKeys for FileReceiptKeys {
    fn current(&self) -> Option<&dyn Signer> {
        self.current.as_ref().map(|key| key as &dyn Signer)
    }

    fn held(&self, key: &VerifyingKey) -> Option<&dyn Signer> {
        [&self.current, &self.next]
            .into_iter()
            .flatten()
            .find(|own| own.verifying_key() == *key)
            .map(|key| key as &dyn Signer)
    }

    fn prepare(&mut self) -> Result<&dyn Signer, ReceiptKeysError> {
        let mut seed = Zeroizing::new([0; SECRET_KEY_LEN]);
        OsRandom
            .fill(&mut *seed)
            .map_err(|error| ReceiptKeysError::new(error.to_string()))?;
        self.prepare_key(SigningKey::from_bytes(&seed))
            .map_err(|error| ReceiptKeysError::new(error.to_string()))?;
        match &self.next {
            Some(next) => Ok(next),
            None => Err(ReceiptKeysError::new("the next key is not there")),
        }
    }

    fn settle(&mut self, valid: &VerifyingKey) -> Result<(), ReceiptKeysError> {
        self.settle_files(valid)
            .map_err(|error| ReceiptKeysError::new(error.to_string()))
    }
}

fn held(key: Option<&ReceiptSigner>, wanted: &VerifyingKey) -> bool {
    key.is_some_and(|key| key.verifying_key() == *wanted)
}

/// Destroys what is left of secrets whose writing was cut off before they had a name.
/// `prefix` is what their names begin with.
pub(crate) fn destroy_unfinished(folder: &Path, prefix: &OsStr) -> Result<(), DirectoryError> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry.map_err(io_at(folder))?.path();
        let name = path.file_name().unwrap_or_default();
        if name
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
            && path.is_file()
        {
            destroy(&path)?;
        }
    }
    Ok(())
}

/// Overwrites a secret's file with zeros, syncs, removes it.
pub(crate) fn destroy(path: &Path) -> Result<(), DirectoryError> {
    let len = fs::metadata(path).map_err(io_at(path))?.len();
    let zeros = vec![0; usize::try_from(len).unwrap_or(0)];
    let mut file = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(io_at(path))?;
    file.write_all(&zeros)
        .and_then(|()| file.sync_all())
        .map_err(io_at(path))?;
    drop(file);
    fs::remove_file(path).map_err(io_at(path))?;
    sync_folder(folder_of(path))
}
