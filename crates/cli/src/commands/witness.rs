//! `ai-audit witness`: has checkpoints cosigned, and is a witness.

mod cosign;
mod keygen;
mod serve;
mod status;

use crate::cli::witness::{AddWitness, ListWitnesses, RemoveWitness, Witness, WitnessCommand};
use crate::failure::usage;
use crate::open::{directory, log_name, read_at_most};
use crate::output::{Output, safe, shown_path};
use ai_audit_note::{MAX_NOTE_LEN, Policy, PolicyWitness, Threshold, VKey, VKeyKind};
use ai_audit_witness::ClientOptions;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

pub(crate) fn run(args: &Witness, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        WitnessCommand::Add(args) => add(args, output),
        WitnessCommand::Remove(args) => remove(args, output),
        WitnessCommand::List(args) => list(args, output),
        WitnessCommand::Cosign(args) => cosign::run(args, output),
        WitnessCommand::Status(args) => status::run(args, output),
        WitnessCommand::Keygen(args) => keygen::run(args, output),
        WitnessCommand::Serve(args) => serve::run(args, output),
    }
}

fn add(args: &AddWitness, output: Output) -> anyhow::Result<ExitCode> {
    let key = key_line(&args.key, VKeyKind::CosignatureV1)?;
    let witness = PolicyWitness::new(&args.name, key, Some(&args.url));
    // Whether it can be asked at all, before it is written down.
    ai_audit_witness::WitnessClient::new(&witness, ClientOptions::default())
        .map_err(|error| usage(format!("witness {}: {error}", safe(&args.name))))?;
    let threshold = threshold(args.quorum.as_deref())?;
    let policy = directory(&args.dir)?.add_witness(witness, threshold)?;
    changed(&args.dir, &policy, output)
}

fn remove(args: &RemoveWitness, output: Output) -> anyhow::Result<ExitCode> {
    let threshold = threshold(args.quorum.as_deref())?;
    let policy = directory(&args.dir)?.remove_witness(&args.name, threshold)?;
    changed(&args.dir, &policy, output)
}

fn changed(dir: &Path, policy: &Policy, output: Output) -> anyhow::Result<ExitCode> {
    if output.json {
        output.json(&value(policy))?;
    } else {
        output.line(format!("{}: {}", shown_path(dir), summary(policy)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListWitnesses, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let policy = directory.witnesses()?;
    let policy = policy.ok_or_else(|| ai_audit_directory::DirectoryError::NoWitnesses {
        path: args.dir.clone(),
    })?;
    if args.policy {
        let log = directory.key_line(&log_name(&args.log)?)?;
        let mut text = format!("ai-audit/policy/v1\nlog {log}\n").into_bytes();
        text.extend_from_slice(&policy.to_bytes());
        text.extend_from_slice(format!("max-age {}\n", args.max_age).as_bytes());
        // Read back, so that nothing is handed out that does not work.
        ai_audit_verify::TrustPolicy::parse_file(&text)
            .map_err(|error| usage(error.to_string()))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.json {
            output.json(&json!({ "policy": text }))?;
        } else {
            crate::open::write(None, &text)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if output.json {
        output.json(&value(&policy))?;
        return Ok(ExitCode::SUCCESS);
    }
    for witness in policy.witnesses() {
        let url = witness.url().map(ToString::to_string).unwrap_or_default();
        output.line(safe(&format!("{}  {url}", witness.name())))?;
        output.line(format!("  {}", witness.key()))?;
    }
    output.line(summary(&policy))?;
    Ok(ExitCode::SUCCESS)
}

/// The policy in one sentence.
fn summary(policy: &Policy) -> String {
    let count = policy.witnesses().len();
    let plural = if count == 1 { "" } else { "es" };
    match (policy.quorum(), policy.flat_threshold()) {
        (None, _) => format!("{count} witness{plural}, none needed"),
        (_, Some(threshold)) => {
            let needed = threshold.of(count);
            format!("{count} witness{plural}, {needed} needed")
        }
        (Some(name), None) => format!("{count} witness{plural}, quorum {name}"),
    }
}

fn value(policy: &Policy) -> Value {
    let witnesses: Vec<_> = policy
        .witnesses()
        .iter()
        .map(|witness| {
            json!({
                "name": witness.name().to_string(),
                "key_line": witness.key().to_string(),
                "url": witness.url().map(ToString::to_string),
            })
        })
        .collect();
    json!({
        "witnesses": witnesses,
        "quorum": policy.quorum().map(ToString::to_string),
        "needed": policy.flat_threshold().map(|threshold| threshold.of(witnesses.len())),
    })
}

/// A key line of this kind, or the one in a file.
fn key_line(text: &str, kind: VKeyKind) -> anyhow::Result<VKey> {
    let path = Path::new(text);
    let line = if path.is_file() {
        String::from_utf8_lossy(&read_at_most(path, MAX_NOTE_LEN)?).into_owned()
    } else {
        text.to_owned()
    };
    let key = VKey::parse(line.trim()).map_err(|error| {
        let missing = match path.exists() || text.contains('+') {
            true => "",
            false => "there is no such file, and as a key line: ",
        };
        usage(format!("{text}: {missing}{error}"))
    })?;
    if key.kind() == kind {
        return Ok(key);
    }
    Err(usage(match kind {
        VKeyKind::Ed25519 => format!("{text}: expected a log's key line, this is a witness's"),
        VKeyKind::CosignatureV1 => {
            format!("{text}: expected a witness's key line, this is a log's")
        }
    }))
}

fn threshold(text: Option<&str>) -> anyhow::Result<Option<Threshold>> {
    match text {
        None => Ok(None),
        Some("any") => Ok(Some(Threshold::Any)),
        Some("all") => Ok(Some(Threshold::All)),
        Some(text) => match text.parse() {
            Ok(count) if count > 0 => Ok(Some(Threshold::Count(count))),
            _ => Err(usage(format!(
                "--quorum {text}: expected any, all or a number above 0"
            ))),
        },
    }
}

/// How patient to be with witnesses that may take so many seconds each time.
fn options(seconds: u64) -> ClientOptions {
    let timeout = Duration::from_secs(seconds.clamp(1, 3600));
    ClientOptions {
        timeout,
        deadline: timeout.saturating_mul(3),
        ..ClientOptions::default()
    }
}
