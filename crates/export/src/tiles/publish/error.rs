//! Why a log could not be published.

use ai_audit_core::{ChainError, DecodeError};
use ai_audit_merkle::TreeSize;
use ai_audit_note::CheckpointError;

/// Why a log could not be published. What was published before is still there, and fits.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The log could not be read.
    #[error("log could not be read: {0}")]
    Source(String),
    /// The stored receipts do not follow each other: nothing is published that does not verify.
    #[error("receipt {seq} of the stored log: {error}")]
    Chain {
        /// The `seq` that was expected.
        seq: u64,
        /// What does not hold.
        error: ChainError,
    },
    /// A stored receipt does not decode.
    #[error("receipt {seq} of the stored log: {error}")]
    Decode {
        /// The `seq` that was expected.
        seq: u64,
        /// What does not hold.
        error: DecodeError,
    },
    /// A receipt's bytes were deleted, so there is no entry of it.
    #[error(
        "receipt {seq} of the stored log was deleted; publish with --hashes-only into a folder of its own"
    )]
    Deleted {
        /// Its `seq`.
        seq: u64,
    },
    /// A stored receipt is not the tree's.
    #[error("receipt {seq} of the stored log: its hash is not the one in the stored tree")]
    Leaf {
        /// Its `seq`.
        seq: u64,
    },
    /// The checkpoint is none, or not the log's.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    /// There is something else where the log should be published.
    #[error("it holds {name} and no published log; publish into a folder of its own")]
    Foreign {
        /// One of the files.
        name: String,
    },
    /// What is published cannot be read.
    #[error("what is published there cannot be continued: {what}")]
    Published {
        /// What is wrong.
        what: String,
    },
    /// Another log is published there.
    #[error("log {published} is published there, not {own}")]
    OtherLog {
        /// The origin of what is there.
        published: String,
        /// The origin of the log.
        own: String,
    },
    /// More was published than the log has now.
    #[error(
        "{published} receipts are published there, the log has {own}: it is an older copy, or was cut"
    )]
    Ahead {
        /// Size of what is there.
        published: TreeSize,
        /// Size of the log.
        own: TreeSize,
    },
    /// What was published is not this log's history.
    #[error(
        "the published checkpoint of size {size} is signed by this log and is not of its history; nothing was written"
    )]
    Inconsistent {
        /// Size of what is there.
        size: TreeSize,
    },
    /// Hashes only were published before, or entries too.
    #[error(
        "{} published there; {}, or publish into another folder",
        if *.entries { "entries are" } else { "only hashes are" },
        if *.entries { "leave --hashes-only out" } else { "use --hashes-only" }
    )]
    Mode {
        /// Whether entries are there.
        entries: bool,
    },
    /// The files do not hold what was written into them.
    #[error("written files: {what}; the published checkpoint was left as it was")]
    Tiles {
        /// What is wrong.
        what: String,
    },
    /// A file could not be written.
    #[error("{0}")]
    Write(String),
}

impl PublishError {
    /// Whether the caller named the wrong place or form, rather than something failing.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Foreign { .. } | Self::OtherLog { .. } | Self::Mode { .. }
        )
    }
}
