//! `ai-audit anchor`

use crate::cli::Anchor;
use crate::failure::usage;
use crate::open::{close, directory, log_name, read, settings, writer};
use crate::output::{Output, shown_path};
use ai_audit_directory::LogDirectory;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{AnchorRequest, LogName, Receipt};
use ai_audit_timestamp::TimestampToken;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Anchor, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    directory.head(&log)?;
    let token = match &args.token {
        Some(path) => Some(token(path)?),
        None => None,
    };
    let note = match (&args.note, &token) {
        (Some(path), _) => String::from_utf8(read(path)?)
            .map_err(|_| usage(format!("{}: expected a note in UTF-8", shown_path(path))))?,
        (None, Some(token)) => timestamped(&directory, &log, token)?.to_string(),
        (None, None) => cosigned(&directory, &log)?,
    };
    let checkpoint = SignedNote::parse(note.as_bytes())
        .map_err(|error| usage(error.to_string()))
        .and_then(|note| {
            Checkpoint::parse(note.text()).map_err(|error| usage(error.to_string()))
        })?;
    let request = AnchorRequest {
        note,
        token: token.map_or_else(Vec::new, |token| token.as_bytes().to_vec()),
    };
    let receipt = append(&args.dir, &log, request, output)?;
    if output.json {
        output.json(&json!({
            "log": log.as_str(),
            "checkpoint": checkpoint.size.as_u64(),
            "anchor": receipt.seq,
            "hash": receipt.hash,
        }))?;
    } else {
        output.line(format!(
            "Receipt {} anchors the checkpoint of {} receipts.",
            receipt.seq, checkpoint.size
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Appends an anchor as the directory's writer, which is closed in order whatever comes of it.
pub(crate) fn append(
    dir: &Path,
    log: &LogName,
    request: AnchorRequest,
    output: Output,
) -> anyhow::Result<Receipt> {
    let writer = writer(dir, settings(dir)?)?;
    let receipt = writer.anchor(log, request);
    let closed = close(writer, "anchor", output);
    let receipt = receipt?;
    closed?;
    Ok(receipt)
}

/// A timestamp from a file.
pub(crate) fn token(path: &Path) -> anyhow::Result<TimestampToken> {
    TimestampToken::read(&read(path)?)
        .map_err(|error| usage(format!("{}: {error}", shown_path(path))))
}

/// The stored checkpoint that a timestamp is over.
pub(crate) fn timestamped(
    directory: &LogDirectory,
    log: &LogName,
    token: &TimestampToken,
) -> anyhow::Result<SignedNote> {
    for kept in directory.store().checkpoints(log)?.iter().rev() {
        let note = SignedNote::parse(kept.note.as_bytes())?;
        if token.is_over(note.text().as_bytes()) {
            return Ok(note);
        }
    }
    Err(usage(format!(
        "the timestamp is over none of the checkpoints of log {log}"
    )))
}

/// The newest stored checkpoint that somebody besides the log signed.
fn cosigned(directory: &LogDirectory, log: &LogName) -> anyhow::Result<String> {
    for kept in directory.store().checkpoints(log)?.into_iter().rev() {
        if SignedNote::parse(kept.note.as_bytes())?.signatures().len() > 1 {
            return Ok(kept.note);
        }
    }
    Err(usage(format!(
        "log {log} has no checkpoint that a witness cosigned: have one cosigned or timestamped first"
    )))
}
