//! `ai-audit policy`

use crate::cli::{ChangePolicy as Change, Policy, PolicyCommand, ShowPolicy};
use crate::failure::usage;
use crate::open::{directory, log_name, read, written};
use crate::output::{Output, safe, shown_path};
use ai_audit_directory::REDACTION_POLICY;
use ai_audit_pii::Policy as Redaction;
use ai_audit_store::ChangePolicy;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Policy, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        PolicyCommand::Show(args) => show(args, output),
        PolicyCommand::Change(args) => change(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a redaction policy from a file that the caller named.
pub(crate) fn redaction(path: &Path) -> anyhow::Result<Redaction> {
    let shown = shown_path(path);
    let text = String::from_utf8(read(path)?)
        .map_err(|_| usage(format!("{shown}: expected a text in UTF-8")))?;
    Redaction::from_json(&text).map_err(|error| usage(format!("{shown}: {error}")))
}

fn show(args: &ShowPolicy, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    let entries = directory.policy(&log)?;
    if args.redaction {
        return match entries.get(REDACTION_POLICY) {
            Some(policy) => output.line(policy),
            None => Err(usage(format!("log {log} has no redaction policy"))),
        };
    }
    if output.json {
        return output.json(&json!(entries));
    }
    if entries.is_empty() {
        output.line(format!("Log {log} has no policy."))?;
    }
    for (name, value) in &entries {
        let label = format!("  {:<15} ", safe(name));
        output.line(output.sentence(&label, crate::output::Tone::Plain, value))?;
    }
    if !entries.contains_key(REDACTION_POLICY) {
        output.note("Nothing is redacted: what is kept in the clear is kept as it is.")?;
    }
    Ok(())
}

fn change(args: &Change, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let mut entries = Vec::new();
    for entry in &args.entry {
        match entry.split_once('=') {
            Some((name, value)) if !value.is_empty() => entries.push((name.into(), value.into())),
            _ => return Err(usage(format!("--entry {entry}: expected NAME=VALUE"))),
        }
    }
    entries.extend(args.remove.iter().map(|name| (name.clone(), String::new())));
    if let Some(path) = &args.redaction {
        entries.push((REDACTION_POLICY.into(), redaction(path)?.to_json()));
    }
    if args.no_redaction {
        entries.push((REDACTION_POLICY.into(), String::new()));
    }
    if entries.is_empty() {
        return Err(usage(
            "nothing to change; see `ai-audit policy change --help`",
        ));
    }
    let change = ChangePolicy {
        entries,
        reason: args.reason.clone(),
    };
    let receipt = written(&args.dir, "policy change", output, |writer| {
        Ok(writer.change_policy(&log, change)?)
    })?;
    if output.json {
        return output.json(&json!({ "log": log.as_str(), "receipt": receipt.seq }));
    }
    output.line(format!(
        "Changed the policy of log {log} from receipt {} on.",
        receipt.seq
    ))
}
