//! `ai-audit verify` of what the Python library `ai-audit-trail` made.

use super::named;
use crate::cli::Verify;
use crate::failure::usage;
use crate::output::{Output, Tone, safe, shown_path};
use crate::python::{self, Form};
use ai_audit_core::Question;
use ai_audit_import::PythonReport;
use ai_audit_verify::TrustPolicy;
use serde::Serialize;
use std::process::ExitCode;

/// As JSON.
#[derive(Serialize)]
struct Outcome {
    kind: &'static str,
    #[serde(flatten)]
    report: PythonReport,
    exit: u8,
}

pub(super) fn run(
    args: &Verify,
    policy: &TrustPolicy,
    form: Form,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<ExitCode> {
    fits(args)?;
    let trust = python::source_trust(&args.trust, policy, output);
    let report = python::verify_file(&args.path, form, &trust, output)?;
    let what = shown_path(&args.path);
    tell(&what, form.name(), report, asked, output)
}

/// The records of a server.
pub(super) fn server(
    args: &Verify,
    policy: &TrustPolicy,
    address: &str,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<ExitCode> {
    fits(args)?;
    let trust = python::source_trust(&args.trust, policy, output);
    let gathered = python::gather(address, None, &trust, output)?;
    // Not the address: it may have a password.
    let (what, kind) = (gathered.name.clone(), gathered.kind());
    tell(&what, kind, gathered.report, asked, output)
}

fn fits(args: &Verify) -> anyhow::Result<()> {
    if !args.text.is_empty() || args.log.is_some() || args.subject.is_some() {
        return Err(usage(
            "--text, --log and --subject do not go with records of the Python library",
        ));
    }
    Ok(())
}

fn tell(
    what: &str,
    kind: &'static str,
    report: PythonReport,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<ExitCode> {
    let exit = report.exit(asked).code();
    if output.json {
        output.json(&Outcome { kind, report, exit })?;
        return Ok(ExitCode::from(exit));
    }
    let what = format!("{}, {kind}", safe(what));
    output.line(output.paint(Tone::Bold, &what))?;
    python::print(&report, output)?;
    let (tone, said) = named(&report.verdict, exit, asked);
    output.line(output.sentence("", tone, &said))?;
    Ok(ExitCode::from(exit))
}
