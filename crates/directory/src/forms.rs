//! Evidence of a log in any of its forms: what a path leads to, and what its verification says.

use crate::TileFolder;
use ai_audit_export::archive::is_zip;
use ai_audit_export::tiles::observe_tiles;
use ai_audit_export::{
    RECEIPTS_MAGIC, ReceiptsReader, ReportStatement, is_python_package, observe_package,
};
use ai_audit_note::TlogProof;
use ai_audit_readahead::ReadAhead;
use ai_audit_verify::{Equivocation, LogVerifier, Observer, Report, TrustPolicy};
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceForm {
    /// A folder: a log directory, if anything.
    Directory,
    /// A published log.
    Published,
    /// An evidence package.
    Package,
    /// A receipts file.
    Receipts,
    /// The proof of one receipt.
    Proof,
    /// A proof of equivocation.
    Equivocation,
    /// The note beside a report.
    Statement,
    /// A package of the Python library `ai-audit-trail`.
    PythonPackage,
    /// Something else.
    Unknown,
}

/// Files that hold one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFile {
    /// A published log, which is a folder.
    Published,
    /// An evidence package.
    Package,
    /// A receipts file.
    Receipts,
}

/// What the verification of one log says.
#[derive(Debug)]
pub struct LogVerdict {
    /// `tiles`, `package` or `receipts`.
    pub kind: &'static str,
    /// The report.
    pub report: Report,
    /// Size of the checkpoint that a package's proofs lead to.
    pub checkpoint: Option<u64>,
}

impl EvidenceForm {
    /// Looks at the path and at the first bytes of a file.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or read.
    pub fn of(path: &Path) -> io::Result<Self> {
        if TileFolder::is_published_log(path) {
            return Ok(Self::Published);
        }
        if path.is_dir() {
            return Ok(Self::Directory);
        }
        let mut start = Vec::new();
        let file = File::open(path)?;
        (&file).take(64).read_to_end(&mut start)?;
        Ok(if is_zip(&start) {
            match is_python_package(&file) {
                true => Self::PythonPackage,
                false => Self::Package,
            }
        } else if TlogProof::has_first_line(&start) {
            Self::Proof
        } else if Equivocation::has_first_line(&start) {
            Self::Equivocation
        } else if ReportStatement::has_first_line(&start) {
            Self::Statement
        } else if start.starts_with(RECEIPTS_MAGIC) {
            Self::Receipts
        } else {
            Self::Unknown
        })
    }
}

impl LogFile {
    /// Verifies the log in it, and shows it to the observer.
    ///
    /// # Errors
    ///
    /// When it cannot be opened. What does not hold is in the report.
    pub fn observe(
        self,
        path: &Path,
        policy: &TrustPolicy,
        observer: &mut dyn Observer,
    ) -> io::Result<LogVerdict> {
        let mut checkpoint = None;
        let (kind, report) = match self {
            Self::Published => {
                let folder = TileFolder::open(path);
                ("tiles", observe_tiles(&folder, policy, observer))
            }
            Self::Package => {
                let found = observe_package(File::open(path)?, policy, observer);
                checkpoint = found.manifest.map(|manifest| manifest.checkpoint);
                ("package", found.report)
            }
            Self::Receipts => ("receipts", receipts(File::open(path)?, policy, observer)),
        };
        Ok(LogVerdict {
            kind,
            report: report.of_one_log(policy),
            checkpoint,
        })
    }
}

fn receipts(file: File, policy: &TrustPolicy, observer: &mut dyn Observer) -> Report {
    let source = match ReceiptsReader::new(BufReader::with_capacity(1 << 16, file)) {
        Ok(source) => source,
        Err(error) => return failed_report(policy, error.to_string()),
    };
    let mut source = ReadAhead::new(source, policy.thread_count(), policy.bare_keys());
    let mut verifier = LogVerifier::new(policy);
    if let Err(error) = verifier.push_all(&mut source, 0, observer) {
        verifier.cut_off(error.to_string());
    }
    verifier.finish()
}

/// The report on evidence of which nothing can be gone through.
#[must_use]
pub fn failed_report(policy: &TrustPolicy, reason: String) -> Report {
    let mut verifier = LogVerifier::new(policy);
    verifier.fail_integrity(reason);
    verifier.finish()
}
