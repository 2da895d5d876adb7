//! Epoch seals: when they are due and when they are asked for.

use super::Writer;
use super::log::{Log, Sealer, Signing};
use super::open::{contradiction, parse};
use super::pending::Pending;
use crate::ledger::{Receipt, SealedEpoch};
use crate::{AppendError, LedgerError, LogName, Query};
use ai_audit_core::{DecodeBody as _, Head, Kind, LeafHash, NodeHash};
use ai_audit_epochs::{EpochSeal, EpochTracker, OpenEpoch};
use core::time::Duration;
use std::collections::BTreeMap;
use std::time::Instant;

/// How long a seal that is due waits after one that failed: the signer may be far away.
const RETRY: Duration = Duration::from_secs(1);

impl Sealer {
    /// Seals the open epoch behind what is pending, or leaves things as they are.
    fn epoch(
        &mut self,
        log: &mut Log,
        pending: &mut Pending,
    ) -> Result<(EpochSeal, Receipt), AppendError> {
        let saved = pending.save();
        let sealed = self.epoch_now(log, pending);
        if sealed.is_err() {
            pending.restore(saved);
        }
        sealed
    }

    fn epoch_now(
        &mut self,
        log: &mut Log,
        pending: &mut Pending,
    ) -> Result<(EpochSeal, Receipt), AppendError> {
        // The clock may have something to say first, which is then part of the epoch.
        let sealed_at = self.stamp(log, pending, Signing::Now)?;
        // Nor has the epoch a batch that waits for its seal.
        self.close_batch(log, pending)?;
        let seal = pending.epoch.next_seal(root(log, pending));
        let receipt = self.own_at(log, pending, sealed_at, &seal, Signing::Now)?;
        self.after_seal(log, pending)?;
        Ok((seal, receipt))
    }

    /// What follows a seal, and begins the next epoch: where the log promises forward security, the
    /// rotation of the receipt key. If it fails the epoch stays open.
    fn after_seal(&mut self, log: &mut Log, pending: &mut Pending) -> Result<(), AppendError> {
        if log.forward_secure {
            self.rotation(log, pending, "epoch")?;
        }
        Ok(())
    }
}

/// Root of the log's tree with what is pending.
pub(super) fn root(log: &Log, pending: &Pending) -> NodeHash {
    let mut frontier = log.frontier.clone();
    for hash in &pending.hashes {
        // Sealing refuses before 2^64 receipts.
        let _ = frontier.push(*hash);
    }
    frontier.root()
}

impl Writer {
    /// Seals the epoch behind a group if it is due, in the same commit. One that cannot be sealed
    /// now stays open and is tried again: the group is stored all the same.
    pub(super) fn seal_full(&mut self, name: &LogName, pending: &mut Pending) {
        let Some(log) = self.logs.get_mut(name) else {
            return;
        };
        let now = self.config.clock.now();
        if !self.config.epochs.is_due(pending.epoch.open(), now) || failed_lately(log) {
            return;
        }
        // A seal says what is in the log: only what was signed can be.
        self.sign(name, pending);
        let Some(log) = self.logs.get_mut(name) else {
            return;
        };
        if !self.config.epochs.is_due(pending.epoch.open(), now) {
            return;
        }
        let sealed = self.sealer.epoch(log, pending);
        self.note_seal(name, sealed.err().map(|error| error.to_string()));
    }

    /// Seals the epochs that are due though nothing is written.
    pub(super) fn seal_where_due(&mut self) {
        let policy = self.config.epochs;
        if policy.age.is_none() && policy.receipts.is_none() {
            return;
        }
        let now = self.config.clock.now();
        let due: Vec<LogName> = self
            .logs
            .iter()
            .filter(|(_, log)| policy.is_due(log.epoch.open(), now) && can_seal(log))
            .filter(|(_, log)| !failed_lately(log))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            if let Err(error) = self.seal_epoch(&name) {
                self.note_seal(&name, Some(error.to_string()));
            }
        }
    }

    /// When an epoch is due by its age.
    pub(super) fn next_epoch(&self) -> Option<Instant> {
        self.config.epochs.age?;
        let now = self.config.clock.now();
        self.logs
            .values()
            .filter(|log| can_seal(log))
            .filter_map(|log| {
                let left = self.config.epochs.left(log.epoch.open(), now)?;
                let due = Instant::now().checked_add(left)?;
                let again = log.epoch_failed_at.and_then(|at| at.checked_add(RETRY));
                Some(again.map_or(due, |again| again.max(due)))
            })
            .min()
    }

    /// Seals the open epoch now.
    pub(super) fn seal_epoch(&mut self, name: &LogName) -> Result<SealedEpoch, LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        self.settle(name).map_err(append)?;
        let Some(log) = self.logs.get_mut(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let open = log.epoch.open();
        if !open.has_content() {
            let (log, epoch) = (name.clone(), open.number);
            return Err(LedgerError::EmptyEpoch { log, epoch });
        }
        let mut pending = Pending::new(log);
        let (seal, receipt) = self.sealer.epoch(log, &mut pending).map_err(append)?;
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        // Without the new key nothing more can be sealed.
        self.hold_valid_key(name).map_err(append)?;
        self.note_seal(name, None);
        Ok(SealedEpoch { seal, receipt })
    }

    fn note_seal(&mut self, name: &LogName, failed: Option<String>) {
        if let Some(log) = self.logs.get_mut(name) {
            log.epoch_failed_at = failed.is_some().then(Instant::now);
        }
        self.queue.count(|stats| match failed {
            None => stats.epochs += 1,
            Some(error) => {
                stats.epoch_failures += 1;
                stats.last_error = Some(error);
            }
        });
    }

    /// Finds out where the open epoch of a stored log begins and what it has.
    pub(super) fn recover_epoch(
        &self,
        name: &LogName,
        head: &Head,
    ) -> Result<EpochTracker, LedgerError> {
        let mut open = *EpochTracker::new().open();
        let seals = self.places(name, Kind::EPOCH_SEAL, None)?;
        if let Some(last) = seals.last() {
            let (seal, hash) = self.read_seal(name, *last)?;
            open.number = seal.number.saturating_add(1);
            open.first = last.saturating_add(1);
            open.previous = Some(hash);
        }
        open.size = head.size();
        open.last_hash = head.hash();
        // Kinds have an index; reading an epoch of any length would not be quick.
        let after = open.first.checked_sub(1);
        for kind in (0..=u16::MAX)
            .map(Kind::new)
            .filter(|kind| kind.is_control())
        {
            let found = self.places(name, kind, after)?.len();
            open.control += u64::try_from(found).unwrap_or(u64::MAX);
            if kind == Kind::KEY_ROTATION {
                open.rotations = u64::try_from(found).unwrap_or(u64::MAX);
            }
        }
        if open.first < open.size {
            let first = self.read_sealed(name, open.first)?;
            let first = parse(name, open.first, &first)?;
            // The seal will sign for it: bytes that were exchanged must not get there.
            let (mut leaf, seq) = (Vec::with_capacity(1), open.first);
            self.store.hashes(name, 0, seq..seq + 1, &mut leaf)?;
            if leaf.first() != Some(&NodeHash::from_leaf(first.hash())) {
                let what = format!(
                    "the bytes of receipt {seq} are not those that the log has the hash of; put the right ones back from a backup or an archive"
                );
                return Err(contradiction(name, what));
            }
            open.first_hash = first.hash();
            open.since = Some(first.header().sealed_at);
        }
        Ok(EpochTracker::resume(OpenEpoch { ..open }))
    }

    /// The places of a log's receipts of a kind.
    pub(super) fn places(
        &self,
        name: &LogName,
        kind: Kind,
        after: Option<u64>,
    ) -> Result<Vec<u64>, LedgerError> {
        Ok(self
            .store
            .find(name, &Query::Kind(kind), after, usize::MAX)?)
    }

    /// Reads an epoch seal and its hash.
    pub(super) fn read_seal(
        &self,
        name: &LogName,
        seq: u64,
    ) -> Result<(EpochSeal, LeafHash), LedgerError> {
        let sealed = self.read_sealed(name, seq)?;
        let receipt = parse(name, seq, &sealed)?;
        let seal = EpochSeal::decode(&receipt).map_err(|error| LedgerError::Receipt {
            log: name.clone(),
            seq,
            error,
        })?;
        if receipt.header().seq != seq || seal.size != seq {
            let what = format!("the epoch seal {seq} is of another place");
            return Err(contradiction(name, what));
        }
        Ok((seal, receipt.hash()))
    }
}

/// Whether the log takes receipts.
const fn can_seal(log: &Log) -> bool {
    log.taken_over.is_none() && log.doubt.is_none()
}

fn failed_lately(log: &Log) -> bool {
    log.epoch_failed_at
        .is_some_and(|failed| failed.elapsed() < RETRY)
}
