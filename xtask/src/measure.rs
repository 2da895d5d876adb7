//! What `latency`, `growth` and `flames` have in common: their options, the program that measures, and
//! the disk that it writes to.

mod page;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::bench::machine::file_system;
use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

pub(crate) use page::{figures_of, write_figures, write_figures_to};
pub(crate) use table::{Table, time};

const BENCHES: &str = "ai-audit-benches";

/// What these commands take.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// A form that fits into CI, which writes no documents.
    pub(crate) short: bool,
    /// Where the figures go besides.
    pub(crate) json: Option<PathBuf>,
    /// The largest size, for the command that has sizes.
    pub(crate) to: Option<u64>,
}

impl Options {
    /// # Errors
    /// What is not among the options in `known`, or has no value where it needs one.
    pub(crate) fn parse(rest: &[String], known: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = rest.iter();
        while let Some(option) = rest.next() {
            ensure!(
                known.contains(&option.as_str()),
                "unexpected argument {option:?}; this command takes {}",
                known.join(", ")
            );
            match option.as_str() {
                "--short" => options.short = true,
                "--json" => {
                    let file = rest.next().context("--json takes the name of a file")?;
                    options.json = Some(file.into());
                }
                "--to" => {
                    let number = rest.next().map(|number| number.replace('_', ""));
                    let number = number.and_then(|number| number.parse().ok());
                    options.to = Some(number.context("--to takes a number of receipts")?);
                }
                other => bail!("{other} has no meaning"),
            }
        }
        Ok(options)
    }

    /// Writes the figures where they are wanted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self, figures: &Value) -> Result<()> {
        let Some(file) = &self.json else {
            return Ok(());
        };
        fs::write(file, format!("{figures:#}\n"))
            .with_context(|| format!("writing {}", file.display()))
    }
}

/// The program that measures, `benches/examples/measure`.
///
/// # Errors
/// When it does not build.
pub(crate) fn program(workspace: &Workspace, speed: Speed) -> Result<PathBuf> {
    program::example(workspace, speed, BENCHES, "measure")
}

/// How often the statistics are wrong, by simulation, `benches/examples/calibrate`.
///
/// # Errors
/// When it does not build, or they are wrong too often.
pub(crate) fn statistics(workspace: &Workspace, short: bool) -> Result<()> {
    let program = program::example(workspace, Speed::AsTested, BENCHES, "calibrate")?;
    let flag = short.then_some("--short");
    Cmd::new(workspace, program).args(flag).run()
}

/// How well the detectors find what is labelled, `benches/examples/pii_accuracy`.
///
/// # Errors
/// When it does not build, or decides an IBAN or a card otherwise than expected.
pub(crate) fn findings(workspace: &Workspace, args: &[String]) -> Result<()> {
    let program = program::example(workspace, Speed::AsTested, BENCHES, "pii_accuracy")?;
    let mut cmd = Cmd::new(workspace, program);
    let mut is_file = false;
    for arg in args {
        // Of the folder that the caller is in; the program runs in the workspace's.
        cmd = match is_file {
            true => cmd.arg(std::path::absolute(arg).with_context(|| arg.clone())?),
            false => cmd.arg(arg),
        };
        is_file = arg == "--cases";
    }
    cmd.run()
}

/// An empty folder below the target folder, on a disk; removed with all that is in it when dropped.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
}

impl Disk {
    /// # Errors
    /// When the folder cannot be made, is in memory, or has fewer bytes than needed.
    pub(crate) fn new(workspace: &Workspace, name: &str, needed: u64) -> Result<Self> {
        let folder = workspace.target.join("measured").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let kind = file_system(&mounts, &folder).unwrap_or("unknown");
        ensure!(
            !["tmpfs", "ramfs"].contains(&kind),
            "{} is in memory ({kind}), where nothing is durable: set CARGO_TARGET_DIR to a folder \
             on a disk",
            folder.display()
        );
        let disk = Self { folder };
        if let Some(free) = free(workspace, &disk.folder) {
            println!(
                "disk: {}, {} MiB free, {} MiB needed",
                kind,
                free >> 20,
                needed >> 20
            );
            ensure!(
                free >= needed,
                "{} has {} MiB free, {} MiB are needed: make room, or measure less",
                disk.folder.display(),
                free >> 20,
                needed >> 20
            );
        }
        Ok(disk)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is left lies in the target folder and is removed by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Bytes that are free for us, where `df` tells.
fn free(workspace: &Workspace, folder: &Path) -> Option<u64> {
    let said = Cmd::new(workspace, "df").arg("-Pk").arg(folder).read();
    let said = said.ok()?;
    let available = said.lines().nth(1)?.split_whitespace().nth(3)?;
    available.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_command() {
        let parse = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|&arg| arg.into()).collect();
            Options::parse(&args, &["--short", "--to"]).ok()
        };
        let short = parse(&["--short"]).unwrap_or_default();
        assert!(short.short && short.to.is_none());
        assert_eq!(parse(&["--to", "1_000"]).and_then(|o| o.to), Some(1000));
        assert_eq!(parse(&["--to"]), None);
        assert_eq!(parse(&["--json", "f"]), None);
    }
}
