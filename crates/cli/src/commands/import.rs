//! `ai-audit import`: verifies what the Python library `ai-audit-trail` recorded, and seals it into a
//! log with its proofs.

mod list;
mod personal;
mod seal;

use crate::cli::import::Import as Args;
use crate::failure::{usage, with_code};
use crate::open::{close, directory, log_name, settings, writer};
use crate::output::{Output, Tone, counted, safe};
use crate::python::{self, Gathered};
use ai_audit_core::{Exit, Question, Verdict};
use ai_audit_directory::{ImportInfo, LogDirectory};
use ai_audit_import::{PythonReport, SourceTrust};
use ai_audit_store::LogName;
use serde::Serialize;
use std::process::ExitCode;

/// What was done, as JSON.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    log: String,
    source: &'a str,
    form: &'static str,
    records: u64,
    /// The receipt of the source; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<u64>,
    /// How many of its records were sealed now.
    imported: u64,
    /// How many were there before.
    present: u64,
    dry_run: bool,
    #[serde(flatten)]
    report: &'a PythonReport,
    exit: u8,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let log = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    directory.head(&log)?;
    if args.list {
        return list::run(&directory, &log, output);
    }
    let source = args.source.as_deref().unwrap_or_default();
    let keys = args.key.iter().map(|text| python::key(text));
    let trust = SourceTrust {
        keys: keys.collect::<Result<_, _>>()?,
        min_size: args.size,
    };
    if trust.keys.is_empty() && !args.accept_failed {
        return Err(usage(
            "--key: expected the public key of the old system, from where its keys are kept; without \
             one nothing shows who signed the records (--accept-failed imports them all the same)",
        ));
    }
    let gathered = python::gather(source, args.tenant.as_deref(), &trust, output)?;
    tenants(args, &gathered)?;
    if gathered.report.exit(&[]) == Exit::Failed && !args.accept_failed {
        return refused(args, &log, &gathered, output);
    }
    let gathered = match &args.tenant {
        Some(tenant) => gathered.only(tenant)?,
        None => gathered,
    };
    if gathered.records == 0 {
        return Err(usage(format!(
            "{}: there are no records to import",
            safe(&gathered.name)
        )));
    }
    if !args.allow_personal_data {
        personal::check(&directory, &log, &gathered)?;
    }
    let before = earlier(&directory, &log, &gathered)?;
    let present = before.as_ref().map_or(0, |info| info.present);
    let receipt = before.as_ref().map(|info| info.receipt);
    if args.dry_run || present == gathered.records {
        if !args.dry_run {
            output.complain(format!(
                "{} is in log {log} already: receipt {}",
                safe(&gathered.name),
                receipt.unwrap_or_default()
            ));
        }
        return told(args, &log, &gathered, (receipt, 0, present), output);
    }
    // The writer must be the last to close the database.
    drop(directory);
    let writer = writer(&args.dir, settings(&args.dir)?)?;
    let sealed = seal::all(&writer, &log, &gathered, &trust, before.as_ref(), output);
    let closed = close(writer, "import", output);
    let (receipt, imported) = sealed?;
    closed?;
    told(
        args,
        &log,
        &gathered,
        (Some(receipt), imported, present),
        output,
    )
}

/// Whose records go into this log is for the caller to say.
fn tenants(args: &Args, gathered: &Gathered) -> anyhow::Result<()> {
    let names: Vec<String> = (gathered.tenants.iter())
        .map(|(name, count)| format!("{:?} ({count})", safe(name)))
        .collect();
    match &args.tenant {
        Some(tenant) if !gathered.tenants.contains_key(tenant) => Err(usage(format!(
            "--tenant {tenant}: there are no records of this tenant; there are those of {}",
            names.join(", ")
        ))),
        None if names.len() > 1 && !args.all_tenants => Err(usage(format!(
            "the source has records of several tenants: {}; name one with --tenant, and a log of its own \
             with --log, or take all with --all-tenants",
            names.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The same source, where it was imported before or begun to be.
fn earlier(
    directory: &LogDirectory,
    log: &LogName,
    gathered: &Gathered,
) -> anyhow::Result<Option<ImportInfo>> {
    let imports = directory.imports(log)?;
    Ok(imports.into_iter().find(|info| {
        info.digest == gathered.digest
            && info.items == gathered.records
            && info.form == gathered.form
    }))
}

/// Nothing is imported that fails unless the caller accepts it.
fn refused(
    args: &Args,
    log: &LogName,
    gathered: &Gathered,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if output.json {
        output.json(&outcome(args, log, gathered, (None, 0, 0)))?;
        return Ok(ExitCode::from(Exit::Failed.code()));
    }
    heading(gathered, output)?;
    python::print(&gathered.report, output)?;
    Err(with_code(
        "the source failed its verification, and nothing was imported; --accept-failed imports it \
         with what was found"
            .into(),
        Exit::Failed.code(),
    ))
}

fn heading(gathered: &Gathered, output: Output) -> anyhow::Result<()> {
    let what = format!("{}, {}", safe(&gathered.name), gathered.kind());
    output.line(output.paint(Tone::Bold, &what))
}

fn told(
    args: &Args,
    log: &LogName,
    gathered: &Gathered,
    done: (Option<u64>, u64, u64),
    output: Output,
) -> anyhow::Result<ExitCode> {
    if output.json {
        output.json(&outcome(args, log, gathered, done))?;
        return Ok(ExitCode::SUCCESS);
    }
    heading(gathered, output)?;
    python::print(&gathered.report, output)?;
    let (receipt, imported, present) = done;
    let all = counted(gathered.records, "record", "records");
    if args.dry_run {
        return output
            .line(format!(
                "{all} would be imported into log {log}; nothing was written"
            ))
            .map(|()| ExitCode::SUCCESS);
    }
    let Some(receipt) = receipt else {
        return Ok(ExitCode::SUCCESS);
    };
    let before = match present {
        0 => String::new(),
        present => format!(", {present} were there before"),
    };
    output.line(format!(
        "{imported} of {all} imported into log {log}{before}; receipt {receipt} describes the source"
    ))?;
    output.note(format!(
        "`ai-audit show {} {receipt} --original -o FILE` makes it again.",
        args.dir.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn outcome<'a>(
    args: &Args,
    log: &LogName,
    gathered: &'a Gathered,
    (receipt, imported, present): (Option<u64>, u64, u64),
) -> Outcome<'a> {
    let failed = verdict_failed(&gathered.report.verdict) && !args.accept_failed;
    Outcome {
        log: log.to_string(),
        source: &gathered.name,
        form: gathered.form,
        records: gathered.records,
        receipt,
        imported,
        present,
        dry_run: args.dry_run,
        report: &gathered.report,
        exit: if failed { Exit::Failed.code() } else { 0 },
    }
}

fn verdict_failed(verdict: &Verdict) -> bool {
    let mut all = Question::ALL.iter();
    all.any(|question| verdict.answer(*question).is_failed())
}
