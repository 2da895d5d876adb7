//! Opening a new log: keys, genesis, key line.

use crate::begun;
use crate::durable;
use crate::ephemeral;
use crate::error::io_at;
use crate::key_files::{durable_folder, folder_of, private_folder, sync_folder};
use crate::store::{LOSS, Plan, plan};
use crate::which_keys::public;
use crate::writer::Writer;
use crate::{
    DirectoryError, FileReceiptKeys, Layout, LogDirectory, LogKey, LogPaths, ServiceKey, Settings,
    read_key, write_digest_secret, write_key,
};
use ai_audit_core::{Origin, SigningKey, VerifyingKey};
use ai_audit_epochs::{RETENTION_POLICY, Retention};
use ai_audit_note::VKey;
use ai_audit_store::{LogName, LogSigners, NewLog, Random, ReceiptKeys, StoreError};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest `log.pub` that is read: a name of 223 bytes and a key are less.
const MAX_KEY_LINE: usize = 4096;

/// What a new log is to be.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// The log in the directory.
    pub log: LogName,
    /// The name part of its origin.
    pub name: String,
    /// Whose it is.
    pub tenant: String,
    /// Promises for the genesis.
    pub policy: Vec<(String, String)>,
    /// A receipt key to take instead of a new one.
    pub receipt_key: Option<PathBuf>,
    /// A checkpoint key to take instead of a new one.
    pub checkpoint_key: Option<PathBuf>,
    /// A receipt key in a service instead of a file.
    pub receipt_signer: Option<ServiceKey>,
    /// A checkpoint key in a service instead of a file.
    pub checkpoint_signer: Option<ServiceKey>,
    /// A recovery key whose secret is elsewhere.
    pub recovery_key: Option<VerifyingKey>,
    /// Whether the log is for trying out: its genesis says so, the secret of a recovery key that is
    /// made for it is kept nowhere, and production refuses its keys.
    pub ephemeral: bool,
}

impl InitOptions {
    /// The default log of a directory, under this name, with new keys.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            log: LogName::default(),
            name: name.into(),
            tenant: String::new(),
            policy: Vec::new(),
            receipt_key: None,
            checkpoint_key: None,
            receipt_signer: None,
            checkpoint_signer: None,
            recovery_key: None,
            ephemeral: false,
        }
    }
}

/// A log that was opened.
#[derive(Debug)]
pub struct Initialized {
    /// The log in the directory.
    pub log: LogName,
    /// Its key line.
    pub key_line: VKey,
    /// Its files.
    pub paths: LogPaths,
    /// Whether a recovery key was made here, which should not stay here.
    pub recovery_key_made: bool,
    /// In what way the settings file says otherwise of the store than this run was told.
    pub warnings: Vec<String>,
}

/// A log that was not opened, as far as is known.
pub(crate) struct NotMade {
    pub(crate) error: DirectoryError,
    /// Whether there is surely nothing of it in the store.
    surely: bool,
}

impl From<DirectoryError> for NotMade {
    fn from(error: DirectoryError) -> Self {
        Self {
            error,
            surely: true,
        }
    }
}

impl From<StoreError> for NotMade {
    fn from(error: StoreError) -> Self {
        DirectoryError::from(error).into()
    }
}

impl NotMade {
    /// The log is there, and what comes behind that failed.
    const fn though_begun(error: DirectoryError) -> Self {
        Self {
            error,
            surely: false,
        }
    }
}

/// Settings file of a new directory: everything in it is a default.
const SETTINGS: &str = include_str!("settings.toml");

/// Opens a log in a directory, which is made if it is not there. Where the settings name a server for the
/// receipts, that is put into the directory's settings file.
///
/// A run that was cut off can be repeated: keys that it wrote are used again, and a log that it made
/// gets its key line.
///
/// # Errors
///
/// When the log exists, a name cannot be used, or a file cannot be written.
pub fn init(
    path: &Path,
    options: &InitOptions,
    settings: Settings,
    software: &str,
) -> Result<Initialized, DirectoryError> {
    if settings.production && options.ephemeral {
        return Err(DirectoryError::Ephemeral {
            log: options.log.clone(),
        });
    }
    check(path, options)?;
    let layout = Layout::new(path);
    // Before a database is made in which the log surely is not.
    begun::before_a_new_database(&layout, &settings)?;
    let told = settings.store.clone();
    let file = layout.settings();
    let to_keep = || match told.address {
        Some(_) => plan(&file, SETTINGS, &told).map(Some),
        None => Ok(None),
    };
    // What the file says otherwise is refused before anybody is asked.
    to_keep()?;
    durable_folder(path)?;
    let writer = Writer::create(path, settings, software)?;
    let plan = to_keep()?;
    let warnings = plan.as_ref().map(|plan| plan.warnings().to_vec());
    // Before there is a log on the server: whoever is cut off in between finds it again.
    let kept = plan.map(Plan::write).transpose()?.flatten();
    let mut made = match create(&writer, options) {
        Ok(made) => made,
        Err(NotMade { error, surely }) => {
            // Another address may be the right one, but not where a log may have been begun. Where undoing fails,
            // too, the file says which one it was.
            if let Some(kept) = kept.filter(|_| surely) {
                let _ = kept.undo();
            }
            return Err(error);
        }
    };
    made.warnings = warnings.unwrap_or_default();
    if !file.exists() {
        fs::write(&file, SETTINGS).map_err(io_at(&file))?;
    }
    writer.close("init")?;
    Ok(made)
}

/// What can be refused before anything is written.
fn check(path: &Path, options: &InitOptions) -> Result<(), DirectoryError> {
    // Any digits will do to see whether the name can stand before them.
    let digits = "0".repeat(32);
    Origin::parse(&format!("{}/{digits}", options.name))
        .map_err(|error| DirectoryError::Name(format!("name {:?}: {error}", options.name)))?;
    let forward = options
        .policy
        .iter()
        .any(|(name, value)| (name.as_str(), value.as_str()) == ("receipt-key", "forward-secure"));
    if forward && options.receipt_signer.is_some() {
        return Err(DirectoryError::Name(
            "a receipt key in a service cannot be handed over with each epoch: it makes no next key and destroys none".into(),
        ));
    }
    crate::policy::all_checked(options.policy.iter().cloned())?;
    for (name, value) in &options.policy {
        if name == RETENTION_POLICY {
            Retention::parse(value).map_err(|_| {
                DirectoryError::Name(format!("policy {name}={value}: expected a number of days"))
            })?;
        }
    }
    if path.exists() && !path.is_dir() {
        let error = std::io::ErrorKind::NotADirectory.into();
        return Err(DirectoryError::Io {
            path: path.into(),
            error,
        });
    }
    Layout::new(path).check_new_log(&options.log)
}

/// Makes keys and genesis in a directory whose writer is at hand.
pub(crate) fn create(writer: &Writer, options: &InitOptions) -> Result<Initialized, NotMade> {
    let directory = writer.directory();
    let (log, paths) = (&options.log, directory.layout().log(&options.log));
    if directory.store().head(log)?.is_some() {
        return finish(directory, options, paths);
    }
    // Its keys would sign a second log of this name, and nobody would miss the first one.
    if paths.key_line.exists() {
        return Err(directory.lost(log).into());
    }
    begun::not_elsewhere(directory.layout(), directory.settings(), log)?;
    directory.layout().check_new_log(log)?;
    // A log without keys here is another directory's, which this one would publish and serve as its own.
    if let Some(address) = &directory.settings().store.address {
        let logs = directory.logs()?;
        if let Some(other) = logs.iter().find(|other| !has_keys(directory, other)) {
            return Err(DirectoryError::Foreign {
                log: other.clone(),
                store: address.to_string(),
                path: directory.layout().root().into(),
            }
            .into());
        }
    }
    let random = writer.random();
    private_folder(&paths.keys)?;
    let settings = directory.settings();
    let receipt: Box<dyn ReceiptKeys> = match &options.receipt_signer {
        Some(service) => Box::new(in_service(service, &paths.receipt_signer, settings)?),
        None => {
            key(random, &paths.receipt_key, options.receipt_key.as_deref())?;
            Box::new(FileReceiptKeys::open(&paths, true)?)
        }
    };
    let checkpoint = match &options.checkpoint_signer {
        Some(service) => in_service(service, &paths.checkpoint_signer, settings)?,
        None => LogKey::File(key(
            random,
            &paths.checkpoint_key,
            options.checkpoint_key.as_deref(),
        )?),
    };
    let recovery = match options.recovery_key {
        Some(key) => key,
        None if options.ephemeral => SigningKey::from_bytes(&*secret(random)?).verifying_key(),
        None => key(random, &paths.recovery_key, None)?.verifying_key(),
    };
    if !is_there(&paths.digest_secret)? {
        write_digest_secret(&paths.digest_secret, &*secret(random)?)?;
    }
    // The genesis names the keys for good: they must not be lost to a power cut that it survives.
    // The folders above were made durable as they were made, and each key file with its own.
    sync_folder(directory.layout().root())?;
    let mut policy = options.policy.clone();
    if options.ephemeral {
        policy.push((ephemeral::POLICY.0.into(), ephemeral::POLICY.1.into()));
    }
    if directory.settings().store.allow_loss
        && let Some((name, value)) = LOSS
    {
        policy.push((name.into(), value.into()));
    }
    let policy = crate::policy::all_checked(policy)?;
    let new = NewLog {
        name: options.name.clone(),
        tenant: options.tenant.clone(),
        policy,
        recovery,
        signers: LogSigners {
            receipt,
            checkpoint: Box::new(checkpoint),
        },
    };
    let place = directory.settings().store.place();
    begun::write(&paths.begun, &place)?;
    if let Err(error) = writer.create_in_ledger(log.clone(), new) {
        // The answer may be lost, and the genesis not. What a Redis was sent may still be on its way when it is asked
        // over another connection.
        let address = directory.settings().store.address.as_ref();
        let comes_late = address.is_some_and(|address| !address.is_postgres());
        if !comes_late && let Ok(None) = directory.store().head(log) {
            begun::remove(&paths.begun)?;
            return Err(error.into());
        }
        return Err(NotMade::though_begun(DirectoryError::Unsure {
            log: log.clone(),
            place,
            error: Box::new(error),
        }));
    }
    let key_line = directory.key_line(log).map_err(NotMade::though_begun)?;
    publish(&paths.key_line, &key_line).map_err(NotMade::though_begun)?;
    Ok(Initialized {
        log: log.clone(),
        key_line,
        paths,
        recovery_key_made: options.recovery_key.is_none() && !options.ephemeral,
        warnings: Vec::new(),
    })
}

/// Whether a log's receipt key is here, in a file or in a service that a file names.
pub(crate) fn has_keys(directory: &LogDirectory, log: &LogName) -> bool {
    let paths = directory.layout().log(log);
    [
        &paths.receipt_key,
        &paths.next_receipt_key,
        &paths.receipt_signer,
    ]
    .iter()
    .any(|path| path.exists())
}

/// For a run that was cut off when the log was made and its key line not yet written: writes that.
fn finish(
    directory: &LogDirectory,
    options: &InitOptions,
    paths: LogPaths,
) -> Result<Initialized, NotMade> {
    let log = &options.log;
    // Keys are written before the log is made.
    if let Some(address) = &directory.settings().store.address
        && !has_keys(directory, log)
    {
        return Err(DirectoryError::Foreign {
            log: log.clone(),
            store: address.to_string(),
            path: directory.layout().root().into(),
        }
        .into());
    }
    let key_line = directory.key_line(log)?;
    let same_name =
        Origin::parse(key_line.name()).is_ok_and(|origin| origin.name() == options.name);
    if paths.key_line.exists() || !same_name {
        return Err(DirectoryError::LogExists {
            log: log.clone(),
            path: directory.layout().root().into(),
        }
        .into());
    }
    // Another directory's log under the name that this one wanted, with the keys of a run that failed.
    let others = match directory.keys_of_another(log)? {
        Some(what) => Some(what),
        None => directory.told_of_others(log, options)?,
    };
    if let Some(what) = others {
        return Err(DirectoryError::OtherKeys {
            log: log.clone(),
            store: directory.settings().store.place(),
            what,
        }
        .into());
    }
    publish(&paths.key_line, &key_line).map_err(NotMade::though_begun)?;
    let recovery = directory.genesis_keys(log)?.recovery;
    Ok(Initialized {
        log: log.clone(),
        key_line,
        recovery_key_made: public(&paths.recovery_key) == Some(recovery),
        paths,
        warnings: Vec::new(),
    })
}

/// The key in its file, or the one given, or a new one; in its file afterwards.
fn key(
    random: &dyn Random,
    file: &Path,
    given: Option<&Path>,
) -> Result<SigningKey, DirectoryError> {
    if is_there(file)? {
        let there = read_key(file, true)?;
        if let Some(given) = given
            && read_key(given, false)?.verifying_key() != there.verifying_key()
        {
            return Err(DirectoryError::Key {
                path: file.into(),
                what: format!(
                    "another key than that of {} is there already; remove the file if it was a mistake",
                    given.display()
                ),
            });
        }
        return Ok(there);
    }
    let key = match given {
        Some(given) => read_key(given, false)?,
        None => SigningKey::from_bytes(&*secret(random)?),
    };
    write_key(file, &key)?;
    Ok(key)
}

/// The key that is in a service, once it has signed; where it is, in a file afterwards.
fn in_service(
    wanted: &ServiceKey,
    file: &Path,
    settings: &Settings,
) -> Result<LogKey, DirectoryError> {
    let opened = wanted.open(settings)?;
    match ServiceKey::read(file)? {
        None => wanted.write(file)?,
        Some(there) if there == *wanted => {}
        Some(there) => {
            return Err(DirectoryError::Key {
                path: file.into(),
                what: format!(
                    "{} is there already; remove the file if it was a mistake",
                    there.address
                ),
            });
        }
    }
    Ok(opened)
}

/// Whether a secret's file is there. An empty one, which a full disk may have left, is removed.
fn is_there(file: &Path) -> Result<bool, DirectoryError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => {
            fs::remove_file(file).map_err(io_at(file))?;
            Ok(false)
        }
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_at(file)(error)),
    }
}

fn secret(random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, DirectoryError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random
        .fill(&mut *bytes)
        .map_err(|error| StoreError::Invalid {
            what: error.to_string(),
        })?;
    Ok(bytes)
}

/// Writes `log.pub`, wholly and durably or not at all.
pub(crate) fn publish(path: &Path, line: &VKey) -> Result<(), DirectoryError> {
    let beside = path.with_extension("pub.new");
    let mut file = fs::File::create(&beside).map_err(io_at(&beside))?;
    writeln!(file, "{line}")
        .and_then(|()| file.sync_all())
        .map_err(io_at(&beside))?;
    fs::rename(&beside, path).map_err(io_at(path))?;
    sync_folder(folder_of(path))
}

/// What a log of a tenant is by default: the default log's name with the tenant behind it.
pub(crate) fn for_tenant(log: LogName, default_origin: Option<&str>) -> InitOptions {
    let parent = default_origin.and_then(|origin| Origin::parse(origin).ok());
    let name = match parent {
        Some(parent) => format!("{}/{log}", parent.name()),
        None => log.to_string(),
    };
    InitOptions {
        name,
        tenant: log.to_string(),
        log,
        policy: Vec::new(),
        receipt_key: None,
        checkpoint_key: None,
        receipt_signer: None,
        checkpoint_signer: None,
        recovery_key: None,
        ephemeral: false,
    }
}

impl Layout {
    /// Whether `log.pub` of a log is there and says what the genesis says.
    #[must_use]
    pub fn key_line_is(&self, log: &LogName, line: &VKey) -> bool {
        durable::read(&self.log(log).key_line, MAX_KEY_LINE)
            .ok()
            .flatten()
            .is_some_and(|text| text.trim_ascii_end() == line.to_string().as_bytes())
    }
}
