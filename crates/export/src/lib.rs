//! Evidence packages: written deterministically, read as if an enemy had written them.
//!
//! | need | use |
//! |---|---|
//! | write a package of a log or a selection | [`write_package`] over [`LogEvidence`] |
//! | verify a package under a trust policy | [`verify_package`]; with somebody looking on [`observe_package`] |
//! | look at what a package holds, once its verdict is there | [`PackageContents`] |
//! | sealed receipts one after the other in a file | [`ReceiptsWriter`], [`ReceiptsReader`] |
//! | the ciphertexts beside them | [`CiphertextsReader`] |
//! | which bytes a report is, signed, and verified beside its files | [`ReportStatement`], [`verify_statement`] |
//! | reports that travel in a package | [`PackageReports`] |
//! | a receipt for people | [`json_view`] |
//! | a log as static tiles, written and verified | [`tiles`] |
//! | what the Python library wrote: its packages, its files of records | [`verify_python_package`], [`verify_python_records`] |
//! | the container alone | [`archive`] |
//!
//! The formats are in `docs/spec`: package.md, package-archive.md, erasure.md, tiles.md. A log of any size is
//! written and verified in a few megabytes of memory.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::Status;
//! use ai_audit_export::verify_package;
//! use ai_audit_verify::TrustPolicy;
//!
//! // With the key line that he pinned, an auditor verifies what he was sent: a file, or bytes.
//! let policy = TrustPolicy::new();
//! let sent: &[u8] = b"no package at all";
//! let found = verify_package(sent, &policy, |_done, _of| ());
//! assert!(matches!(found.report.verdict.integrity, Status::Failed { .. }));
//! assert!(found.manifest.is_none());
//! ```

pub mod archive;
mod ciphertexts;
mod counted;
mod digest;
mod manifest;
mod package;
mod python;
mod receipts;
mod says;
mod selection;
mod statement;
pub mod tiles;
mod trace;
mod view;

pub use ciphertexts::{CIPHERTEXTS_MAGIC, CiphertextsError, CiphertextsReader};
pub use manifest::{MANIFEST_LABEL, Manifest, ManifestError, ManifestFile};
pub use package::{
    ExportError, LogEvidence, PackageContents, PackageError, PackageOptions, PackageReceipt,
    PackageReceipts, PackageReport, PackageReports, PackageTreeError, Places, ReportsError,
    Written, observe_package, package_tree, verify_package, write_package,
};
pub use python::{
    PythonPackage, Sequential, is_python_package, split_records, verify_python_package,
    verify_python_records,
};
pub use receipts::{RECEIPTS_MAGIC, ReceiptsError, ReceiptsReader, ReceiptsWriter};
pub use says::says;
pub use selection::{ParseSelectionError, Selection};
pub use statement::{
    ReportStatement, STATEMENT_LABEL, StatementError, StatementReport, verify_statement,
};
pub use trace::{TraceStepText, trace_value};
pub use view::{deleted_view, json_value, json_view, said_value};
