//! What can go wrong with a log directory.

use ai_audit_export::tiles::PublishError;
use ai_audit_note::PolicyFileError;
use ai_audit_shredding::SubjectKeysError;
use ai_audit_store::{LogName, StoreError};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a log directory could not be made, opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The path is no log directory.
    #[error("{} is no log directory: it has no audit.db, and its settings name no server that has its receipts; make one with `ai-audit init {}`", .path.display(), .path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The log exists already.
    #[error("log {log} exists already in {}", .path.display())]
    LogExists {
        /// The log.
        log: LogName,
        /// The directory.
        path: PathBuf,
    },
    /// The directory has no such log.
    #[error("{} has no log {log}; it has {known}", .path.display())]
    NoSuchLog {
        /// The log.
        log: LogName,
        /// The directory.
        path: PathBuf,
        /// The logs it has.
        known: String,
    },
    /// A log that was made in the directory is not on the server that should have it.
    #[error(
        "log {log} is not in {store}, though {} says that it was made: the server was emptied, or restored from before \
         that, or is another one; nothing is written. Bring back the one that has it; if the log is lost for good, keep its \
         key line, and begin another directory",
        .key_line.display()
    )]
    Lost {
        /// The log.
        log: LogName,
        /// The server's address.
        store: String,
        /// Its key line, which was written when it had been made.
        key_line: PathBuf,
    },
    /// A log that was made in the directory is not in its own database, and no server is named.
    #[error(
        "log {log} is not in {}, though {} says that it was made: its receipts are on a server that no setting names any \
         more, or the file was lost; nothing is written. Name the server again (the setting `store`), or bring the file \
         back; if the log is lost for good, keep its key line, and begin another directory",
        .database.display(),
        .key_line.display()
    )]
    NotHere {
        /// The log.
        log: LogName,
        /// The database in which it is not.
        database: PathBuf,
        /// Its key line, which was written when it had been made.
        key_line: PathBuf,
    },
    /// The keys of a log may have signed its genesis in another store.
    #[error(
        "log {log} was begun in {there}, as {} says, and this run would begin it in {here} with the same keys; nothing is \
         written. Name {there} again (the setting `store`) and repeat `ai-audit init`; if the log is surely not there, \
         remove that file",
        .mark.display()
    )]
    BegunElsewhere {
        /// The log.
        log: LogName,
        /// Where it was begun.
        there: String,
        /// Where it would be begun now.
        here: String,
        /// The file that says so.
        mark: PathBuf,
    },
    /// The keys at hand for a log that is stored are not its own.
    #[error(
        "log {log} is in {store}, and was not opened with these keys: {what}; bring back those that it was opened with, or choose another name with --log"
    )]
    OtherKeys {
        /// The log.
        log: LogName,
        /// Where it is stored.
        store: String,
        /// Which key is which.
        what: String,
    },
    /// A log may have been begun, and may not.
    #[error(
        "{error}; log {log} may be begun in {place} all the same, so its keys and the settings stay as they are now: repeat `ai-audit init` with the same words"
    )]
    Unsure {
        /// The log.
        log: LogName,
        /// Where.
        place: String,
        /// What went wrong.
        error: Box<DirectoryError>,
    },
    /// A log of this name is on the server, and its keys are not in the directory.
    #[error(
        "log {log} is in {store} already, and its keys are not in {}: it is another directory's. Choose another name with \
         --log, or a place of its own on the server with the setting store-name",
        .path.display()
    )]
    Foreign {
        /// The log.
        log: LogName,
        /// The server's address.
        store: String,
        /// The directory.
        path: PathBuf,
    },
    /// A log cannot have this name here, because a file of the directory has it.
    #[error("log name {log}: a file of the directory has it; choose another")]
    ReservedName {
        /// The log.
        log: LogName,
    },
    /// The bytes of a receipt are deleted.
    #[error("log {log}: the bytes of receipt {seq} are deleted{}; an archive of its epoch has them", Under(.deletion))]
    Deleted {
        /// The log.
        log: LogName,
        /// The receipt.
        seq: u64,
        /// The deletion receipt that says so, where one does.
        deletion: Option<u64>,
    },
    /// A receipt is not in the checkpoint against which it is to be proved, or, where it is batched, the
    /// seal that signs for it is not.
    #[error("{}", not_covered(*.seq, *.size, *.batched))]
    NotCovered {
        /// The receipt.
        seq: u64,
        /// How many receipts the checkpoint has.
        size: u64,
        /// Whether the seal is missing.
        batched: bool,
    },
    /// An archive is not what it should be.
    #[error("{}: {what}", .path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// There is no such epoch, or it is still open.
    #[error("log {log}: epoch {epoch} is not sealed: {sealed} epochs are")]
    NotSealed {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
        /// How many are sealed.
        sealed: u64,
    },
    /// The log will not have this done to it, and nothing was.
    #[error("{0}")]
    Refused(String),
    /// The witnesses' file has a mistake.
    #[error("{}: {error}", .path.display())]
    Witnesses {
        /// The file.
        path: PathBuf,
        /// The mistake, with its line and word.
        error: PolicyFileError,
    },
    /// The directory has no witnesses.
    #[error("{} has no witnesses; add one with `ai-audit witness add`", .path.display())]
    NoWitnesses {
        /// The directory.
        path: PathBuf,
    },
    /// The directory has no such witness.
    #[error("{} has no witness {name}", .path.display())]
    NoSuchWitness {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A witness saw a log further than it is here, or otherwise.
    #[error(
        "log {log}: {what}; bring back the newest copy. If it is lost, open a new log, or go on with \
         `ai-audit adopt` and the setting ask-witnesses = false: the witness will not cosign this log \
         again"
    )]
    BehindWitness {
        /// The log.
        log: LogName,
        /// What the witness says.
        what: String,
    },
    /// A key file does not hold what it should.
    #[error("{}: {what}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file with passwords has none for whom is logged in to.
    #[error(
        "{}: no line is for {login}; expected host:port:database:user:password, where any of the first four may be *",
        .path.display()
    )]
    NoLine {
        /// The file.
        path: PathBuf,
        /// Host, port, database and user.
        login: String,
    },
    /// Others can read a key file.
    #[error("{}: others can read this key file (mode {mode:o}); run `chmod 600 {}`", .path.display(), .path.display())]
    KeyMode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The log was opened for trying out, and production does not write with its keys.
    #[error(
        "log {log} was opened with ephemeral keys, for trying out; production refuses them: open another with `ai-audit init`"
    )]
    Ephemeral {
        /// The log.
        log: LogName,
    },
    /// Others than a group of readers can open the database, in which texts may be kept.
    #[error("{}: others can read the log's database, or a group can write it (mode {mode:o}); run `chmod 600 {}`, or 640 for a group of auditors", .path.display(), .path.display())]
    DatabaseMode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The settings do not hold.
    #[error("{origin}: {what}")]
    Settings {
        /// File or environment variable.
        origin: String,
        /// What is wrong.
        what: String,
    },
    /// A log should be published where something else is.
    #[error("{} holds {name} and no published log; publish into a folder of its own", .path.display())]
    NotForTiles {
        /// The folder.
        path: PathBuf,
        /// One of the files.
        name: String,
    },
    /// A log could not be published.
    #[error("{}: {error}", .path.display())]
    Publish {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: PublishError,
    },
    /// No key is pinned for a log that should be watched.
    #[error("no key of log {origin} is pinned in {}; give --key with the log's key line, which you got from somebody you trust", .path.display())]
    NotPinned {
        /// The log's origin.
        origin: String,
        /// The monitor's folder.
        path: PathBuf,
    },
    /// Another key is pinned for a log.
    #[error("another key of log {origin} is pinned in {}: {pinned}", .path.display())]
    OtherKey {
        /// The log's origin.
        origin: String,
        /// The monitor's folder.
        path: PathBuf,
        /// The pinned key line.
        pinned: String,
    },
    /// What a monitor keeps was changed by somebody else.
    #[error("{}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Nothing that consistency proofs can be made from.
    #[error("{}: {what}", .path.display())]
    NotASource {
        /// The path.
        path: PathBuf,
        /// What was expected.
        what: String,
    },
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A policy entry cannot be used, or what is in force is not known to this software.
    #[error("{0}")]
    Policy(String),
    /// A text that is asked for is not kept encrypted.
    #[error("log {log}: receipt {seq} {what}")]
    NotKept {
        /// The log.
        log: LogName,
        /// The receipt.
        seq: u64,
        /// What it has instead.
        what: String,
    },
    /// Nothing is held on a subject.
    #[error("log {log} holds nothing on {subject:?}; `ai-audit subject list` shows whom it names")]
    NothingHeld {
        /// The log.
        log: LogName,
        /// The subject.
        subject: String,
    },
    /// The secret under which a text was digested is destroyed.
    #[error(
        "log {log}: the key of the subject of receipt {seq} was destroyed; what was said there can be neither shown nor proved"
    )]
    Erased {
        /// The log.
        log: LogName,
        /// The receipt.
        seq: u64,
    },
    /// A token or service that has a key of the log could not be asked, or its answer not be used.
    #[error("{0}")]
    Service(String),
    /// The origin's name cannot be used.
    #[error("{0}")]
    Name(String),
    /// The database or the lock cannot be opened, for want of access or because it is not there.
    #[error(transparent)]
    Open(StoreError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error("{0}")]
    Ledger(String),
    /// The keys of subjects, or the key that wraps them.
    #[error(transparent)]
    SubjectKeys(#[from] SubjectKeysError),
}

impl DirectoryError {
    /// Whether the caller asked for something that is not there or cannot be opened, rather than
    /// something failing.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Publish { error, .. } => error.is_usage(),
            Self::NotADirectory { .. }
            | Self::NotForTiles { .. }
            | Self::NotPinned { .. }
            | Self::OtherKey { .. }
            | Self::NotASource { .. }
            | Self::NoSuchLog { .. }
            | Self::Witnesses { .. }
            | Self::NoWitnesses { .. }
            | Self::NoSuchWitness { .. }
            | Self::LogExists { .. }
            | Self::Foreign { .. }
            | Self::OtherKeys { .. }
            | Self::ReservedName { .. }
            | Self::Settings { .. }
            | Self::NotSealed { .. }
            | Self::NotCovered { .. }
            | Self::Name(_)
            | Self::Policy(_)
            | Self::NotKept { .. }
            | Self::NothingHeld { .. }
            | Self::Open(_)
            | Self::Store(
                StoreError::NotAStore { .. }
                | StoreError::Invalid { .. }
                | StoreError::NoSuchReceipt { .. }
                | StoreError::Replica { .. },
            ) => true,
            Self::Io { error, .. } => cannot_be_opened(error.kind()),
            _ => false,
        }
    }
}

/// Whether an I/O error is about a path and who may open it, not about the disk below.
const fn cannot_be_opened(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::InvalidFilename
    )
}

/// For `map_err`, where a database or a lock is opened.
pub(crate) fn opening(error: StoreError) -> DirectoryError {
    match error {
        StoreError::Io { .. } | StoreError::Denied { .. } | StoreError::ReadOnly => {
            DirectoryError::Open(error)
        }
        other => DirectoryError::Store(other),
    }
}

fn not_covered(seq: u64, size: u64, batched: bool) -> String {
    match batched {
        false => format!("receipt {seq} is not in the checkpoint, which has {size} receipts"),
        true => format!(
            "receipt {seq} is batched, and the batch seal that signs for it is not in the checkpoint, \
             which has {size} receipts; take a newer checkpoint"
        ),
    }
}

struct Under<'a>(&'a Option<u64>);

impl fmt::Display for Under<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(seq) => write!(f, " under receipt {seq}"),
            None => f.write_str(", and no deletion receipt says so"),
        }
    }
}

/// For `map_err`: an I/O error of a file.
pub(crate) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + '_ {
    |error| DirectoryError::Io {
        path: path.into(),
        error,
    }
}
