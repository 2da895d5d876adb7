//! What of exported spans became nothing, by log, since the service was started.

use ai_audit_otlp::{Counts, MAX_NAMES};
use ai_audit_store::LogName;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counted by log.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    logs: Mutex<BTreeMap<LogName, Log>>,
}

#[derive(Debug, Default)]
struct Log {
    spans: u64,
    rejected: u64,
    counts: BTreeMap<(&'static str, String), u64>,
}

/// What of the spans that were sent to a log became nothing, since the service was started.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LeftOutAnswer {
    /// Spans that were sent.
    spans: u64,
    /// Of them, how many were refused.
    rejected: u64,
    /// What became nothing, by reason and name.
    left_out: Vec<LeftOutOne>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LeftOutOne {
    /// Why, as docs/spec/otlp.md names it.
    reason: &'static str,
    /// Of the span, attribute or event; empty for all names beyond those that are told apart.
    name: String,
    count: u64,
}

impl LeftOut {
    /// Adds what an export left out.
    pub(crate) fn add(&self, log: &LogName, spans: usize, rejected: u64, counts: &Counts) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.entry(log.clone()).or_default();
        log.spans = log.spans.saturating_add(spans as u64);
        log.rejected = log.rejected.saturating_add(rejected);
        for (reason, name, count) in counts.iter() {
            let mut key = (reason.name(), name.to_owned());
            // Names come from whoever sends spans.
            if log.counts.len() >= MAX_NAMES && !log.counts.contains_key(&key) {
                key.1.clear();
            }
            let known = log.counts.entry(key).or_default();
            *known = known.saturating_add(count);
        }
    }

    /// Of all logs: spans that were sent and that were refused, and what became nothing by reason.
    pub(crate) fn by_reason(&self) -> (u64, u64, BTreeMap<&'static str, u64>) {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut spans, mut rejected, mut reasons) = (0u64, 0u64, BTreeMap::new());
        for log in logs.values() {
            spans = spans.saturating_add(log.spans);
            rejected = rejected.saturating_add(log.rejected);
            for ((reason, _), count) in &log.counts {
                let known: &mut u64 = reasons.entry(*reason).or_default();
                *known = known.saturating_add(*count);
            }
        }
        (spans, rejected, reasons)
    }

    /// What was left out of what was sent to a log.
    pub(crate) fn of(&self, log: &LogName) -> LeftOutAnswer {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.get(log);
        let counts = log.into_iter().flat_map(|log| &log.counts);
        LeftOutAnswer {
            spans: log.map_or(0, |log| log.spans),
            rejected: log.map_or(0, |log| log.rejected),
            left_out: counts
                .map(|((reason, name), count)| LeftOutOne {
                    reason,
                    name: name.clone(),
                    count: *count,
                })
                .collect(),
        }
    }
}
