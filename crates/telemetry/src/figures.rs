//! Figures that are asked for when somebody looks.

use crate::names::Names;
use ai_audit_store::LogName;
use core::fmt;
use core::time::Duration;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// For so long what was found is told again.
const FRESH: Duration = Duration::from_secs(1);

/// What a service knows at a time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Records that wait in the queue.
    pub queued: u64,
    /// How many may wait.
    pub capacity: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Records that were refused because the queue was full.
    pub refused: u64,
    /// Records that were taken and could not be stored.
    pub lost: u64,
    /// Epochs that were sealed.
    pub epochs: u64,
    /// Spans that were sent and taken.
    pub spans_taken: u64,
    /// Spans that were sent and rejected.
    pub spans_rejected: u64,
    /// What of spans became nothing, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Logs that could not be read now; one where their directory could not.
    pub logs_unread: u64,
    /// Of each log that could be read.
    pub logs: Vec<LogFigures>,
}

/// What is known of a log at a time. What is `None` is not told.
#[derive(Debug, Clone, PartialEq)]
pub struct LogFigures {
    /// Which.
    pub log: LogName,
    /// Its receipts.
    pub size: u64,
    /// Seconds since the oldest receipt was sealed that no checkpoint covers.
    pub checkpoint_age: Option<f64>,
    /// Receipts that no checkpoint covers.
    pub checkpoint_lag: u64,
    /// Receipts that no checkpoint with enough cosignatures covers.
    pub witness_lag: Option<u64>,
    /// Tool intents without an outcome.
    pub open_intents: Option<u64>,
    /// Subject keys whose erasure was requested and is not completed.
    pub shred_backlog: Option<u64>,
    /// Divergence of the newest actions from the first, in bits.
    pub drift: Option<f64>,
    /// Receipts that the three before do not count yet.
    pub unscanned: u64,
}

/// Who knows them; `None` when he is gone.
type Source = Box<dyn Fn() -> Option<Figures> + Send + Sync>;

/// The figures, asked for once a second at most.
struct Watched {
    source: Source,
    /// Also that there are none: nobody asks sixteen times for that either.
    last: Mutex<Option<(Instant, Option<Arc<Figures>>)>>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Watched {
    fn figures(&self) -> Option<Arc<Figures>> {
        // Whoever asks while another one does waits for him: the work is done once.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, figures)) = &*last
            && at.elapsed() < FRESH
        {
            return figures.clone();
        }
        let figures = (self.source)().map(Arc::new);
        *last = Some((Instant::now(), figures.clone()));
        figures
    }
}

/// A figure of the whole service.
type One = (&'static str, &'static str, fn(&Figures) -> u64);

const GAUGES: [One; 3] = [
    (
        "ai_audit.buffer_size",
        "Records that wait in the queue",
        |all| all.queued,
    ),
    (
        "ai_audit.queue_capacity",
        "How many records may wait",
        |all| all.capacity,
    ),
    (
        "ai_audit.logs_unread",
        "Logs that could not be read now, one where their directory could not",
        |all| all.logs_unread,
    ),
];

const COUNTERS: [One; 4] = [
    (
        "ai_audit.redis_fallback_total",
        "Commits after whose failure the end of a log was read from the store again",
        |all| all.failed_commits,
    ),
    (
        "ai_audit.epoch_sealed_total",
        "Epochs that were sealed",
        |all| all.epochs,
    ),
    (
        "ai_audit.queue_refused_total",
        "Records that were refused because the queue was full",
        |all| all.refused,
    ),
    (
        "ai_audit.lost_total",
        "Records that were taken and could not be stored",
        |all| all.lost,
    ),
];

/// A figure of each log.
type OfLog = (&'static str, &'static str, fn(&LogFigures) -> Option<u64>);

const OF_LOGS: [OfLog; 6] = [
    ("ai_audit.log_size", "Receipts in the log", |log| {
        Some(log.size)
    }),
    (
        "ai_audit.checkpoint_lag",
        "Receipts that no checkpoint covers",
        |log| Some(log.checkpoint_lag),
    ),
    (
        "ai_audit.witness_lag",
        "Receipts that no checkpoint with enough cosignatures covers",
        |log| log.witness_lag,
    ),
    (
        "ai_audit.open_intents",
        "Tool intents without an outcome",
        |log| log.open_intents,
    ),
    (
        "ai_audit.shred_backlog",
        "Subject keys whose erasure was requested and is not completed",
        |log| log.shred_backlog,
    ),
    (
        "ai_audit.unscanned",
        "Receipts that are not counted yet",
        |log| Some(log.unscanned),
    ),
];

/// A measure of each log.
type Measure = (
    &'static str,
    &'static str,
    &'static str,
    fn(&LogFigures) -> Option<f64>,
);

const MEASURES: [Measure; 2] = [
    (
        "ai_audit.checkpoint_age_seconds",
        "s",
        "How long ago the oldest receipt was sealed that no checkpoint covers",
        |log| log.checkpoint_age,
    ),
    (
        "ai_audit.drift_score",
        "",
        "Divergence of the newest actions from the first, in bits",
        |log| log.drift,
    ),
];

/// Has the instruments of a meter ask for figures.
pub(crate) fn watch(
    meter: &Meter,
    names: &Arc<Names>,
    source: impl Fn() -> Option<Figures> + Send + Sync + 'static,
) {
    let watched = Arc::new(Watched {
        source: Box::new(source),
        last: Mutex::default(),
    });
    for (name, description, of) in GAUGES {
        let watched = Arc::clone(&watched);
        let gauge = meter.u64_observable_gauge(name);
        let told = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            if let Some(all) = watched.figures() {
                observer.observe(of(&all), &[]);
            }
        };
        gauge
            .with_description(description)
            .with_callback(told)
            .build();
    }
    for (name, description, of) in COUNTERS {
        let watched = Arc::clone(&watched);
        let counter = meter.u64_observable_counter(name);
        let told = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            if let Some(all) = watched.figures() {
                observer.observe(of(&all), &[]);
            }
        };
        counter
            .with_description(description)
            .with_callback(told)
            .build();
    }
    of_logs(meter, names, &watched);
    of_spans(meter, &watched);
}

fn of_logs(meter: &Meter, names: &Arc<Names>, watched: &Arc<Watched>) {
    for (name, description, of) in OF_LOGS {
        let (names, watched) = (Arc::clone(names), Arc::clone(watched));
        let gauge = meter.u64_observable_gauge(name);
        let told = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
            let all = watched.figures();
            let logs = all.iter().flat_map(|all| &all.logs);
            for log in logs.filter(|log| names.knows(&log.log)) {
                if let Some(figure) = of(log) {
                    observer.observe(figure, &[names.label(&log.log)]);
                }
            }
        };
        gauge
            .with_description(description)
            .with_callback(told)
            .build();
    }
    for (name, unit, description, of) in MEASURES {
        let (names, watched) = (Arc::clone(names), Arc::clone(watched));
        let gauge = meter.f64_observable_gauge(name).with_unit(unit);
        let told = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<f64>| {
            let all = watched.figures();
            let logs = all.iter().flat_map(|all| &all.logs);
            for log in logs.filter(|log| names.knows(&log.log)) {
                if let Some(measure) = of(log) {
                    observer.observe(measure, &[names.label(&log.log)]);
                }
            }
        };
        gauge
            .with_description(description)
            .with_callback(told)
            .build();
    }
}

fn of_spans(meter: &Meter, watched: &Arc<Watched>) {
    let spans = Arc::clone(watched);
    meter
        .u64_observable_counter("ai_audit.otlp_spans_total")
        .with_description("Spans that were sent to us")
        .with_callback(move |observer| {
            if let Some(all) = spans.figures() {
                for (outcome, count) in
                    [("taken", all.spans_taken), ("rejected", all.spans_rejected)]
                {
                    observer.observe(count, &[KeyValue::new("outcome", outcome)]);
                }
            }
        })
        .build();
    let left_out = Arc::clone(watched);
    meter
        .u64_observable_counter("ai_audit.otlp_left_out_total")
        .with_description("What of spans became nothing")
        .with_callback(move |observer| {
            let all = left_out.figures();
            for (reason, count) in all.iter().flat_map(|all| &all.left_out) {
                observer.observe(*count, &[KeyValue::new("reason", *reason)]);
            }
        })
        .build();
}
