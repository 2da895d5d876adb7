//! Evidence of a log in any of its forms, found out and verified, with somebody looking on.

use crate::failure::usage;
use crate::open::{log_name, settings};
use crate::output::Output;
use crate::progress::Progress;
use crate::python;
use ai_audit_directory::{DirectoryError, LogDirectory, TileFolder};
use ai_audit_export::archive::is_zip;
use ai_audit_export::tiles::observe_tiles;
use ai_audit_export::{
    RECEIPTS_MAGIC, ReceiptsReader, ReportStatement, is_python_package, observe_package,
};
use ai_audit_note::TlogProof;
use ai_audit_store::LogName;
use ai_audit_verify::{Equivocation, LogVerifier, Observed, Observer, Report, TrustPolicy};
use serde::Serialize;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// What can be verified.
const EVIDENCE: &str = "a log directory, a published log, a package (ZIP), a proof, a receipts file, the note of a report, or receipts of the Python library ai-audit-trail (its package, or JSON)";

/// One verification, as JSON.
#[derive(Serialize)]
pub(crate) struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
    /// What was verified: `log`, `tiles`, `package`, `proof`, `receipts` or `unknown`; `missing` is a
    /// log that was brought a key line or a checkpoint for and is not there.
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) report: Report,
    pub(crate) exit: u8,
    /// Size of the checkpoint that a package's proofs lead to.
    #[serde(skip)]
    pub(crate) checkpoint: Option<u64>,
}

impl Outcome {
    pub(crate) const fn new(kind: &'static str, report: Report) -> Self {
        Self {
            log: None,
            kind,
            report,
            exit: 0,
            checkpoint: None,
        }
    }
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Directory,
    Published,
    Package,
    Receipts,
    Proof,
    Equivocation,
    /// The note beside a report.
    Statement,
    /// Of the Python library `ai-audit-trail`.
    Python(python::Form),
    Unknown,
}

impl Form {
    /// Looks at the path and at the first bytes of a file.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or read.
    pub(crate) fn of(path: &Path) -> anyhow::Result<Self> {
        if TileFolder::is_published_log(path) {
            return Ok(Self::Published);
        }
        if path.is_dir() {
            return Ok(Self::Directory);
        }
        let mut start = Vec::new();
        let file = open(path)?;
        (&file)
            .take(64)
            .read_to_end(&mut start)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        Ok(if is_zip(&start) {
            match is_python_package(&file) {
                true => Self::Python(python::Form::Package),
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
        } else if python::is_json(&start) {
            Self::Python(python::Form::Records)
        } else {
            Self::Unknown
        })
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a log directory",
            Self::Published => "a published log",
            Self::Package => "a package",
            Self::Receipts => "a receipts file",
            Self::Proof => "a proof of one receipt",
            Self::Equivocation => "a proof of equivocation",
            Self::Statement => "the note of a report",
            Self::Python(python::Form::Package) => "a package of the Python library",
            Self::Python(python::Form::Records) => "JSON, as the Python library has its receipts",
            Self::Unknown => "no evidence",
        })
    }
}

/// Verifies one log, wherever the path leads to, and shows it to the observer. `log` picks one of a
/// directory; without, it is the default one.
///
/// The report is that of the evidence: as `ai-audit verify` has it, but that the subject keys of a
/// directory are not looked through, which no package has.
///
/// # Errors
///
/// When the path cannot be opened, has no such log, or is evidence of something else than a log.
/// What does not hold is in the report, which says nothing of where the evidence lies.
pub(crate) fn verify_path(
    path: &Path,
    log: Option<&str>,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
    output: Output,
) -> anyhow::Result<Outcome> {
    match Form::of(path)? {
        Form::Directory => {
            let name = log.map_or_else(|| Ok(LogName::default()), log_name)?;
            let directory = LogDirectory::open(path, settings(path)?)?;
            let mut shown = shown(&directory, &name, observer, output);
            let found = directory.observe_without_keys(&name, policy, &mut shown);
            Ok(outcome(&name, policy, found))
        }
        form => {
            if log.is_some() {
                return Err(usage(format!(
                    "--log picks a log of a directory, and {} is {form}",
                    path.display()
                )));
            }
            if form == Form::Unknown {
                let reason = format!("the file is no evidence: expected {EVIDENCE}");
                let report = failed(policy, reason).of_one_log(policy);
                return Ok(Outcome::new("unknown", report));
            }
            file(path, form, policy, observer, output)
        }
    }
}

/// Verifies one log of a directory, its subject keys as well.
pub(crate) fn log(
    directory: &LogDirectory,
    log: &LogName,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
    output: Output,
) -> Outcome {
    let mut shown = shown(directory, log, observer, output);
    let found = directory.observe(log, policy, &mut shown);
    outcome(log, policy, found)
}

fn shown<'o>(
    directory: &LogDirectory,
    log: &LogName,
    observer: &'o mut dyn Observer,
    output: Output,
) -> Shown<'o> {
    // A log that cannot be read at all fails afterwards.
    let size = directory.head(log).map_or(0, |head| head.size());
    Shown::new(observer, size, output)
}

fn outcome(log: &LogName, policy: &TrustPolicy, found: Result<Report, DirectoryError>) -> Outcome {
    let report = match found {
        Ok(report) => report,
        // A store that contradicts itself is evidence that fails, not a reason to stop.
        Err(error) => failed(policy, format!("log {log} cannot be read: {error}")),
    };
    Outcome {
        log: Some(log.to_string()),
        ..Outcome::new("log", report)
    }
}

/// Verifies what holds one log and is no log directory: its form was found out before.
///
/// # Errors
///
/// When it cannot be opened, or is evidence of something else than a log.
pub(crate) fn file(
    path: &Path,
    form: Form,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
    output: Output,
) -> anyhow::Result<Outcome> {
    let mut shown = Shown::new(observer, 0, output);
    let mut checkpoint = None;
    let (kind, report) = match form {
        Form::Published => {
            let folder = TileFolder::open(path);
            ("tiles", observe_tiles(&folder, policy, &mut shown))
        }
        Form::Package => {
            let found = observe_package(open(path)?, policy, &mut shown);
            checkpoint = found.manifest.map(|manifest| manifest.checkpoint);
            ("package", found.report)
        }
        Form::Receipts => ("receipts", receipts(open(path)?, policy, &mut shown)),
        Form::Unknown => {
            let reason = format!("{} is no evidence: expected {EVIDENCE}", path.display());
            ("unknown", failed(policy, reason))
        }
        Form::Python(_) => {
            return Err(usage(format!(
                "{} is {form}: `ai-audit verify` verifies it, and `ai-audit import` brings it into a log",
                path.display()
            )));
        }
        Form::Directory | Form::Proof | Form::Equivocation | Form::Statement => {
            return Err(usage(format!(
                "{} is {form}: expected a log directory, a published log, a package (ZIP) or a receipts file",
                path.display()
            )));
        }
    };
    Ok(Outcome {
        checkpoint,
        ..Outcome::new(kind, report.of_one_log(policy))
    })
}

fn receipts(file: File, policy: &TrustPolicy, observer: &mut dyn Observer) -> Report {
    let mut source = match ReceiptsReader::new(BufReader::with_capacity(1 << 16, file)) {
        Ok(source) => source,
        Err(error) => return failed(policy, error.to_string()),
    };
    let mut verifier = LogVerifier::new(policy);
    if let Err(error) = verifier.push_all(&mut source, 0, observer) {
        verifier.cut_off(error.to_string());
    }
    verifier.finish()
}

/// The report on evidence of which nothing can be gone through.
pub(crate) fn failed(policy: &TrustPolicy, reason: String) -> Report {
    let mut verifier = LogVerifier::new(policy);
    verifier.fail_integrity(reason);
    verifier.finish()
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).map_err(|error| usage(format!("{}: {error}", path.display())))
}

/// An observer, and a bar beside him.
struct Shown<'o> {
    inner: &'o mut dyn Observer,
    bar: Progress,
}

impl<'o> Shown<'o> {
    fn new(inner: &'o mut dyn Observer, size: u64, output: Output) -> Self {
        let bar = Progress::new("verifying", "receipts", size, output.quiet);
        Self { inner, bar }
    }
}

impl Observer for Shown<'_> {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.inner.observe(seen);
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.inner.progress(done, total);
        self.bar.set(done, total);
    }
}
