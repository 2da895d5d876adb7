//! `cargo xtask simulate`: many logs, instances with leases, and failures by a seed; what the logs had to wait.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::measure::{self, Table, time};
use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// What this command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    short: bool,
    seed: u64,
}

/// The form whose figures are in docs/performance/recovery.md.
pub(crate) const WHOLE: Options = Options {
    short: false,
    seed: 1,
};
/// The form that CI runs.
pub(crate) const SHORT: Options = Options {
    short: true,
    seed: 1,
};

impl Options {
    /// # Errors
    /// What is no option, or has no value.
    pub(crate) fn parse(rest: &[String]) -> Result<Self> {
        let mut options = WHOLE;
        let mut rest = rest.iter();
        while let Some(option) = rest.next() {
            match option.as_str() {
                "--short" => options.short = true,
                "--seed" => {
                    let number = rest.next().and_then(|number| number.parse().ok());
                    options.seed = number.context("--seed takes a number")?;
                }
                other => bail!("unexpected argument {other:?}; simulate takes --short, --seed N"),
            }
        }
        Ok(options)
    }
}

/// Simulates, prints the table, and writes it into the document where it is the whole form with its own seed.
///
/// # Errors
/// When a log does not verify, or lacks something that was acknowledged.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<()> {
    // Its times are simulated: a faster program would have the same.
    let speed = Speed::AsTested;
    let program = program::example(workspace, speed, "ai-audit-store-sqlite", "simulate")?;
    let folder = Folder::new(workspace)?;
    let json = folder.0.join("figures.json");
    let short = options.short.then_some("--short");
    Cmd::new(workspace, program)
        .arg(&folder.0)
        .args(short)
        .arg("--json")
        .arg(&json)
        .arg("--seed")
        .arg(options.seed.to_string())
        .run()?;
    let figures: Value = serde_json::from_slice(&std::fs::read(&json)?)?;
    let (waits, counts) = (waits(&figures)?, counts(&figures)?);
    println!("\n{}\n{}", waits.text(), counts.text());
    if options != WHOLE {
        return Ok(());
    }
    // What did not happen was not shown.
    let faults = figures["faults"].as_array().context("no faults")?;
    let never: Vec<&str> = faults
        .iter()
        .filter(|row| row["times"].as_u64() == Some(0))
        .filter_map(|row| row["fault"].as_str())
        .collect();
    ensure!(never.is_empty(), "what never came: {}", never.join(", "));
    let page = format!(
        "{}\nWhat came of it, seed {}:\n\n{}",
        waits.markdown(),
        options.seed,
        counts.markdown()
    );
    measure::write_figures(workspace, "recovery", &page)
}

/// Where the simulated store lies: in memory where the system has a place for that, since what a disk loses is no part
/// of the simulation and syncs would be most of its time. Removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(workspace: &Workspace) -> Result<Self> {
        let name = format!("ai-audit-simulate-{}", std::process::id());
        for place in [Path::new("/dev/shm"), workspace.target.as_path()] {
            let folder = place.join(&name);
            if place.is_dir() && std::fs::create_dir(&folder).is_ok() {
                return Ok(Self(folder));
            }
        }
        let target = workspace.target.display();
        bail!("neither /dev/shm nor {target} takes a folder {name}: remove it there, or make room");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Below /dev/shm it goes with the next start of the machine at the latest.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How long logs could not be written to, by what had happened.
fn waits(figures: &Value) -> Result<Table> {
    let mut table = Table::new(&["what", "times", "logs hit", "p50", "p99", "max"]);
    for row in figures["faults"].as_array().context("no faults")? {
        let wait = |name: &str| match row[name].as_f64() {
            Some(0.0) => "0".into(),
            Some(millis) => time(millis * 1e6),
            None => "–".into(),
        };
        let number = |name: &str| row[name].as_u64().context("a row without its counts");
        table.row([
            row["fault"]
                .as_str()
                .context("a row without a name")?
                .into(),
            number("times")?.to_string(),
            number("logs")?.to_string(),
            wait("p50"),
            wait("p99"),
            wait("max"),
        ]);
    }
    Ok(table)
}

/// What was counted.
const COUNTS: [(&str, &str); 13] = [
    ("logs", "shards"),
    ("instances", "instances"),
    ("seconds simulated", "seconds"),
    (
        "records acknowledged, all in the logs in their places",
        "acknowledged",
    ),
    (
        "of them in the log already when they were sent again",
        "found_again",
    ),
    (
        "appends that the store refused to a former holder",
        "fenced",
    ),
    ("leases taken, and the log attached", "takeovers"),
    (
        "receipts in the logs, each log one chain that verifies",
        "receipts",
    ),
    ("start receipts among them", "starts"),
    (
        "gap receipts: taken by an instance, not stored, sent again",
        "declared",
    ),
    ("receipts about clocks that were behind", "clock_anomalies"),
    ("checkpoints that the logs were held against", "checkpoints"),
    ("second chains, gaps, records lost", ""),
];

fn counts(figures: &Value) -> Result<Table> {
    let mut table = Table::new(&["what", "number"]);
    for (what, field) in COUNTS {
        // The program ends with an error where there is one.
        let number = match field {
            "" => 0,
            field => figures[field]
                .as_u64()
                .with_context(|| format!("the simulation gave no {field}"))?,
        };
        table.row([what.into(), number.to_string()]);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_its_own() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|&arg| arg.into()).collect();
            Options::parse(&args).ok()
        };
        assert_eq!(parse(&[]), Some(WHOLE));
        assert_eq!(parse(&["--short"]), Some(SHORT));
        let seven = parse(&["--seed", "7"]).map(|options| options.seed);
        assert_eq!(seven, Some(7));
        assert_eq!(parse(&["--seed"]), None);
        assert_eq!(parse(&["--long"]), None);
    }

    #[test]
    fn a_failure_that_hit_no_log_has_no_times() {
        let figures = serde_json::json!({ "faults": [
            { "fault": "a", "times": 2, "logs": 0, "p50": null, "p99": null, "max": null },
            { "fault": "b", "times": 1, "logs": 3, "p50": 0, "p99": 1500, "max": 12000 },
        ]});
        let text = waits(&figures).map(|table| table.markdown());
        let text = text.expect("all fields are there");
        assert!(text.contains("| a | 2 | 0 | – | – | – |"), "{text}");
        assert!(
            text.contains("| b | 1 | 3 | 0 | 1.50 s | 12.0 s |"),
            "{text}"
        );
        assert!(counts(&figures).is_err());
    }
}
