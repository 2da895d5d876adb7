//! The one writer of a log directory.

mod shared;

use crate::directory::is_log_directory;
use crate::error::opening;
use crate::init::{create, for_tenant, publish};
use crate::keepers::Keepers;
use crate::key_files::UNFINISHED;
use crate::receipt_keys::destroy_unfinished;
use crate::store::Mode;
use crate::{
    DirectoryError, Initialized, Layout, LogDirectory, OsRandom, REDACTION_POLICY, Settings,
};
use ai_audit_core::{Kind, UnverifiedReceipt};
use ai_audit_epochs::{EpochPolicy, Retention};
use ai_audit_store::{
    AnchorRequest, Attach, CheckpointPolicy, FileMarks, Ledger, LedgerConfig, LedgerError,
    LedgerObserver, LogName, LogSigners, NewLog, OnFull, Random, Receipt, SignerSource,
    SubjectKeysSource, SystemClock, WriterLock,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Holds the directory's lock and its ledger, to which each log is attached when it is first needed.
#[derive(Debug)]
pub struct Writer {
    directory: LogDirectory,
    ledger: Ledger,
    keys: Arc<KeyFiles>,
    keepers: Arc<Keepers>,
    /// Whether others with copies of the directory write to other logs of it.
    shared: bool,
    // Freed last.
    _lock: WriterLock,
}

/// The key files of a directory's logs, and what is asked before they are handed out.
#[derive(Debug)]
struct KeyFiles {
    directory: LogDirectory,
    asked: Mutex<Asked>,
}

/// What the witnesses were asked.
#[derive(Debug, Default)]
struct Asked {
    /// The logs that they did not see further.
    logs: BTreeSet<LogName>,
    warnings: Vec<String>,
}

impl KeyFiles {
    fn signers(&self, log: &LogName) -> Result<LogSigners, DirectoryError> {
        let signers = signers(&self.directory, log)?;
        self.directory.is_not_behind_cold(log)?;
        // Attaching it would complete them.
        if !self.directory.open_erasures(log)?.is_empty() {
            self.directory.accounts_for_what_answers(log)?;
        }
        let mut warnings = self.directory.passed_over(log)?;
        warnings.extend(self.recovery_key_beside(log)?);
        warnings.extend(self.mark_missing(log)?);
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .warnings
            .extend(warnings);
        if self.directory.settings().ask_witnesses {
            self.ask(log)?;
        }
        Ok(signers)
    }

    /// In a forward-secure log: whoever steals the directory could revoke, and rewrite what older keys
    /// signed, with the recovery key that lies there.
    fn recovery_key_beside(&self, log: &LogName) -> Result<Option<String>, DirectoryError> {
        let path = self.directory.layout().log(log).recovery_key;
        if !path.exists() || !self.directory.is_forward_secure(log)? {
            return Ok(None);
        }
        let what = "the recovery key of a forward-secure log must not lie beside it: who steals both \
                    can rewrite all of the log; move it to where this machine cannot reach it";
        if self.directory.settings().production {
            let what = what.into();
            return Err(DirectoryError::Key { path, what });
        }
        Ok(Some(format!("{}: {what}", path.display())))
    }

    /// A log that is past its start and has no high-water mark, though marks are kept.
    fn mark_missing(&self, log: &LogName) -> Result<Option<String>, DirectoryError> {
        let Some(folder) = &self.directory.settings().high_water_marks else {
            return Ok(None);
        };
        let size = self.directory.head(log)?.size();
        if self.directory.mark(log)?.is_some() || size <= 1 {
            return Ok(None);
        }
        Ok(Some(format!(
            "log {log} has {size} receipts and no high-water mark in {}: one begins now; if the mark \
             was lost, see that the log is as long as you know it",
            folder.display()
        )))
    }

    /// Asks the witnesses of a log, once.
    fn ask(&self, log: &LogName) -> Result<(), DirectoryError> {
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked().logs.contains(log) {
            return Ok(());
        }
        // Without holding the lock: it takes as long as the slowest witness.
        let warnings = refuse_behind(&self.directory, log)?;
        let mut asked = asked();
        if asked.logs.insert(log.clone()) {
            asked.warnings.extend(warnings);
        }
        Ok(())
    }
}

impl SignerSource for KeyFiles {
    fn signers(&self, log: &LogName) -> Result<LogSigners, String> {
        Self::signers(self, log).map_err(|error| error.to_string())
    }
}

fn signers(directory: &LogDirectory, log: &LogName) -> Result<LogSigners, DirectoryError> {
    directory.head(log)?;
    Ok(LogSigners {
        receipt: directory.receipt_keys(log)?,
        checkpoint: Box::new(directory.checkpoint_key(log)?),
    })
}

impl Writer {
    /// Opens a directory for writing. `software` is what start receipts name.
    ///
    /// No log is read yet: the first record that is submitted to one attaches it, and so does
    /// [`Writer::attach`]. One that cannot be attached keeps nobody from writing to the others.
    ///
    /// # Errors
    ///
    /// When it is no log directory, another writer has it, or a server does not have the logs that were made in
    /// it.
    pub fn open(path: &Path, settings: Settings, software: &str) -> Result<Self, DirectoryError> {
        Self::open_observed(path, settings, software, None)
    }

    /// The same, with somebody who hears of its commits.
    ///
    /// # Errors
    ///
    /// As [`Writer::open`].
    pub fn open_observed(
        path: &Path,
        settings: Settings,
        software: &str,
        observer: Option<Arc<dyn LedgerObserver>>,
    ) -> Result<Self, DirectoryError> {
        Self::opened(path, settings, software, Mode::Write, observer)
    }

    fn opened(
        path: &Path,
        settings: Settings,
        software: &str,
        mode: Mode,
        observer: Option<Arc<dyn LedgerObserver>>,
    ) -> Result<Self, DirectoryError> {
        is_log_directory(&Layout::new(path), &settings)?;
        let writer = Self::with_mode(path, settings, software, mode, observer)?;
        writer.publish_missing()?;
        writer.finish_cut_off()?;
        Ok(writer)
    }

    /// Attaches a log now, if it is not: for whoever wants to hear before the first record that it
    /// cannot be written.
    ///
    /// # Errors
    ///
    /// When there is no such log, a key cannot be read or is not the log's, what is stored
    /// contradicts itself, the log is behind its high-water mark, or, where they are to be asked, a
    /// witness saw more of it than is here.
    pub fn attach(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.directory.head(log)?;
        // With their own error, which tells a missing file from a wrong one.
        if !self.ledger.is_attached(log) {
            self.keys.signers(log)?;
        }
        self.ledger.attach_known(log).map_err(from_ledger)
    }

    /// Attaches the logs whose rotation, deletion or erasure was cut off, so that neither the old key
    /// nor what is recorded as deleted or is to be erased stays.
    fn finish_cut_off(&self) -> Result<(), DirectoryError> {
        for log in self.directory.logs()? {
            // The lock is ours: nobody is writing one of these now.
            let keys = self.directory.layout().log(&log).keys;
            destroy_unfinished(&keys, UNFINISHED.as_ref())?;
            // Beside a key in a service it is a revocation's, which only that finishes.
            let rotating = self.directory.layout().log(&log).next_receipt_key.exists()
                && !matches!(self.directory.receipt_service(&log), Ok(Some(_)));
            // One that was killed while it wrote keys: until that is undone nobody can read them.
            if has_journal(&self.directory.layout().log(&log).subject_keys) {
                // Whoever needs them hears of it.
                let _ = self.keepers.of(&log);
            }
            if rotating || self.is_cut_off(&log) {
                // Whoever writes to that log hears of it.
                let _ = self.ledger.attach_known(&log);
            }
        }
        Ok(())
    }

    /// Whether a log's last receipt begins what the writer ends before it does anything else.
    fn is_cut_off(&self, log: &LogName) -> bool {
        let last = self.directory.head(log).map(|head| head.size() - 1);
        last.and_then(|seq| self.directory.receipt(log, seq))
            .is_ok_and(|sealed| {
                UnverifiedReceipt::parse(&sealed).is_ok_and(|receipt| {
                    matches!(
                        receipt.header().kind,
                        Kind::DELETION | Kind::ERASURE_REQUESTED
                    )
                })
            })
    }

    /// Writes the key lines that are not there, because `init` was cut off.
    fn publish_missing(&self) -> Result<(), DirectoryError> {
        for log in self.directory.logs()? {
            let file = self.directory.layout().log(&log).key_line;
            // One that cannot be known or written keeps nobody from recording, and verifying tells. What is on a
            // server without its keys being here is another directory's, whatever a failed `init` left.
            let ours = || {
                self.directory.settings().store.address.is_none()
                    || matches!(self.directory.keys_of_another(&log), Ok(None))
            };
            if !file.exists()
                && ours()
                && let Ok(line) = self.directory.key_line(&log)
            {
                let _ = publish(&file, &line);
            }
        }
        Ok(())
    }

    /// For what begins differently than by attaching every log: none is attached.
    pub(crate) fn for_one(
        path: &Path,
        settings: Settings,
        software: &str,
    ) -> Result<Self, DirectoryError> {
        is_log_directory(&Layout::new(path), &settings)?;
        Self::with_mode(path, settings, software, Mode::Write, None)
    }

    /// Asks the witnesses of a log, where they are to be asked.
    pub(crate) fn ask_witnesses(&self, log: &LogName) -> Result<(), DirectoryError> {
        match self.directory.settings().ask_witnesses {
            true => self.keys.ask(log),
            false => Ok(()),
        }
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
        self.attach(log)?;
        self.ledger.rotate_key(log, reason).map_err(from_ledger)
    }

    /// For `init`: the database may have to be made, and no log is attached.
    pub(crate) fn create(
        path: &Path,
        settings: Settings,
        software: &str,
    ) -> Result<Self, DirectoryError> {
        Self::with_mode(path, settings, software, Mode::Create, None)
    }

    fn with_mode(
        path: &Path,
        settings: Settings,
        software: &str,
        mode: Mode,
        observer: Option<Arc<dyn LedgerObserver>>,
    ) -> Result<Self, DirectoryError> {
        let lock = WriterLock::acquire(&Layout::new(path).lock()).map_err(opening)?;
        let directory = LogDirectory::with_mode(path, settings, mode)?;
        directory.has_its_logs()?;
        let mut config = config(directory.settings(), software)?;
        config.observer = observer;
        let keys = Arc::new(KeyFiles {
            directory: directory.clone(),
            asked: Mutex::default(),
        });
        let shared = mode == Mode::Shared;
        // Among several, whose lease it is attaches a log, and not whoever submits to it.
        config.signers = (!shared).then(|| Arc::clone(&keys) as Arc<dyn SignerSource>);
        let keepers = Arc::new(Keepers::new(directory.clone(), shared));
        config.subject_keys = Some(Arc::clone(&keepers) as Arc<dyn SubjectKeysSource>);
        let ledger = Ledger::open(directory.shared_store(), config).map_err(from_ledger)?;
        Ok(Self {
            directory,
            ledger,
            keys,
            keepers,
            shared,
            _lock: lock,
        })
    }

    /// What kept no log from being written to and should be known, such as a witness that could not
    /// be asked: what has come up since this was called last.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        let mut asked = self
            .keys
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut asked.warnings)
    }

    /// The directory, for reading.
    #[must_use]
    pub const fn directory(&self) -> &LogDirectory {
        &self.directory
    }

    /// The ledger, to submit records to: any log of the directory, which is attached by that.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn keepers(&self) -> &Keepers {
        &self.keepers
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
        let mut options = for_tenant(log, default.as_ref().map(|line| line.name()));
        // What is kept out of the default log is kept out of those that are opened beside it.
        if default.is_some()
            && let Some(redaction) = self.directory.redaction(&LogName::default())?
        {
            let entry = (REDACTION_POLICY.into(), redaction.to_json());
            options.policy.push(entry);
        }
        if default.is_some()
            && self
                .directory
                .service_keys(&LogName::default())?
                .iter()
                .any(Option::is_some)
        {
            return Err(DirectoryError::Refused(format!(
                "log {}: keys of the default log are in a service, and those of a log that a record opens would be in \
                 files; open it with `ai-audit init --log`",
                options.log
            )));
        }
        // What is opened beside a log for trying out is for trying out too.
        options.ephemeral = default.is_some() && self.directory.is_ephemeral(&LogName::default())?;
        create(self, &options).map_err(|failed| failed.error)
    }

    /// Makes a checkpoint of a log now and returns the note.
    ///
    /// # Errors
    ///
    /// When the log is not there, or the checkpoint cannot be signed or stored.
    pub fn checkpoint(&self, log: &LogName) -> Result<String, DirectoryError> {
        self.attach(log)?;
        self.ledger.checkpoint(log).map_err(from_ledger)
    }

    /// Brings a checkpoint back into a log with what third parties signed of it. Returns the
    /// anchor's receipt.
    ///
    /// # Errors
    ///
    /// As [`Ledger::anchor`].
    pub fn anchor(&self, log: &LogName, request: AnchorRequest) -> Result<Receipt, DirectoryError> {
        self.attach(log)?;
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

/// Whether a database has a journal with something in it.
fn has_journal(database: &Path) -> bool {
    let mut journal = database.as_os_str().to_owned();
    journal.push("-journal");
    fs::metadata(journal).is_ok_and(|found| found.len() > 0)
}

#[cfg(feature = "witnesses")]
fn refuse_behind(directory: &LogDirectory, log: &LogName) -> Result<Vec<String>, DirectoryError> {
    directory.refuse_behind(log)
}

/// Nobody is asked without the feature; then nothing is written either.
#[cfg(not(feature = "witnesses"))]
fn refuse_behind(_: &LogDirectory, _: &LogName) -> Result<Vec<String>, DirectoryError> {
    Err(DirectoryError::Settings {
        origin: "ask-witnesses".into(),
        what: "this software was built without the feature `witnesses`".into(),
    })
}

fn config(settings: &Settings, software: &str) -> Result<LedgerConfig, DirectoryError> {
    let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(OsRandom), software);
    config.capacity = settings.queue_capacity;
    config.batch_from = settings.batch_from;
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
