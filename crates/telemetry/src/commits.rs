//! What the ledger tells of its commits.

use crate::names::Names;
use ai_audit_store::{Commit, LedgerObserver, LogName};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::trace::{Span as _, SpanKind, Tracer as _};
use opentelemetry_sdk::trace::SdkTracer;
use std::sync::Arc;
use std::time::SystemTime;

/// Bounds of the time that one receipt takes, in seconds.
const SEALING: [f64; 12] = [
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2, 1e-1,
];
/// Bounds of the time that a commit takes, in seconds.
pub(crate) const WAITING: [f64; 14] = [
    1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// The instruments of commits, and the spans.
#[derive(Debug)]
pub(crate) struct Commits {
    names: Arc<Names>,
    seal: Histogram<f64>,
    store: Histogram<f64>,
    appended: Counter<u64>,
    breaks: Counter<u64>,
    tracer: Option<SdkTracer>,
}

impl Commits {
    pub(crate) fn new(meter: &Meter, names: Arc<Names>, tracer: Option<SdkTracer>) -> Self {
        Self {
            names,
            seal: meter
                .f64_histogram("ai_audit.seal_duration_seconds")
                .with_unit("s")
                .with_description("Time to seal a receipt: hash and signature")
                .with_boundaries(SEALING.into())
                .build(),
            store: meter
                .f64_histogram("ai_audit.commit_duration_seconds")
                .with_unit("s")
                .with_description("Time that the store took to make a commit durable")
                .with_boundaries(WAITING.into())
                .build(),
            appended: meter
                .u64_counter("ai_audit.append_total")
                .with_description("Receipts that were made durable")
                .build(),
            breaks: meter
                .u64_counter("ai_audit.chain_break_total")
                .with_description("Times that a log was found to be other than it was left")
                .build(),
            tracer,
        }
    }

    /// A log was found to be other than it was left.
    pub(crate) fn broken(&self, log: &LogName) {
        self.breaks.add(1, &[self.names.label(log)]);
    }

    fn span(&self, commit: &Commit<'_>, receipts: u64) {
        let Some(tracer) = &self.tracer else {
            return;
        };
        let end = SystemTime::now();
        let sealed = end.checked_sub(commit.storing).unwrap_or(end);
        let begun = sealed.checked_sub(commit.sealing).unwrap_or(sealed);
        let mut attributes = vec![
            KeyValue::new("ai_audit.receipts", clamped(receipts)),
            KeyValue::new("ai_audit.logs", clamped(commit.logs.len() as u64)),
        ];
        if !commit.stored {
            attributes.push(KeyValue::new("error.type", "store"));
        }
        let builder = tracer
            .span_builder("ai_audit.commit")
            .with_kind(SpanKind::Internal)
            .with_start_time(begun)
            .with_attributes(attributes);
        // Whatever context this thread may have: a commit is of many requests.
        let mut span = tracer.build_with_context(builder, &opentelemetry::Context::new());
        span.add_event_with_timestamp("store", sealed, Vec::new());
        span.end_with_timestamp(end);
    }
}

/// A count as attributes carry it.
fn clamped(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl LedgerObserver for Commits {
    fn committed(&self, commit: &Commit<'_>) {
        let receipts = commit
            .logs
            .iter()
            .fold(0u64, |sum, (_, n)| sum.saturating_add(*n));
        let outcome = if commit.stored { "ok" } else { "failed" };
        let outcome = [KeyValue::new("outcome", outcome)];
        self.store.record(commit.storing.as_secs_f64(), &outcome);
        if receipts > 0 {
            let each = commit.sealing.as_secs_f64() / receipts as f64;
            self.seal.record(each, &[]);
        }
        if commit.stored {
            for (log, receipts) in commit.logs {
                self.appended.add(*receipts, &[self.names.label(log)]);
            }
        }
        self.span(commit, receipts);
    }

    fn taken_over(&self, log: &LogName) {
        self.broken(log);
    }
}
