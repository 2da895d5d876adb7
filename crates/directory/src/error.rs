//! What can go wrong with a log directory.

use ai_audit_store::{LogName, StoreError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a log directory could not be made, opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The path is no log directory.
    #[error("{} is no log directory: it has no audit.db; make one with `ai-audit init {}`", .path.display(), .path.display())]
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
    /// A log cannot have this name here, because a file of the directory has it.
    #[error("log name {log}: a file of the directory has it; choose another")]
    ReservedName {
        /// The log.
        log: LogName,
    },
    /// A key file does not hold what it should.
    #[error("{}: {what}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
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
    /// The settings do not hold.
    #[error("{origin}: {what}")]
    Settings {
        /// File or environment variable.
        origin: String,
        /// What is wrong.
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
}

impl DirectoryError {
    /// Whether the caller asked for something that is not there or cannot be opened, rather than
    /// something failing.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NotADirectory { .. }
            | Self::NoSuchLog { .. }
            | Self::LogExists { .. }
            | Self::ReservedName { .. }
            | Self::Settings { .. }
            | Self::Name(_)
            | Self::Open(_)
            | Self::Store(StoreError::NotAStore { .. } | StoreError::Invalid { .. }) => true,
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
        StoreError::Io { .. } | StoreError::ReadOnly => DirectoryError::Open(error),
        other => DirectoryError::Store(other),
    }
}

/// For `map_err`: an I/O error of a file.
pub(crate) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + '_ {
    |error| DirectoryError::Io {
        path: path.into(),
        error,
    }
}
