//! Counts over one log: what was logged, and nothing of what was not.

use crate::{DirectoryError, LogDirectory};
use ai_audit_analytics::{GroupReport, Summary, SummaryReport};
use ai_audit_core::{
    Decision, DecodeBody as _, Genesis, Kind, MAX_SEALED_LEN, Next, ReceiptSource as _, Said,
    UnverifiedReceipt,
};
use ai_audit_store::{LogName, StoreError, StoreReader};
use serde::Serialize;
use std::collections::BTreeMap;

/// The counts, and what the decisions say in figures.
#[derive(Debug, Serialize)]
pub struct Statistics {
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// All decisions in figures.
    pub decisions: GroupReport,
    /// Those of each tenant.
    pub by_tenant: BTreeMap<String, GroupReport>,
    /// Those of each model.
    pub by_model: BTreeMap<String, GroupReport>,
    /// Those of each day.
    pub by_day: BTreeMap<String, GroupReport>,
}

/// Counts of receipts.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// All of them.
    pub receipts: u64,
    /// Those whose bytes are deleted; nothing below counts them.
    pub deleted: u64,
    /// Sealed bytes.
    pub bytes: u64,
    /// When the first was sealed.
    pub first_sealed_at: Option<String>,
    /// When the last was sealed.
    pub last_sealed_at: Option<String>,
    /// By kind.
    pub kinds: BTreeMap<String, u64>,
    /// Decisions by action.
    pub actions: BTreeMap<String, u64>,
    /// Decisions by model.
    pub models: BTreeMap<String, u64>,
    /// Checks that fired, by name.
    pub checks_fired: BTreeMap<String, u64>,
    /// By the time of what receipts say: of imported records the time that they give themselves.
    pub days: BTreeMap<String, u64>,
    /// How many came from elsewhere.
    pub imported: ImportedCounts,
}

/// How many of the counts were imported from another system.
#[derive(Debug, Default, Serialize)]
pub struct ImportedCounts {
    /// Decisions.
    pub decisions: u64,
    /// Tool outcomes.
    pub tool_outcomes: u64,
    /// Those of both without a signature of their own that was found to hold.
    pub unproven: u64,
}

/// Counts while they are made.
#[derive(Default)]
struct Counting {
    counts: Counts,
    tenant: String,
    summary: Summary,
}

impl Statistics {
    /// Counts a log, telling `progress` how many receipts it went through, of how many. Nothing is
    /// verified.
    ///
    /// # Errors
    ///
    /// When the log is not there, or cannot be read.
    pub fn of(
        directory: &LogDirectory,
        log: &LogName,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Self, DirectoryError> {
        let size = directory.head(log)?.size();
        let mut counting = Counting::default();
        let mut source = StoreReader::new(directory.store(), log)?;
        let mut buf = vec![0; MAX_SEALED_LEN];
        while let Some(next) = source.read_next(&mut buf)? {
            let seq = counting.counts.receipts;
            counting.counts.receipts += 1;
            match next {
                Next::Sealed(len) => {
                    let sealed = buf.get(..len).unwrap_or_default();
                    let corrupt = |what: String| StoreError::Corrupt {
                        what: format!("receipt {seq} of log {log}: {what}"),
                    };
                    let receipt = UnverifiedReceipt::parse(sealed)
                        .map_err(|error| corrupt(error.to_string()))?;
                    counting.take(&receipt, len).map_err(corrupt)?;
                }
                Next::Deleted(_) => counting.counts.deleted += 1,
            }
            progress(counting.counts.receipts, size);
        }
        let SummaryReport {
            all,
            by_tenant,
            by_model,
            by_day,
            ..
        } = counting.summary.report();
        Ok(Self {
            counts: counting.counts,
            decisions: all,
            by_tenant,
            by_model,
            by_day,
        })
    }
}

impl Counting {
    fn take(&mut self, receipt: &UnverifiedReceipt<'_>, len: usize) -> Result<(), String> {
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
}

/// Names of a sort that are told apart; whoever records may give each record another one.
const MAX_NAMES: usize = 1024;
/// What the others are counted under.
const OTHERS: &str = "(others)";

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
