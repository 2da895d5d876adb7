//! Evidence of a log in any of its forms, found out and verified, with somebody looking on.

use crate::failure::usage;
use crate::open::{log_name, settings, settings_of_another};
use crate::output::{Output, shown_path};
use crate::progress::Progress;
use crate::python;
pub(crate) use ai_audit_directory::failed_report as failed;
use ai_audit_directory::{DirectoryError, EvidenceForm, LogDirectory, LogFile, Settings};
use ai_audit_store::LogName;
use ai_audit_verify::{Observed, Observer, Report, TrustPolicy};
use serde::Serialize;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

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
        let cannot = |error| usage(format!("{}: {error}", shown_path(path)));
        Ok(match EvidenceForm::of(path).map_err(cannot)? {
            EvidenceForm::Directory => Self::Directory,
            EvidenceForm::Published => Self::Published,
            EvidenceForm::Package => Self::Package,
            EvidenceForm::Receipts => Self::Receipts,
            EvidenceForm::Proof => Self::Proof,
            EvidenceForm::Equivocation => Self::Equivocation,
            EvidenceForm::Statement => Self::Statement,
            EvidenceForm::PythonPackage => Self::Python(python::Form::Package),
            _ => {
                let mut start = Vec::new();
                let file = File::open(path).map_err(cannot)?;
                file.take(64).read_to_end(&mut start).map_err(cannot)?;
                match python::is_json(&start) {
                    true => Self::Python(python::Form::Records),
                    false => Self::Unknown,
                }
            }
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
    verify_with(settings, path, log, policy, observer, output)
}

/// The same for a path that is not the command's own: a directory there says itself where its receipts are.
///
/// # Errors
///
/// As [`verify_path`].
pub(crate) fn verify_another(
    path: &Path,
    log: Option<&str>,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
    output: Output,
) -> anyhow::Result<Outcome> {
    verify_with(settings_of_another, path, log, policy, observer, output)
}

fn verify_with(
    settings: impl Fn(&Path) -> anyhow::Result<Settings>,
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
                    shown_path(path)
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
    let held = match form {
        Form::Published => LogFile::Published,
        Form::Package => LogFile::Package,
        Form::Receipts => LogFile::Receipts,
        Form::Unknown => {
            let mut reason = format!("{} is no evidence: expected {EVIDENCE}", shown_path(path));
            let note = note_of(path);
            if note.is_file() {
                let hint = "; the note beside it, of a report, is verified in its place: ";
                reason = format!("{reason}{hint}{}", shown_path(&note));
            }
            let report = failed(policy, reason).of_one_log(policy);
            return Ok(Outcome::new("unknown", report));
        }
        Form::Python(_) => {
            return Err(usage(format!(
                "{} is {form}: `ai-audit verify` verifies it, and `ai-audit import` brings it into a log",
                shown_path(path)
            )));
        }
        Form::Directory | Form::Proof | Form::Equivocation | Form::Statement => {
            return Err(usage(format!(
                "{} is {form}: expected a log directory, a published log, a package (ZIP) or a receipts file",
                shown_path(path)
            )));
        }
    };
    let found = held
        .observe(path, policy, &mut shown)
        .map_err(|error| usage(format!("{}: {error}", shown_path(path))))?;
    Ok(Outcome {
        checkpoint: found.checkpoint,
        ..Outcome::new(found.kind, found.report)
    })
}

/// Where the note of a report is.
pub(crate) fn note_of(report: &Path) -> PathBuf {
    let mut name = report.as_os_str().to_owned();
    name.push(".note");
    name.into()
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
