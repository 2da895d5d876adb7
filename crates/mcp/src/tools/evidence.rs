//! Tools that verify.

use crate::answer::Answer;
use crate::explain::explained;
use crate::options::McpOptions;
use crate::trust::{VerifiedAgainst, policy};
use ai_audit_directory::{EvidenceForm, LogDirectory, LogFile, Settings, failed_report};
use ai_audit_store::LogName;
use ai_audit_verify::{ReceiptProof, Report, TrustPolicy};
use serde::Deserialize;
use serde_json::json;
use std::io::Read as _;
use std::path::Path;

/// The longest proof file, in bytes.
const MAX_PROOF: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneReceipt {
    path: Option<String>,
    proof: Option<String>,
    key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    path: String,
    log: Option<String>,
    key: Option<String>,
    checkpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    path: String,
    key: Option<String>,
    checkpoint: Option<String>,
}

/// What was verified, and with what.
struct Found {
    kind: &'static str,
    report: Report,
    against: VerifiedAgainst,
}

pub(super) fn receipt(asked: OneReceipt, options: &McpOptions) -> Result<Answer, String> {
    let (policy, against) = policy(&options.pins, asked.key.as_deref(), None)?;
    let bytes = match (asked.path, asked.proof) {
        (None, Some(text)) => text.into_bytes(),
        (Some(path), None) => {
            let place = options
                .roots
                .find(&path)
                .map_err(|error| error.to_string())?;
            read(&place)?
        }
        _ => return Err("expected either `path` or `proof`".into()),
    };
    let report = proof(&bytes, &policy);
    Ok(Answer::verdict("proof", &against, &report))
}

fn read(place: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("path: {error}");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(place).map_err(failed)?;
    file.take(MAX_PROOF + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match bytes.len() as u64 > MAX_PROOF {
        true => Err(format!(
            "path: expected at most {MAX_PROOF} bytes of a proof"
        )),
        false => Ok(bytes),
    }
}

fn proof(bytes: &[u8], policy: &TrustPolicy) -> Report {
    let verified = ReceiptProof::parse(bytes).and_then(|proof| proof.verify(policy, &[]));
    let report = verified.unwrap_or_else(|error| failed_report(policy, error.to_string()));
    report.of_one_log(policy)
}

pub(super) fn log(asked: Evidence, options: &McpOptions) -> Result<Answer, String> {
    let found = verify(&asked, options, |form| match form {
        EvidenceForm::Directory | EvidenceForm::Published | EvidenceForm::Receipts => Ok(()),
        EvidenceForm::Package => Err("path: a package; use verify_evidence_package"),
        EvidenceForm::Proof => Err("path: a proof of one receipt; use verify_receipt"),
        _ => Err("path: expected a log directory, a published log or a receipts file"),
    })?;
    Ok(Answer::verdict(found.kind, &found.against, &found.report))
}

pub(super) fn package(asked: Package, options: &McpOptions) -> Result<Answer, String> {
    let asked = Evidence {
        path: asked.path,
        log: None,
        key: asked.key,
        checkpoint: asked.checkpoint,
    };
    let found = verify(&asked, options, |form| match form {
        EvidenceForm::Package => Ok(()),
        _ => Err("path: expected an evidence package (ZIP)"),
    })?;
    Ok(Answer::verdict(found.kind, &found.against, &found.report))
}

pub(super) fn explain(asked: Evidence, options: &McpOptions) -> Result<Answer, String> {
    let found = verify(&asked, options, |form| match form {
        EvidenceForm::Directory
        | EvidenceForm::Published
        | EvidenceForm::Receipts
        | EvidenceForm::Package
        | EvidenceForm::Proof => Ok(()),
        _ => Err(
            "path: expected a log directory, a published log, a package, a proof or a receipts file",
        ),
    })?;
    let verdict = explained(&found.report);
    let remarks = &found.report.remarks;
    Ok(Answer::new(
        json!({
            "kind": found.kind,
            "verified_against": found.against,
            "verdict": verdict,
            "remarks": remarks,
            "open_tool_intents": found.report.open_tool_intents.len(),
        }),
        None,
    ))
}

fn verify(
    asked: &Evidence,
    options: &McpOptions,
    fits: impl FnOnce(EvidenceForm) -> Result<(), &'static str>,
) -> Result<Found, String> {
    let (policy, against) = policy(
        &options.pins,
        asked.key.as_deref(),
        asked.checkpoint.as_deref(),
    )?;
    let place = options
        .roots
        .find(&asked.path)
        .map_err(|error| error.to_string())?;
    let unreadable = |error: std::io::Error| format!("path: {error}");
    let form = EvidenceForm::of(&place).map_err(unreadable)?;
    fits(form)?;
    if asked.log.is_some() && form != EvidenceForm::Directory {
        return Err("log: it picks a log of a directory, and this is none".into());
    }
    let file = match form {
        EvidenceForm::Directory => {
            let report = directory(&place, asked.log.as_deref(), &policy)?;
            return Ok(Found {
                kind: "log",
                report,
                against,
            });
        }
        EvidenceForm::Proof => {
            let report = proof(&read(&place)?, &policy);
            return Ok(Found {
                kind: "proof",
                report,
                against,
            });
        }
        EvidenceForm::Published => LogFile::Published,
        EvidenceForm::Package => LogFile::Package,
        _ => LogFile::Receipts,
    };
    let found = file.observe(&place, &policy, &mut ()).map_err(unreadable)?;
    Ok(Found {
        kind: found.kind,
        report: found.report,
        against,
    })
}

fn directory(place: &Path, log: Option<&str>, policy: &TrustPolicy) -> Result<Report, String> {
    let name = super::logs::name(log)?;
    let directory = super::logs::open(place)?;
    Ok(of_log(&directory, &name, policy))
}

/// A store that contradicts itself is evidence that fails.
fn of_log(directory: &LogDirectory, name: &LogName, policy: &TrustPolicy) -> Report {
    directory
        .observe_without_keys(name, policy, &mut ())
        .unwrap_or_else(|error| {
            failed_report(policy, format!("log {name} cannot be read: {error}"))
        })
}

/// Settings of the directory's own file count for its keeper alone.
pub(super) fn settings() -> Settings {
    Settings::default()
}
