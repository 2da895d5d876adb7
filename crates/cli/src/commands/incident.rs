//! `ai-audit incident`

mod list;
mod record;
mod show;

use crate::cli::incident::{Incident as Args, IncidentCommand};
use crate::failure::usage;
use crate::open::{find, time};
use crate::output::Output;
use ai_audit_agentic::{Incident, IncidentDeadlines, IncidentFinding, IncidentTimeline};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, Timestamp, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_store::{Clock as _, LogName, Query, StoredContent, SystemClock};
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        IncidentCommand::Open(args) => record::open(args, output),
        IncidentCommand::Update(args) => record::update(args, output),
        IncidentCommand::Report(args) => record::report(args, output),
        IncidentCommand::Close(args) => record::close(args, output),
        IncidentCommand::List(args) => list::run(args, output),
        IncidentCommand::Show(args) => show::run(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// All incidents of a log, and what is odd about their receipts.
struct Incidents {
    deadlines: IncidentDeadlines,
    findings: Vec<IncidentFinding>,
}

/// Goes through a log's incident receipts in their order; deleted ones have nothing to tell.
fn each(
    directory: &LogDirectory,
    log: &LogName,
    mut take: impl FnMut(&UnverifiedReceipt<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let query = Query::Kind(Kind::INCIDENT);
    for seq in directory.store().find(log, &query, None, usize::MAX)? {
        if let StoredContent::Sealed(sealed) = directory.stored(log, seq)? {
            take(&UnverifiedReceipt::parse(&sealed)?)?;
        }
    }
    Ok(())
}

fn follow(directory: &LogDirectory, log: &LogName) -> anyhow::Result<Incidents> {
    let mut deadlines = IncidentDeadlines::new();
    let mut findings = Vec::new();
    each(directory, log, |receipt| {
        findings.extend(deadlines.push(receipt)?);
        Ok(())
    })?;
    Ok(Incidents {
        deadlines,
        findings,
    })
}

/// The hash of the opening receipt of an incident that is named by any of its receipts.
fn named(directory: &LogDirectory, log: &LogName, text: &str) -> anyhow::Result<LeafHash> {
    let seq = find(directory, log, text)?;
    let sealed = directory.receipt(log, seq)?;
    let receipt = UnverifiedReceipt::parse(&sealed)?;
    let kind = receipt.header().kind;
    if kind != Kind::INCIDENT {
        return Err(usage(format!(
            "receipt {seq} is a {kind}; expected a receipt of an incident, which `ai-audit incident list` shows"
        )));
    }
    let body = Incident::decode(&receipt)?;
    Ok(body.incident.unwrap_or_else(|| receipt.hash()))
}

/// The time that deadlines are held against.
fn now(at: Option<&str>) -> anyhow::Result<Timestamp> {
    at.map_or_else(|| Ok(SystemClock.now()), time)
}

/// By when an incident has to be reported, for people.
fn by_when(one: &IncidentTimeline) -> Option<String> {
    let deadline = shown(one.deadline?);
    Some(match one.aware_at {
        Some(_) => deadline,
        // It ran from an awareness that nobody told.
        None => format!("{deadline} or before"),
    })
}

/// A time for people: seconds are enough, and the form can be given back.
fn shown(time: Timestamp) -> String {
    let text: String = time.to_string().chars().take(19).collect();
    format!("{text}Z")
}
