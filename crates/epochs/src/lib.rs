//! Epochs of a log: ranges that a seal closes, whose bytes may be archived and deleted.
//!
//! An [`EpochSeal`] names everything that its epoch consists of, so that the epoch's receipts stay
//! provable by their hashes alone; a [`Deletion`] receipt says which epoch's bytes are gone. The
//! formats are in `docs/spec/epochs.md`.
//!
//! | need | use |
//! |---|---|
//! | know what the next seal says, receipt by receipt | [`EpochTracker`] |
//! | decide when to seal | [`EpochPolicy`] |
//! | decide what may be deleted | [`Retention`] |
//! | hold seals and deletions of a whole log against its receipts | [`EpochAudit`] |
//! | the same for a selection of its receipts | [`SelectedEpochs`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Kind, LeafHash, NodeHash, Timestamp};
//! use ai_audit_epochs::EpochTracker;
//!
//! let mut tracker = EpochTracker::new();
//! let now = Timestamp::from_micros(1_790_000_000_000_000);
//! tracker.push(Kind::GENESIS, LeafHash::of(b"genesis"), now);
//! tracker.push(Kind::DECISION, LeafHash::of(b"decision"), now);
//! // The root is that of the log's tree, which whoever writes or verifies it has.
//! let root = NodeHash::parent(
//!     &NodeHash::from_leaf(LeafHash::of(b"genesis")),
//!     &NodeHash::from_leaf(LeafHash::of(b"decision")),
//! );
//! let seal = tracker.next_seal(root);
//! assert_eq!((seal.number, seal.first, seal.count, seal.size), (0, 0, 3, 2));
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod audit;
mod closed;
mod deletion;
mod error;
mod policy;
mod seal;
mod selected;
mod tracker;

pub use audit::EpochAudit;
pub use closed::DeletedEpoch;
pub use deletion::Deletion;
pub use error::EpochError;
pub use policy::{
    DEFAULT_RETENTION_DAYS, EpochPolicy, RETENTION_POLICY, Retention, RetentionError,
};
pub use seal::EpochSeal;
pub use selected::SelectedEpochs;
pub use tracker::{EpochTracker, OpenEpoch};
