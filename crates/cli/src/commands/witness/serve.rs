//! `ai-audit witness serve`

use super::key_line;
use crate::cli::witness::Serve;
use crate::failure::usage;
use crate::open::read_at_most;
use crate::output::{Output, safe, shown_path};
use crate::signals::stop;
use ai_audit_directory::read_key;
use ai_audit_note::{MAX_POLICY_LEN, VKey, VKeyKind};
use ai_audit_verify::{Pin, TrustPolicy};
use ai_audit_witness::{Answer, FolderError, ServerOptions, Status, Witness, WitnessFolder, serve};
use anyhow::Context as _;
use serde_json::json;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn run(args: &Serve, output: Output) -> anyhow::Result<ExitCode> {
    let logs = logs(args)?;
    let folder = WitnessFolder::open(&args.folder).map_err(|error| match error {
        FolderError::NotAFolder { .. } => usage(error.to_string()),
        other => other.into(),
    })?;
    let line = key_line(
        &args.folder.join("witness.pub").to_string_lossy(),
        VKeyKind::CosignatureV1,
    )?;
    let key = read_key(&args.folder.join("witness.pem"), true)?;
    if key.verifying_key() != *line.key() {
        anyhow::bail!(
            "{}: witness.pub is not the key line of witness.pem",
            shown_path(&args.folder)
        );
    }
    let witness = Witness::new(folder, line.name(), Box::new(key), &logs)?;
    let listener = TcpListener::bind(&args.listen)
        .map_err(|error| usage(format!("--listen {}: {error}", args.listen)))?;
    let url = format!("http://{}/", listener.local_addr()?);
    announce(&witness, &url, output)?;
    let observer = move |answer: &Answer| {
        // That nobody reads along is no reason to stop witnessing.
        let _ = output.note(describe(answer));
    };
    let options = ServerOptions {
        observer: Some(Arc::new(observer)),
        ..ServerOptions::default()
    };
    serve(Arc::new(witness), listener, options, stop()).context("serving the witness")?;
    output.note("stopped")?;
    Ok(ExitCode::SUCCESS)
}

/// The logs to witness: those named, and those of the policy.
fn logs(args: &Serve) -> anyhow::Result<Vec<VKey>> {
    let mut logs = Vec::new();
    for text in &args.log {
        logs.push(key_line(text, VKeyKind::Ed25519)?);
    }
    if let Some(path) = &args.policy {
        let policy = TrustPolicy::parse_file(&read_at_most(path, MAX_POLICY_LEN)?)
            .map_err(|error| usage(format!("{}: {error}", shown_path(path))))?;
        for pin in policy.pins() {
            if let Pin::Log(line) = pin {
                logs.push(line.clone());
            }
        }
    }
    if logs.is_empty() {
        return Err(usage(
            "there is no log to witness: name one with --log, or a policy that has some with --policy",
        ));
    }
    Ok(logs)
}

fn announce(witness: &Witness, url: &str, output: Output) -> anyhow::Result<()> {
    if output.json {
        // On one line, since more may follow on standard output only when the process ends.
        return output.line(
            json!({
                "url": url,
                "key_line": witness.key_line().to_string(),
                "logs": witness.origins(),
            })
            .to_string(),
        );
    }
    output.line(format!(
        "witness {} listens on {url}",
        safe(witness.key_line().name())
    ))?;
    output.note(safe(&format!("  key line  {}", witness.key_line())))?;
    for origin in witness.origins() {
        output.note(format!("  log       {}", safe(origin)))?;
    }
    Ok(())
}

fn describe(answer: &Answer) -> String {
    let code = answer.status.code();
    let said = match answer.status {
        Status::Cosigned => "cosigned",
        Status::Conflict => "has another size",
        _ => answer.body.trim_end(),
    };
    match &answer.checkpoint {
        Some((origin, size)) => format!("{code} {} {size}: {}", safe(origin), safe(said)),
        None => format!("{code} {}", safe(said)),
    }
}
