//! `ai-audit fleet offer`

use crate::cli::fleet::OfferFleet;
use crate::failure::usage;
use crate::open::{directory, log_name, write};
use crate::output::{Output, shown_path};
use crate::save::NewFile;
use ai_audit_merkle::{Tiled, TreeSize, consistency_proof};
use ai_audit_note::{AddCheckpoint, Checkpoint, SignedNote};
use ai_audit_store::StoreTiles;
use anyhow::bail;
use serde_json::json;
use std::process::ExitCode;

pub(super) fn run(args: &OfferFleet, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let file = match &args.output {
        Some(path) => Some(NewFile::create(path, args.force)?),
        None => None,
    };
    let has = directory.head(&log)?.size();
    if args.since > has {
        // Before anything is signed: this may be a copy, or its end was cut off.
        bail!(
            "log {log} has {has} receipts, and the fleet is said to have {} of it: this is not all of the log",
            args.since
        );
    }
    let note = if args.latest {
        match directory.store().latest_checkpoint(&log)? {
            Some(kept) => SignedNote::parse(kept.note.as_bytes())?,
            None => {
                return Err(usage(format!(
                    "log {log} has no checkpoint yet; make one without --latest"
                )));
            }
        }
    } else {
        directory.make_checkpoint(&log)?
    };
    let checkpoint = Checkpoint::parse(note.text())?;
    let old = TreeSize::new(args.since);
    if old > checkpoint.size {
        return Err(usage(format!(
            "the newest checkpoint of log {log} has {} receipts, less than --since; make one without --latest",
            checkpoint.size
        )));
    }
    let text = if old == TreeSize::ZERO {
        note.to_string()
    } else {
        let mut nodes = Tiled::new(StoreTiles::new(directory.store(), &log));
        let proof = consistency_proof(&mut nodes, old, checkpoint.size)?;
        AddCheckpoint {
            old,
            proof: proof.path,
            checkpoint: note,
        }
        .to_string()
    };
    if let Some(mut file) = file {
        file.write(&text)?;
        file.finish()?;
    }
    if output.json {
        output.json(&json!({
            "log": log.as_str(), "origin": checkpoint.origin, "since": args.since,
            "size": checkpoint.size.as_u64(), "offer": text, "file": args.output,
        }))?;
    } else if let Some(path) = &args.output {
        output.line(format!(
            "Wrote {}: the checkpoint of {} receipts. Send it to the fleet's keeper.",
            shown_path(path),
            checkpoint.size
        ))?;
    } else {
        write(None, &text)?;
    }
    Ok(ExitCode::SUCCESS)
}
