//! `ai-audit stats`

use crate::cli::Stats;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, bytes, counted, safe, short};
use crate::progress::Progress;
use ai_audit_analytics::{GroupReport, Spread, Summary, SummaryReport};
use ai_audit_core::{
    Decision, DecodeBody as _, Genesis, Kind, MAX_SEALED_LEN, Next, ReceiptSource as _, Said,
    UnverifiedReceipt,
};
use ai_audit_store::StoreReader;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Counts over one log. They say what was logged, and nothing of what was not.
#[derive(Debug, Default, Serialize)]
struct Counts {
    receipts: u64,
    /// Those whose bytes are deleted; nothing below counts them.
    deleted: u64,
    bytes: u64,
    first_sealed_at: Option<String>,
    last_sealed_at: Option<String>,
    kinds: BTreeMap<String, u64>,
    actions: BTreeMap<String, u64>,
    models: BTreeMap<String, u64>,
    checks_fired: BTreeMap<String, u64>,
    /// By the time of what receipts say: of imported records the time that they give themselves.
    days: BTreeMap<String, u64>,
    imported: Imported,
    #[serde(skip)]
    tenant: String,
    #[serde(skip)]
    summary: Summary,
}

/// How many of the counts were imported from another system.
#[derive(Debug, Default, Serialize)]
struct Imported {
    decisions: u64,
    tool_outcomes: u64,
    /// Those of both without a signature of their own that was found to hold.
    unproven: u64,
}

/// The counts, and what the decisions say in figures.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    counts: &'a Counts,
    decisions: &'a GroupReport,
    by_tenant: &'a BTreeMap<String, GroupReport>,
    by_model: &'a BTreeMap<String, GroupReport>,
    by_day: &'a BTreeMap<String, GroupReport>,
}

pub(crate) fn run(args: &Stats, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let size = directory.head(&log)?.size();
    let progress = Progress::new("counting", "receipts", size, output.quiet);
    let mut counts = Counts::default();
    let mut source = StoreReader::new(directory.store(), &log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    while let Some(next) = source.read_next(&mut buf)? {
        match next {
            Next::Sealed(len) => counts.take(&UnverifiedReceipt::parse(&buf[..len])?, len)?,
            Next::Deleted(_) => {
                counts.receipts += 1;
                counts.deleted += 1;
            }
        }
        progress.set(counts.receipts, size);
    }
    drop(progress);
    let report = counts.summary.report();
    if output.json {
        output.json(&Document {
            counts: &counts,
            decisions: &report.all,
            by_tenant: &report.by_tenant,
            by_model: &report.by_model,
            by_day: &report.by_day,
        })?;
    } else {
        counts.print(output)?;
        figures(&report, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Counts {
    fn take(&mut self, receipt: &UnverifiedReceipt<'_>, len: usize) -> anyhow::Result<()> {
        let (header, said) = (receipt.header(), receipt.said());
        self.receipts += 1;
        self.bytes += len as u64;
        let time = header.sealed_at.to_string();
        let add = |counts: &mut BTreeMap<String, u64>, name: &str| {
            *counts.entry(name.into()).or_default() += 1;
        };
        let of = said.time.to_string();
        add(&mut self.days, of.get(..10).unwrap_or_default());
        add(&mut self.kinds, &header.kind.to_string());
        self.first_sealed_at.get_or_insert_with(|| time.clone());
        self.last_sealed_at = Some(time);
        if header.kind == Kind::GENESIS
            && let Ok(genesis) = Genesis::decode(receipt)
        {
            self.tenant = genesis.tenant.to_string();
        }
        self.imported.take(&said);
        if said.kind != Kind::DECISION {
            return Ok(());
        }
        if let Ok(decision) = Decision::decode_said(&said) {
            add(&mut self.actions, decision.action.name());
            if !decision.model.is_empty() {
                add(&mut self.models, &decision.model);
            }
            for check in decision.checks.iter().filter(|check| check.fired) {
                add(&mut self.checks_fired, &check.name);
            }
            self.summary.push(&self.tenant, said.time, &decision)?;
        }
        Ok(())
    }

    fn print(&self, output: Output) -> anyhow::Result<()> {
        let average = self.bytes / (self.receipts - self.deleted).max(1);
        output.line(format!(
            "{}, {} ({average} bytes each)",
            counted(self.receipts, "receipt", "receipts"),
            bytes(self.bytes)
        ))?;
        if self.deleted > 0 {
            output.line(format!(
                "{} of them are deleted and not counted below",
                self.deleted
            ))?;
        }
        if let (Some(first), Some(last)) = (&self.first_sealed_at, &self.last_sealed_at) {
            output.line(format!("sealed from {first} to {last}"))?;
        }
        self.imported.print(output)?;
        for (title, counts) in [
            ("kinds", &self.kinds),
            ("actions", &self.actions),
            ("models", &self.models),
            ("checks that fired", &self.checks_fired),
            ("days", &self.days),
        ] {
            if counts.is_empty() {
                continue;
            }
            output.line(output.paint(Tone::Bold, title))?;
            for (name, count) in counts {
                output.line(format!("  {:<28} {count:>9}", short(name, 28)))?;
            }
        }
        Ok(())
    }
}

impl Imported {
    fn take(&mut self, said: &Said<'_>) {
        if !said.imported {
            return;
        }
        match said.kind {
            Kind::DECISION => self.decisions += 1,
            _ => self.tool_outcomes += 1,
        }
        self.unproven += u64::from(said.unproven);
    }

    fn print(&self, output: Output) -> anyhow::Result<()> {
        if self.decisions == 0 && self.tool_outcomes == 0 {
            return Ok(());
        }
        let unproven = match self.unproven {
            0 => String::new(),
            count => format!(", {count} without a signature of their own that was found to hold"),
        };
        output.line(format!(
            "{} and {} were imported from another system{unproven}; they count below by the time \
             that they give themselves",
            counted(self.decisions, "decision", "decisions"),
            counted(self.tool_outcomes, "tool outcome", "tool outcomes")
        ))
    }
}

/// What the decisions say in figures, where they say anything.
fn figures(report: &SummaryReport, output: Output) -> anyhow::Result<()> {
    let all = &report.all;
    if all.decisions == 0 {
        return Ok(());
    }
    let title = |text: &str| output.line(output.paint(Tone::Bold, text));
    let rate = |rate: f64| format!("{:.2} %", 100.0 * rate);
    title("rates of actions")?;
    for (name, action) in &all.actions {
        output.line(format!("  {:<28} {:>9}", safe(name), rate(action.rate)))?;
    }
    if !all.checks.is_empty() {
        title("checks")?;
        let head = ["", "RAN", "FIRED", "RATE", "MEDIAN", "90 %", "99 %", "MAX"];
        let mut table = output.table(head);
        for (name, check) in &all.checks {
            let score = |pick: fn(&Spread) -> f64| {
                let scores = check.scores.as_ref();
                scores.map_or_else(String::new, |scores| number(pick(scores)))
            };
            table.add_row([
                short(name, 20),
                check.ran.to_string(),
                check.fired.to_string(),
                rate(check.rate),
                score(|s| s.p50),
                score(|s| s.p90),
                score(|s| s.p99),
                score(|s| s.max),
            ]);
        }
        output.print_table(&table)?;
    }
    if let Some(took) = &all.duration_us {
        let told = counted(took.count, "decision", "decisions");
        title(&format!("milliseconds of {told}"))?;
        let ms = |us: f64| number(us / 1_000.0);
        output.line(format!(
            "  median {}, 90 % {}, 99 % {}, at most {}",
            ms(took.p50),
            ms(took.p90),
            ms(took.p99),
            ms(took.max)
        ))?;
    }
    if all.input_tokens > 0 || all.output_tokens > 0 {
        title("tokens")?;
        output.line(format!(
            "  {} read, {} written",
            all.input_tokens, all.output_tokens
        ))?;
    }
    Ok(())
}

/// A figure with as many places as help.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size < 1e-3 && size > 0.0) {
        format!("{value:.2e}")
    } else {
        format!("{value:.3}")
    }
}
