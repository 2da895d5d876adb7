//! `ai-audit stats`

use crate::cli::Stats;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, bytes, counted, safe, short};
use crate::progress::Progress;
use ai_audit_analytics::{GroupReport, Spread};
use ai_audit_directory::{Counts, ImportedCounts, Statistics};
use std::process::ExitCode;

pub(crate) fn run(args: &Stats, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let size = directory.head(&log)?.size();
    let progress = Progress::new("counting", "receipts", size, output.quiet);
    let statistics = Statistics::of(&directory, &log, |done, total| progress.set(done, total))?;
    drop(progress);
    if output.json {
        output.json(&statistics)?;
    } else {
        print(&statistics.counts, output)?;
        figures(&statistics.decisions, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(counts: &Counts, output: Output) -> anyhow::Result<()> {
    let average = counts.bytes / (counts.receipts - counts.deleted).max(1);
    output.line(format!(
        "{}, {} ({average} bytes each)",
        counted(counts.receipts, "receipt", "receipts"),
        bytes(counts.bytes)
    ))?;
    if counts.deleted > 0 {
        output.line(format!(
            "{} of them are deleted and not counted below",
            counts.deleted
        ))?;
    }
    if let (Some(first), Some(last)) = (&counts.first_sealed_at, &counts.last_sealed_at) {
        output.line(format!("sealed from {first} to {last}"))?;
    }
    imported(&counts.imported, output)?;
    for (title, counts) in [
        ("kinds", &counts.kinds),
        ("actions", &counts.actions),
        ("models", &counts.models),
        ("checks that fired", &counts.checks_fired),
        ("days", &counts.days),
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

fn imported(counts: &ImportedCounts, output: Output) -> anyhow::Result<()> {
    if counts.decisions == 0 && counts.tool_outcomes == 0 {
        return Ok(());
    }
    let unproven = match counts.unproven {
        0 => String::new(),
        count => format!(", {count} without a signature of their own that was found to hold"),
    };
    output.line(format!(
        "{} and {} were imported from another system{unproven}; they count below by the time \
         that they give themselves",
        counted(counts.decisions, "decision", "decisions"),
        counted(counts.tool_outcomes, "tool outcome", "tool outcomes")
    ))
}

/// What the decisions say in figures, where they say anything.
fn figures(all: &GroupReport, output: Output) -> anyhow::Result<()> {
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
