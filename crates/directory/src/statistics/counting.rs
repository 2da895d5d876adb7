//! Counts while they are made, receipt by receipt.

use super::{Counts, ImportedCounts, Statistics};
use ai_audit_analytics::{Summary, SummaryReport};
use ai_audit_core::{Decision, DecodeBody as _, Genesis, Kind, Said, UnverifiedReceipt};
use ai_audit_store::{StoredContent, StoredReceipt};
use std::collections::BTreeMap;

/// Counts while they are made.
#[derive(Debug, Default)]
pub(super) struct Counting {
    counts: Counts,
    tenant: String,
    summary: Summary,
}

impl Counting {
    /// How many receipts were counted.
    pub(super) const fn receipts(&self) -> u64 {
        self.counts.receipts
    }

    /// Counts the next receipt.
    ///
    /// # Errors
    ///
    /// What is wrong with it; a part of it is counted then.
    pub(super) fn take(&mut self, stored: &StoredReceipt) -> Result<(), String> {
        self.counts.receipts += 1;
        match &stored.content {
            StoredContent::Sealed(sealed) => {
                let receipt =
                    UnverifiedReceipt::parse(sealed).map_err(|error| error.to_string())?;
                self.receipt(&receipt, sealed.len())
            }
            StoredContent::Deleted(_) => {
                self.counts.deleted += 1;
                Ok(())
            }
        }
    }

    fn receipt(&mut self, receipt: &UnverifiedReceipt<'_>, len: usize) -> Result<(), String> {
        let (header, said) = (receipt.header(), receipt.said());
        let counts = &mut self.counts;
        counts.bytes += len as u64;
        let time = header.sealed_at.to_string();
        let of = said.time.to_string();
        add(&mut counts.days, of.get(..10).unwrap_or_default());
        add(&mut counts.kinds, &header.kind.to_string());
        counts.first_sealed_at.get_or_insert_with(|| time.clone());
        counts.last_sealed_at = Some(time);
        if header.kind == Kind::GENESIS
            && let Ok(genesis) = Genesis::decode(receipt)
        {
            self.tenant = genesis.tenant.to_string();
        }
        counts.imported.take(&said);
        if said.kind != Kind::DECISION {
            return Ok(());
        }
        if let Ok(decision) = Decision::decode_said(&said) {
            add(&mut counts.actions, decision.action.name());
            if !decision.model.is_empty() {
                add(&mut counts.models, &decision.model);
            }
            for check in decision.checks.iter().filter(|check| check.fired) {
                add(&mut counts.checks_fired, &check.name);
            }
            let pushed = self.summary.push(&self.tenant, said.time, &decision);
            pushed.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The statistics so far.
    pub(super) fn report(&self) -> Statistics {
        let SummaryReport {
            all,
            by_tenant,
            by_model,
            by_day,
        } = self.summary.report();
        Statistics {
            counts: self.counts.clone(),
            decisions: all,
            by_tenant,
            by_model,
            by_day,
        }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn held(&self) -> usize {
        let Counts {
            kinds,
            actions,
            models,
            checks_fired,
            days,
            ..
        } = &self.counts;
        let names = [kinds, actions, models, checks_fired, days];
        let names = names.into_iter().flat_map(BTreeMap::keys);
        let names: usize = names.map(|name| name.len() + ENTRY).sum();
        self.tenant.len() + names + self.summary.held()
    }
}

/// Names of a sort that are told apart; whoever records may give each record another one.
const MAX_NAMES: usize = 1024;
/// What the others are counted under.
const OTHERS: &str = "(others)";
/// Bytes of memory that a name and its number take beside the name's own.
const ENTRY: usize = 64;

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    let known = counts.contains_key(name) || counts.len() < MAX_NAMES;
    let name = if known { name } else { OTHERS };
    *counts.entry(name.into()).or_default() += 1;
}

impl ImportedCounts {
    fn take(&mut self, said: &Said<'_>) {
        if !said.imported {
            return;
        }
        match said.kind {
            Kind::DECISION => self.decisions += 1,
            _ => self.tool_outcomes += 1,
        }
        self.unproven += u64::from(said.unproven);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_most_are_counted_together() {
        let mut counts = BTreeMap::new();
        for number in 0..MAX_NAMES + 5 {
            add(&mut counts, &format!("model {number}"));
        }
        // One that is known stays told apart.
        add(&mut counts, "model 7");
        assert_eq!(counts.len(), MAX_NAMES + 1);
        assert_eq!((counts["model 7"], counts[OTHERS]), (2, 5));
    }
}
