//! `ai-audit prove`

use crate::cli::Prove;
use crate::failure::usage;
use crate::open::{directory, find, log_name, read, readable, write};
use crate::output::{Output, shown_path};
use crate::save::NewFile;
use ai_audit_agentic::{ContractState, Incident, JsonDigest, ToolIntent, ToolOutcome};
use ai_audit_core::{Decision, DecodeBody as _, Kind, TextDigest, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_merkle::{Tiled, root};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{LogName, StoreTiles};
use ai_audit_verify::Disclosure;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Prove, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let seq = find(&directory, &log, &args.receipt)?;
    let sealed = match &args.archive {
        Some(file) => {
            readable(file)?;
            directory.receipt_from_archive(&log, seq, file)?
        }
        None => directory.receipt(&log, seq)?,
    };
    let disclosures = disclosures(&directory, &log, seq, &sealed, &args.disclose)?;
    // Before anything is signed: whether the file can be written.
    let file = match &args.output {
        Some(path) => Some(NewFile::create(path, args.force)?),
        None => None,
    };
    let note = match &args.checkpoint {
        Some(path) => given(&directory, &log, path)?,
        None => directory.make_checkpoint(&log)?,
    };
    let checkpoint = Checkpoint::parse(note.text())?;
    let proof = directory
        .prove(
            &log,
            (seq, sealed),
            note,
            disclosures,
            args.archive.as_deref(),
        )?
        .to_text();
    if let Some(mut file) = file {
        file.write(&proof)?;
        file.finish()?;
    }
    match &args.output {
        Some(file) => {
            if output.json {
                output.json(&json!({ "receipt": seq, "size": checkpoint.size.as_u64(), "file": file, "disclosed": args.disclose }))?;
            } else {
                output.note(format!(
                    "Wrote the proof that receipt {seq} is in the log to {}.",
                    shown_path(file)
                ))?;
            }
        }
        None if output.json => {
            output.json(&json!({ "receipt": seq, "size": checkpoint.size.as_u64(), "proof": proof, "disclosed": args.disclose }))?;
        }
        None => write(None, &proof)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A checkpoint that the auditor kept; it must be one of this log as it is stored.
fn given(directory: &LogDirectory, log: &LogName, file: &Path) -> anyhow::Result<SignedNote> {
    let shown = shown_path(file);
    let note =
        SignedNote::parse(&read(file)?).map_err(|error| usage(format!("{shown}: {error}")))?;
    let checkpoint =
        Checkpoint::parse(note.text()).map_err(|error| usage(format!("{shown}: {error}")))?;
    let line = directory.key_line(log)?;
    if checkpoint.origin != line.name() || note.verify(&line).is_err() {
        return Err(usage(format!(
            "{shown}: this is no checkpoint of log {log}"
        )));
    }
    let held = directory.head(log)?.size();
    if checkpoint.size.as_u64() > held {
        anyhow::bail!(
            "{shown}: the checkpoint has {} receipts, the log has only {held}",
            checkpoint.size
        );
    }
    let mut nodes = Tiled::new(StoreTiles::new(directory.store(), log));
    if root(&mut nodes, checkpoint.size)? != checkpoint.root {
        anyhow::bail!("{shown}: the stored log does not have the root of this checkpoint");
    }
    Ok(note)
}

/// The keys of the fields that are to be disclosed, each of which the receipt must have.
fn disclosures(
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    sealed: &[u8],
    fields: &[String],
) -> anyhow::Result<Vec<Disclosure>> {
    if fields.is_empty() {
        return Ok(Vec::new());
    }
    let receipt = UnverifiedReceipt::parse(sealed)?;
    let held = digests(&receipt)?;
    let mut keys = Vec::new();
    for field in fields {
        match held.iter().find(|(name, _)| name == field) {
            Some((_, TextDigest::Keyed(_))) => keys.push(field),
            Some(_) => {
                return Err(usage(format!(
                    "--disclose {field}: its digest has no key; `verify --text {field}=FILE` needs none"
                )));
            }
            None => {
                let names: Vec<&str> = held.iter().map(|(name, _)| *name).collect();
                let names = match names.is_empty() {
                    true => "none".into(),
                    false => names.join(" and "),
                };
                return Err(usage(format!(
                    "--disclose {field}: receipt {seq}, a {}, has no digest of it; it has {names}",
                    receipt.said().kind
                )));
            }
        }
    }
    // A decision about a person is digested under a secret of his.
    let subject = match Decision::decode(&receipt) {
        Ok(decision) => decision.subject.to_string(),
        Err(_) => String::new(),
    };
    let secret = directory.digest_secret_of(log, seq, &subject)?;
    let id = receipt.header().id;
    let disclosure = |field: &String| Disclosure {
        field: field.clone(),
        key: *secret.exact_key(&id, field).as_bytes(),
    };
    Ok(keys.into_iter().map(disclosure).collect())
}

/// The fields of a receipt of which there are digests, each under a key of its own or none.
fn digests(receipt: &UnverifiedReceipt<'_>) -> anyhow::Result<Vec<(&'static str, TextDigest)>> {
    let json = |digest: JsonDigest| match digest {
        JsonDigest::Raw(digest) | JsonDigest::Canonical(digest) => digest,
    };
    let said = receipt.said();
    let held = match said.kind {
        Kind::DECISION => {
            let decision = Decision::decode_said(&said)?;
            vec![("input", decision.input), ("output", decision.output)]
        }
        Kind::TOOL_INTENT => {
            let arguments = ToolIntent::decode(receipt)?.arguments;
            vec![("arguments", arguments.map(json))]
        }
        Kind::TOOL_OUTCOME => {
            let result = ToolOutcome::decode_said(&said)?.result;
            vec![("result", result.map(json))]
        }
        Kind::INCIDENT => {
            let description = Incident::decode(receipt)?.description;
            vec![("description", description)]
        }
        Kind::CONTRACT_STATE => {
            let state = ContractState::decode(receipt)?.state;
            vec![("state", state.map(json))]
        }
        _ => Vec::new(),
    };
    let there = |(name, digest): (_, Option<TextDigest>)| digest.map(|digest| (name, digest));
    Ok(held.into_iter().filter_map(there).collect())
}
