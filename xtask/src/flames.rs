//! `cargo xtask flames`: where the time goes in sealing, in the durable append and in verification, as
//! flame graphs and in shares, by Linux's `perf`.

mod graph;
mod parts;
mod stacks;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::machine::Machine;
use crate::measure::{self, Disk, Options, Table};
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;
use parts::Part;
use stacks::Stacks;

/// What is profiled: its name, what it is called, and what the graph is of.
const WORK: [(&str, &str, &str); 3] = [
    (
        "seal",
        "Sealing",
        "Receipts are encoded, hashed and signed into a buffer, one after the other, on one core.",
    ),
    (
        "append",
        "Durable append",
        "64 producers record decisions and wait until they are durable in SQLite: group commit.",
    ),
    (
        "verify",
        "Verification",
        "A stored log of 20,000 receipts is read and verified from first to last on one thread, with \
         its key pinned and a checkpoint.",
    ),
];

/// Samples in a second of processor time; no divisor of what happens at regular times.
const FREQUENCY: u64 = 997;
/// Seconds of each, and in CI.
const SECONDS: u64 = 10;
const SHORT: u64 = 2;
/// The fewest samples that shares can be told from.
const FEWEST: u64 = 100;
/// The largest drawing, in bytes.
const LARGEST: usize = 150_000;
/// What is written at most.
const NEEDED: u64 = 2 << 30;
/// Innermost functions that are named.
const NAMED: usize = 4;

/// Profiles and draws; or says why not.
///
/// # Errors
/// When something does not build, run or profile although `perf` works here, or a drawing is too large.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Option<String>> {
    if let Some(reason) = no_perf(workspace) {
        return Ok(Some(format!("SKIPPED: flame graphs: {reason}")));
    }
    let disk = Disk::new(workspace, "flames", NEEDED)?;
    let program = program(workspace)?;
    let machine = Machine::here(workspace)?.line();
    let place = if options.short {
        workspace.target.clone()
    } else {
        workspace.root.join("docs/performance")
    };
    let seconds = if options.short { SHORT } else { SECONDS };
    Cmd::new(workspace, &program)
        .args(["flame", "fill"])
        .arg(&disk.folder)
        .arg("0")
        .run()?;
    let (mut page, mut figures) = (String::new(), serde_json::Map::new());
    for (work, title, says) in WORK {
        let stacks = profile(workspace, &program, &disk.folder, work, seconds)?;
        let sentence = sentence(title, &stacks, seconds);
        println!("\n{sentence}\n{}", table(&stacks).text());
        let drawn = graph::draw(&stacks, title, &format!("{says} {sentence}"));
        ensure!(
            drawn.len() <= LARGEST,
            "the graph of {work} has {} bytes, at most {LARGEST}: draw fewer boxes",
            drawn.len()
        );
        let file = place.join(format!("{work}.svg"));
        fs::write(&file, drawn).with_context(|| file.display().to_string())?;
        println!("written: {}", workspace.relative(&file));
        page += &format!("### {title}\n\n{says} {sentence}\n\n![{title}]({work}.svg)\n\n");
        figures.insert(work.into(), shares_json(&stacks));
    }
    println!("{machine}");
    if !options.short {
        measure::write_figures(workspace, "flames", &format!("{page}{machine}."))?;
    }
    figures.insert("machine".into(), machine.into());
    options.save(&Value::Object(figures))?;
    Ok(None)
}

/// Why there is no profiler that works.
fn no_perf(workspace: &Workspace) -> Option<String> {
    let there = || tools::there(workspace, "perf");
    if !there()
        && let Err(error) = tools::debian(workspace, &["linux-perf"])
    {
        return Some(format!("{error:#}"));
    }
    if !there() {
        return Some("perf is absent (Debian: linux-perf)".into());
    }
    let nothing = ["record", "-e", "cpu-clock", "-o", "/dev/null", "--", "true"];
    if !Cmd::new(workspace, "perf").args(nothing).works() {
        return Some(
            "perf may not sample here: see /proc/sys/kernel/perf_event_paranoid, at most 2".into(),
        );
    }
    None
}

/// Builds the program that measures with names of functions and with frame pointers, in a folder of its
/// own, since with these flags everything is built anew.
fn program(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("flames");
    Cmd::cargo(workspace)
        .args(["build", "--profile", "flames", "-p", "ai-audit-benches"])
        .args(["--example", "measure", "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", "-Cforce-frame-pointers=yes")
        .env("CFLAGS", "-fno-omit-frame-pointer")
        .run()?;
    Ok(target.join("flames/examples/measure"))
}

fn profile(
    workspace: &Workspace,
    program: &Path,
    folder: &Path,
    work: &str,
    seconds: u64,
) -> Result<Stacks> {
    let data = folder.join(format!("{work}.data"));
    Cmd::new(workspace, "perf")
        .args(["record", "-q", "-e", "cpu-clock", "-F"])
        .arg(FREQUENCY.to_string())
        .args(["--call-graph", "fp", "-o"])
        .arg(&data)
        .arg("--")
        .arg(program)
        .args(["flame", work])
        .arg(folder)
        .arg(seconds.to_string())
        .run()?;
    let text = Cmd::new(workspace, "perf")
        .args(["script", "-F", "comm,ip,sym,dso", "-i"])
        .arg(&data)
        .read()?;
    let stacks = Stacks::parse(&text);
    ensure!(
        stacks.root.samples >= FEWEST,
        "perf took {} samples of {work}, too few to tell anything",
        stacks.root.samples
    );
    Ok(stacks)
}

/// The parts with their shares, the largest first.
fn shares(stacks: &Stacks) -> Vec<(Part, f64)> {
    let mut shares: Vec<(Part, f64)> = stacks
        .parts
        .iter()
        .map(|(part, samples)| (*part, stacks.percent(*samples)))
        .collect();
    shares.sort_by(|one, two| two.1.total_cmp(&one.1));
    shares
}

/// What the time is spent on.
fn sentence(title: &str, stacks: &Stacks, seconds: u64) -> String {
    let shares = shares(stacks);
    let parts: Vec<String> = shares
        .iter()
        .filter(|(_, share)| *share >= 0.5)
        .map(|(part, share)| format!("{share:.0} % {}", part.name()))
        .collect();
    // Tenths of a core, rounded.
    let busy = (10 * stacks.root.samples + FREQUENCY * seconds / 2) / (FREQUENCY * seconds);
    format!(
        "{title} is {} ({} samples; {}.{} of a core was busy).",
        parts.join(", "),
        stacks.root.samples,
        busy / 10,
        busy % 10
    )
}

/// The innermost functions with their shares, the largest first.
fn innermost(stacks: &Stacks) -> Vec<(String, f64)> {
    let mut innermost: Vec<(String, f64)> = stacks
        .innermost
        .iter()
        .map(|(name, samples)| (graph::short(name), stacks.percent(*samples)))
        .collect();
    innermost.sort_by(|one, two| two.1.total_cmp(&one.1));
    innermost.truncate(NAMED);
    innermost
}

fn table(stacks: &Stacks) -> Table {
    let mut table = Table::new(&["innermost functions", "share"]);
    for (name, share) in innermost(stacks) {
        table.row([name, format!("{share:.1} %")]);
    }
    table
}

fn shares_json(stacks: &Stacks) -> Value {
    let parts = shares(stacks);
    let parts = parts
        .into_iter()
        .map(|(part, share)| (part.name().to_owned(), share.into()));
    json!({
        "samples": stacks.root.samples,
        "percent": parts.collect::<serde_json::Map<_, _>>(),
        "innermost": innermost(stacks),
    })
}
