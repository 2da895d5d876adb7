//! Reading a log directory, also while its writer runs.

use crate::cold::{self, Lazy};
use crate::error::io_at;
use crate::store::{self, Mode};
use crate::{
    DirectoryError, FileReceiptKeys, Layout, LogKey, ServiceKey, Settings, read_digest_secret,
    read_key,
};
use ai_audit_core::{BatchSeal, DecodeBody as _, DigestSecret, Genesis, Head, UnverifiedReceipt};
use ai_audit_note::VKey;
use ai_audit_store::{
    FileMarks, LogName, ReadLimit, ReceiptKeys, Store, StoreError, StoredContent, TieredStore,
};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// A log directory that is open for reading.
#[derive(Clone)]
pub struct LogDirectory {
    layout: Layout,
    settings: Settings,
    store: Arc<dyn Store>,
    /// The same, where it has a second store behind it, and that one.
    pub(crate) tiers: Option<Arc<TieredStore>>,
    pub(crate) cold: Option<Arc<Lazy>>,
}

impl LogDirectory {
    /// Opens a directory for reading.
    ///
    /// # Errors
    ///
    /// When it is no log directory, or its database, or the server that has its receipts, cannot be read.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, DirectoryError> {
        Self::with_mode(path, settings, Mode::Read)
    }

    pub(crate) fn with_mode(
        path: &Path,
        mut settings: Settings,
        mode: Mode,
    ) -> Result<Self, DirectoryError> {
        let layout = Layout::new(path);
        if mode != Mode::Create {
            is_log_directory(&layout, &settings)?;
        }
        cold::hold(&layout, &settings, mode)?;
        let mut store = store::open(&layout, &settings, mode)?;
        let cold = cold::open(&settings, mode)?.map(Arc::new);
        let mut tiers = None;
        if let Some(cold) = cold.clone() {
            let ended = Arc::new(FileMarks::new(layout.ended_marks()));
            let settled = Arc::new(FileMarks::new(layout.moved_marks()));
            let both = Arc::new(TieredStore::new(store, cold).with_marks(ended, settled));
            store = Arc::clone(&both) as Arc<dyn Store>;
            tiers = Some(both);
        }
        if settings.store.address.is_none() {
            if settings.production {
                for_few(&layout.database())?;
            }
        } else if settings.high_water_marks.is_none() {
            // The receipts are elsewhere, so a mark in the directory is not copied or restored with them.
            settings.high_water_marks = Some(layout.marks());
        }
        Ok(Self {
            layout,
            settings,
            store,
            tiers,
            cold,
        })
    }

    /// Where its files are.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The store, to add a checkpoint: also beside a running writer.
    pub(crate) fn store_beside(&self) -> Result<Arc<dyn Store>, DirectoryError> {
        store::open(&self.layout, &self.settings, Mode::Beside)
    }

    /// Refuses a server on which a log is not that was made in this directory.
    pub(crate) fn has_its_logs(&self) -> Result<(), DirectoryError> {
        if self.settings.store.address.is_none() {
            return Ok(());
        }
        let there = self.logs()?;
        let made = store::key_lines(&self.layout)?;
        match made.iter().find(|log| !there.contains(log)) {
            None => Ok(()),
            Some(log) => Err(self.lost(log)),
        }
    }

    /// Whether a log was made in this directory, though its server does not have it.
    pub(crate) fn is_lost(&self, log: &LogName) -> bool {
        self.settings.store.address.is_some() && self.layout.log(log).key_line.exists()
    }

    /// A log was made, and is not in the store.
    pub(crate) fn lost(&self, log: &LogName) -> DirectoryError {
        match &self.settings.store.address {
            Some(address) => DirectoryError::Lost {
                log: log.clone(),
                store: address.to_string(),
                key_line: self.layout.log(log).key_line,
            },
            None => crate::begun::not_here(&self.layout, log),
        }
    }

    /// Its logs, by name.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn logs(&self) -> Result<Vec<LogName>, DirectoryError> {
        Ok(self.store.logs()?)
    }

    /// Where a log ends.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NoSuchLog`] with the logs there are.
    pub fn head(&self, log: &LogName) -> Result<Head, DirectoryError> {
        match self.store.head(log)? {
            Some(head) => Ok(head),
            None if self.is_lost(log) => Err(self.lost(log)),
            None => {
                let logs = self.logs()?;
                let names: Vec<&str> = logs.iter().map(LogName::as_str).collect();
                let known = if names.is_empty() {
                    "none".into()
                } else {
                    names.join(", ")
                };
                Err(DirectoryError::NoSuchLog {
                    log: log.clone(),
                    path: self.layout.root().into(),
                    known,
                })
            }
        }
    }

    /// One receipt's sealed bytes.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Deleted`] where only its hash is left; when it is not there, or the
    /// database cannot be read.
    pub fn receipt(&self, log: &LogName, seq: u64) -> Result<Vec<u8>, DirectoryError> {
        match self.stored(log, seq)? {
            StoredContent::Sealed(sealed) => Ok(sealed),
            StoredContent::Deleted(_) => Err(DirectoryError::Deleted {
                log: log.clone(),
                seq,
                deletion: self.deletion_of(log, seq)?.map(|found| found.receipt),
            }),
        }
    }

    /// What there is of one receipt.
    ///
    /// # Errors
    ///
    /// When it is not there, or the database cannot be read.
    pub fn stored(&self, log: &LogName, seq: u64) -> Result<StoredContent, DirectoryError> {
        let held = self.head(log)?.size();
        let mut read = self.store.read(log, seq, ReadLimit::ONE)?;
        match read.pop() {
            Some(receipt) => Ok(receipt.content),
            None => Err(StoreError::NoSuchReceipt {
                log: log.clone(),
                seq,
                held,
            }
            .into()),
        }
    }

    /// The `seq`s of the receipts that change a log's receipt key, ascending.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn key_changes(&self, log: &LogName) -> Result<Vec<u64>, DirectoryError> {
        Ok(ai_audit_store::key_changes(&*self.store, log)?)
    }

    /// The `seq` of the batch seal that signs for a batched receipt; `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn batch_seal_of(&self, log: &LogName, seq: u64) -> Result<Option<u64>, DirectoryError> {
        Ok(ai_audit_store::batch_seal_of(&*self.store, log, seq)?)
    }

    /// Whether a log's genesis promises to hand over its receipt key with each epoch.
    ///
    /// # Errors
    ///
    /// When the genesis cannot be read.
    pub fn is_forward_secure(&self, log: &LogName) -> Result<bool, DirectoryError> {
        self.promises(log, "receipt-key", "forward-secure")
    }

    /// Whether a log's genesis permits batched receipts.
    ///
    /// # Errors
    ///
    /// When the genesis cannot be read.
    pub fn permits_batches(&self, log: &LogName) -> Result<bool, DirectoryError> {
        self.promises(log, BatchSeal::POLICY, BatchSeal::PERMITTED)
    }

    fn promises(&self, log: &LogName, name: &str, value: &str) -> Result<bool, DirectoryError> {
        let sealed = self.receipt(log, 0)?;
        Ok(UnverifiedReceipt::parse(&sealed)
            .and_then(|receipt| Genesis::decode(&receipt))
            .is_ok_and(|genesis| genesis.policy_value(name) == Some(value)))
    }

    /// A log's key line as its stored genesis gives it: what `log.pub` must say.
    ///
    /// # Errors
    ///
    /// When the genesis does not decode.
    pub fn key_line(&self, log: &LogName) -> Result<VKey, DirectoryError> {
        let sealed = self.receipt(log, 0)?;
        let wrong = |what: String| StoreError::Corrupt {
            what: format!("genesis of log {log}: {what}"),
        };
        let receipt =
            UnverifiedReceipt::parse(&sealed).map_err(|error| wrong(error.to_string()))?;
        let genesis = Genesis::decode(&receipt).map_err(|error| wrong(error.to_string()))?;
        let origin = genesis.origin().map_err(|error| wrong(error.to_string()))?;
        VKey::ed25519(&origin.to_string(), genesis.checkpoint_key)
            .map_err(|error| wrong(error.to_string()).into())
    }

    /// A log's checkpoint key. One that is in a service is asked to sign a probe.
    ///
    /// # Errors
    ///
    /// When its file cannot be read, production refuses it, or its service does not sign.
    pub fn checkpoint_key(&self, log: &LogName) -> Result<LogKey, DirectoryError> {
        self.keys_may_be_used(log)?;
        if let Some(service) = self.checkpoint_service(log)? {
            return service.open(&self.settings);
        }
        let file = self.layout.log(log).checkpoint_key;
        read_key(&file, self.settings.production).map(LogKey::File)
    }

    /// The same where the valid key is about to be revoked, and may be lost.
    pub(crate) fn receipt_keys_to_revoke(
        &self,
        log: &LogName,
    ) -> Result<FileReceiptKeys, DirectoryError> {
        FileReceiptKeys::open_to_revoke(&self.layout.log(log), self.settings.production)
    }

    /// Who keeps a log's receipt key: its files, or a service, which is asked to sign a probe. Where there are
    /// both, the log says which: one that was revoked, or that a failed `init` or revocation left, counts not.
    ///
    /// # Errors
    ///
    /// When they cannot be read, production refuses them, or the service does not sign.
    pub fn receipt_keys(&self, log: &LogName) -> Result<Box<dyn ReceiptKeys>, DirectoryError> {
        self.keys_may_be_used(log)?;
        if let Some(service) = self.receipt_service(log)? {
            return Ok(Box::new(service.open(&self.settings)?));
        }
        let keys = FileReceiptKeys::open(&self.layout.log(log), self.settings.production)?;
        Ok(Box::new(keys))
    }

    /// Which services have a log's valid receipt key and its checkpoint key; none for one that is in files.
    ///
    /// # Errors
    ///
    /// When a file that would say so, or the log, cannot be read.
    pub fn service_keys(&self, log: &LogName) -> Result<[Option<ServiceKey>; 2], DirectoryError> {
        Ok([self.receipt_service(log)?, self.checkpoint_service(log)?])
    }

    /// The secret under which a log's texts are digested.
    ///
    /// # Errors
    ///
    /// When its file cannot be read.
    pub fn digest_secret(&self, log: &LogName) -> Result<DigestSecret, DirectoryError> {
        read_digest_secret(
            &self.layout.log(log).digest_secret,
            self.settings.production,
        )
    }
}

impl fmt::Debug for LogDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogDirectory")
            .field("layout", &self.layout)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Refuses a path that is no log directory, and tells that from one that may not be looked into.
pub(crate) fn is_log_directory(layout: &Layout, settings: &Settings) -> Result<(), DirectoryError> {
    // Where the receipts are on a server, `init` left the settings.
    let path = match settings.store.address {
        None => layout.database(),
        Some(_) => layout.settings(),
    };
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(io_at(&path)(error)),
        _ => Err(DirectoryError::NotADirectory {
            path: layout.root().into(),
        }),
    }
}

/// Refuses a database that everybody can read or a group can write: texts may be kept in it. A group
/// of auditors may read it.
fn for_few(path: &Path) -> Result<(), DirectoryError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path)
            .map_err(io_at(path))?
            .permissions()
            .mode()
            & 0o777;
        if mode & 0o027 != 0 {
            return Err(DirectoryError::DatabaseMode {
                path: path.into(),
                mode,
            });
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
