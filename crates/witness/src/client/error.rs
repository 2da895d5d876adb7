//! What can go wrong with a witness, each kind by itself.

use ai_audit_core::Timestamp;
use ai_audit_merkle::TreeSize;
use ai_audit_note::{CheckpointError, NoteError};

/// Why a witness gave no cosignature that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// It has no address that it could be asked at.
    #[error("expected an address that begins with https:// or http://, found {found}")]
    Address {
        /// The address in the policy.
        found: String,
    },
    /// What should be cosigned is no checkpoint.
    #[error("{0}")]
    Checkpoint(CheckpointError),
    /// The log could not prove that it continues what the witness has.
    #[error("the consistency proof from size {old} could not be made: {reason}")]
    Proof {
        /// The size.
        old: TreeSize,
        /// Why not.
        reason: String,
    },
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    TimedOut,
    /// Its answer is longer than any.
    #[error("its answer is longer than {limit} bytes")]
    TooLong {
        /// How much is read.
        limit: u64,
    },
    /// Its answer is none that the protocol has.
    #[error("its answer is no answer to the request: expected {expected}")]
    Form {
        /// What should have come.
        expected: &'static str,
    },
    /// It refused with a status code.
    #[error("it refused with status {code}{}: {said:?}", Meaning(*.code))]
    Refused {
        /// The HTTP status code.
        code: u16,
        /// The beginning of what it said.
        said: String,
    },
    /// It says time and again that it has another size.
    #[error("it answered {rounds} times that it has another size, {last} at last")]
    Rounds {
        /// How often it was asked.
        rounds: u32,
        /// The size it gave last.
        last: TreeSize,
    },
    /// It cosigned more receipts than the log has.
    #[error(
        "it has cosigned {has} receipts of this log, here are {size}: this log was restored from an \
         older copy, or its end was cut off"
    )]
    Behind {
        /// The size that it has.
        has: TreeSize,
        /// The size that it was asked to cosign.
        size: TreeSize,
    },
    /// It cosigned another root of the same size.
    #[error(
        "it has cosigned another checkpoint of size {size}: there are two histories of this log"
    )]
    OtherRoot {
        /// The size.
        size: TreeSize,
    },
    /// Its answer has no cosignature of the key that it is known by.
    #[error("its answer has no cosignature of the key in the policy")]
    NotItsKey,
    /// Its cosignature does not verify over this checkpoint.
    #[error("its cosignature is bad, or over another checkpoint: {0}")]
    Bad(NoteError),
    /// Its clock is ahead.
    #[error("it cosigned for a time that has not come, {time}")]
    Future {
        /// The time.
        time: Timestamp,
    },
}

/// What C2SP lets a status code mean, where there is more to say than the number.
struct Meaning(u16);

impl core::fmt::Display for Meaning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.0 {
            403 => " (no signature that it trusts for this log)",
            404 => " (it does not know this log: give its operator the log's key line)",
            422 => " (this log does not continue what it cosigned)",
            300..=399 => " (redirections are not followed)",
            _ => "",
        })
    }
}
