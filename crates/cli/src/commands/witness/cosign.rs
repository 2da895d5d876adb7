//! `ai-audit witness cosign`

use super::options;
use crate::cli::witness::Cosign;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, safe};
use ai_audit_core::{Exit, Timestamp};
use ai_audit_note::Checkpoint;
use ai_audit_witness::{CosignError, WitnessReport};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Cosign, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let collected = directory.cosign(&log, &options(args.timeout))?;
    let checkpoint = Checkpoint::parse(collected.note.text())?;
    let mut exit = match collected.quorum.satisfied {
        true => Exit::Verified,
        false => Exit::Unverified,
    };
    for report in &collected.reports {
        if let Err(error) = &report.result
            && contradicts(error)
        {
            output.warn(safe(&format!("witness {}: {error}", report.name)));
            exit = Exit::Failed;
        }
    }
    if output.json {
        let witnesses: Vec<_> = collected.reports.iter().map(value).collect();
        let quorum = collected.quorum.quorum.as_ref();
        output.json(&json!({
            "log": log.as_str(),
            "origin": checkpoint.origin,
            "size": checkpoint.size.as_u64(),
            "witnesses": witnesses,
            "needed": quorum.map(|quorum| quorum.needed),
            "there": quorum.map(|quorum| quorum.there),
            "quorum": collected.quorum.satisfied,
            "note": collected.note.to_string(),
            "exit": exit.code(),
        }))?;
        return Ok(ExitCode::from(exit.code()));
    }
    output.line(output.paint(
        Tone::Bold,
        &format!("checkpoint of log {log}, {} receipts", checkpoint.size),
    ))?;
    for report in &collected.reports {
        let (tone, said) = match &report.result {
            Ok(time) => (Tone::Good, format!("cosigned at {time}")),
            Err(error) => (Tone::Bad, safe(&error.to_string())),
        };
        let name = safe(&report.name);
        output.line(format!("  {name:<13} {}", output.paint(tone, &said)))?;
    }
    let (tone, said) = match collected.quorum.satisfied {
        true => (Tone::Good, "QUORUM reached"),
        false => (
            Tone::Open,
            "NO QUORUM yet; the log goes on, and what came is kept",
        ),
    };
    output.line(output.paint(
        tone,
        &format!("{said}: {}", safe(&collected.quorum.to_string())),
    ))?;
    Ok(ExitCode::from(exit.code()))
}

/// Whether a witness says that the log is not what it was.
const fn contradicts(error: &CosignError) -> bool {
    matches!(
        error,
        CosignError::Behind { .. }
            | CosignError::OtherRoot { .. }
            | CosignError::Refused { code: 422, .. }
    )
}

fn value(report: &WitnessReport<Timestamp>) -> serde_json::Value {
    let mut value = json!({ "name": report.name, "url": report.url });
    match &report.result {
        Ok(time) => value["time"] = json!(time),
        Err(error) => value["error"] = json!(error.to_string()),
    }
    value
}
