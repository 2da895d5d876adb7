//! `cargo xtask scale`: a long log recorded, checkpointed, exported and verified by the command line,
//! with the peak memory of each command. It has checkpoints and open tool intents in plenty: both
//! are things that a verifier could come to keep.

pub(crate) mod epochs;

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::program::{self, Speed};
use crate::workspace::Workspace;

/// Receipts where the command names no number.
pub(crate) const RECEIPTS: u64 = 1_000_000;
/// Receipts of the short form in CI.
pub(crate) const SHORT: u64 = 20_000;
/// Receipts between checkpoints: ten times as many as by default.
const CHECKPOINT_EVERY: &str = "100";
/// Most memory, in KiB, that exporting and verifying may take, whatever the length of the log.
pub(crate) const BAR_KIB: u64 = 64 << 10;
/// Most memory, in KiB, of a crosswalk and a report of a million receipts.
const REPORT_BAR_KIB: u64 = 256 << 10;

/// Runs the commands on a log of so many receipts, in a folder below the target folder that is
/// removed afterwards.
///
/// # Errors
/// When a command fails, or exporting or verifying took more memory than the bar allows.
pub(crate) fn run(workspace: &Workspace, receipts: u64) -> Result<()> {
    let (program, folder) = build(workspace, "scale", Speed::of(receipts <= SHORT))?;
    let result = commands(&program, &folder, receipts);
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    let figures = result?;

    println!("\n{receipts} receipts");
    print_figures(&figures, receipts)?;
    within_bar(&figures)
}

/// The command line, and an empty folder of this name below the target folder.
fn build(workspace: &Workspace, name: &str, speed: Speed) -> Result<(PathBuf, PathBuf)> {
    let program = program::command(workspace, speed)?;
    let folder = workspace.target.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok((program, folder))
}

fn print_figures(figures: &[Figure], receipts: u64) -> Result<()> {
    println!(
        "{:<16}{:>10}{:>14}{:>12}",
        "command", "seconds", "us/receipt", "peak MiB"
    );
    for figure in figures {
        let millis = figure.elapsed.as_millis();
        println!(
            "{:<16}{:>10}{:>14}{:>12}",
            figure.name,
            format!("{}.{:02}", millis / 1000, millis % 1000 / 10),
            figure.elapsed.as_micros() / u128::from(receipts.max(1)),
            format!("{}.{}", figure.kib / 1024, figure.kib % 1024 * 10 / 1024),
        );
        ensure!(
            figure.kib > 0,
            "the peak memory of `{}` was never read",
            figure.name
        );
    }
    Ok(())
}

/// Whether the bar holds for those that it is for.
fn within_bar(figures: &[Figure]) -> Result<()> {
    let over: Vec<&str> = figures
        .iter()
        .filter(|figure| figure.bar.is_some_and(|bar| figure.kib > bar))
        .map(|figure| figure.name)
        .collect();
    ensure!(
        over.is_empty(),
        "more memory than their bar allows: {}",
        over.join(", ")
    );
    Ok(())
}

/// How many lines a command is fed, and each of them.
pub(crate) type Lines = (u64, fn(u64) -> String);

/// What a command took.
pub(crate) struct Figure {
    name: &'static str,
    elapsed: Duration,
    /// Peak resident memory.
    pub(crate) kib: u64,
    /// Most memory that it may take.
    bar: Option<u64>,
}

impl Figure {
    /// For several runs of one command.
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            elapsed: Duration::ZERO,
            kib: 0,
            bar: None,
        }
    }

    /// Adds a run: times sum up, of the memory the most counts.
    fn add(&mut self, run: &Self) {
        self.elapsed += run.elapsed;
        self.kib = self.kib.max(run.kib);
    }

    fn bounded(self) -> Self {
        self.within(BAR_KIB)
    }

    fn within(self, bar: u64) -> Self {
        Self {
            bar: Some(bar),
            ..self
        }
    }
}

fn commands(program: &Path, folder: &Path, receipts: u64) -> Result<Vec<Figure>> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (log, package, note) = (path("log"), path("package.zip"), path("checkpoint"));
    let key = format!("{log}/log.pub");
    measure(program, "init", &["init", &log], None)?;
    let intents: &[&str] = &["record", &log, "-", "--format", "openai-messages"];
    let mut figures = vec![
        measure(
            program,
            "record",
            &["record", &log, "-"],
            Some((receipts, decision)),
        )?,
        measure(
            program,
            "record intents",
            intents,
            Some((receipts / 10, intent)),
        )?,
    ];
    measure(
        program,
        "checkpoint",
        &["checkpoint", &log, "-o", &note],
        None,
    )?;
    let bounded: [(&'static str, &[&str]); 3] = [
        (
            "verify log",
            &["verify", &log, "--key", &key, "--checkpoint", &note],
        ),
        ("export", &["export", &log, "-o", &package]),
        (
            "verify package",
            &["verify", &package, "--key", &key, "--checkpoint", &note],
        ),
    ];
    for (name, args) in bounded {
        figures.push(measure(program, name, args, None)?.bounded());
    }
    figures.extend(reports(program, &log, &package, &key, &note)?);
    let bytes = fs::metadata(&package).context("the package")?.len();
    println!("package: {} bytes a receipt", bytes / receipts.max(1));
    Ok(figures)
}

/// Crosswalk and report, in one pass each, beside a read of the log that verifies nothing.
fn reports(program: &Path, log: &str, package: &str, key: &str, note: &str) -> Result<Vec<Figure>> {
    let html = format!("{log}.html");
    let trust = [
        "--key",
        key,
        "--checkpoint",
        note,
        "--at",
        "2030-01-01T00:00:00Z",
    ];
    let commands: [(&'static str, Vec<&str>); 4] = [
        ("read (stats)", vec!["stats", log, "--quiet"]),
        (
            "crosswalk",
            [&["crosswalk", log, "--quiet"], &trust[..]].concat(),
        ),
        (
            "report",
            [&["report", log, "-o", &html], &trust[..]].concat(),
        ),
        (
            "crosswalk pack.",
            [&["crosswalk", package, "--quiet"], &trust[..]].concat(),
        ),
    ];
    commands
        .into_iter()
        .map(|(name, args)| Ok(measure(program, name, &args, None)?.within(REPORT_BAR_KIB)))
        .collect()
}

/// Runs one command, feeds it the lines it shall record, and watches its memory until it ends.
pub(crate) fn measure(
    program: &Path,
    name: &'static str,
    args: &[&str],
    lines: Option<Lines>,
) -> Result<Figure> {
    println!("$ ai-audit {}", args.join(" "));
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .env("AI_AUDIT_CHECKPOINT_EVERY", CHECKPOINT_EVERY)
        .stdin(if lines.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let feeder = match (child.stdin.take(), lines) {
        (Some(input), Some((count, line))) => Some(thread::spawn(move || feed(input, count, line))),
        _ => None,
    };
    let mut kib = 0;
    let status = loop {
        // The high-water mark only rises: what is missed is what grows in the last moment.
        kib = kib.max(peak_kib(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(1));
    };
    let elapsed = start.elapsed();
    if let Some(feeder) = feeder {
        match feeder.join() {
            Ok(fed) => fed.context("feeding the lines to record")?,
            Err(_) => bail!("the thread that feeds the lines panicked"),
        }
    }
    ensure!(
        status.success(),
        "`ai-audit {}` failed: {status}",
        args.join(" ")
    );
    Ok(Figure {
        name,
        elapsed,
        kib,
        bar: None,
    })
}

fn feed(input: ChildStdin, lines: u64, line: fn(u64) -> String) -> std::io::Result<()> {
    let mut input = BufWriter::new(input);
    for n in 0..lines {
        writeln!(input, "{}", line(n))?;
    }
    input.flush()
}

/// A line that `record` takes: a decision in a trace of ten and a session of a hundred.
pub(crate) fn decision(n: u64) -> String {
    format!(
        r#"{{"input":"question {n}","output":"answer {n}","model":"m","trace_id":"t{}","session_id":"s{}"}}"#,
        n / 10,
        n / 100,
    )
}

/// A conversation that ends with a tool call nobody answers.
fn intent(n: u64) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":"question {n}"}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{n}","type":"function","function":{{"name":"pay","arguments":"{{}}"}}}}]}}]}}"#
    )
}

/// The process's peak resident memory; `None` when it has ended, or where there is no `/proc`.
fn peak_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
