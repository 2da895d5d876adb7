//! `ai-audit fleet init`

use super::FLEET_POLICY;
use crate::cli::fleet::InitFleet;
use crate::failure::usage;
use crate::open::{SOFTWARE, log_name, settings};
use crate::output::{Output, safe, shown_path};
use ai_audit_directory::{InitOptions, REDACTION_POLICY, init};
use ai_audit_pii::Policy as Redaction;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn run(args: &InitFleet, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let settings = settings(&args.dir)?;
    if settings.production && args.ephemeral {
        return Err(usage(
            "--ephemeral: production refuses ephemeral keys; leave it out, or unset AI_AUDIT_ENV",
        ));
    }
    let (name, value) = FLEET_POLICY;
    let options = InitOptions {
        tenant: args.tenant.clone().unwrap_or_else(|| log.to_string()),
        log,
        policy: vec![
            (name.into(), value.into()),
            // Reasons stand in the log for ever.
            (REDACTION_POLICY.into(), Redaction::default().to_json()),
        ],
        ephemeral: args.ephemeral,
        ..InitOptions::new(args.name.as_str())
    };
    let made = init(&args.dir, &options, settings, SOFTWARE)?;
    let (line, paths) = (made.key_line.to_string(), made.paths);
    if output.json {
        output.json(&json!({
            "log": made.log.as_str(),
            "origin": made.key_line.name(),
            "key_line": line,
            "key_file": paths.key_line,
            "keys": paths.keys,
            "recovery_key_made": made.recovery_key_made,
            "ephemeral": args.ephemeral,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "Opened fleet log {} in {}.",
        made.log,
        shown_path(&args.dir)
    ))?;
    output.line(format!("  origin    {}", safe(made.key_line.name())))?;
    output.line(format!("  key line  {}", shown_path(&paths.key_line)))?;
    output.note(format!(
        "Hand {} to your auditor now, and name him the members.",
        shown_path(&paths.key_line)
    ))?;
    if made.recovery_key_made && !args.ephemeral {
        output.note(format!(
            "Move {} to where this machine cannot reach it.",
            shown_path(&paths.recovery_key)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
