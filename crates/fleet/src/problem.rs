//! Why a receipt of a fleet log does not hold.

use ai_audit_core::DecodeError;
use ai_audit_merkle::ProofError;
use ai_audit_note::CheckpointError;
use ai_audit_verify::EquivocationError;
use alloc::string::String;
use core::fmt;

/// What does not hold in a receipt of a fleet log. Such a receipt changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetProblem {
    /// The body does not decode, or breaks a rule of its own.
    Body(DecodeError),
    /// A body that was not sealed yet breaks a rule of its own.
    Rule(ai_audit_core::BodyError),
    /// A log that is not in the roster is dropped, or a checkpoint of one is taken.
    NotMember {
        /// Its origin.
        origin: String,
    },
    /// A log that is in the roster is added.
    Member {
        /// Its origin.
        origin: String,
    },
    /// A known origin is added with another key line.
    OtherKey {
        /// The origin.
        origin: String,
    },
    /// There are more members than are followed.
    TooMany,
    /// The member's pinned key did not sign the checkpoint.
    NotSigned {
        /// The member's origin.
        origin: String,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The checkpoint is smaller than the last one that was taken.
    Older {
        /// The member's origin.
        origin: String,
        /// The size shown.
        size: u64,
        /// The size of the last one taken.
        held: u64,
    },
    /// The path does not lead from the last one that was taken to this one.
    Proof {
        /// The member's origin.
        origin: String,
        /// The size of the last one taken; 0 where there is none, and no path is expected.
        held: u64,
        /// The size shown.
        size: u64,
        /// What is wrong with the path, where there is one to go.
        error: Option<ProofError>,
    },
    /// What is said to convict a member does not.
    NotConvicted {
        /// Why.
        error: EquivocationError,
    },
}

impl fmt::Display for FleetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Rule(error) => error.fmt(f),
            Self::NotMember { origin } => {
                write!(f, "{origin} is not in the roster of the fleet")
            }
            Self::Member { origin } => write!(
                f,
                "{origin} is in the roster already; drop it in the same receipt to change its interval"
            ),
            Self::OtherKey { origin } => write!(
                f,
                "{origin} is known to the fleet under another key line; a log's key line never changes"
            ),
            Self::TooMany => write!(f, "more than {} members", crate::MAX_MEMBERS),
            Self::NotSigned { origin, error } => {
                write!(f, "checkpoint of {origin}, under its key line: {error}")
            }
            Self::Older { origin, size, held } => write!(
                f,
                "checkpoint of {origin} has size {size}, and one of size {held} was taken before: it is old, or shows a log that was cut"
            ),
            Self::Proof {
                origin, held: 0, ..
            } => write!(
                f,
                "first checkpoint of {origin}: expected an empty path, there is none to continue"
            ),
            Self::Proof {
                origin,
                held,
                size,
                error,
            } => {
                write!(
                    f,
                    "checkpoint of {origin} of size {size} does not continue the one of size {held}"
                )?;
                match error {
                    Some(error) => write!(f, ": {error}"),
                    None => Ok(()),
                }
            }
            Self::NotConvicted { error } => {
                write!(f, "the proof of equivocation does not hold: {error}")
            }
        }
    }
}

impl core::error::Error for FleetProblem {}
