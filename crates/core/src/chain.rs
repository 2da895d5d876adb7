//! The chain: a state machine that is fed receipts one at a time.

use crate::{Header, Kind, LeafHash, LogId, Timestamp, UnverifiedReceipt};
use core::fmt;

/// Where a log ends: all that sealing the next receipt needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    log_id: LogId,
    size: u64,
    hash: LeafHash,
    sealed_at: Timestamp,
}

impl Head {
    /// The head of a log that has no genesis yet.
    pub const EMPTY: Self = Self {
        log_id: LogId::ZERO,
        size: 0,
        hash: LeafHash::ZERO,
        sealed_at: Timestamp::from_micros(0),
    };

    /// A head from its parts, as a store kept them. `size` is at least 1.
    #[must_use]
    pub const fn from_parts(
        log_id: LogId,
        size: u64,
        hash: LeafHash,
        sealed_at: Timestamp,
    ) -> Self {
        Self {
            log_id,
            size,
            hash,
            sealed_at,
        }
    }

    /// The log.
    #[must_use]
    pub const fn log_id(&self) -> LogId {
        self.log_id
    }

    /// How many receipts it has: the `seq` of the next one.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Hash of the last receipt; all zero where there is none.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// When the last receipt was sealed.
    #[must_use]
    pub const fn sealed_at(&self) -> Timestamp {
        self.sealed_at
    }

    /// Whether not even the genesis is there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The head once the receipt with this header and hash is appended.
    pub(crate) const fn after(&self, header: &Header<'_>, hash: LeafHash) -> Self {
        let log_id = if self.is_empty() {
            hash.to_log_id()
        } else {
            self.log_id
        };
        Self {
            log_id,
            size: self.size + 1,
            hash,
            sealed_at: header.sealed_at,
        }
    }
}

/// Checks that receipts follow each other: same log, `seq` without gaps, `prev` the hash of the
/// one before, times that never run backwards, one genesis at the start.
///
/// It checks no signature; see [`UnverifiedReceipt::verify_signature`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    head: Head,
}

/// A receipt that does not follow the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainError {
    /// Receipts are missing: this `seq` was expected, a later one came.
    Missing {
        /// The first missing one.
        expected: u64,
        /// What came instead.
        found: u64,
    },
    /// A `seq` that was there before: a replay, or receipts in another order.
    Repeated {
        /// The one that was expected.
        expected: u64,
        /// What came instead.
        found: u64,
    },
    /// The receipt belongs to another log.
    OtherLog {
        /// The log it names.
        found: LogId,
    },
    /// `prev` is not the hash of the receipt before.
    Prev,
    /// The receipt's time lies before that of the receipt before.
    TimeBackwards,
    /// The first receipt is no genesis, or a later one is.
    Genesis,
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { expected, found } if *found == expected + 1 => {
                write!(
                    f,
                    "receipt {expected} is missing: seq {found} came in its place"
                )
            }
            Self::Missing { expected, found } => {
                let last = found - 1;
                write!(
                    f,
                    "receipts {expected} to {last} are missing: seq {found} came in their place"
                )
            }
            Self::Repeated { expected, found } => {
                write!(
                    f,
                    "seq {found} came where {expected} was expected: replayed or reordered"
                )
            }
            Self::OtherLog { found } => write!(f, "log_id names another log, {found}"),
            Self::Prev => f.write_str("prev is not the hash of the receipt before"),
            Self::TimeBackwards => f.write_str("sealed_at lies before that of the receipt before"),
            Self::Genesis => f.write_str("kind: a log has one genesis, as its first receipt"),
        }
    }
}

impl core::error::Error for ChainError {}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// A chain that expects a genesis.
    #[must_use]
    pub const fn new() -> Self {
        Self { head: Head::EMPTY }
    }

    /// A chain that goes on after a head that was verified before.
    #[must_use]
    pub const fn resume(head: Head) -> Self {
        Self { head }
    }

    /// The head so far.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the next receipt and returns the new head. After an error the chain is as before.
    ///
    /// # Errors
    ///
    /// How the receipt does not follow.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<Head, ChainError> {
        let header = receipt.header();
        let (expected, found) = (self.head.size, header.seq);
        // Which log comes first: a receipt of another log says nothing about what is missing here.
        if header.log_id != self.head.log_id && !(self.head.is_empty() && found > 0) {
            return Err(ChainError::OtherLog {
                found: header.log_id,
            });
        }
        if found > expected {
            return Err(ChainError::Missing { expected, found });
        }
        if found < expected {
            return Err(ChainError::Repeated { expected, found });
        }
        if self.head.is_empty() != (header.kind == Kind::GENESIS) {
            return Err(ChainError::Genesis);
        }
        if header.prev != self.head.hash {
            return Err(ChainError::Prev);
        }
        if header.sealed_at < self.head.sealed_at {
            return Err(ChainError::TimeBackwards);
        }
        self.head = self.head.after(header, receipt.hash());
        Ok(self.head)
    }

    /// Takes the hash of a receipt whose bytes were deleted, in its place. Whether it may be gone
    /// is not the chain's question; the receipt after it has to name this hash.
    ///
    /// # Errors
    ///
    /// [`ChainError::Genesis`] at the first place: without its genesis a log is no log.
    pub fn push_deleted(&mut self, hash: LeafHash) -> Result<Head, ChainError> {
        if self.head.is_empty() {
            return Err(ChainError::Genesis);
        }
        self.head.size = self.head.size.saturating_add(1);
        self.head.hash = hash;
        Ok(self.head)
    }
}
