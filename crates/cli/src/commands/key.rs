//! `ai-audit key`

mod history;
mod revoke;
mod rotate;

use crate::cli::Key;
use crate::cli::key::{KeyAction, ShowKeys};
use crate::failure::usage;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, safe, shown_path};
use crate::trust::pin;
use ai_audit_core::{DecodeBody as _, Genesis, UnverifiedReceipt};
use ai_audit_note::VKey;
use ai_audit_verify::Pin;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Key, output: Output) -> anyhow::Result<ExitCode> {
    match &args.action {
        Some(KeyAction::Rotate(args)) => return rotate::run(args, output),
        Some(KeyAction::Revoke(args)) => return revoke::run(args, output),
        Some(KeyAction::History(args)) => return history::run(args, output),
        None => {}
    }
    let args = &args.show;
    let Some(what) = &args.what else {
        return Err(usage(
            "expected a log directory or a key line; see `ai-audit key --help`",
        ));
    };
    let path = Path::new(what);
    if path.is_dir() {
        return of_directory(args, path, output);
    }
    match pin("", what)? {
        Pin::Log(line) => of_line(args, &line, output),
        Pin::Key(_) => Err(usage(
            "a bare key says nothing but itself; expected a key line or a directory",
        )),
    }
}

fn of_line(args: &ShowKeys, line: &VKey, output: Output) -> anyhow::Result<ExitCode> {
    if args.line {
        output.line(line.to_string())?;
    } else if output.json {
        output.json(&json!({ "origin": line.name(), "public_key": line.key(), "key_line": line.to_string() }))?;
    } else {
        output.line(format!("origin      {}", safe(line.name())))?;
        output.line(format!("public key  {}", line.key()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn of_directory(args: &ShowKeys, path: &Path, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(path)?;
    let log = log_name(&args.log)?;
    let line = directory.key_line(&log)?;
    if args.line {
        output.line(line.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let sealed = directory.receipt(&log, 0)?;
    let genesis = Genesis::decode(&UnverifiedReceipt::parse(&sealed)?)?;
    let paths = directory.layout().log(&log);
    let valid = directory.key_history(&log)?.keys.pop();
    let valid = valid.map_or(genesis.receipt_key, |entry| entry.key);
    let [receipt, checkpoint] = directory.service_keys(&log)?;
    let services = [receipt, checkpoint, None];
    let keys = [
        ("receipt", valid, paths.receipt_key),
        ("checkpoint", genesis.checkpoint_key, paths.checkpoint_key),
        ("recovery", genesis.recovery_key, paths.recovery_key),
    ];
    if output.json {
        let keys: Vec<_> = keys
            .iter()
            .zip(&services)
            .map(|((purpose, key, path), service)| {
                let service = service.as_ref().filter(|service| service.key == *key);
                // What lies in a file beside a service that counts is what a failed command left.
                json!({ "purpose": purpose, "key_id": key.id(), "public_key": key,
                        "file": (service.is_none() && path.is_file()).then_some(path),
                        "service": service.map(|service| service.address.to_string()) })
            })
            .collect();
        output.json(&json!({ "log": log.as_str(), "origin": line.name(), "key_line": line.to_string(), "keys": keys }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "{} {}",
        output.paint(Tone::Bold, "origin"),
        safe(line.name())
    ))?;
    for ((purpose, key, path), service) in keys.iter().zip(&services) {
        let service = service.as_ref().filter(|service| service.key == *key);
        let place = match (service, path.is_file()) {
            (Some(service), _) => safe(&service.address.to_string()),
            (None, true) => shown_path(path),
            (None, false) => "not on this machine".into(),
        };
        output.line(format!("{purpose:<11} {key}"))?;
        output.line(format!("            id {}, {place}", key.id()))?;
    }
    if keys[2].2.is_file() {
        output.note("Move the recovery key to where this machine cannot reach it.")?;
    }
    output.note(format!(
        "\nkey line, for the auditor ({}):",
        shown_path(&paths.key_line)
    ))?;
    output.line(line.to_string())?;
    Ok(ExitCode::SUCCESS)
}
