//! `ai-audit timestamp`

mod post;

use crate::cli::Timestamp;
use crate::commands::anchor::append;
use crate::failure::usage;
use crate::open::{directory, log_name, read};
use crate::output::{Output, safe, shown_path};
use crate::save::NewFile;
use ai_audit_directory::{LogDirectory, OsRandom};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{AnchorRequest, LogName, Random as _};
use ai_audit_timestamp::{NONCE_LEN, TimestampRequest, TimestampResponse, TrustedCertificates};
use anyhow::Context as _;
use core::time::Duration;
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;

pub(crate) fn run(args: &Timestamp, output: Output) -> anyhow::Result<ExitCode> {
    post::check_address(&args.authority)?;
    let trusted = certificates(args)?;
    // Before anybody is asked: whether the file can be written.
    let file = match &args.output {
        Some(path) => Some(NewFile::create(path, args.force)?),
        None => None,
    };
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let note = checkpoint(args, &directory, &log)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let text = note.text().as_bytes();

    let mut nonce = [0; NONCE_LEN];
    OsRandom.fill(&mut nonce).context("nonce")?;
    let request = TimestampRequest::new(text, nonce)?;
    let timeout = Duration::from_secs(args.timeout);
    let answer = post::post(&args.authority, &request, timeout)?;
    let checked = || -> anyhow::Result<_> {
        let token = TimestampResponse::token(&answer)?;
        request.check(&token)?;
        let verified = match &trusted {
            Some(trusted) => Some(token.verify(text, trusted)?),
            None => None,
        };
        Ok((token, verified))
    };
    let (token, verified) = checked().with_context(|| safe(&args.authority))?;
    let time = token.claimed_time();
    if let Some(mut file) = file {
        file.file().write_all(&answer).context("the timestamp")?;
        file.finish()?;
    }
    let anchor = if args.no_anchor {
        None
    } else {
        let request = AnchorRequest {
            note: note.to_string(),
            token: token.as_bytes().to_vec(),
        };
        let kept = args.output.as_deref().map(shown_path);
        let appended = append(&args.dir, &log, request, output);
        Some(appended.with_context(|| match kept {
            Some(path) => format!("timestamped, in {path}, and no anchor in the log"),
            None => "timestamped, and no anchor in the log".into(),
        })?)
    };
    if verified.is_none() {
        output.warn("who signed the timestamp was not verified: --certificate does that");
    }
    let by = verified.map(|verified| verified.authority);
    if output.json {
        output.json(&json!({
            "log": log.as_str(),
            "origin": checkpoint.origin,
            "checkpoint": checkpoint.size.as_u64(),
            "time": time,
            "verified": by.is_some(),
            "authority": by,
            "url": args.authority,
            "file": args.output,
            "anchor": anchor.as_ref().map(|receipt| receipt.seq),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let who = by.map_or_else(|| safe(&args.authority), |by| safe(&by));
    output.line(format!(
        "{who} timestamped the checkpoint of {} receipts at {time}.",
        checkpoint.size
    ))?;
    if let Some(path) = &args.output {
        output.note(format!("Wrote the answer to {}.", shown_path(path)))?;
    }
    if let Some(receipt) = anchor {
        output.note(format!("Receipt {} anchors it in the log.", receipt.seq))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The certificates that the answer must verify under; none where that is not asked for.
fn certificates(args: &Timestamp) -> anyhow::Result<Option<TrustedCertificates>> {
    let mut trusted = TrustedCertificates::new();
    for path in &args.certificate {
        trusted
            .add_file(&read(path)?)
            .map_err(|error| usage(format!("{}: {error}", shown_path(path))))?;
    }
    Ok(Some(trusted).filter(|trusted| !trusted.is_empty()))
}

/// The checkpoint to be timestamped.
fn checkpoint(
    args: &Timestamp,
    directory: &LogDirectory,
    log: &LogName,
) -> anyhow::Result<SignedNote> {
    if !args.latest {
        return Ok(directory.make_checkpoint(log)?);
    }
    directory.head(log)?;
    match directory.store().latest_checkpoint(log)? {
        Some(kept) => Ok(SignedNote::parse(kept.note.as_bytes())?),
        None => Err(usage(format!(
            "log {log} has no checkpoint yet; make one without --latest"
        ))),
    }
}
