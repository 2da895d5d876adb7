//! The command line as a whole process: how soon it is done, and how much memory a long log takes.

use super::Found;
use super::options::Options;
use super::row::{Bar, Row};
use crate::program;
use crate::scale::{BAR_KIB, decision, measure};
use crate::shell::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const TIME: &str = "Command line, whole process";
const HELP: &str = "--help";
const VERIFY: &str = "verify a package of 10";
const MEMORY: &str = "Memory";

/// Measures what is asked for, in a folder that is removed afterwards.
///
/// # Errors
/// When the program does not build or a command fails.
pub(super) fn rows(workspace: &Workspace, options: &Options, found: &mut Found) -> Result<()> {
    let (receipts, size) = options.of((100_000, "10^5"), (1_000_000, "10^6"));
    let names = ["verify", "export", "verify package"].map(|name| format!("{name}, {size}"));
    let memory = names.iter().any(|name| options.wants(MEMORY, name));
    if !memory && !options.wants_any(TIME, &[HELP, VERIFY]) {
        return Ok(());
    }
    let program = release_build(workspace, options)?;
    let folder = workspace.target.join("bench-process");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let result = times(&program, &folder, options, found).and_then(|()| {
        if memory {
            peaks(&program, &folder, receipts, &names, options, found)?;
        }
        Ok(())
    });
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    result
}

/// The one that was named, one of these sources that is there, or one that is built.
fn release_build(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    if let Some(bin) = &options.bin {
        ensure!(bin.is_file(), "bench --bin: {} is not there", bin.display());
        return fs::canonicalize(bin).with_context(|| bin.display().to_string());
    }
    let name = format!("release/ai-audit{}", std::env::consts::EXE_SUFFIX);
    let there = workspace.target.join(name);
    if !program::is_current(workspace, &there)? {
        println!(
            "no release build of ai-audit is there: many minutes, most of them its typesetter's"
        );
        Cmd::cargo(workspace)
            .args(["build", "--release", "-p", "ai-audit-cli"])
            .run()?;
    }
    Ok(there)
}

fn times(program: &Path, folder: &Path, options: &Options, found: &mut Found) -> Result<()> {
    let runs = options.of(31, 101);
    let most = |millis: f64| Some(Bar::AtMost(millis * 1e6));
    if options.wants(TIME, HELP) {
        let nanos = median(program, &["--help"], runs)?;
        found
            .rows
            .push(Row::figure(TIME, HELP, nanos, "ns", most(10.0)));
    }
    if options.wants(TIME, VERIFY) {
        let log = Log::record(program, folder, "ten", 10)?;
        log.export(program)?;
        let nanos = median(program, &log.verify_package(), runs)?;
        found
            .rows
            .push(Row::figure(TIME, VERIFY, nanos, "ns", most(30.0)));
    }
    Ok(())
}

/// The median of so many runs, from the start to the end of the process.
fn median(program: &Path, args: &[&str], runs: usize) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status();
        times.push(start.elapsed());
        let status = status.with_context(|| format!("starting {}", program.display()))?;
        ensure!(
            status.success(),
            "`ai-audit {}` failed: {status}",
            args.join(" ")
        );
    }
    times.sort();
    let median = times.get(runs / 2).copied().unwrap_or_default();
    Ok(median.as_secs_f64() * 1e9)
}

fn peaks(
    program: &Path,
    folder: &Path,
    receipts: u64,
    names: &[String],
    options: &Options,
    found: &mut Found,
) -> Result<()> {
    let log = Log::record(program, folder, "long", receipts)?;
    let verify = log.verify();
    let commands: [&[&str]; 3] = [&verify, &log.exporting(), &log.verify_package()];
    for (name, args) in names.iter().zip(commands) {
        let figure = measure(program, "bench", args, None)?;
        ensure!(figure.kib > 0, "the peak memory of `{name}` was never read");
        if options.wants(MEMORY, name) {
            #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
            let mib = |kib: u64| kib as f64 / 1024.0;
            let bar = Some(Bar::AtMost(mib(BAR_KIB)));
            let row = Row::figure(MEMORY, name, mib(figure.kib), "MiB", bar);
            found.rows.push(row);
        }
    }
    Ok(())
}

/// A log in a folder, its checkpoint, and the package that is exported of it.
struct Log {
    log: String,
    key: String,
    note: String,
    package: String,
}

impl Log {
    fn record(program: &Path, folder: &Path, name: &str, receipts: u64) -> Result<Self> {
        let path = |end: &str| folder.join(format!("{name}{end}")).display().to_string();
        let log = Self {
            log: path(""),
            key: path("/log.pub"),
            note: path(".checkpoint"),
            package: path(".zip"),
        };
        measure(program, "init", &["init", &log.log], None)?;
        let lines = Some((receipts, decision as fn(u64) -> String));
        measure(program, "record", &["record", &log.log, "-"], lines)?;
        let checkpoint = ["checkpoint", &log.log, "-o", &log.note];
        measure(program, "checkpoint", &checkpoint, None)?;
        Ok(log)
    }

    fn export(&self, program: &Path) -> Result<()> {
        measure(program, "export", &self.exporting(), None)?;
        Ok(())
    }

    fn exporting(&self) -> [&str; 4] {
        ["export", &self.log, "-o", &self.package]
    }

    fn verify(&self) -> [&str; 6] {
        self.verifying(&self.log)
    }

    fn verify_package(&self) -> [&str; 6] {
        self.verifying(&self.package)
    }

    fn verifying<'s>(&'s self, what: &'s str) -> [&'s str; 6] {
        [
            "verify",
            what,
            "--key",
            &self.key,
            "--checkpoint",
            &self.note,
        ]
    }
}
