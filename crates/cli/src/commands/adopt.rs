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
    let gap = Writer::adopt(&args.dir, settings(&args.dir)?, SOFTWARE, &log)?;
    let after = size(settings(&args.dir)?)?;
    if output.json {
        output.json(&json!({ "log": log.as_str(), "gap": gap, "from": before, "size": after }))?;
    } else {
        output.line(match gap {
            Some(gap) => format!(
                "Adopted log {log} with {before} receipts; that more is missing is declared in receipt {gap}."
            ),
            None => format!("Nothing is known to be missing from log {log}: nothing was written."),
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
