//! `ai-audit checkpoint`

use crate::cli::Checkpoint;
use crate::failure::usage;
use crate::open::{directory, log_name, write};
use crate::output::{Output, shown_path};
use crate::save::NewFile;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Checkpoint, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    // Before anything is signed: whether the file can be written.
    let file = match &args.output {
        Some(path) => Some(NewFile::create(path, args.force)?),
        None => None,
    };
    let note = if args.latest {
        directory.head(&log)?;
        match directory.store().latest_checkpoint(&log)? {
            Some(kept) => kept.note,
            None => {
                return Err(usage(format!(
                    "log {log} has no checkpoint yet; make one without --latest"
                )));
            }
        }
    } else {
        directory.make_checkpoint(&log)?.to_string()
    };
    if let Some(mut file) = file {
        file.write(&note)?;
        file.finish()?;
    }
    if output.json {
        let checkpoint = ai_audit_note::SignedNote::parse(note.as_bytes())
            .map_err(anyhow::Error::new)
            .and_then(|note| Ok(ai_audit_note::Checkpoint::parse(note.text())?))?;
        output.json(&json!({
            "log": log.as_str(),
            "origin": checkpoint.origin,
            "size": checkpoint.size.as_u64(),
            "root": checkpoint.root,
            "note": note,
            "file": args.output,
        }))?;
    } else if let Some(path) = &args.output {
        output.line(format!(
            "Wrote the checkpoint to {}. Keep it where the log's keeper cannot change it.",
            shown_path(path)
        ))?;
    } else {
        write(None, &note)?;
    }
    Ok(ExitCode::SUCCESS)
}
