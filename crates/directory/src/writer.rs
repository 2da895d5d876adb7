//! The one writer of a log directory.

use crate::init::{create, for_tenant};
use crate::{DirectoryError, Initialized, Layout, LogDirectory, OsRandom, Settings};
use ai_audit_epochs::{EpochPolicy, Retention};
use ai_audit_store::{
    AnchorRequest, Attach, CheckpointPolicy, FileMarks, Ledger, LedgerConfig, LedgerError, LogName,
    LogSigners, NewLog, OnFull, Random, Receipt, SystemClock, WriterLock,
};
use ai_audit_store_sqlite::OpenMode;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Holds the directory's lock and its ledger, to which all logs are attached.
#[derive(Debug)]
pub struct Writer {
    directory: LogDirectory,
    ledger: Ledger,
    // Freed last.
    _lock: WriterLock,
}

impl Writer {
    /// Opens a directory for writing. `software` is what start receipts name.
    ///
    /// # Errors
    ///
    /// When it is no log directory, another writer has it, a key cannot be read or is not the
    /// log's, or a log is behind its high-water mark.
    pub fn open(path: &Path, settings: Settings, software: &str) -> Result<Self, DirectoryError> {
        let writer = Self::for_one(path, settings, software)?;
        for log in writer.directory.logs()? {
            let signers = LogSigners {
                receipt: Box::new(writer.directory.receipt_keys(&log)?),
                checkpoint: Box::new(writer.directory.checkpoint_key(&log)?),
            };
            writer
                .ledger
                .attach_log(log, signers)
                .map_err(from_ledger)?;
        }
        Ok(writer)
    }

    /// For what begins differently than by attaching every log: none is attached.
    pub(crate) fn for_one(
        path: &Path,
        settings: Settings,
        software: &str,
    ) -> Result<Self, DirectoryError> {
        if !Layout::is_log_directory(path) {
            return Err(DirectoryError::NotADirectory { path: path.into() });
        }
        Self::with_mode(path, settings, software, OpenMode::ReadWrite)
    }

    pub(crate) fn attach_with(
        &self,
        log: &LogName,
        signers: LogSigners,
        with: Attach,
    ) -> Result<(), DirectoryError> {
        self.ledger
            .attach_log_with(log.clone(), signers, with)
            .map(drop)
            .map_err(from_ledger)
    }

    /// Hands over to a new receipt key and destroys the old one. Returns the rotation's `seq`.
    ///
    /// # Errors
    ///
    /// When the new key cannot be made or the rotation not be stored.
    pub fn rotate_key(&self, log: &LogName, reason: &str) -> Result<u64, DirectoryError> {
        self.directory.head(log)?;
        self.ledger.rotate_key(log, reason).map_err(from_ledger)
    }

    /// For `init`: the database may have to be made, and no log is attached.
    pub(crate) fn create(
        path: &Path,
        settings: Settings,
        software: &str,
    ) -> Result<Self, DirectoryError> {
        Self::with_mode(path, settings, software, OpenMode::Create)
    }

    fn with_mode(
        path: &Path,
        settings: Settings,
        software: &str,
        mode: OpenMode,
    ) -> Result<Self, DirectoryError> {
        let lock = WriterLock::acquire(&Layout::new(path).lock())?;
        let directory = LogDirectory::with_mode(path, settings, mode)?;
        let ledger = Ledger::open(
            directory.shared_store(),
            config(directory.settings(), software)?,
        )
        .map_err(from_ledger)?;
        Ok(Self {
            directory,
            ledger,
            _lock: lock,
        })
    }

    /// The directory, for reading.
    #[must_use]
    pub const fn directory(&self) -> &LogDirectory {
        &self.directory
    }

    /// The ledger, to submit records to.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &OsRandom
    }

    pub(crate) fn create_in_ledger(&self, log: LogName, new: NewLog) -> Result<(), DirectoryError> {
        self.ledger
            .create_log(log, new)
            .map(drop)
            .map_err(from_ledger)
    }

    /// Opens a log for a tenant that has none, named after the default log.
    ///
    /// # Errors
    ///
    /// As [`init`](crate::init).
    pub fn create_tenant_log(&self, log: LogName) -> Result<Initialized, DirectoryError> {
        let default = self.directory.key_line(&LogName::default()).ok();
        let options = for_tenant(log, default.as_ref().map(|line| line.name()));
        create(self, &options)
    }

    /// Makes a checkpoint of a log now and returns the note.
    ///
    /// # Errors
    ///
    /// When the log is not there, or the checkpoint cannot be signed or stored.
    pub fn checkpoint(&self, log: &LogName) -> Result<String, DirectoryError> {
        self.directory.head(log)?;
        self.ledger.checkpoint(log).map_err(from_ledger)
    }

    /// Brings a checkpoint back into a log with what third parties signed of it. Returns the
    /// anchor's receipt.
    ///
    /// # Errors
    ///
    /// As [`Ledger::anchor`].
    pub fn anchor(&self, log: &LogName, request: AnchorRequest) -> Result<Receipt, DirectoryError> {
        self.directory.head(log)?;
        self.ledger.anchor(log, request).map_err(from_ledger)
    }

    /// Seals stop receipts and lets the directory go.
    ///
    /// # Errors
    ///
    /// When they cannot be stored.
    pub fn close(self, reason: &str) -> Result<(), DirectoryError> {
        self.ledger.close(reason).map_err(from_ledger)
    }
}

fn config(settings: &Settings, software: &str) -> Result<LedgerConfig, DirectoryError> {
    let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(OsRandom), software);
    config.capacity = settings.queue_capacity;
    config.on_full = match settings.queue_timeout {
        Some(timeout) => OnFull::Timeout(timeout),
        None => OnFull::Block,
    };
    config.checkpoints = CheckpointPolicy {
        every_receipts: Some(settings.checkpoint_every).filter(|every| *every > 0),
        every: Some(settings.checkpoint_after).filter(|after| !after.is_zero()),
        at_close: false,
    };
    config.epochs = EpochPolicy {
        receipts: Some(settings.epoch_receipts).filter(|receipts| *receipts > 0),
        age: Some(settings.epoch_after).filter(|age| !age.is_zero()),
    };
    config.retention = settings.retention_days.map(Retention::days);
    if let Some(folder) = &settings.high_water_marks {
        fs::create_dir_all(folder).map_err(crate::error::io_at(folder))?;
        config.marks = Some(Arc::new(FileMarks::new(folder)));
    }
    Ok(config)
}

pub(crate) fn from_ledger(error: LedgerError) -> DirectoryError {
    match error {
        LedgerError::Store(error) => DirectoryError::Store(error),
        other => DirectoryError::Ledger(other.to_string()),
    }
}
