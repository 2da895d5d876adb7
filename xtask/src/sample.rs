//! `cargo xtask sample`: a log with conversations, checks, a contract, reviews and incidents, and the
//! reports on it in every form, to look at.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// What is done, in order; it also is how a reader can do it by hand.
const SCRIPT: &str = include_str!("sample/sample.sh");
/// Conversations beside the checkout.
const CORPUS: &str = "../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json";

/// Makes the sample in `target/sample`, in place of one that was there.
///
/// # Errors
/// When a command of the script fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    Cmd::cargo(workspace)
        .args(["build", "--release", "-p", "ai-audit-cli"])
        .run()?;
    let folder = workspace.target.join("sample");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let programs = workspace.target.join("release");
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = env::join_paths(std::iter::once(programs).chain(env::split_paths(&path)))
        .context("a path with the command in it")?;
    let mut bash = Command::new("bash");
    bash.args(["-c", SCRIPT])
        .current_dir(&folder)
        .env("PATH", paths);
    if let Ok(corpus) = workspace.root.join(CORPUS).canonicalize() {
        bash.env("CORPUS", corpus);
    }
    let status = bash.status().context("starting bash")?;
    ensure!(status.success(), "the sample failed: {status}");
    println!("\nlook at {}", folder.join("report.html").display());
    Ok(())
}
