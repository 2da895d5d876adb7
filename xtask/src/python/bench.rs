//! A package of the Python library, verified by it and by us in turn, on one core.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::{interpreter, script};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Receipts where the command names no number.
pub(crate) const RECEIPTS: u64 = 100_000;
/// How often each verifies.
const RUNS: usize = 5;
/// How many times faster we have to be, by the medians.
const BAR: f64 = 2.0;

/// Lets the library make a package of so many receipts, below the target folder, and prints how long
/// its `verify_chain` takes for them once they are loaded, beside our command from its start to its
/// end.
///
/// # Errors
/// When the library is missing, a command fails, or we are not as much faster as the bar says.
pub(crate) fn run(workspace: &Workspace, receipts: u64) -> Result<()> {
    if let Some(reason) = super::ensure(workspace)? {
        bail!("there is nothing to compare with: {reason}");
    }
    Cmd::cargo(workspace)
        .args(["build", "--release", "-p", "ai-audit-cli"])
        .run()?;
    let package = workspace.target.join("tools/python/speed.zip");
    let result = compare(workspace, &package, receipts);
    let removed = fs::remove_file(&package);
    result?;
    removed.with_context(|| format!("removing {}", package.display()))
}

fn compare(workspace: &Workspace, package: &Path, receipts: u64) -> Result<()> {
    let python = interpreter(workspace);
    let speed = script(workspace, "speed.py");
    let key = Cmd::new(workspace, &python)
        .arg(&speed)
        .arg("make")
        .arg(package)
        .arg(receipts.to_string())
        .read()?;
    let key = key.trim();
    let program = workspace.target.join("release/ai-audit");
    let pinned = Cmd::new(workspace, "taskset").arg("--version").works();
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let said = on_one_core(workspace, pinned, &python)
            .arg(&speed)
            .arg("time")
            .arg(package)
            .arg(key)
            .read()?;
        let seconds: f64 = said.trim().parse().context("speed.py prints seconds")?;
        theirs.push(seconds);
        let start = Instant::now();
        // Of what comes after the last receipt nobody can know anything here.
        on_one_core(workspace, pinned, &program)
            .arg("verify")
            .arg(package)
            .args(["--key", key, "--require", "integrity,attribution"])
            .read()?;
        ours.push(start.elapsed().as_secs_f64());
    }
    let place = if pinned {
        "one core"
    } else {
        "any core: taskset is absent"
    };
    println!("\n{receipts} receipts, {RUNS} runs in turn, {place}");
    println!(
        "{:<36}{:>10}{:>10}{:>14}",
        "", "least s", "median s", "us/receipt"
    );
    let theirs = row("verify_chain, receipts loaded", theirs, receipts);
    let ours = row("ai-audit verify, whole process", ours, receipts);
    let ratio = theirs / ours;
    println!("{ratio:.1} times faster; the bar is {BAR}");
    ensure!(ratio >= BAR, "not fast enough");
    Ok(())
}

/// A program that the system keeps on its first core, where it can.
fn on_one_core(workspace: &Workspace, pinned: bool, program: &Path) -> Cmd {
    if pinned {
        Cmd::new(workspace, "taskset")
            .args(["-c", "0"])
            .arg(program)
    } else {
        Cmd::new(workspace, program)
    }
}

/// Prints what the runs took; gives their median.
fn row(name: &str, mut seconds: Vec<f64>, receipts: u64) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or_default();
    let least = seconds.first().copied().unwrap_or_default();
    #[allow(
        clippy::cast_precision_loss,
        reason = "a number of receipts has far fewer than 53 bits"
    )]
    let each = median * 1e6 / receipts as f64;
    println!("{name:<36}{least:>10.3}{median:>10.3}{each:>14.1}");
    median
}
