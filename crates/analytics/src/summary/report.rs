//! What a summary says, for people and programs.

use super::{Fired, Group, Summary};
use crate::Quantiles;
use crate::walk::real;
use alloc::collections::BTreeMap;
use alloc::string::String;
use serde::Serialize;

/// A summary's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryReport {
    /// Of all decisions, with the scores of the checks.
    pub all: GroupReport,
    /// Of each tenant's.
    pub by_tenant: BTreeMap<String, GroupReport>,
    /// Of each model's.
    pub by_model: BTreeMap<String, GroupReport>,
    /// Of each day's, UTC, by the time of sealing.
    pub by_day: BTreeMap<String, GroupReport>,
}

/// The figures of some decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// How many they are.
    pub decisions: u64,
    /// What was done.
    pub actions: BTreeMap<String, CountReport>,
    /// The checks that ran.
    pub checks: BTreeMap<String, CheckReport>,
    /// Tokens read, together.
    pub input_tokens: u64,
    /// Tokens written, together.
    pub output_tokens: u64,
    /// How long all that told it took together, in microseconds.
    pub total_us: u64,
    /// How long one took, in microseconds; none where none told it.
    pub duration_us: Option<Spread>,
}

/// A count and its part of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CountReport {
    /// How many.
    pub count: u64,
    /// Their part of the decisions, 0 to 1.
    pub rate: f64,
}

/// A check's figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CheckReport {
    /// How often it ran.
    pub ran: u64,
    /// How often it fired.
    pub fired: u64,
    /// The part of its runs in which it fired, 0 to 1.
    pub rate: f64,
    /// What it measured; none where it told no score, and in groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Spread>,
}

/// How numbers are spread: ends exact, the rest by a t-digest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many numbers.
    pub count: u64,
    /// The least.
    pub min: f64,
    /// Half of them are below.
    pub p50: f64,
    /// 90 % of them are below.
    pub p90: f64,
    /// 99 % of them are below.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of a digest; none where it is empty.
    #[must_use]
    pub fn of(quantiles: &Quantiles) -> Option<Self> {
        Some(Self {
            count: quantiles.count(),
            min: quantiles.quantile(0.0)?,
            p50: quantiles.quantile(0.5)?,
            p90: quantiles.quantile(0.9)?,
            p99: quantiles.quantile(0.99)?,
            max: quantiles.quantile(1.0)?,
        })
    }
}

impl Summary {
    /// The figures so far.
    #[must_use]
    pub fn report(&self) -> SummaryReport {
        let groups = |groups: &BTreeMap<String, Group>| {
            let report = |(name, group): (&String, &Group)| (name.clone(), group.report());
            groups.iter().map(report).collect()
        };
        let mut all = self.all.report();
        for (name, check) in &mut all.checks {
            check.scores = self.scores.get(name).and_then(Spread::of);
        }
        SummaryReport {
            all,
            by_tenant: groups(&self.tenants),
            by_model: groups(&self.models),
            by_day: groups(&self.days),
        }
    }
}

impl Group {
    fn report(&self) -> GroupReport {
        let rate = |part: u64, of: u64| real(part) / real(of.max(1));
        let actions = self.actions.iter().map(|(name, count)| {
            let rate = rate(count, self.decisions);
            (name.into(), CountReport { count, rate })
        });
        let checks = self.checks.iter().map(|(name, &Fired { ran, fired })| {
            let report = CheckReport {
                ran,
                fired,
                rate: rate(fired, ran),
                scores: None,
            };
            (name.clone(), report)
        });
        GroupReport {
            decisions: self.decisions,
            actions: actions.collect(),
            checks: checks.collect(),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            total_us: self.total_us,
            duration_us: Spread::of(&self.duration_us),
        }
    }
}
