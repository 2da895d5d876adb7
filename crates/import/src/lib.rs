//! What the Python library `ai-audit-trail` wrote: its signed bytes rebuilt, its proofs verified, its
//! records as bodies of a log of ours. Specified in `docs/spec/python-library.md` and
//! `docs/spec/imported.md`.
//!
//! A [`Record`] is read from its text and examined under [`Keys`] that are trusted from outside of it;
//! an [`Item`] is what goes into a log of ours for it, and [`check_item`] what a verifier of that log
//! checks. An [`EvidenceVerifier`] holds records against each other and their seals, a
//! [`PackageVerifier`] also against the files of a package, and a [`RecordSplitter`] finds them in a
//! text; what they come to is a [`PythonReport`]. [`Json`] is the reader below: strict, and without
//! loss. What other crates do with records hangs on two facts: every change that a signature would not
//! show is refused, and the text of numbers is kept, since it is signed.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::SigningKey;
//! use ai_audit_import::{EvidenceVerifier, FindingClass, SourceTrust};
//!
//! // The key that the records are to be signed with comes from outside of them.
//! let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
//! let trust = SourceTrust { keys: vec![key], min_size: None };
//! let mut verifier = EvidenceVerifier::new(&trust);
//! verifier.push_line(1, "{\"receipt_id\": \"r1\", \"tool_name\": \"search\", \"tool_");
//! let report = verifier.finish();
//! assert!(report.verdict.integrity.is_failed());
//! assert_eq!(report.findings[0].class, FindingClass::Malformed);
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod evidence;
mod finding;
mod item;
mod json;
mod keys;
mod number;
mod package;
mod record;
mod report;
mod split;
mod time;
mod trust;

pub use evidence::{EvidenceVerifier, MAX_RECORD};
pub use finding::{ClassCount, Finding, FindingClass};
pub use item::{Item, ItemError, ItemTooLong, check_item};
pub use json::{Json, JsonError, JsonErrorKind, JsonValue};
pub use keys::Keys;
pub use package::{
    MAX_PYTHON_FILE, PYTHON_FILES, PYTHON_KEY, PYTHON_MANIFEST, PYTHON_METADATA, PYTHON_RECEIPTS,
    PYTHON_SCRIPT, PackageFiles, PackageVerifier,
};
pub use record::{BatchSeal, EpochSeal, Examined, Problem, Record, RecordError, RecordKind};
pub use report::{ChainBegins, PythonChain, PythonReport, RecordCounts, SigningKeyCount};
pub use split::{RecordSplitter, Split, SplitError};
pub use trust::SourceTrust;
