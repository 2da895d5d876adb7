//! Figures over decisions: counts, rates, scores, durations and tokens, also per tenant, model and day.

mod report;

use crate::categories::{MAX_CATEGORIES, MAX_NAME, slot_of};
use crate::{AnalyticsError, Categories, Quantiles};
use ai_audit_core::{Decision, Timestamp};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use serde::{Deserialize, Serialize};

pub use report::{CheckReport, CountReport, GroupReport, Spread, SummaryReport};

/// Bytes of memory that an entry of a map takes: a name, cut off where it is long, and what the map has
/// around it.
const ENTRY: usize = MAX_NAME + 128;
/// How many checks are told apart over all decisions.
const MAX_CHECKS: usize = 256;
/// How many checks are told apart in one group.
const MAX_GROUP_CHECKS: usize = 64;

/// Figures over decisions, gathered one by one. Memory is bounded whatever the decisions say.
///
/// ```
/// use ai_audit_analytics::Summary;
/// use ai_audit_core::{Action, Check, Decision, Timestamp};
///
/// let mut summary = Summary::new();
/// let now = Timestamp::from_micros(1_790_000_000_000_000);
/// for n in 0..10u32 {
///     let score = f64::from(n) / 10.0;
///     let check = Check { name: "toxicity".into(), score: Some(score), fired: n > 8, ..Check::default() };
///     let action = if n > 8 { Action::Reject } else { Action::Allow };
///     let decision = Decision { action, checks: vec![check].into(), ..Decision::new() };
///     summary.push("acme", now, &decision)?;
/// }
/// let report = summary.report();
/// assert_eq!(report.all.actions["reject"].rate, 0.1);
/// assert_eq!((report.all.checks["toxicity"].ran, report.all.checks["toxicity"].fired), (10, 1));
/// assert_eq!(report.by_day["2026-09-21"].decisions, 10);
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    all: Group,
    scores: BTreeMap<String, Quantiles>,
    tenants: BTreeMap<String, Group>,
    models: BTreeMap<String, Group>,
    days: BTreeMap<String, Group>,
}

/// The figures of some decisions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Group {
    decisions: u64,
    actions: Categories,
    checks: BTreeMap<String, Fired>,
    input_tokens: u64,
    output_tokens: u64,
    total_us: u64,
    duration_us: Quantiles,
}

/// How often a check ran and fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Fired {
    ran: u64,
    fired: u64,
}

impl Summary {
    /// Of no decisions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a decision of `tenant`'s log, sealed at `sealed_at`.
    ///
    /// # Errors
    ///
    /// When a score is NaN or infinite: which check's, and of which decision, from 0. Nothing of the
    /// decision is counted then.
    pub fn push(
        &mut self,
        tenant: &str,
        sealed_at: Timestamp,
        decision: &Decision<'_>,
    ) -> Result<(), AnalyticsError> {
        for check in decision.checks.iter() {
            if let Some(score) = check.score.filter(|score| !score.is_finite()) {
                return Err(AnalyticsError::NotFinite {
                    what: check.name.to_string(),
                    place: self.all.decisions,
                    value: score,
                });
            }
        }
        for check in decision.checks.iter() {
            if let Some(score) = check.score {
                slot_of(&mut self.scores, &check.name, MAX_CHECKS).push(score)?;
            }
        }
        self.all.push(decision, MAX_CHECKS)?;
        let day = sealed_at.to_string();
        let day = day.get(..10).unwrap_or_default();
        for (groups, name) in [
            (&mut self.tenants, tenant),
            (&mut self.models, &*decision.model),
            (&mut self.days, day),
        ] {
            if !name.is_empty() {
                slot_of(groups, name, MAX_CATEGORIES).push(decision, MAX_GROUP_CHECKS)?;
            }
        }
        Ok(())
    }

    /// Adds the figures of others. Counts do not depend on the order; quantiles stay within their
    /// accuracy.
    pub fn merge(&mut self, others: Self) {
        self.all.merge(others.all, MAX_CHECKS);
        for (name, scores) in others.scores {
            slot_of(&mut self.scores, &name, MAX_CHECKS).merge(scores);
        }
        for (groups, others) in [
            (&mut self.tenants, others.tenants),
            (&mut self.models, others.models),
            (&mut self.days, others.days),
        ] {
            for (name, group) in others {
                slot_of(groups, &name, MAX_CATEGORIES).merge(group, MAX_GROUP_CHECKS);
            }
        }
    }

    /// How many decisions there were.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.all.decisions
    }

    /// About how many bytes of memory it takes: rather more than it does than less. It grows with the names
    /// that are told apart, up to some ten MB.
    #[must_use]
    pub fn held(&self) -> usize {
        let groups = [&self.tenants, &self.models, &self.days];
        let groups = groups.into_iter().flat_map(BTreeMap::values);
        let groups: usize = groups.map(|group| ENTRY + group.held()).sum();
        let scores = self.scores.values().map(|scores| ENTRY + scores.held());
        groups + scores.sum::<usize>() + self.all.held()
    }
}

impl Group {
    fn push(&mut self, decision: &Decision<'_>, max_checks: usize) -> Result<(), AnalyticsError> {
        add(&mut self.decisions, 1);
        self.actions.add(decision.action.name(), 1);
        for check in decision.checks.iter() {
            let counts = slot_of(&mut self.checks, &check.name, max_checks);
            add(&mut counts.ran, 1);
            add(&mut counts.fired, u64::from(check.fired));
        }
        add(&mut self.input_tokens, decision.input_tokens.unwrap_or(0));
        add(&mut self.output_tokens, decision.output_tokens.unwrap_or(0));
        if let Some(duration) = decision.duration_us {
            add(&mut self.total_us, duration);
            self.duration_us.push(crate::walk::real(duration))?;
        }
        Ok(())
    }

    fn held(&self) -> usize {
        let entries = self.actions.iter().count() + self.checks.len();
        size_of::<Self>() + entries * ENTRY + self.duration_us.held()
    }

    fn merge(&mut self, others: Self, max_checks: usize) {
        add(&mut self.decisions, others.decisions);
        self.actions.merge(&others.actions);
        for (name, other) in others.checks {
            let counts = slot_of(&mut self.checks, &name, max_checks);
            add(&mut counts.ran, other.ran);
            add(&mut counts.fired, other.fired);
        }
        add(&mut self.input_tokens, others.input_tokens);
        add(&mut self.output_tokens, others.output_tokens);
        add(&mut self.total_us, others.total_us);
        self.duration_us.merge(others.duration_us);
    }
}

/// Counts stay at the greatest number there is rather than begin anew.
fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}
