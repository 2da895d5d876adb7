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
    #[error("log name {log}: the directory itself uses it; choose another")]
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
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error("{0}")]
    Ledger(String),
}

impl DirectoryError {
    /// Whether the caller asked for something that is not there, rather than something failing.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NotADirectory { .. }
                | Self::NoSuchLog { .. }
                | Self::LogExists { .. }
                | Self::ReservedName { .. }
                | Self::Settings { .. }
                | Self::Name(_)
                | Self::Store(StoreError::NotAStore { .. } | StoreError::Invalid { .. })
        )
    }
}

/// For `map_err`: an I/O error of a file.
pub(crate) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + '_ {
    |error| DirectoryError::Io {
        path: path.into(),
        error,
    }
}
