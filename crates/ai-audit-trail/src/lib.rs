//! An audit trail for AI systems that anybody can verify without trusting the one who kept it.
//!
//! This crate re-exports the project's crates under one name; take single ones where that is
//! enough. What each is for is in its own documentation.
//!
//! # Quickstart
//!
//! Open a log, seal a decision with a check, verify:
//!
//! ```
//! use ai_audit_trail::prelude::*;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit");
//! let log = init(&path, &InitOptions::new("example.org/support"), Settings::default(), "my-app")?;
//! let pinned = log.key_line.to_string(); // hand this line to your auditor now
//!
//! let writer = Writer::open(&path, Settings::default(), "my-app")?;
//! let check = Check { name: "toxicity".into(), score: Some(0.02), ..Check::default() };
//! let decision = Decision { model: "gpt-4o".into(), checks: vec![check].into(), ..Decision::new() };
//! let ticket = writer.ledger().submit(&log.log, vec![Record::new(&decision)])?;
//! let receipt = ticket.wait()?.remove(0); // durable now
//!
//! let policy = TrustPolicy::new().pin(Pin::parse(&pinned)?).min_size(receipt.seq + 1);
//! let report = writer.directory().verify(&log.log, &policy)?;
//! assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | – | [`core`], [`merkle`], [`note`], [`timestamp`], [`verify`]: sealing and verifying, without std |
//! | `analytics` | sequential tests, drift and summaries over decisions |
//! | `agentic` (default) | tool intents and outcomes, trace graphs, provenance |
//! | `compliance` | catalogues of requirements, the crosswalk from a verified log to them, gaps |
//! | `contracts` | behavioural contracts: files, verdicts of states, bounds over sessions |
//! | `draw` | trace graphs as SVG |
//! | `epochs` | epoch seals, deletions, retention, for those who seal or verify by themselves |
//! | `store`, `sqlite` | the ledger with a store in memory, or in SQLite |
//! | `directory` (default) | log directories: SQLite, key files, lock, settings |
//! | `export` (default) | evidence packages |
//! | `readahead` | signatures verified on several threads, for those who verify out of a source of their own |
//! | `report` | reports of what evidence a log holds |
//! | `ingest` | record lines and model conversations |
//! | `pii` | finding personal data and secrets in text, and replacing them |
//! | `shredding` | fields encrypted under keys that can be destroyed, erasure receipts |
//! | `witness` | asking witnesses for cosignatures, also for log directories |

pub use ai_audit_core as core;
pub use ai_audit_merkle as merkle;
pub use ai_audit_note as note;
pub use ai_audit_timestamp as timestamp;
pub use ai_audit_verify as verify;

#[cfg(feature = "agentic")]
pub use ai_audit_agentic as agentic;
#[cfg(feature = "analytics")]
pub use ai_audit_analytics as analytics;
#[cfg(feature = "compliance")]
pub use ai_audit_compliance as compliance;
#[cfg(feature = "contracts")]
pub use ai_audit_contracts as contracts;
#[cfg(feature = "directory")]
pub use ai_audit_directory as directory;
#[cfg(feature = "epochs")]
pub use ai_audit_epochs as epochs;
#[cfg(feature = "export")]
pub use ai_audit_export as export;
#[cfg(feature = "ingest")]
pub use ai_audit_ingest as ingest;
#[cfg(feature = "pii")]
pub use ai_audit_pii as pii;
#[cfg(feature = "readahead")]
pub use ai_audit_readahead as readahead;
#[cfg(feature = "report")]
pub use ai_audit_report as report;
#[cfg(feature = "shredding")]
pub use ai_audit_shredding as shredding;
#[cfg(feature = "store")]
pub use ai_audit_store as store;
#[cfg(feature = "sqlite")]
pub use ai_audit_store_sqlite as store_sqlite;
#[cfg(feature = "witness")]
pub use ai_audit_witness as witness;

/// What most programs need.
pub mod prelude {
    pub use ai_audit_core::{
        Action, Check, Decision, Exit, Question, ReceiptId, SigningKey, Status, TextDigest,
        Timestamp, Verdict,
    };
    #[cfg(feature = "directory")]
    pub use ai_audit_directory::{InitOptions, LogDirectory, Settings, Writer, init};
    #[cfg(feature = "store")]
    pub use ai_audit_store::{Ledger, LogName, Record};
    pub use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy};
}

/// The README, whose Rust has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
pub struct Readme;
