//! Personal data and secrets in text: finds them in one pass, and redacts, masks or pseudonymizes them.
//!
//! What is found and what is put in its place is a function of the text and the policy alone; the rules
//! are in `docs/spec/redaction.md`.
//!
//! | need | use |
//! |---|---|
//! | say what to do with which kind | [`Policy`], [`Mode`], [`Kind`] |
//! | find or replace in a text | [`Redactor`] |
//! | replace in the strings of a JSON document | [`Redactor::redact_json`] |
//! | replace in a stream of any size | [`RedactStream`] |
//! | the same line by line | [`RedactLines`] |
//! | put encrypted values back | [`restore`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_pii::{Kind, Mode, Policy, Redactor};
//!
//! let policy = Policy::default().with_mode(Kind::CreditCard, Mode::Mask);
//! let redactor = Redactor::new(&policy)?;
//! let redacted = redactor.redact("alice@company.com paid with 4242 4242 4242 4242", None)?;
//! assert_eq!(redacted.text, "[EMAIL] paid with **** **** **** 4242");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod candidate;
mod context;
mod custom;
mod digits;
mod json;
mod kind;
mod kinds;
mod placeholder;
mod policy;
mod pseudonym;
mod redactor;
mod render;
mod restore;
mod scan;
mod settle;
mod stream;
mod text;

pub use kind::{CustomName, Kind, MAX_NAME};
pub use policy::{MAX_CUSTOM, MAX_PATTERN, Mode, Policy, PolicyError};
pub use pseudonym::PseudonymKey;
pub use redactor::{EncryptedSpan, Finding, RedactError, Redacted, Redactor};
pub use restore::{RestoreError, restore, restore_bytes};
pub use stream::{RedactLines, RedactStream, RedactedLine};
