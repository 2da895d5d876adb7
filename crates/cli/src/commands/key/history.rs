//! `ai-audit key history`

use crate::cli::key::History;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, safe};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &History, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let history = directory.key_history(&log)?;
    if output.json {
        let keys: Vec<_> = history
            .keys
            .iter()
            .map(|entry| {
                json!({ "key_id": entry.key.id(), "public_key": entry.key, "from": entry.from,
                    "to": entry.to, "by": entry.by.1.to_string(), "receipt": entry.by.0,
                    "reason": entry.reason })
            })
            .collect();
        let revoked: Vec<_> = history
            .revoked
            .iter()
            .map(|(seq, key, after, since)| {
                json!({ "receipt": seq, "key_id": key.id(), "after": after,
                    "compromised_at": since })
            })
            .collect();
        output.json(
            &json!({ "log": log.as_str(), "log_id": history.log_id, "keys": keys,
            "revocations": revoked }),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = format!("{:<17} {:>22}  {}", "receipt key", "receipts", "by");
    output.line(output.paint(Tone::Bold, &head))?;
    for entry in &history.keys {
        let range = match entry.to {
            // A key that nothing was signed with.
            Some(to) if to < entry.from => "none".to_string(),
            Some(to) => format!("{} to {to}", entry.from),
            None => format!("{} on", entry.from),
        };
        let reason = match entry.reason.as_str() {
            "" => String::new(),
            reason => format!(": {}", safe(reason)),
        };
        let by = entry.by.1.to_string().replace('_', " ");
        output.line(format!(
            "{:<17} {range:>22}  {by}{reason}",
            entry.key.id().to_string()
        ))?;
    }
    for (seq, key, after, since) in &history.revoked {
        output.line(output.paint(
            Tone::Bad,
            &format!(
                "revoked in receipt {seq}: key {}, suspect after receipt {after},\n  in other hands at the earliest {since}",
                key.id()
            ),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
