//! Takes records into the logs of a directory.
//!
//! Between what a caller sends and the ledger stand a few questions that are the same for a command
//! line, a service and a proxy: which log takes a group ([`Admission`]); which secrets, which
//! redaction and which keys its texts go through ([`LogKeys`], and [`Trial`] for looking only); what
//! the ledger is given ([`to_record`]); and whether it was sent before ([`resent`]). [`Intake`] is
//! all of it for many callers at once.
//!
//! A record that gives its receipt's id can be sent again, however often: it is sealed once.
//!
//! # Example
//!
//! ```
//! use ai_audit_directory::{InitOptions, Settings, Writer, init};
//! use ai_audit_ingest::{Keep, read_record};
//! use ai_audit_intake::Intake;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit");
//! let log = init(&path, &InitOptions::new("example.org/support"), Settings::default(), "my-app")?;
//! let intake = Intake::new(Writer::open(&path, Settings::default(), "my-app")?, Keep::default())?;
//!
//! let body = br#"{"id": "01a0c450-6fe8-7101-8101-010101010101", "input": "May I?", "action": "allow"}"#;
//! let take = || {
//!     intake.take(&log.log, |keys, keep| Ok(vec![read_record(body, "record", keep, keys)?]))
//! };
//! let first = take()?.wait()?; // durable now
//! let second = take()?.wait()?; // there already
//! assert_eq!(first[0].receipt, second[0].receipt);
//! assert!(!first[0].duplicate && second[0].duplicate);
//! # Ok(()) }
//! ```

mod admission;
mod call;
mod contract;
mod error;
mod incident;
mod intake;
mod keys;
mod record;
mod resend;
mod review;
mod spans;
mod trial;

pub use admission::{Admission, Refusal};
pub use call::{CallDraft, CallHeader, CallOutcome, CallState, FORWARDED};
pub use contract::{ActivateError, activate};
pub use error::IntakeError;
pub use incident::IncidentDraft;
pub use intake::{Intake, Sealed, TakeError, Taken};
pub use keys::{LogKeys, Secrets};
pub use record::to_record;
pub use resend::{Resent, resent};
pub use review::{review_id, sealed_review};
pub use spans::TakenSpans;
pub use trial::{Subjects, Trial};
