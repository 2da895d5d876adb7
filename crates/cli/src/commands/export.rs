//! `ai-audit export`

use crate::cli::Export;
use crate::failure::usage;
use crate::open::{directory, log_name, time};
use crate::output::{Output, bytes};
use crate::package_file::{refuse_existing, write_whole};
use crate::progress::Progress;
use ai_audit_core::Timestamp;
use ai_audit_directory::DirectoryLog;
use ai_audit_export::{PackageOptions, Selection, Written, write_package};
use ai_audit_note::Checkpoint;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Export, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(args.tenant.as_deref().unwrap_or(&args.log))?;
    let selection = selection(args)?;
    refuse_existing(&args.output, args.force)?;
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
    let source = DirectoryLog::new(&directory, log.clone());
    let written = write_whole(&args.output, args.force, |file| {
        let progress = |done, total| progress.set(done, total);
        Ok(write_package(
            file, &source, &note, &older, &key, &options, progress,
        )?)
    })?;
    drop(progress);
    if written.deleted > 0 && !options.selection.is_all() {
        output.warn(format!(
            "the bytes of {} receipts of the log are deleted: whether they belong to {} cannot be told",
            written.deleted,
            options.selection.describe()
        ));
    }
    report(args, output, &written)
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
            "deleted": written.deleted,
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
