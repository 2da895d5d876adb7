//! `ai-audit analyze`

mod event;
mod rates;
mod windows;

use crate::cli::analyze::{Analyze, AnalyzeCommand, Observed};
use crate::failure::{FAILED, usage};
use crate::open::{directory, log_name, time};
use crate::output::{Output, Tone, counted, short};
use crate::progress::Progress;
use ai_audit_analytics::AnalyticsError;
use ai_audit_core::{
    Decision, DecodeBody as _, Exit, Kind, MAX_SEALED_LEN, Next, ReceiptSource as _, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_store::StoreReader;
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::process::ExitCode;

pub(crate) fn run(args: &Analyze, output: Output) -> anyhow::Result<ExitCode> {
    let (observed, found) = match &args.command {
        AnalyzeCommand::Rate(args) => (&args.observed, rates::rate(args, output)?),
        AnalyzeCommand::Sprt(args) => (&args.observed, rates::sprt(args, output)?),
        AnalyzeCommand::Cusum(args) => (&args.observed, rates::cusum(args, output)?),
        AnalyzeCommand::Drift(args) => (&args.observed, windows::drift(args, output)?),
        AnalyzeCommand::Scores(args) => (&args.observed, windows::scores(args, output)?),
    };
    Ok(match found {
        Found::Alarm if observed.alarm_fails => ExitCode::from(FAILED),
        Found::TooFew if observed.alarm_fails => ExitCode::from(Exit::Unverified.code()),
        _ => ExitCode::SUCCESS,
    })
}

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Alarm,
    Nothing,
    /// There was nothing to test: no alarm is no news then.
    TooFew,
}

impl Found {
    fn of(alarm: bool, tested: bool) -> Self {
        match (alarm, tested) {
            (true, _) => Self::Alarm,
            (false, true) => Self::Nothing,
            (false, false) => Self::TooFew,
        }
    }
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
    /// Why what was asked for may be none that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
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
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(usage(format!(
            "--since {since} is not before --until {until}: expected a time that begins before it ends"
        )));
    }
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
        unknown: None,
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
    /// Whether there was something to test.
    fn tests(&self) -> bool {
        self.decisions > 0 && self.unknown.is_none()
    }

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
        if let Some(unknown) = &self.unknown {
            output.line(output.sentence("", Tone::Open, unknown))?;
        }
        Ok(())
    }
}

/// Names that decisions have, for an error.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// How many an error lists.
    const LISTED: usize = 20;

    fn see<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            if self.0.len() < Self::LISTED && !self.0.contains(name) {
                self.0.insert(name.into());
            }
        }
    }

    fn told(&self, none: &str, some: &str) -> String {
        if self.0.is_empty() {
            return none.to_owned();
        }
        let names: Vec<String> = self.0.iter().map(|name| short(name, 40)).collect();
        format!("{some} are {}", names.join(", "))
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
