//! Tools that read a log directory.

use crate::answer::Answer;
use crate::options::McpOptions;
use ai_audit_core::{LeafHash, ReceiptId};
use ai_audit_directory::{Layout, LogDirectory, Statistics};
use ai_audit_note::Checkpoint;
use ai_audit_store::{LogName, Query};
use serde::Deserialize;
use serde_json::json;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prove {
    path: String,
    log: Option<String>,
    receipt: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    path: String,
    log: Option<String>,
}

pub(super) fn name(log: Option<&str>) -> Result<LogName, String> {
    match log {
        None => Ok(LogName::default()),
        Some(text) => LogName::new(text).map_err(|error| format!("log: {error}")),
    }
}

/// Opens a directory for reading.
pub(super) fn open(place: &Path) -> Result<LogDirectory, String> {
    // Its settings are not heeded here, so that no stranger's lead anywhere.
    if Layout::new(place).has_cold_store() {
        return Err("path: old receipts of this directory are in another store, which is not asked; expected a package of it, \
                    made with `ai-audit export`"
            .into());
    }
    LogDirectory::open(place, super::evidence::settings()).map_err(|error| error.to_string())
}

fn find(path: &str, options: &McpOptions) -> Result<LogDirectory, String> {
    let place = options
        .roots
        .find(path)
        .map_err(|error| error.to_string())?;
    match place.is_dir() {
        true => open(&place),
        false => Err("path: expected a log directory".into()),
    }
}

pub(super) fn prove(asked: Prove, options: &McpOptions) -> Result<Answer, String> {
    let directory = find(&asked.path, options)?;
    let log = name(asked.log.as_deref())?;
    let failed = |error: ai_audit_directory::DirectoryError| error.to_string();
    let seq = place_of(&directory, &log, &asked.receipt)?;
    let sealed = directory.receipt(&log, seq).map_err(failed)?;
    let note = directory
        .checkpoint_covering(&log, seq, &sealed)
        .map_err(failed)?
        .ok_or_else(|| {
            format!(
                "receipt {seq} is in no checkpoint yet, and this server signs none: its keeper makes one with `ai-audit checkpoint`"
            )
        })?;
    let size = Checkpoint::parse(note.text())
        .map_err(|error| error.to_string())?
        .size;
    let proof = directory
        .prove(&log, (seq, sealed), note, Vec::new(), None)
        .map_err(failed)?
        .to_text();
    let text = proof.clone();
    Ok(Answer::new(
        json!({"receipt": seq, "size": size.as_u64(), "proof": proof}),
        Some(text),
    ))
}

fn place_of(directory: &LogDirectory, log: &LogName, text: &str) -> Result<u64, String> {
    let failed = |error: ai_audit_directory::DirectoryError| error.to_string();
    let size = directory.head(log).map_err(failed)?.size();
    let missing = || format!("receipt: log {log} has none of this name; it has {size} receipts");
    if let Ok(seq) = text.parse::<u64>() {
        return (seq < size).then_some(seq).ok_or_else(missing);
    }
    if let Ok(id) = text.parse::<ReceiptId>() {
        let found = directory.store().find(log, &Query::Id(id), None, 1);
        let found = found.map_err(|error| error.to_string())?;
        return found.first().copied().ok_or_else(missing);
    }
    let hash: LeafHash = text
        .parse()
        .map_err(|_| "receipt: expected a receipt's seq, id or hash".to_owned())?;
    directory
        .place_of_hash(log, &hash)
        .map_err(failed)?
        .ok_or_else(missing)
}

pub(super) fn statistics(asked: Count, options: &McpOptions) -> Result<Answer, String> {
    let directory = find(&asked.path, options)?;
    let log = name(asked.log.as_deref())?;
    let counts = Statistics::of(&directory, &log, |_, _| {}).map_err(|error| error.to_string())?;
    Answer::of(&counts)
}
