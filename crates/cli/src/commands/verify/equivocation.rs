//! `ai-audit verify` of a proof that a log signed two histories.

use crate::cli::Verify;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, Tone, safe, shown_path};
use ai_audit_core::{Question, Status};
use ai_audit_note::MAX_NOTE_LEN;
use ai_audit_verify::{Equivocation, EquivocationReport, EquivocationStatus, TrustPolicy};
use serde::Serialize;
use std::process::ExitCode;

/// As JSON.
#[derive(Serialize)]
struct Outcome {
    kind: &'static str,
    #[serde(flatten)]
    report: EquivocationReport,
    exit: u8,
}

pub(super) fn run(
    args: &Verify,
    policy: &TrustPolicy,
    asked: &[Question],
    output: Output,
) -> anyhow::Result<ExitCode> {
    if !args.text.is_empty() || args.log.is_some() || args.subject.is_some() {
        return Err(usage(
            "--text, --log and --subject do not go with a proof of equivocation",
        ));
    }
    let bytes = read_at_most(&args.path, 3 * MAX_NOTE_LEN)?;
    let report = Equivocation::judge(&bytes, policy);
    let exit = report.exit(asked).code();
    if output.json {
        output.json(&Outcome {
            kind: "equivocation",
            report,
            exit,
        })?;
    } else {
        print(args, &report, output)?;
    }
    Ok(ExitCode::from(exit))
}

fn print(args: &Verify, report: &EquivocationReport, output: Output) -> anyhow::Result<()> {
    let what = format!("{}, proof of equivocation", shown_path(&args.path));
    output.line(output.paint(Tone::Bold, &what))?;
    let claim = &report.equivocation;
    let origin = claim.origin.as_deref().unwrap_or("?");
    if claim.origin.is_some() {
        output.note(format!("  {}", safe(origin)))?;
    }
    for said in [claim.smaller, claim.larger].into_iter().flatten() {
        output.note(format!("  size {}: root {}", said.size, said.root))?;
    }
    if let (Some(root), Some(a), Some(b)) = (claim.root_at_smaller, claim.smaller, claim.larger) {
        output.note(format!(
            "  in the history of size {} the first {} have root\n    {root}",
            b.size, a.size
        ))?;
    }
    let (tone, said) = match claim.status {
        EquivocationStatus::Proved => (
            Tone::Bad,
            format!(
                "PROOF OF EQUIVOCATION HOLDS: log {} signed two histories",
                safe(origin)
            ),
        ),
        EquivocationStatus::Refuted => (
            Tone::Bad,
            format!("NO PROOF: {}", reason(&report.verdict.integrity)),
        ),
        EquivocationStatus::Unverified => (
            Tone::Open,
            format!("UNVERIFIED: {}", reason(&report.verdict.integrity)),
        ),
    };
    output.line(output.paint(tone, &said))?;
    if claim.status == EquivocationStatus::Refuted {
        output.note("  It says nothing about the log: what failed is this file.")?;
    }
    Ok(())
}

fn reason(status: &Status) -> String {
    match status {
        Status::Failed { reason, .. } => safe(reason),
        Status::Unverified { why } => safe(why),
        Status::Verified | Status::NotApplicable => String::new(),
    }
}
