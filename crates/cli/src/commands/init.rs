//! `ai-audit init`

use crate::cli::Init;
use crate::failure::usage;
use crate::open::{SOFTWARE, log_name, settings};
use crate::output::{Output, Tone, safe, shown_path};
use ai_audit_core::BatchSeal;
use ai_audit_directory::{
    InitOptions, REDACTION_POLICY, ServiceKey, Settings, SignerAddress, StoreAddress, init,
};
use ai_audit_pii::Policy as Redaction;
use ai_audit_verify::Pin;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Init, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let mut policy = Vec::new();
    for entry in &args.policy {
        let (name, value) = entry
            .split_once('=')
            .ok_or_else(|| usage(format!("--policy {entry}: expected NAME=VALUE")))?;
        policy.push((name.to_string(), value.to_string()));
    }
    if args.forward_secure {
        policy.push(("receipt-key".into(), "forward-secure".into()));
    }
    if args.batched {
        policy.push((BatchSeal::POLICY.into(), BatchSeal::PERMITTED.into()));
    }
    let redaction = match (&args.redaction, args.no_redaction) {
        (Some(path), _) => Some(super::policy::redaction(path)?),
        // What may be personal data is not kept unless somebody says so.
        (None, false) => Some(Redaction::default()),
        (None, true) => None,
    };
    let given = policy.iter().any(|(name, _)| name == REDACTION_POLICY);
    if let Some(redaction) = redaction
        && !given
    {
        policy.push((REDACTION_POLICY.into(), redaction.to_json()));
    }
    let recovery_key = match &args.recovery_key {
        None => None,
        Some(text) => match Pin::parse(text) {
            Ok(Pin::Key(key)) => Some(key),
            Ok(Pin::Log(_)) => return Err(usage("--recovery-key: expected 64 hexadecimal digits")),
            Err(error) => return Err(usage(format!("--recovery-key: {error}"))),
        },
    };
    let options = InitOptions {
        name: args.name.clone().unwrap_or_else(|| log.to_string()),
        tenant: args.tenant.clone().unwrap_or_else(|| log.to_string()),
        log,
        policy,
        receipt_key: args.receipt_key.clone(),
        checkpoint_key: args.checkpoint_key.clone(),
        receipt_signer: service(
            "receipt",
            args.receipt_signer.as_deref(),
            args.receipt_public.as_deref(),
        )?,
        checkpoint_signer: service(
            "checkpoint",
            args.checkpoint_signer.as_deref(),
            args.checkpoint_public.as_deref(),
        )?,
        recovery_key,
        ephemeral: args.ephemeral,
    };
    let settings = told_of_store(args, settings(&args.dir)?)?;
    if settings.production && args.ephemeral {
        return Err(usage(
            "--ephemeral: production refuses ephemeral keys; leave it out, or unset AI_AUDIT_ENV",
        ));
    }
    let store = settings.store.address.clone();
    let made = init(&args.dir, &options, settings, SOFTWARE)?;
    for warning in &made.warnings {
        output.warn(safe(warning));
    }
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
            "store": store.map(|store| store.to_string()),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output.line(format!(
        "Opened log {} in {}.",
        made.log,
        shown_path(&args.dir)
    ))?;
    output.line(format!("  origin    {}", safe(made.key_line.name())))?;
    output.line(format!("  key line  {}", shown_path(&paths.key_line)))?;
    output.line(format!("  keys      {}", shown_path(&paths.keys)))?;
    if let Some(store) = store {
        output.line(safe(&format!("  receipts  {store}")))?;
    }
    output.note("")?;
    output.note(format!(
        "{} Hand {} to your auditor, before anything is recorded.",
        output.paint(Tone::Bold, "1."),
        shown_path(&paths.key_line)
    ))?;
    if args.ephemeral {
        output.note(format!(
            "{} This log is for trying out: production refuses its keys.",
            output.paint(Tone::Bold, "2.")
        ))?;
    } else if made.recovery_key_made {
        output.note(format!(
            "{} Move {} to where this machine cannot reach it.",
            output.paint(Tone::Bold, "2."),
            shown_path(&paths.recovery_key)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A key in a service, as two flags name it.
fn service(
    purpose: &str,
    address: Option<&str>,
    public: Option<&str>,
) -> anyhow::Result<Option<ServiceKey>> {
    let (Some(address), Some(public)) = (address, public) else {
        return Ok(None);
    };
    let address = SignerAddress::parse(address)
        .map_err(|what| usage(format!("--{purpose}-signer: {what}")))?;
    match Pin::parse(public) {
        Ok(Pin::Key(key)) => Ok(Some(ServiceKey { address, key })),
        _ => Err(usage(format!(
            "--{purpose}-public: expected a public key of 64 hexadecimal digits"
        ))),
    }
}

/// The settings with what the flags say of where the receipts are to be.
fn told_of_store(args: &Init, mut settings: Settings) -> anyhow::Result<Settings> {
    let Some(text) = &args.store else {
        return Ok(settings);
    };
    // Not by clap, which repeats what it was given, and with it a password.
    let address = StoreAddress::parse(text).map_err(|what| usage(format!("--store: {what}")))?;
    let store = &mut settings.store;
    if let Some(kept) = &store.address {
        if *kept != address {
            return Err(usage(format!(
                "--store {address}: the settings say {kept}, and the receipts of a directory are in one place"
            )));
        }
        if args.allow_loss && !store.allow_loss {
            return Err(usage(
                "--allow-loss: the directory has its settings already; set store-allow-loss = true in ai-audit.toml",
            ));
        }
    }
    store.address = Some(address);
    store.allow_loss |= args.allow_loss;
    Ok(settings)
}
