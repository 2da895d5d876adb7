//! What can go wrong in a store.

use crate::LogName;
use ai_audit_core::{ChainError, DecodeError, Head};
use ai_audit_merkle::TreeSize;
use core::fmt;
use std::io;

/// Why a store did not do what was asked.
///
/// After an error from [`Store::append`](crate::Store::append) the log is as it was or holds all
/// that was to be appended; [`StoreError::is_refusal`] says for which errors it surely is as it
/// was. Reading the head tells for the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The log does not end where the caller thought: somebody else wrote to it.
    #[error("log {log} was expected to end {}, but ends {}", End(.expected), End(.found))]
    HeadMoved {
        /// The log.
        log: LogName,
        /// Where the caller thought that it ends.
        expected: Box<Head>,
        /// Where it ends; [`Head::EMPTY`] if it does not exist.
        found: Box<Head>,
    },
    /// The receipts do not follow each other or the expected head.
    #[error("log {log}, receipt {seq}: {error}")]
    NotAChain {
        /// The log.
        log: LogName,
        /// The `seq` that the receipt should have.
        seq: u64,
        /// How it does not follow.
        error: ChainError,
    },
    /// Bytes to append are no receipt.
    #[error("log {log}, receipt {seq}: {error}")]
    NotAReceipt {
        /// The log.
        log: LogName,
        /// The `seq` that the receipt should have.
        seq: u64,
        /// What is wrong with the bytes.
        error: DecodeError,
    },
    /// Bytes to put back are no receipt.
    #[error("log {log}: bytes to put back are no receipt: {error}")]
    NotRestored {
        /// The log.
        log: LogName,
        /// What is wrong with the bytes.
        error: DecodeError,
    },
    /// Bytes to put back do not have the hash that the log has in their place.
    #[error(
        "log {log}, receipt {seq}: the bytes to put back are not those that were sealed: they do not have the hash that the log has there"
    )]
    OtherReceipt {
        /// The log.
        log: LogName,
        /// The receipt that they say they are.
        seq: u64,
    },
    /// A receipt beyond the log's end.
    #[error("log {log} has no receipt {seq}: it has {held}")]
    NoSuchReceipt {
        /// The log.
        log: LogName,
        /// The receipt that was asked for.
        seq: u64,
        /// How many there are.
        held: u64,
    },
    /// A log stands twice in one append.
    #[error("log {log} stands twice in one append")]
    Twice {
        /// The log.
        log: LogName,
    },
    /// A checkpoint is of more receipts than there are, or of none.
    #[error("a checkpoint of {size} receipts does not fit log {log}, which has {held}")]
    Beyond {
        /// The log.
        log: LogName,
        /// How many receipts the checkpoint covers.
        size: TreeSize,
        /// How many there are.
        held: u64,
    },
    /// There is a checkpoint of the same size that says something else.
    #[error(
        "log {log} has another checkpoint of {size} receipts: two that differ are proof of two histories, so the first stays"
    )]
    OtherCheckpoint {
        /// The log.
        log: LogName,
        /// How many receipts both cover.
        size: TreeSize,
    },
    /// The call makes no sense for this store, or goes beyond what it can hold.
    #[error("{what}")]
    Invalid {
        /// What was asked and what would have been right.
        what: String,
    },
    /// The store was opened for reading only.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// The server only repeats what another one does, until it is promoted.
    #[error("{what}")]
    Replica {
        /// Which server, and what to do.
        what: String,
    },
    /// There is no room: disk, quota or the store's own limit.
    #[error("no room to write: {what}")]
    Full {
        /// What is full, in the words of the system.
        what: String,
    },
    /// Reading or writing failed below the store.
    #[error("{what}")]
    Io {
        /// What was tried and what the system said.
        what: String,
    },
    /// The server does not take who is asking: another key is needed, or more rights.
    #[error("{what}")]
    Denied {
        /// What was tried and what the server said.
        what: String,
    },
    /// Another writer has the store.
    #[error("{what} is locked by another writer{}", Holder(.holder.as_deref()))]
    Locked {
        /// The file that is locked.
        what: String,
        /// Who holds it, as far as known.
        holder: Option<String>,
    },
    /// It is done in the store that logs are written to, and not in the one for what is old, which owes it: calling it
    /// again does the rest, and nobody may say before that it is done.
    #[error("done where the log is written, and owed by the store for what is old: {error}")]
    Owed {
        /// Why that one did not.
        error: Box<StoreError>,
    },
    /// What is stored contradicts itself.
    #[error("the store is damaged: {what}")]
    Corrupt {
        /// What was found where.
        what: String,
    },
    /// The file is none of this kind of store.
    #[error("{what}")]
    NotAStore {
        /// Which file, and what it is instead.
        what: String,
    },
    /// The store was written by a later version of this software.
    #[error(
        "the store has schema version {found}, this software knows versions up to {supported}: use a newer one"
    )]
    TooNew {
        /// Its version.
        found: u32,
        /// The latest that is known here.
        supported: u32,
    },
    /// A store to be created is there already.
    #[error("{what} exists already")]
    Exists {
        /// The file.
        what: String,
    },
    /// The buffer for a receipt is shorter than the receipt.
    #[error("receipt {seq} has {len} bytes, the buffer only {room}")]
    BufferTooShort {
        /// The receipt.
        seq: u64,
        /// Its length.
        len: usize,
        /// The buffer's length.
        room: usize,
    },
}

impl StoreError {
    /// Whether the store refused before it wrote anything, so that nothing has changed.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::HeadMoved { .. }
                | Self::NotAChain { .. }
                | Self::NotAReceipt { .. }
                | Self::Twice { .. }
                | Self::NotRestored { .. }
                | Self::OtherReceipt { .. }
                | Self::NoSuchReceipt { .. }
                | Self::Beyond { .. }
                | Self::OtherCheckpoint { .. }
                | Self::Invalid { .. }
                | Self::ReadOnly
                | Self::Replica { .. }
        )
    }

    /// Turns an I/O error into [`StoreError::Full`] or [`StoreError::Io`]; `tried` says what was
    /// being done, such as `writing /srv/audit/log.lock`.
    #[must_use]
    pub fn from_io(tried: &str, error: &io::Error) -> Self {
        let what = format!("{tried}: {error}");
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { what },
            _ => Self::Io { what },
        }
    }
}

struct End<'a>(&'a Head);

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(last) = self.0.size().checked_sub(1) else {
            return f.write_str("before its first receipt");
        };
        write!(f, "with receipt {last}, hash {}", self.0.hash())
    }
}

struct Holder<'a>(Option<&'a str>);

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => write!(f, " ({holder})"),
            None => Ok(()),
        }
    }
}
