//! `ai-audit adopt`

use crate::cli::adopt::Adopt;
use crate::open::{SOFTWARE, log_name, settings};
use crate::output::Output;
use ai_audit_directory::{LogDirectory, Writer};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Adopt, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let size = |settings| -> anyhow::Result<u64> {
        Ok(LogDirectory::open(&args.dir, settings)?.head(&log)?.size())
    };
    let before = size(settings(&args.dir)?)?;
    let adopted = Writer::adopt(&args.dir, settings(&args.dir)?, SOFTWARE, &log)?;
    let after = size(settings(&args.dir)?)?;
    if output.json {
        output.json(&json!({
            "log": log.as_str(),
            "gap": adopted.gap,
            "from": before,
            "caught_up": adopted.caught_up,
            "size": after,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if adopted.caught_up > 0 {
        output.line(format!(
            "Brought {} receipts of log {log} back from the store for what is old.",
            adopted.caught_up
        ))?;
    }
    let held = before + adopted.caught_up;
    output.line(match adopted.gap {
        Some(gap) => format!(
            "Adopted log {log} with {held} receipts; that more is missing is declared in receipt {gap}."
        ),
        None if adopted.caught_up > 0 => {
            format!("Nothing else is known to be missing from log {log}.")
        }
        None => format!("Nothing is known to be missing from log {log}: nothing was written."),
    })?;
    Ok(ExitCode::SUCCESS)
}
