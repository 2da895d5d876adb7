//! Batched receipts: when they are worth it, and the seal without which none is stored.

use super::Writer;
use super::epoch::root;
use super::log::{Log, Sealer, Signing};
use super::pending::Pending;
use crate::ledger::queue::Group;
use crate::{AppendError, LogName};
use ai_audit_core::{BatchSeal, Genesis};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Whether a genesis permits batched receipts.
pub(super) fn is_permitted(genesis: &Genesis<'_>) -> bool {
    genesis.policy_value(BatchSeal::POLICY) == Some(BatchSeal::PERMITTED)
}

impl Pending {
    /// Whether the batch that waits for its seal takes no more receipts.
    pub(super) fn is_full(&self) -> bool {
        let size = self.head.size();
        self.unsealed
            .is_some_and(|from| size.saturating_sub(from) >= BatchSeal::MAX)
    }
}

impl Sealer {
    /// Signs for the batched receipts that wait, if any do.
    pub(super) fn close_batch(
        &mut self,
        log: &Log,
        pending: &mut Pending,
    ) -> Result<(), AppendError> {
        let Some(from) = pending.unsealed.take() else {
            return Ok(());
        };
        let seal = BatchSeal {
            from,
            count: pending.head.size().saturating_sub(from),
            root: root(log, pending),
        };
        // The time of the last of them: what the clock says since then is the next receipt's matter.
        let sealed_at = pending.head.sealed_at();
        self.own_at(log, pending, sealed_at, &seal, Signing::Now)
            .map(drop)
    }
}

impl Writer {
    /// The logs that permit batched receipts, and of which so many records are here that it is worth it.
    pub(super) fn to_batch(&self, groups: &[Group]) -> HashSet<LogName> {
        let mut records: HashMap<&LogName, usize> = HashMap::new();
        for group in groups {
            if self.logs.get(&group.log).is_some_and(|log| log.batches) {
                *records.entry(&group.log).or_default() += group.records.len();
            }
        }
        let least = self.config.batch_from.max(1);
        let enough = records.into_iter().filter(|(_, count)| *count >= least);
        enough.map(|(name, _)| name.clone()).collect()
    }

    /// Seals the batches of a commit. A log of which that fails is left out of it: nothing is stored that
    /// nobody signed for.
    pub(super) fn close_batches(
        &mut self,
        batch: &mut BTreeMap<LogName, Pending>,
    ) -> HashMap<LogName, Result<(), AppendError>> {
        let mut outcomes = HashMap::new();
        for (name, pending) in batch.iter_mut() {
            let Some(log) = self.logs.get(name) else {
                continue;
            };
            if let Err(error) = self.sealer.close_batch(log, pending) {
                outcomes.insert(name.clone(), Err(error));
            }
        }
        for (name, outcome) in &outcomes {
            if let (Err(error), Some(pending)) = (outcome, batch.remove(name)) {
                self.not_sealed(name, pending, error);
            }
        }
        outcomes
    }

    fn not_sealed(&mut self, name: &LogName, pending: Pending, error: &AppendError) {
        let records = pending.records();
        if let Some(log) = self.logs.get_mut(name) {
            // What it would have declared is still to be declared.
            for loss in pending.declared {
                log.lose(loss);
            }
        }
        if records > 0 {
            self.lose(name, records, error);
        }
        for group in pending.groups {
            group.done.fill(Err(error.clone()));
        }
    }
}
