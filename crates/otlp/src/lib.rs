//! OpenTelemetry traces of AI systems, as steps that a ledger can seal.
//!
//! [`decode`] reads the body of an OTLP export, protobuf or JSON, untrusted and within limits.
//! [`Request::groups`] maps its spans by the GenAI semantic conventions, current and former: model calls
//! to decisions, tool executions to intents and outcomes, agents to steps of the trace, evaluations to
//! checks, parents to parents. Texts go through `ai-audit-ingest` as those of record lines do. What became
//! nothing is in [`Counts`]; [`Response`] is the answer to the sender. Ids are made of the spans
//! ([`receipt_id`]), so that an export that is sent again is sealed once; [`is_sealed_as`] tells it from a
//! clash. `docs/spec/otlp.md` in the repository says which attribute becomes which field, and what a span is
//! worth as evidence.
//!
//! There is no HTTP here. A server does, for each `POST /v1/traces`:
//!
//! 1. authenticate, decompress within [`MAX_BYTES`], [`decode`]; an [`Error`] is 400, 413 or 415;
//! 2. [`Request::groups`], with a look-up of hashes by receipt id in the log that the spans go to;
//! 3. for each step whose id is in the log: [`is_sealed_as`], then it is left out, its hash taken for those
//!    that follow from it; or else [`Response::reject_receipt`], and it is left out, too;
//! 4. seal the rest of each group, durably, then answer 200 with [`Response::body`] in
//!    [`Encoding::content_type`]. When it is not durable: 503, and the sender sends all again.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::ReceiptId;
//! use ai_audit_ingest::{Keys, Protection, StepBody};
//! use ai_audit_otlp::{Options, Reason, decode};
//!
//! /// Plain digests; a real log has a digest secret.
//! struct Plain;
//! impl Keys for Plain {
//!     fn new_id(&mut self) -> ReceiptId {
//!         ReceiptId::from_bytes([0; 16])
//!     }
//!     fn nonce(&mut self) -> [u8; 12] {
//!         [0; 12]
//!     }
//!     fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection {
//!         Protection::default()
//!     }
//! }
//!
//! let body = br#"{"resourceSpans": [{
//!   "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
//!   "scopeSpans": [{"spans": [
//!     {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b8",
//!      "parentSpanId": "00f067aa0ba902b7", "name": "execute_tool search",
//!      "startTimeUnixNano": "1764000002000000000", "endTimeUnixNano": "1764000003000000000",
//!      "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}},
//!                     {"key": "gen_ai.tool.name", "value": {"stringValue": "search"}}]},
//!     {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
//!      "name": "invoke_agent clerk",
//!      "startTimeUnixNano": "1764000001000000000", "endTimeUnixNano": "1764000004000000000",
//!      "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "invoke_agent"}},
//!                     {"key": "gen_ai.agent.name", "value": {"stringValue": "clerk"}}]}]}]}]}"#;
//!
//! let request = decode("application/json", body)?;
//! let mapped = request.groups(&Options::default(), &mut Plain, &mut |_| None);
//! let [delegation, intent, outcome] = mapped.groups[0].steps.as_slice() else {
//!     panic!("{mapped:?}");
//! };
//! assert!(matches!(&delegation.body, StepBody::TraceNode(node) if node.to == "clerk"));
//! assert!(matches!(&intent.body, StepBody::ToolIntent(intent) if intent.tool == "search"));
//! assert_eq!((intent.parents[0], outcome.parents[0]), (0, 1));
//! assert_eq!(delegation.actor_id, "shop");
//! assert_eq!(mapped.counts.of(Reason::ParentNotThere), 0);
//! # Ok::<(), ai_audit_otlp::Error>(())
//! ```
//!
//! # Limits
//!
//! [`MAX_BYTES`], [`MAX_SPANS`], [`MAX_VALUES`], [`MAX_DEPTH`] are held while reading, so that memory is a small
//! multiple of a request's length: texts are borrowed from it until they are mapped.

mod counts;
mod error;
mod facts;
mod id;
mod map;
mod operation;
mod read;
mod request;
mod response;
mod same;
mod texts;
mod value;

pub use counts::{Counts, MAX_NAMES, Reason};
pub use error::Error;
pub use id::{Role, receipt_id};
pub use map::{Lookup, Mapped, Options};
pub use read::{Encoding, MAX_BYTES, MAX_DEPTH, MAX_SPANS, MAX_VALUES, decode};
pub use request::Request;
pub use response::Response;
pub use same::is_sealed_as;
