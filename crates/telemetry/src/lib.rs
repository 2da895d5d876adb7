//! Metrics and traces of an audit trail's own work, by OpenTelemetry.
//!
//! [`Telemetry`] holds the instruments, gives them to whoever scrapes in Prometheus's text, and sends
//! them with spans to a collector. The ledger tells it of commits ([`Telemetry::observer`]), the
//! service of requests ([`Telemetry::request`]), and what stands in a directory is asked for when
//! somebody looks ([`Telemetry::watch`]). Who makes none pays nothing: there are no global instruments.
//! What each figure means, what may be a label, and what a collector that fails can do is said in
//! `docs/spec/telemetry.md`.
//!
//! # Example
//!
//! ```
//! use ai_audit_telemetry::{Figures, Telemetry, TelemetryOptions};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut options = TelemetryOptions::new("1.0.0");
//! options.prometheus = true;
//! let telemetry = Telemetry::start(&options)?;
//! telemetry.watch(|| Some(Figures { queued: 7, ..Figures::default() }));
//! let text = telemetry.scrape()?.ok_or("nothing is kept for Prometheus")?;
//! assert!(text.contains("\nai_audit_buffer_size 7\n"));
//! # Ok(()) }
//! ```

mod client;
mod commits;
mod error;
mod exports;
mod figures;
mod names;
mod requests;
mod telemetry;

pub use error::TelemetryError;
pub use figures::{Figures, LogFigures};
pub use names::{MAX_LOGS, OTHER_LOGS};
pub use requests::{Answered, Parent};
pub use telemetry::{Telemetry, TelemetryOptions};

/// The user agent of exports to a collector.
pub const USER_AGENT: &str = concat!("ai-audit-telemetry/", env!("CARGO_PKG_VERSION"));
