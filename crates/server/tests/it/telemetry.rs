//! Metrics and traces of the service's own work.

mod collector;
mod dashboard;
mod metrics;
mod text;

use ai_audit_telemetry::{Telemetry, TelemetryOptions};
use std::sync::Arc;

/// Telemetry for whoever scrapes it.
fn scraped() -> Arc<Telemetry> {
    let mut options = TelemetryOptions::new("1.2.3");
    options.prometheus = true;
    Arc::new(Telemetry::start(&options).unwrap())
}

/// And for a collector.
fn told(endpoint: String) -> Arc<Telemetry> {
    let mut options = TelemetryOptions::new("1.2.3");
    (options.prometheus, options.endpoint) = (true, Some(endpoint));
    Arc::new(Telemetry::start(&options).unwrap())
}
