//! `ai-audit export`

mod page;
mod reports;

use crate::cli::Export;
use crate::commands::anchor::{timestamped, token};
use crate::failure::usage;
use crate::open::{directory, log_name, time};
use crate::output::{Output, Tone, bytes, counted, safe, shown_path};
use crate::progress::Progress;
use crate::save::NewFile;
use ai_audit_core::{Head, Timestamp};
use ai_audit_directory::DirectoryLog;
use ai_audit_export::{ExportError, PackageOptions, Selection, Written, write_package};
use ai_audit_note::Checkpoint;
use serde_json::json;
use std::io::BufWriter;
use std::process::ExitCode;

pub(crate) fn run(args: &Export, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(args.tenant.as_deref().unwrap_or(&args.log))?;
    let selection = selection(args, directory.head(&log)?)?;
    let token = args.timestamp.as_deref().map(token).transpose()?;
    let line = directory.key_line(&log)?;
    let reports = reports::read(&args.report, &line)?;
    // Before anything is signed: whether the file can be written.
    let mut file = NewFile::create(&args.output, args.force)?;
    let page = page::Page::begin(args)?;
    let note = match (&token, &reports) {
        (Some(token), _) => timestamped(&directory, &log, token)?,
        (None, Some((_, size))) => reports::checkpoint(&directory, &log, *size)?,
        (None, None) => directory.make_checkpoint(&log)?,
    };
    let checkpoint = Checkpoint::parse(note.text())?;
    let older = directory.older_checkpoints(&log, checkpoint.size)?;
    let key = directory.checkpoint_key(&log)?;
    let options = PackageOptions {
        selection,
        json_view: !args.no_json_view,
        ciphertexts: args.with_ciphertexts,
        timestamp: token,
        reports: reports.map(|(reports, _)| reports),
    };
    let progress = Progress::new(
        "exporting",
        "receipts",
        checkpoint.size.as_u64(),
        output.quiet,
    );
    let source = DirectoryLog::new(&directory, log.clone());
    let written = write_package(
        BufWriter::new(file.file()),
        &source,
        &note,
        &older,
        &key,
        &options,
        |done, total| progress.set(done, total),
    )
    .map_err(|error| match error {
        // It names the caller's files.
        ExportError::Reports(error) => usage(error.to_string()),
        error => error.into(),
    })?;
    drop(progress);
    file.finish()?;
    let page = page.map(page::Page::finish).transpose()?;
    if written.deleted > 0 && !options.selection.is_all() {
        output.warn(format!(
            "the bytes of {} receipts of the log are deleted: whether they belong to {} cannot be told",
            written.deleted,
            options.selection.describe()
        ));
    }
    report(args, output, &written, page.as_ref())
}

fn report(
    args: &Export,
    output: Output,
    written: &Written,
    page: Option<&page::Told>,
) -> anyhow::Result<ExitCode> {
    let manifest = &written.manifest;
    if output.json {
        let mut told = json!({
            "file": args.output,
            "bytes": written.bytes,
            "origin": manifest.origin,
            "selection": manifest.selection.to_string(),
            "receipts": manifest.receipts,
            "selected": written.selected,
            "seals": written.seals,
            "checkpoint": manifest.checkpoint,
            "deleted": written.deleted,
            "ciphertexts": written.ciphertexts,
        });
        if let (Some(page), Some(fields)) = (page, told.as_object_mut()) {
            fields.insert("page".into(), page.json());
        }
        output.json(&told)?;
    } else {
        let whole = manifest.selection == Selection::All;
        // Of a selection those that are deleted are not in it.
        let deleted = if whole { written.deleted } else { 0 };
        let control = manifest.receipts - written.selected - written.seals - deleted;
        let mut parts = counted(written.selected, "record", "records");
        if written.seals > 0 {
            parts += &format!(", {}", counted(written.seals, "batch seal", "batch seals"));
        }
        if deleted > 0 {
            parts += &format!(", {deleted} whose bytes are deleted");
        }
        let said = format!(
            "Wrote {}: {}, {} ({parts} and {}, which belong to every package), {}.",
            shown_path(&args.output),
            manifest.selection.describe(),
            counted(manifest.receipts, "receipt", "receipts"),
            counted(control, "control receipt", "control receipts"),
            bytes(written.bytes)
        );
        output.line(output.sentence("", Tone::Plain, &said))?;
        output.note(format!("  {}", safe(&manifest.origin)))?;
        if args.with_ciphertexts {
            output.note(format!(
                "  {}, which nobody can read without the keys of the persons concerned",
                counted(written.ciphertexts, "ciphertext", "ciphertexts")
            ))?;
        }
        if let Some(page) = page {
            page.print(output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for, within what the log has: the package says it, and so it should be no more.
fn selection(args: &Export, head: Head) -> anyhow::Result<Selection> {
    if let Some(trace) = &args.trace {
        return Ok(Selection::Trace(trace.clone()));
    }
    if let Some(session) = &args.session {
        return Ok(Selection::Session(session.clone()));
    }
    if args.from.is_some() || args.to.is_some() {
        let last = head.size().saturating_sub(1);
        let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(last).min(last));
        if from > last {
            return Err(usage(format!(
                "--from {from}: the log has receipts 0 to {last}"
            )));
        }
        if from > to {
            return Err(usage(format!("--from {from} is after --to {to}")));
        }
        return Ok(Selection::Range { from, to });
    }
    if args.since.is_some() || args.until.is_some() {
        let or = |text: &Option<String>, default| text.as_deref().map_or(Ok(default), time);
        let from = or(&args.since, Timestamp::from_micros(0))?;
        let end = Timestamp::from_micros(head.sealed_at().as_micros().saturating_add(1));
        return Ok(Selection::Time {
            from,
            to: or(&args.until, end)?,
        });
    }
    Ok(Selection::All)
}
