//! `ai-audit import`: verifies what the Python library `ai-audit-trail` recorded, and seals it into a
//! log with its proofs.

mod list;
mod personal;
mod seal;

use crate::cli::import::Import as Args;
use crate::failure::{usage, with_code};
use crate::open::{close, directory, log_name, settings, writer};
use crate::output::{Output, Tone, counted, safe, short, shown_path};
use crate::python::{self, Gathered};
use ai_audit_core::{Exit, Question, Verdict, VerifyingKey};
use ai_audit_directory::{ImportInfo, LogDirectory, Writer};
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
    /// How many are not meant: of other tenants, or unreadable.
    left_out: u64,
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
    if gathered.report.exit(&[]) == Exit::Failed && !args.accept_failed {
        return refused(args, &log, &gathered, output);
    }
    tenants(args, &gathered)?;
    let all = gathered.records;
    let mut gathered = match &args.tenant {
        Some(tenant) if !gathered.is_all_of(tenant) => gathered.of_tenant(tenant)?,
        _ => gathered,
    };
    let left_out = all - gathered.records;
    let mut before = earlier(&directory, &log, &gathered, &trust)?;
    if before.is_none() {
        gathered = new_records(args, &directory, &log, gathered, output)?;
        before = earlier(&directory, &log, &gathered, &trust)?;
    }
    if gathered.records == 0 && args.only_new && all > 0 {
        output.complain(format!(
            "all records of {} that are meant are in log {log} already: nothing was imported",
            safe(&gathered.name)
        ));
        return told(args, &log, &gathered, &Done::of(None, left_out), output);
    }
    if gathered.records == 0 {
        return Err(usage(format!(
            "{}: there are no records to import",
            safe(&gathered.name)
        )));
    }
    if !args.allow_personal_data {
        personal::check(&directory, &log, &gathered)?;
    }
    // Before anything is sealed: what cannot be imported whole is not begun.
    seal::check(&gathered, &trust, output)?;
    let mut done = Done::of(before.as_ref(), left_out);
    if args.dry_run || done.present == gathered.records {
        if !args.dry_run {
            output.complain(format!(
                "{} is in log {log} already: receipt {}",
                safe(&gathered.name),
                done.receipt.unwrap_or_default()
            ));
        }
        return told(args, &log, &gathered, &done, output);
    }
    // The writer must be the last to close the database.
    drop(directory);
    let writer = writer(&args.dir, settings(&args.dir)?)?;
    let sealed = held(&writer, &log, &gathered, &trust, before, output);
    let closed = close(writer, "import", output);
    let (receipt, imported, present) = sealed?;
    closed?;
    done.receipt = Some(receipt);
    done.imported = imported;
    done.present = present;
    told(args, &log, &gathered, &done, output)
}

/// What was done.
struct Done {
    /// The receipt of the source; none where there is none yet.
    receipt: Option<u64>,
    /// How many records were sealed now.
    imported: u64,
    /// How many were there before.
    present: u64,
    /// How many records of the source are not meant: of other tenants, or unreadable.
    left_out: u64,
}

impl Done {
    fn of(before: Option<&ImportInfo>, left_out: u64) -> Self {
        Self {
            receipt: before.map(|info| info.receipt),
            imported: 0,
            present: before.map_or(0, |info| info.present),
            left_out,
        }
    }
}

/// Seals as the log's one writer. Another import may have ended since the log was looked at, so that it
/// is looked at once more.
fn held(
    writer: &Writer,
    log: &LogName,
    gathered: &Gathered,
    trust: &SourceTrust,
    before: Option<ImportInfo>,
    output: Output,
) -> anyhow::Result<(u64, u64, u64)> {
    let now = earlier(writer.directory(), log, gathered, trust)?;
    if now != before {
        return Err(usage(format!(
            "log {log}: another import went on meanwhile; run this one again"
        )));
    }
    let present = now.as_ref().map_or(0, |info| info.present);
    let (receipt, imported) = seal::all(writer, log, gathered, trust, now.as_ref(), output)?;
    Ok((receipt, imported, present))
}

/// Records that are in the log already are not imported once more, or every figure would count them
/// twice.
fn new_records(
    args: &Args,
    directory: &LogDirectory,
    log: &LogName,
    gathered: Gathered,
    output: Output,
) -> anyhow::Result<Gathered> {
    let hashes = directory.imported_hashes(log)?;
    let there = gathered.among(&hashes)?;
    let deleted = directory.imports_deleted(log)?;
    if deleted > 0 {
        output.warn(format!(
            "{}; such a record stands twice in the log when it is imported again, and `verify` says so once both are there",
            told_deleted(deleted)
        ));
    }
    if there == 0 {
        return Ok(gathered);
    }
    if args.only_new {
        return gathered.without(&hashes);
    }
    Err(usage(format!(
        "{there} of {} are in log {log} already, from another source{}; --only-new imports the others",
        counted(gathered.records, "record", "records"),
        match deleted {
            0 => "",
            _ => " or from this one, whose receipt may be among the deleted",
        }
    )))
}

/// What is said of imports of which nothing is left but that they were some.
fn told_deleted(deleted: u64) -> String {
    format!(
        "the bytes of {} of imports are deleted: which sources and records they were cannot be told",
        counted(deleted, "receipt", "receipts")
    )
}

/// Whose records go into this log is for the caller to say.
fn tenants(args: &Args, gathered: &Gathered) -> anyhow::Result<()> {
    const SHOWN: usize = 10;
    let mut names: Vec<String> = (gathered.tenants.iter().take(SHOWN))
        .map(|(name, count)| format!("{:?} ({count})", short(name, 40)))
        .collect();
    if gathered.tenants.len() > SHOWN {
        names.push(format!("{} more", gathered.tenants.len() - SHOWN));
    }
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
    trust: &SourceTrust,
) -> anyhow::Result<Option<ImportInfo>> {
    let imports = directory.imports(log)?;
    let found = imports.into_iter().find(|info| {
        info.digest == gathered.digest
            && info.items == gathered.records
            && info.form == gathered.form
    });
    match found {
        Some(info) if info.keys != trust.keys => Err(usage(format!(
            "{} was imported into log {log} {}, receipt {}: what was found then stays. {}",
            safe(&gathered.name),
            under(&info.keys),
            info.receipt,
            match info.present == info.items {
                true => "Import it into a log of its own to have it under other keys",
                false => "It was cut off; go on with the same keys",
            }
        ))),
        found => Ok(found),
    }
}

fn under(keys: &[VerifyingKey]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    match keys.is_empty() {
        true => "without a key".into(),
        false => format!("under {}", keys.join(" and ")),
    }
}

/// Nothing is imported that fails unless the caller accepts it.
fn refused(
    args: &Args,
    log: &LogName,
    gathered: &Gathered,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if output.json {
        output.json(&outcome(args, log, gathered, &Done::of(None, 0)))?;
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
    done: &Done,
    output: Output,
) -> anyhow::Result<ExitCode> {
    if output.json {
        output.json(&outcome(args, log, gathered, done))?;
        return Ok(ExitCode::SUCCESS);
    }
    heading(gathered, output)?;
    python::print(&gathered.report, output)?;
    if done.left_out > 0 {
        output.line(format!(
            "{} of other tenants or unreadable are left out",
            counted(done.left_out, "record", "records")
        ))?;
    }
    let all = counted(gathered.records, "record", "records");
    if args.dry_run {
        return output
            .line(format!(
                "{all} would be imported into log {log}; nothing was written"
            ))
            .map(|()| ExitCode::SUCCESS);
    }
    let Some(receipt) = done.receipt else {
        return Ok(ExitCode::SUCCESS);
    };
    let imported = done.imported;
    let before = match done.present {
        0 => String::new(),
        present => format!(", {present} were there before"),
    };
    output.line(format!(
        "{imported} of {all} imported into log {log}{before}; receipt {receipt} describes the source"
    ))?;
    output.note(format!(
        "`ai-audit show {} {receipt} --original -o FILE` makes it again.",
        shown_path(&args.dir)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn outcome<'a>(args: &Args, log: &LogName, gathered: &'a Gathered, done: &Done) -> Outcome<'a> {
    let failed = verdict_failed(&gathered.report.verdict) && !args.accept_failed;
    Outcome {
        log: log.to_string(),
        source: &gathered.name,
        form: gathered.form,
        records: gathered.records,
        receipt: done.receipt,
        imported: done.imported,
        present: done.present,
        left_out: done.left_out,
        dry_run: args.dry_run,
        report: &gathered.report,
        exit: if failed { Exit::Failed.code() } else { 0 },
    }
}

fn verdict_failed(verdict: &Verdict) -> bool {
    let mut all = Question::ALL.iter();
    all.any(|question| verdict.answer(*question).is_failed())
}
