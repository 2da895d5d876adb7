//! `ai-audit export`

use crate::cli::Export;
use crate::failure::usage;
use crate::open::{directory, log_name, time};
use crate::output::{Output, bytes};
use crate::progress::Progress;
use ai_audit_core::Timestamp;
use ai_audit_directory::DirectoryLog;
use ai_audit_export::{PackageOptions, Selection, Written, write_package};
use ai_audit_note::Checkpoint;
use anyhow::Context as _;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(args: &Export, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(args.tenant.as_deref().unwrap_or(&args.log))?;
    let selection = selection(args)?;
    if args.output.exists() && !args.force {
        return Err(usage(format!(
            "{} exists already; --force replaces it",
            args.output.display()
        )));
    }
    let note = directory.make_checkpoint(&log)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let older = directory.older_checkpoints(&log, checkpoint.size)?;
    let key = directory.checkpoint_key(&log)?;
    let options = PackageOptions {
        selection,
        json_view: !args.no_json_view,
    };
    let progress = Progress::new(
        "exporting",
        "receipts",
        checkpoint.size.as_u64(),
        output.quiet,
    );
    // Beside the place it goes to, so that a failure leaves no half package under its name.
    let beside = args.output.with_extension("zip.part");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&beside)
        .map_err(|error| usage(format!("{}: {error}", beside.display())))?;
    let source = DirectoryLog::new(&directory, log.clone());
    let written = write_package(
        BufWriter::new(file),
        &source,
        &note,
        &older,
        &key,
        &options,
        |done, total| progress.set(done, total),
    );
    drop(progress);
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            // What is left of it is of no use; that it could not be removed changes nothing.
            let _ = std::fs::remove_file(&beside);
            return Err(error.into());
        }
    };
    finish(&beside, &args.output)?;
    report(args, output, &written)
}

fn finish(beside: &Path, path: &Path) -> anyhow::Result<()> {
    std::fs::File::open(beside)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(beside, path))
        .with_context(|| path.display().to_string())
}

fn report(args: &Export, output: Output, written: &Written) -> anyhow::Result<ExitCode> {
    let manifest = &written.manifest;
    if output.json {
        output.json(&json!({
            "file": args.output,
            "bytes": written.bytes,
            "origin": manifest.origin,
            "selection": manifest.selection.to_string(),
            "receipts": manifest.receipts,
            "checkpoint": manifest.checkpoint,
        }))?;
    } else {
        output.line(format!(
            "Wrote {}: {} receipts of {} ({}), {}.",
            args.output.display(),
            manifest.receipts,
            manifest.origin,
            manifest.selection.describe(),
            bytes(written.bytes)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn selection(args: &Export) -> anyhow::Result<Selection> {
    if let Some(trace) = &args.trace {
        return Ok(Selection::Trace(trace.clone()));
    }
    if let Some(session) = &args.session {
        return Ok(Selection::Session(session.clone()));
    }
    if args.from.is_some() || args.to.is_some() {
        let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(u64::MAX));
        if from > to {
            return Err(usage(format!("--from {from} is after --to {to}")));
        }
        return Ok(Selection::Range { from, to });
    }
    if args.since.is_some() || args.until.is_some() {
        let or = |text: &Option<String>, default| text.as_deref().map_or(Ok(default), time);
        let from = or(&args.since, Timestamp::from_micros(0))?;
        return Ok(Selection::Time {
            from,
            to: or(&args.until, Timestamp::MAX)?,
        });
    }
    Ok(Selection::All)
}
