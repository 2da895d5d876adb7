//! `ai-audit fleet status`

use super::{load, print};
use crate::cli::fleet::FleetStatus;
use crate::open::{directory, log_name, time};
use crate::output::{Output, Tone};
use ai_audit_core::Exit;
use ai_audit_store::{Clock as _, SystemClock};
use serde_json::json;
use std::process::ExitCode;

pub(super) fn run(args: &FleetStatus, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let at = args.at.as_deref().map(time).transpose()?;
    let directory = directory(&args.dir)?;
    let fleet = load(&directory, &log, at)?;
    let report = fleet.report(Some(at.unwrap_or_else(|| SystemClock.now())));
    let nobody = !report.members.iter().any(|member| member.present);
    let exit = match report.exit() {
        // A fleet of nobody is complete in no sense that anybody asks for.
        Exit::Verified if nobody => Exit::Unverified,
        exit => exit,
    };
    if output.json {
        output.json(&json!({
            "log": log.as_str(), "origin": directory.key_line(&log)?.name(), "fleet": report,
            "exit": exit.code(),
        }))?;
        return Ok(ExitCode::from(exit.code()));
    }
    print::members(&report, output)?;
    let (tone, said) = match exit {
        Exit::Verified => (
            Tone::Good,
            "Every member is complete. (Not verified: `ai-audit fleet verify` does.)",
        ),
        Exit::Failed => (Tone::Bad, "Something does not hold."),
        Exit::Unverified if nobody => (Tone::Open, "Nobody is in the roster."),
        Exit::Unverified => (Tone::Open, "A member is late or missing."),
    };
    output.note(output.sentence("", tone, said))?;
    Ok(ExitCode::from(exit.code()))
}
