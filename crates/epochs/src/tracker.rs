//! What the next seal says, followed receipt by receipt.

use crate::EpochSeal;
use ai_audit_core::{Kind, LeafHash, NodeHash, Timestamp};

/// Follows a log and knows the seal that would close its open epoch now.
///
/// It is small and `Copy`: a writer keeps one for what is stored and one for what is about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochTracker {
    open: OpenEpoch,
}

/// The epoch that no seal has closed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenEpoch {
    /// Its number.
    pub number: u64,
    /// `seq` of its first receipt, whether that is there already or not.
    pub first: u64,
    /// Receipts of the log so far.
    pub size: u64,
    /// Control receipts of the epoch so far.
    pub control: u64,
    /// Key rotations of the epoch so far.
    pub rotations: u64,
    /// Hash of its first receipt; all zero where it has none.
    pub first_hash: LeafHash,
    /// Hash of the log's last receipt; all zero where it has none.
    pub last_hash: LeafHash,
    /// Hash of the seal before.
    pub previous: Option<LeafHash>,
    /// When its first receipt was sealed.
    pub since: Option<Timestamp>,
}

impl OpenEpoch {
    /// How many receipts it has.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.size.saturating_sub(self.first)
    }

    /// Whether a seal would close anything: the rotation that follows a seal is nothing by itself,
    /// or an idle log would be sealed for ever.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        self.count() > self.rotations
    }
}

impl Default for EpochTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl EpochTracker {
    /// For a log that has no receipt yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::resume(OpenEpoch {
            number: 0,
            first: 0,
            size: 0,
            control: 0,
            rotations: 0,
            first_hash: LeafHash::ZERO,
            last_hash: LeafHash::ZERO,
            previous: None,
            since: None,
        })
    }

    /// Goes on with an epoch whose state was found in a store.
    #[must_use]
    pub const fn resume(open: OpenEpoch) -> Self {
        Self { open }
    }

    /// The open epoch.
    #[must_use]
    pub const fn open(&self) -> &OpenEpoch {
        &self.open
    }

    /// Takes the log's next receipt. A seal closes the epoch and opens the next one.
    pub fn push(&mut self, kind: Kind, hash: LeafHash, sealed_at: Timestamp) {
        self.next(hash);
        self.open.since.get_or_insert(sealed_at);
        self.open.control += u64::from(kind.is_control());
        self.open.rotations += u64::from(kind == Kind::KEY_ROTATION);
        if kind == Kind::EPOCH_SEAL {
            self.open = OpenEpoch {
                number: self.open.number.saturating_add(1),
                first: self.open.size,
                control: 0,
                rotations: 0,
                first_hash: LeafHash::ZERO,
                previous: Some(hash),
                since: None,
                ..self.open
            };
        }
    }

    /// Takes the hash of the log's next receipt, whose bytes were deleted.
    pub fn push_deleted(&mut self, hash: LeafHash) {
        self.next(hash);
    }

    /// The seal that would close the epoch now; `root` is that of the log's tree as it is now.
    #[must_use]
    pub const fn next_seal(&self, root: NodeHash) -> EpochSeal {
        let open = &self.open;
        EpochSeal {
            number: open.number,
            first: open.first,
            count: open.count().saturating_add(1),
            control: open.control.saturating_add(1),
            size: open.size,
            root,
            first_hash: open.first_hash,
            last_hash: open.last_hash,
            previous: open.previous,
        }
    }

    fn next(&mut self, hash: LeafHash) {
        if self.open.size == self.open.first {
            self.open.first_hash = hash;
        }
        self.open.last_hash = hash;
        self.open.size = self.open.size.saturating_add(1);
    }
}
