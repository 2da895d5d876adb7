//! How exports to the collector went.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of exports of one signal.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    ok: AtomicU64,
    failed: AtomicU64,
}

impl Exports {
    pub(crate) fn count(&self, ok: bool) {
        let counter = if ok { &self.ok } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells the counts of each signal.
pub(crate) fn tell(meter: &Meter, signals: [(&'static str, Arc<Exports>); 2]) {
    meter
        .u64_observable_counter("ai_audit.export_total")
        .with_description("Exports to the collector")
        .with_callback(move |observer| {
            for (signal, exports) in &signals {
                for (outcome, count) in [("ok", &exports.ok), ("failed", &exports.failed)] {
                    let labels = [
                        KeyValue::new("signal", *signal),
                        KeyValue::new("outcome", outcome),
                    ];
                    observer.observe(count.load(Ordering::Relaxed), &labels);
                }
            }
        })
        .build();
}
