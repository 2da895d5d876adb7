//! What does not hold about an epoch.

use crate::RetentionError;
use alloc::string::String;
use core::fmt;

/// Why a log's epochs are not what its seals and deletion receipts say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EpochError {
    /// A field of a seal is not what the log has.
    Seal {
        /// The field.
        field: &'static str,
        /// What the log has.
        expected: String,
        /// What the seal says.
        found: String,
    },
    /// Fewer control receipts are there than the seal counted.
    ControlMissing {
        /// The epoch.
        epoch: u64,
        /// How many the seal counted.
        sealed: u64,
        /// How many are there.
        held: u64,
    },
    /// A deletion of an epoch that is not sealed.
    NotSealed {
        /// The epoch.
        epoch: u64,
        /// How many epochs are.
        sealed: u64,
    },
    /// A field of a deletion receipt is not what its epoch's seal says.
    Deletion {
        /// The field.
        field: &'static str,
        /// What follows from the seal.
        expected: u64,
        /// What the deletion receipt says.
        found: u64,
    },
    /// A deletion before the retention that the genesis promised was over.
    TooYoung {
        /// The epoch.
        epoch: u64,
        /// The days that were promised.
        days: u64,
    },
    /// A deletion from a log whose genesis promises a retention that nobody can read.
    Retention(RetentionError),
    /// A receipt without bytes that no deletion receipt accounts for.
    Unaccounted {
        /// Its epoch; none where that is not sealed.
        epoch: Option<u64>,
    },
}

impl fmt::Display for EpochError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seal {
                field,
                expected,
                found,
            } => write!(
                f,
                "{field} of the epoch seal is {found}, but the log has {expected}"
            ),
            Self::ControlMissing {
                epoch,
                sealed,
                held,
            } => write!(
                f,
                "control: the seal of epoch {epoch} counted {sealed} control receipts, {held} are here: they are never deleted"
            ),
            Self::NotSealed { epoch, sealed } => write!(
                f,
                "deletion of epoch {epoch}, which is not sealed: {sealed} epochs are"
            ),
            Self::Deletion {
                field,
                expected,
                found,
            } => write!(
                f,
                "{field} of the deletion receipt is {found}, but the epoch's seal makes it {expected}"
            ),
            Self::TooYoung { epoch, days } => write!(
                f,
                "deletion of epoch {epoch} before the {days} days of retention that the genesis promises were over"
            ),
            Self::Retention(error) => write!(f, "deletion: {error}"),
            Self::Unaccounted { epoch: Some(epoch) } => write!(
                f,
                "its bytes are deleted, and no deletion receipt accounts for epoch {epoch}"
            ),
            Self::Unaccounted { epoch: None } => {
                f.write_str("its bytes are deleted, and its epoch is not sealed")
            }
        }
    }
}

impl core::error::Error for EpochError {}
