//! What goes wrong, and what the logs that it hits had to wait.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// An instance is killed in the middle of an append, before the commit.
    KilledBefore,
    /// The same behind the commit, before the answer.
    KilledAfter,
    /// The answer to an append is lost, once.
    AnswerLost,
    /// An instance does not reach the store and its leases for a while.
    CutOff,
    /// An instance stands still for a while; its clock runs.
    Paused,
    /// The same, and its clock stands still as well: it goes on as if nothing had been.
    Suspended,
    /// The clock of an instance runs five times as fast for a while.
    ClockFast,
    /// The same, five times as slow.
    ClockSlow,
    /// The wall clock of an instance is set, by a day at most.
    ClockSet,
    /// Who keeps the leases alters the record of a log.
    LeaseAltered,
    /// An instance ends in order and is started again.
    Restart,
    /// A log goes to the instance that waits least for it: no failure.
    HandedOver,
}

impl Fault {
    /// What goes wrong.
    pub(crate) const ALL: [Self; 11] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::AnswerLost,
        Self::CutOff,
        Self::Paused,
        Self::Suspended,
        Self::ClockFast,
        Self::ClockSlow,
        Self::ClockSet,
        Self::LeaseAltered,
        Self::Restart,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed in an append, before the commit",
            Self::KilledAfter => "killed in an append, behind the commit",
            Self::AnswerLost => "answer to an append lost",
            Self::CutOff => "cut off from store and leases, 2 to 40 s",
            Self::Paused => "paused, 2 to 40 s",
            Self::Suspended => "suspended with its clock, 2 to 40 s",
            Self::ClockFast => "clock five times as fast, 20 to 60 s",
            Self::ClockSlow => "clock five times as slow, 20 to 60 s",
            Self::ClockSet => "wall clock set, a day at most",
            Self::LeaseAltered => "a lease's record altered",
            Self::Restart => "ended in order, started again",
            Self::HandedOver => "handed over in order",
        }
    }
}

/// How often each failure came, and how long the logs that it hit could not be written to.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    times: BTreeMap<Fault, u64>,
    /// Of logs that wait now: since when, and why.
    open: BTreeMap<usize, (Fault, Duration)>,
    waits: BTreeMap<Fault, Vec<Duration>>,
}

impl Outages {
    pub(crate) fn came(&mut self, fault: Fault) {
        *self.times.entry(fault).or_default() += 1;
    }

    /// A log was hit.
    pub(crate) fn hit(&mut self, log: usize, fault: Fault, time: Duration) {
        self.open.entry(log).or_insert((fault, time));
    }

    /// A log can be written to.
    pub(crate) fn up(&mut self, log: usize, time: Duration) {
        if let Some((fault, since)) = self.open.remove(&log) {
            let waits = self.waits.entry(fault).or_default();
            waits.push(time.saturating_sub(since));
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// Of each failure: how often, how many logs it hit, and quantiles of what they waited, in
    /// milliseconds.
    pub(crate) fn figures(&self) -> Vec<Value> {
        let row = |fault: Fault| {
            let mut waits = self.waits.get(&fault).cloned().unwrap_or_default();
            waits.sort_unstable();
            // The least that so many of a hundred do not exceed.
            let quantile = |percent: usize| {
                let place = (waits.len() * percent).div_ceil(100).max(1) - 1;
                let wait = waits.get(place)?;
                u64::try_from(wait.as_millis()).ok()
            };
            json!({
                "fault": fault.name(),
                "times": self.times.get(&fault).copied().unwrap_or_default(),
                "logs": waits.len(),
                "p50": quantile(50),
                "p99": quantile(99),
                "max": quantile(100),
            })
        };
        let all = Fault::ALL.into_iter().chain([Fault::HandedOver]);
        all.map(row).collect()
    }
}
