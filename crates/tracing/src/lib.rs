//! A tracing layer that turns events into receipts.
//!
//! [`audit`] gives a [`Layer`](tracing_subscriber::Layer) that takes the events of one target, `audit`
//! unless told otherwise, and a guard that keeps its writer. The fields of an event are those of a
//! [record line](ai_audit_ingest::RecordLines): `model`, `action`, `input`, `output`, `session_id` and
//! so on; lists and objects come as JSON text. From the spans around an event that have the same target it
//! gets `trace_id`, `session_id`, `actor` and `subject` that it does not have itself. Its message is
//! not recorded.
//!
//! # When it is durable
//!
//! Later: an event only goes into a queue, so whoever emits it never waits for a disk, a lock that is held
//! for long, or room. [`AuditGuard::flush`] waits until all before it is durable. What has to be
//! durable before something else happens should go to [`Intake`](ai_audit_intake::Intake), or through
//! the layer of `ai-audit-tower`.
//!
//! # What is lost, and how that is known
//!
//! An event that finds the queue full (so many events, or so many bytes), or that is no record, is not
//! recorded. It is counted ([`AuditGuard::counts`]), and the log gets a gap receipt that says how many
//! there were and why, in the order in which the writer learns of it. What is emitted while
//! the guard is dropped, or later, is recorded or counted ([`AuditLayer::counts`]), and may be declared
//! nowhere.
//!
//! # Example
//!
//! ```
//! use ai_audit_directory::{InitOptions, Settings, Writer, init};
//! use ai_audit_ingest::Keep;
//! use ai_audit_intake::Intake;
//! use ai_audit_tracing::{AuditOptions, audit};
//! use std::sync::Arc;
//! use tracing_subscriber::layer::SubscriberExt as _;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit");
//! let log = init(&path, &InitOptions::new("example.org/support"), Settings::default(), "my-app")?;
//! let writer = Writer::open(&path, Settings::default(), "my-app")?;
//! let intake = Arc::new(Intake::new(writer, Keep::default())?);
//! let (layer, guard) = audit(Arc::clone(&intake), log.log.clone(), AuditOptions::default())?;
//!
//! let subscriber = tracing_subscriber::registry().with(layer);
//! tracing::subscriber::with_default(subscriber, || {
//!     let _turn = tracing::info_span!(target: "audit", "turn", session_id = "s-1").entered();
//!     tracing::info!(target: "audit", model = "gpt-4o", action = "reject", input = "May I?");
//! });
//! guard.flush(); // durable now
//! assert_eq!(guard.counts().recorded, 1);
//! assert_eq!(intake.reading().head(&log.log)?.size(), 5);
//! # Ok(()) }
//! ```

mod counts;
mod fields;
mod guard;
mod layer;
mod options;
mod writer;

pub use counts::AuditCounts;
pub use guard::AuditGuard;
pub use layer::{AuditLayer, audit};
pub use options::AuditOptions;
