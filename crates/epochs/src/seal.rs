//! The epoch seal: the last receipt of an epoch.

use ai_audit_core::{Body, BodyError, Kind, LeafHash, NodeHash};
use serde::{Deserialize, Serialize};

/// Closes an epoch and says what it consists of.
///
/// With the root, every receipt of the epoch stays provable when only its hash is left; with the
/// number of control receipts, none of those can go unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochSeal {
    /// Which epoch it is, from 0.
    pub number: u64,
    /// `seq` of its first receipt.
    pub first: u64,
    /// Its receipts, this one included.
    pub count: u64,
    /// Those of them that are control receipts, this one included.
    pub control: u64,
    /// Receipts of the log before this one: its own `seq`.
    pub size: u64,
    /// Root of the log's tree of that size.
    pub root: NodeHash,
    /// Hash of the epoch's first receipt; all zero where that is this one.
    pub first_hash: LeafHash,
    /// Hash of the receipt before this one.
    pub last_hash: LeafHash,
    /// Hash of the seal before; none in epoch 0.
    pub previous: Option<LeafHash>,
}

impl Body for EpochSeal {
    const KIND: Kind = Kind::EPOCH_SEAL;

    fn check(&self) -> Result<(), BodyError> {
        let wrong = |field, expected| Err(BodyError { field, expected });
        // The epoch's receipts before the seal.
        let Some(before) = self.size.checked_sub(self.first) else {
            return wrong("first", "at most `size`");
        };
        if self.count.checked_sub(1) != Some(before) {
            return wrong("count", "`size` - `first` + 1");
        }
        if self.control == 0 || self.control > self.count {
            return wrong("control", "at least 1, and at most `count`");
        }
        if (before == 0) != (self.first_hash == LeafHash::ZERO) {
            return wrong(
                "first_hash",
                "zero where the seal is the first, and only there",
            );
        }
        if (self.number == 0) != self.previous.is_none() {
            return wrong("previous", "the seal before, and none in epoch 0");
        }
        if (self.number == 0) != (self.first == 0) {
            return wrong("first", "0 in epoch 0, and only there");
        }
        Ok(())
    }
}
