//! Why a ledger does not take what is submitted.

use super::LedgerError;
use crate::{LogName, RandomError};
use ai_audit_core::{Kind, ReceiptId, SealError};

/// Why records were not taken. Nothing of the group is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many records wait as may wait; with [`OnFull::Timeout`](crate::OnFull), still so after
    /// that time. The refusal is going to be declared in the log.
    #[error("the queue is full: {queued} of {capacity} records wait to be written")]
    Full {
        /// How many wait.
        queued: usize,
        /// How many may.
        capacity: usize,
    },
    /// The group is longer than the queue: it would never fit.
    #[error("the group has {records} records, the queue has room for {capacity}")]
    TooLarge {
        /// How many the group has.
        records: usize,
        /// How many may wait.
        capacity: usize,
    },
    /// The group has no records.
    #[error("the group has no records")]
    Empty,
    /// The log was neither created nor attached.
    #[error("log {log} is not attached to the ledger")]
    NotAttached {
        /// The log.
        log: LogName,
    },
    /// The log was not attached, and could not be.
    #[error(transparent)]
    Attach(Box<LedgerError>),
    /// A record's body cannot be sealed.
    #[error("record {index} of the group: {error}")]
    Record {
        /// Which one, counted from 0.
        index: usize,
        /// Why.
        error: SealError,
    },
    /// A record is of a kind that only the ledger writes.
    #[error("record {index} of the group: only the ledger itself writes receipts of kind {kind}")]
    Reserved {
        /// Which one, counted from 0.
        index: usize,
        /// Its kind.
        kind: Kind,
    },
    /// A record's id, which the caller chose, is no UUIDv7.
    #[error("record {index} of the group: expected a UUIDv7 as id, found {id}")]
    Id {
        /// Which one, counted from 0.
        index: usize,
        /// The id.
        id: ReceiptId,
    },
    /// Two records of the group have one id.
    #[error("record {index} of the group: another record of the group has its id {id}")]
    IdTwice {
        /// Which one, counted from 0.
        index: usize,
        /// The id.
        id: ReceiptId,
    },
    /// There was no randomness for receipt ids.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
}
