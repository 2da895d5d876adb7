//! Evidence packages: what is in them, writing them, verifying them.

mod beside;
mod check;
mod ciphertexts;
mod claims;
mod contents;
mod engine;
mod evidence;
mod hashes;
mod key_history;
mod older;
mod passes;
mod proofs;
mod readme;
mod reports;
mod tree;
mod unexplained;
mod verify;
mod write;

pub use contents::{PackageContents, PackageError, PackageReceipt, PackageReceipts};
pub use evidence::{LogEvidence, Places};
pub use reports::{PackageReports, ReportsError};
pub use tree::{PackageTreeError, package_tree};
pub use verify::{PackageReport, observe_package, verify_package};
pub use write::{ExportError, PackageOptions, Written, write_package};

/// The receipts' exact bytes, in the form of a receipts file.
pub(crate) const RECEIPTS: &str = "receipts.bin";
/// The JSON view, one receipt a line.
pub(crate) const VIEW: &str = "receipts.jsonl";
/// Inclusion proofs, where the package holds a selection.
pub(crate) const PROOFS: &str = "proofs.bin";
/// The checkpoint that the receipts are held against.
pub(crate) const CHECKPOINT: &str = "checkpoint.note";
/// A timestamp over it.
pub(crate) const TIMESTAMP: &str = "checkpoint.tsr";
/// Older checkpoints of the log.
pub(crate) const OLDER: &str = "checkpoints.bin";
/// Ciphertexts of encrypted texts, those that are there.
pub(crate) const CIPHERTEXTS: &str = "ciphertexts.bin";
/// The statement of the reports in the package.
pub(crate) const REPORT_NOTE: &str = "report.note";
/// The log's keys, derived from the control receipts.
pub(crate) const KEYS: &str = "key-history.json";
/// For the auditor.
pub(crate) const README: &str = "README.md";
/// A second, independent verifier.
pub(crate) const VERIFY_PY: &str = "verify.py";
/// The manifest, always last.
pub(crate) const MANIFEST: &str = "manifest.note";

/// The files that a package may have, in their order, and whether each must be there.
pub(crate) const FILES: [(&str, bool); 18] = [
    (RECEIPTS, true),
    (VIEW, false),
    (PROOFS, false),
    (CHECKPOINT, true),
    (TIMESTAMP, false),
    (OLDER, false),
    (CIPHERTEXTS, false),
    (reports::REPORTS[0], false),
    (reports::REPORTS[1], false),
    (reports::REPORTS[2], false),
    (reports::REPORTS[3], false),
    (reports::REPORTS[4], false),
    (reports::REPORTS[5], false),
    (REPORT_NOTE, false),
    (KEYS, true),
    (README, true),
    (VERIFY_PY, true),
    (MANIFEST, true),
];

/// The independent verifier's source.
pub(crate) const VERIFY_PY_SOURCE: &str = include_str!("../assets/verify.py");
/// What the file of older checkpoints begins with.
pub(crate) const OLDER_MAGIC: &[u8] = b"ai-audit/checkpoints/v1\n";
/// Longest note that is read, in bytes.
pub(crate) const MAX_NOTE: u64 = 1 << 20;
