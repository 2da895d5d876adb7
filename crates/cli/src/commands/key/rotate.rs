//! `ai-audit key rotate`

use crate::cli::key::Rotate;
use crate::open::{close, log_name, settings, writer};
use crate::output::Output;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Rotate, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let writer = writer(&args.dir, settings(&args.dir)?)?;
    let seq = writer.rotate_key(&log, &args.reason)?;
    let key = writer.directory().key_history(&log)?.keys.pop();
    close(writer, "key rotated", output)?;
    let id = key.as_ref().map(|entry| entry.key.id());
    if output.json {
        output.json(&json!({ "log": log.as_str(), "receipt": seq, "key_id": id,
            "public_key": key.map(|entry| entry.key), "valid_from": seq + 1 }))?;
    } else {
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        output.line(format!(
            "Rotated in receipt {seq}: key {id} is valid from receipt {} on. The old key is destroyed.",
            seq + 1
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
