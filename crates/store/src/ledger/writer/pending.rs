//! Receipts that are sealed, or laid out to be signed, and not yet stored.

use super::log::{Log, Loss};
use crate::Sealed;
use crate::ledger::ticket::{Filler, Outcome, Receipt};
use ai_audit_core::{Head, KeyHistory, LeafHash, ReceiptId};
use ai_audit_epochs::EpochTracker;
use std::collections::HashSet;

/// Receipts of one log for one commit.
pub(super) struct Pending {
    pub(super) base: Head,
    /// Which receipt key is valid behind them.
    pub(super) keys: KeyHistory,
    pub(super) head: Head,
    pub(super) behind: bool,
    pub(super) epoch: EpochTracker,
    /// Whether records are sealed as a batch.
    pub(super) batching: bool,
    /// The first batched receipt that waits for its seal. None does when this is stored.
    pub(super) unsealed: Option<u64>,
    pub(super) sealed: Vec<Sealed>,
    pub(super) hashes: Vec<LeafHash>,
    /// How many of them are signed or batched; those behind are receipts of groups, and all under one key.
    pub(super) signed: usize,
    pub(super) groups: Vec<PendingGroup>,
    /// The ids among them that callers chose.
    pub(super) given: HashSet<ReceiptId>,
    /// The losses that it declares.
    pub(super) declared: Vec<Loss>,
}

/// A group that is sealed, or laid out to be signed.
pub(super) struct PendingGroup {
    pub(super) done: Filler<Outcome>,
    pub(super) receipts: Vec<Receipt>,
    /// Where things stood before it.
    pub(super) before: Saved,
}

/// Where things stand, to come back to.
#[derive(Clone, Copy)]
pub(super) struct Saved {
    head: Head,
    keys: KeyHistory,
    behind: bool,
    epoch: EpochTracker,
    unsealed: Option<u64>,
    /// Number of receipts.
    pub(super) len: usize,
}

impl Pending {
    pub(super) fn new(log: &Log) -> Self {
        Self {
            base: log.head,
            keys: log.keys,
            head: log.head,
            behind: log.behind,
            epoch: log.epoch,
            batching: false,
            unsealed: None,
            sealed: Vec::new(),
            hashes: Vec::new(),
            signed: 0,
            groups: Vec::new(),
            given: HashSet::new(),
            declared: Vec::new(),
        }
    }

    /// Number of records that producers submitted.
    pub(super) fn records(&self) -> u64 {
        let records: usize = self.groups.iter().map(|group| group.receipts.len()).sum();
        u64::try_from(records).unwrap_or(u64::MAX)
    }

    /// Where things stand, to come back to.
    pub(super) const fn save(&self) -> Saved {
        Saved {
            head: self.head,
            keys: self.keys,
            behind: self.behind,
            epoch: self.epoch,
            unsealed: self.unsealed,
            len: self.sealed.len(),
        }
    }

    pub(super) fn restore(&mut self, saved: Saved) {
        self.head = saved.head;
        self.keys = saved.keys;
        self.behind = saved.behind;
        self.epoch = saved.epoch;
        self.unsealed = saved.unsealed;
        self.sealed.truncate(saved.len);
        self.hashes.truncate(saved.len);
        self.signed = self.signed.min(saved.len);
    }
}
