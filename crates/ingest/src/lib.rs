//! Record lines and model conversations, as steps that a ledger can seal.
//!
//! Three forms of input are read, both strictly and in bounded memory:
//!
//! - [`RecordLines`]: JSON Lines, one decision a line, with the fields listed there.
//! - [`Conversations`]: conversations in the OpenAI message form; a decision for each assistant
//!   turn, a tool intent for each tool call, a tool outcome for each tool reply.
//! - [`TraceLines`]: JSON Lines, one trace of several agents a line, with its sources;
//!   [`TraceSteps`] takes the same steps one by one, from whoever has them as values.
//!
//! Each gives [`Group`]s of [`Step`]s. A group belongs together: its steps name each other as
//! parents by index, since hashes exist only after sealing. Texts leave this crate as digests, keyed
//! through [`Keys`], unless [`Keep`] says otherwise; what is kept in the clear is redacted by the
//! policy in force, and what is kept encrypted stands beside the receipt.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::ReceiptId;
//! use ai_audit_ingest::{Keep, Keys, Protection, RecordLines, StepBody};
//!
//! /// Counted ids and plain digests; a real log has random ids and a digest secret.
//! struct Counted(u8);
//! impl Keys for Counted {
//!     fn new_id(&mut self) -> ReceiptId {
//!         self.0 += 1;
//!         ReceiptId::from_bytes([self.0; 16])
//!     }
//!     fn nonce(&mut self) -> [u8; 12] {
//!         [self.0; 12]
//!     }
//!     fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection {
//!         Protection::default()
//!     }
//! }
//!
//! let text = "{\"input\": \"May I?\", \"action\": \"escalate\"}\n{\"actoin\": \"allow\"}\n";
//! let mut lines = RecordLines::new(text.as_bytes(), Keep::default());
//! let mut keys = Counted(0);
//!
//! let group = lines.next_group(&mut keys).expect("a line")?;
//! assert_eq!(group.place, "line 1");
//! assert!(matches!(&group.steps[0].body, StepBody::Decision(d) if d.action.name() == "escalate"));
//!
//! let error = lines.next_group(&mut keys).expect("a line").expect_err("a misspelt field");
//! assert!(error.to_string().starts_with("line 2: field `actoin`: unknown; known are input, "));
//! assert!(!error.fatal && lines.next_group(&mut keys).is_none());
//! # Ok::<(), ai_audit_ingest::IngestError>(())
//! ```
//!
//! # Limits
//!
//! A record line has at most 8 MiB, a conversation at most 64 MiB and 65,536 steps. What a step
//! would seal must fit into a receipt; a text that is kept counts, one that is only digested not.
//! Memory is a small multiple of the longest line or conversation, whatever the input's length.

mod conversation;
mod error;
mod json;
mod lines;
mod protect;
mod record;
mod said;
mod source;
mod step;
mod trace;

pub use conversation::Conversations;
pub use error::IngestError;
pub use protect::{Ciphertext, Keep, Keeping, Keys, Protection, Redaction};
pub use record::{RecordLines, read_record};
pub use said::{Called, Said, heard};
pub use step::{Group, SourceLink, Step, StepBody};
pub use trace::{TraceLines, TraceSteps, read_trace};
