//! What the Python library `ai-audit-trail` made, as the command line meets it: found out, verified,
//! gathered for an import.

mod gather;
mod print;
mod servers;
mod trust;

pub(crate) use self::gather::{Gathered, gather};
pub(crate) use self::print::print;
pub(crate) use self::servers::is_address;
pub(crate) use self::trust::{key, source_trust};

use crate::failure::usage;
use crate::output::{Output, shown_path};
use crate::progress::Progress;
use ai_audit_export::archive::ReadAt;
use ai_audit_export::{verify_python_package, verify_python_records};
use ai_audit_import::{PythonReport, SourceTrust};
use anyhow::Context as _;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// In which form its records lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An evidence package.
    Package,
    /// JSON Lines, or JSON.
    Records,
}

impl Form {
    /// As the JSON output names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Package => "python-package",
            Self::Records => "python-records",
        }
    }
}

/// Whether a file that begins like this can only be JSON. No evidence of ours is.
pub(crate) fn is_json(start: &[u8]) -> bool {
    const MARK: &[u8] = &[0xef, 0xbb, 0xbf];
    let start = start.strip_prefix(MARK).unwrap_or(start);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

/// Verifies a file.
///
/// # Errors
///
/// When it cannot be opened or read. What does not hold is in the report.
pub(crate) fn verify_file(
    path: &Path,
    form: Form,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<PythonReport> {
    let shown = shown_path(path);
    let file = File::open(path).map_err(|error| usage(format!("{shown}: {error}")))?;
    match form {
        Form::Package => Ok(verify_package(file, trust, output)),
        Form::Records => verify_records(&file, trust, output).with_context(|| shown.to_string()),
    }
}

fn verify_package(source: impl ReadAt, trust: &SourceTrust, output: Output) -> PythonReport {
    let bar = Progress::new("verifying", "records", 0, output.quiet);
    verify_python_package(source, trust, |done, total| bar.set(done, total))
}

fn verify_records(
    file: &File,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<PythonReport> {
    let bar = Progress::new("verifying", "records", 0, output.quiet);
    let reader = BufReader::with_capacity(1 << 16, file);
    Ok(verify_python_records(reader, trust, |done| {
        bar.set(done, 0)
    })?)
}
