//! `ai-audit key revoke`

use crate::cli::key::Revoke;
use crate::failure::usage;
use crate::open::{SOFTWARE, directory, log_name, settings, time};
use crate::output::{Output, shown_path};
use crate::save::NewFile;
use ai_audit_core::{Timestamp, UnverifiedReceipt, VerifyingKey};
use ai_audit_directory::{DirectoryError, KeyHistoryReport, LogDirectory, Writer, read_key};
use ai_audit_store::{Clock as _, LogName, SystemClock};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Revoke, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let since = time(&args.compromised_at)?;
    if since > SystemClock.now() {
        return Err(usage(
            "--compromised-at lies in the future: what is sealed or witnessed until then would be trusted",
        ));
    }
    let shown = shown_path(&args.output);
    let mut file = NewFile::create(&args.output, args.force)?;
    let recovery = read_key(&args.recovery_key, false)?;
    let (key, after) = {
        let directory = directory(&args.dir)?;
        let history = directory.key_history(&log)?;
        let after = match args.after {
            Some(after) => after,
            None => last_before(&directory, &log, since)?,
        };
        (chosen(args, &history, after)?, after)
    };
    let what = ai_audit_directory::Revoke {
        key,
        after,
        compromised_at: since,
        reason: args.reason.clone(),
    };
    let seq = Writer::revoke(
        &args.dir,
        settings(&args.dir)?,
        SOFTWARE,
        &log,
        &recovery,
        what,
        |detached| {
            let written = file
                .write(&detached.to_string())
                .and_then(|()| file.finish());
            written.map_err(|error| DirectoryError::Io {
                path: args.output.clone(),
                error: std::io::Error::other(error.root_cause().to_string()),
            })
        },
    )?;
    if output.json {
        output.json(
            &json!({ "log": log.as_str(), "receipt": seq, "key_id": key.id(),
            "after": after, "compromised_at": since, "file": args.output }),
        )?;
    } else {
        output.line(format!(
            "Revoked key {} in receipt {seq}; receipts after {after} under its authority are suspect.",
            key.id()
        ))?;
        output.note(format!(
            "Hand {shown} to everybody who verifies this log: `ai-audit verify … --revocation {shown}`."
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The key that is to be revoked, out of the log's history.
fn chosen(args: &Revoke, history: &KeyHistoryReport, after: u64) -> anyhow::Result<VerifyingKey> {
    let found = match &args.key {
        None => history.valid_behind(after),
        Some(text) => history
            .keys
            .iter()
            .map(|entry| entry.key)
            .find(|key| key.id().to_string() == *text || key.to_string() == *text),
    };
    match found {
        Some(key) => Ok(key),
        None => Err(usage(
            "--key: the log had no such receipt key; see `ai-audit key history`",
        )),
    }
}

/// The last receipt that was sealed before a time, by the log's own clock.
fn last_before(directory: &LogDirectory, log: &LogName, time: Timestamp) -> anyhow::Result<u64> {
    // Times never run backwards within a log.
    let sealed_before = |seq| -> anyhow::Result<bool> {
        let sealed = directory.receipt(log, seq)?;
        Ok(UnverifiedReceipt::parse(&sealed)?.header().sealed_at < time)
    };
    let (mut low, mut high) = (0, directory.head(log)?.size());
    while low < high {
        let middle = low + (high - low) / 2;
        if sealed_before(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    match low.checked_sub(1) {
        Some(last) => Ok(last),
        None => Err(usage(
            "--compromised-at lies before the log's genesis: nothing of it would be left to trust",
        )),
    }
}
