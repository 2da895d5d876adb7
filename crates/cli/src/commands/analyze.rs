//! `ai-audit analyze`

mod event;
mod rates;
mod windows;

use crate::cli::analyze::{Analyze, AnalyzeCommand, Observed};
use crate::failure::{FAILED, usage};
use crate::open::{directory, log_name, time};
use crate::output::{Output, counted};
use crate::progress::Progress;
use ai_audit_analytics::AnalyticsError;
use ai_audit_core::{
    Decision, DecodeBody as _, Kind, MAX_SEALED_LEN, Next, ReceiptSource as _, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_store::StoreReader;
use anyhow::Context as _;
use serde::Serialize;
use std::process::ExitCode;

pub(crate) fn run(args: &Analyze, output: Output) -> anyhow::Result<ExitCode> {
    let (observed, alarm) = match &args.command {
        AnalyzeCommand::Rate(args) => (&args.observed, rates::rate(args, output)?),
        AnalyzeCommand::Sprt(args) => (&args.observed, rates::sprt(args, output)?),
        AnalyzeCommand::Cusum(args) => (&args.observed, rates::cusum(args, output)?),
        AnalyzeCommand::Drift(args) => (&args.observed, windows::drift(args, output)?),
        AnalyzeCommand::Scores(args) => (&args.observed, windows::scores(args, output)?),
    };
    Ok(if alarm && observed.alarm_fails {
        ExitCode::from(FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

/// What was looked at.
#[derive(Debug, Serialize)]
struct Seen {
    log: String,
    /// Decisions that were looked at.
    decisions: u64,
    /// Those of them that were imported from another system.
    imported: u64,
    /// Those of the imported ones without a signature of their own that was found to hold.
    unproven: u64,
    /// Receipts whose bytes are deleted, and that nobody can look at.
    deleted: u64,
}

/// Where a decision stands.
#[derive(Debug, Clone, Copy, Serialize)]
struct Place {
    seq: u64,
    sealed_at: Timestamp,
    /// Where it was imported, when its record says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported_of: Option<Timestamp>,
}

impl Place {
    /// When it was.
    fn time(&self) -> Timestamp {
        self.imported_of.unwrap_or(self.sealed_at)
    }
}

/// Shows each decision that is to be looked at, in the order of the log.
fn each(
    observed: &Observed,
    output: Output,
    mut take: impl FnMut(Place, &Decision<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Seen> {
    let since = observed.since.as_deref().map(time).transpose()?;
    let until = observed.until.as_deref().map(time).transpose()?;
    let directory = directory(&observed.dir)?;
    let log = log_name(&observed.log)?;
    let size = directory.head(&log)?.size();
    let progress = Progress::new("looking at", "receipts", size, output.quiet);
    let mut source = StoreReader::new(directory.store(), &log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut seen = Seen {
        log: log.as_str().into(),
        decisions: 0,
        imported: 0,
        unproven: 0,
        deleted: 0,
    };
    let mut receipts = 0;
    while let Some(next) = source.read_next(&mut buf)? {
        receipts += 1;
        progress.set(receipts, size);
        let Next::Sealed(len) = next else {
            seen.deleted += 1;
            continue;
        };
        let receipt = UnverifiedReceipt::parse(&buf[..len])?;
        let (header, said) = (receipt.header(), receipt.said());
        let early = since.is_some_and(|since| said.time < since);
        let late = until.is_some_and(|until| said.time >= until);
        if said.kind != Kind::DECISION || early || late {
            continue;
        }
        let decision = Decision::decode_said(&said)
            .with_context(|| format!("receipt {}: `ai-audit verify` says more", header.seq))?;
        let model = observed.model.as_deref();
        if model.is_some_and(|model| decision.model != model) {
            continue;
        }
        seen.decisions += 1;
        seen.imported += u64::from(said.imported);
        seen.unproven += u64::from(said.unproven);
        let place = Place {
            seq: header.seq,
            sealed_at: header.sealed_at,
            imported_of: said.imported.then_some(said.time),
        };
        take(place, &decision)?;
    }
    Ok(seen)
}

impl Seen {
    /// The first lines of every report.
    fn print(&self, output: Output) -> anyhow::Result<()> {
        let decisions = counted(self.decisions, "decision", "decisions");
        let imported = match self.imported {
            0 => String::new(),
            count => format!(", {count} of them imported from another system"),
        };
        output.line(format!("log {}: {decisions}{imported}", self.log))?;
        if self.unproven > 0 {
            output.line(format!(
                "for {} of these no signature of their own was found to hold",
                self.unproven
            ))?;
        }
        if self.deleted > 0 {
            let deleted = counted(self.deleted, "receipt is", "receipts are");
            output.line(format!("{deleted} deleted and not looked at"))?;
        }
        Ok(())
    }
}

/// A parameter that does not hold is wrong usage.
fn wrong(error: AnalyticsError) -> anyhow::Error {
    usage(error.to_string())
}

/// A rate for people: 1.25 %.
fn percent(rate: f64) -> String {
    format!("{:.2} %", 100.0 * rate)
}
