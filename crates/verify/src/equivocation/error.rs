//! Why bytes are no proof of equivocation, or a proof does not hold.

use ai_audit_merkle::{ProofError, TreeSize};
use ai_audit_note::{CheckpointError, NoteError};
use alloc::string::String;
use core::fmt;

/// WhichCheckpoint of a proof's two checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichCheckpoint {
    /// The first one.
    First,
    /// The second one.
    Second,
}

/// Why bytes are no proof of equivocation, or what they hold proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EquivocationError {
    /// The file is longer than a proof may be.
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The file is no UTF-8.
    Utf8 {
        /// Byte offset.
        offset: usize,
    },
    /// A line before the notes is not as it should be.
    Line {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// There are not exactly four empty lines.
    Parts,
    /// It is not in the one form that it has: the two are in the wrong order.
    Form,
    /// One of the two is no signed note.
    Note {
        /// WhichCheckpoint.
        which: WhichCheckpoint,
        /// What is wrong with it; its offset counts from the note's start.
        error: NoteError,
    },
    /// One of the two is no checkpoint.
    Checkpoint {
        /// WhichCheckpoint.
        which: WhichCheckpoint,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// They are of two logs, or of another log than asked for.
    Origin {
        /// The origin of the key, or of the first checkpoint.
        expected: String,
        /// The origin found.
        found: String,
    },
    /// The key did not sign one of the two.
    NotSigned {
        /// WhichCheckpoint.
        which: WhichCheckpoint,
        /// What is wrong with the signature.
        error: NoteError,
    },
    /// Both say the same.
    Agree {
        /// Their size.
        size: TreeSize,
    },
    /// The sizes differ, and no nodes show that the two contradict each other.
    NoNodes {
        /// The smaller size.
        smaller: TreeSize,
        /// The larger size.
        larger: TreeSize,
    },
    /// The sizes are equal, so there must be no nodes.
    NeedlessNodes {
        /// The size.
        size: TreeSize,
    },
    /// The nodes do not lead to the larger checkpoint.
    Path(ProofError),
    /// Of an empty tree the root is known and the path is empty.
    Empty,
    /// The nodes show that the larger checkpoint continues the smaller.
    Consistent {
        /// The smaller size.
        smaller: TreeSize,
        /// The larger size.
        larger: TreeSize,
    },
}

impl fmt::Display for WhichCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

impl fmt::Display for EquivocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => write!(
                f,
                "file: expected at most {} bytes, found {found}",
                super::MAX_LEN
            ),
            Self::Utf8 { offset } => write!(f, "file at byte {offset}: expected UTF-8"),
            Self::Line { line, expected } => write!(f, "line {line}: expected {expected}"),
            Self::Parts => f.write_str(
                "file: expected four empty lines: before, in, between and in the two notes",
            ),
            Self::Form => f.write_str(
                "file: expected the smaller checkpoint first, of equal sizes the smaller root",
            ),
            Self::Note { which, error } => write!(f, "{which} checkpoint: {error}"),
            Self::Checkpoint { which, error } => write!(f, "{which} {error}"),
            Self::Origin { expected, found } => {
                write!(
                    f,
                    "expected checkpoints of {expected}, found one of {found}"
                )
            }
            Self::NotSigned { which, error } => {
                write!(
                    f,
                    "the {which} checkpoint is not signed by the log: {error}"
                )
            }
            Self::Agree { size } => {
                write!(f, "both checkpoints say the same of size {size}")
            }
            Self::NoNodes { smaller, larger } => write!(
                f,
                "sizes {smaller} and {larger} differ: expected a root line and a path"
            ),
            Self::NeedlessNodes { size } => {
                write!(
                    f,
                    "both sizes are {size}: expected no root line and no path"
                )
            }
            Self::Path(error) => write!(f, "path to the second checkpoint: {error}"),
            Self::Empty => f.write_str("size 0: expected the root of the empty tree and no path"),
            Self::Consistent { smaller, larger } => write!(
                f,
                "the path shows that the checkpoint of size {larger} continues that of size {smaller}"
            ),
        }
    }
}

impl core::error::Error for EquivocationError {}
