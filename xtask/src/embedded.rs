//! The example of a device: tested here, built for bare metal, measured, run in QEMU, its export verified.

mod elf;
mod host;
mod machine;
mod scenario;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::lint;
use crate::program;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// The chip of the board that QEMU has.
const TARGET: &str = "thumbv7em-none-eabi";
/// Programs, with the flash that each may take beyond the empty one, in bytes. The empty one comes first.
const PROGRAMS: [(&str, usize); 4] = [
    ("empty", 0),
    ("verify", 58 * 1024),
    ("seal", 68 * 1024),
    ("device", 92 * 1024),
];
/// Flags for what runs on the board.
const BOARD: [&str; 5] = ["--release", "--features", "board", "--target", TARGET];
/// Stack that each of them may use, in bytes.
const STACK: u64 = 10 * 1024;
/// SysTick counts (one is 40 instructions under `-icount shift=0`): measured with rustc 1.95, and a tenth
/// more.
const TICKS_SEAL: u64 = 53_000;
const TICKS_VERIFY: u64 = 57_000;
/// From a decision to its receipt marked in flash, the flash's own time not counted.
const TICKS_RECORD: u64 = 57_000;

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Few power cuts, and no tests and lints before.
    Run,
    /// Few power cuts.
    Short,
    /// Many.
    Whole,
}

/// Does all of it, or says what was skipped because QEMU is not there.
///
/// # Errors
/// When something does not build, is over its bar, or a log does not verify as it should.
pub(crate) fn run(workspace: &Workspace, size: Size) -> Result<Option<String>> {
    let firmware = Firmware::new(workspace);
    if size != Size::Run {
        check(&firmware)?;
    }
    // As the tests were built, if they were.
    firmware.linted(&["build", "--example", "collect"])?.run()?;
    tools::target(workspace, TARGET)?;
    firmware.cargo(&["build", "--bins"]).args(BOARD).run()?;
    sizes(&firmware)?;
    if !tools::there(workspace, machine::QEMU) {
        tools::debian(workspace, &["qemu-system-arm"])?;
    }
    if !tools::there(workspace, machine::QEMU) {
        return Ok(Some(format!(
            "SKIPPED: the device in QEMU: {} absent",
            machine::QEMU
        )));
    }
    let audit = program::ai_audit(workspace)?;
    seal(&firmware)?;
    scenario::run(workspace, &firmware, &audit, size)?;
    Ok(None)
}

/// Format, lints and tests of a workspace that the other steps do not see.
fn check(firmware: &Firmware<'_>) -> Result<()> {
    firmware.cargo(&["fmt", "--check"]).run()?;
    tools::target(firmware.workspace, TARGET)?;
    let board = firmware.cargo(&["clippy", "--bins", "--lib"]).args(BOARD);
    board.args(["--", "-D", "warnings"]).run()?;
    firmware.linted(&["test"])?.run()
}

/// Where the firmware's workspace is and builds to.
struct Firmware<'w> {
    workspace: &'w Workspace,
    target: PathBuf,
}

impl<'w> Firmware<'w> {
    fn new(workspace: &'w Workspace) -> Self {
        let target = workspace.target.join("firmware");
        Self { workspace, target }
    }

    /// Cargo in that workspace.
    fn cargo(&self, args: &[&str]) -> Cmd {
        let (command, rest) = args.split_first().unwrap_or((&"build", &[]));
        let cmd = Cmd::cargo(self.workspace).arg(command);
        let cmd = cmd.args(["--manifest-path", "crates/firmware/Cargo.toml"]);
        cmd.args(rest).env("CARGO_TARGET_DIR", &self.target)
    }

    /// The same, with lints as errors.
    fn linted(&self, args: &[&str]) -> Result<Cmd> {
        Ok(self.cargo(args).envs(&lint::compiler(self.workspace)?))
    }

    fn program(&self, name: &str) -> PathBuf {
        self.target.join(TARGET).join("release").join(name)
    }

    fn collect(&self) -> PathBuf {
        let name = format!("collect{}", std::env::consts::EXE_SUFFIX);
        self.target.join("debug/examples").join(name)
    }
}

/// Prints what each program takes of flash and static memory, and holds it to its bar.
fn sizes(firmware: &Firmware<'_>) -> Result<()> {
    let mut empty = None;
    let mut over = Vec::new();
    println!("program   flash, bytes   beyond empty   bar       static RAM");
    for (name, bar) in PROGRAMS {
        let path = firmware.program(name);
        let file = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let sizes = elf::sizes(&file).with_context(|| path.display().to_string())?;
        let beyond = sizes
            .flash
            .saturating_sub(*empty.get_or_insert(sizes.flash));
        println!(
            "{name:<9} {:>12}   {beyond:>12}   {bar:>7}   {:>10}",
            sizes.flash, sizes.memory
        );
        if beyond > bar {
            over.push(format!("{name} takes {beyond} bytes, its bar is {bar}"));
        }
    }
    if !over.is_empty() {
        bail!("too much flash: {}", over.join("; "));
    }
    Ok(())
}

/// Runs the core alone and holds its ticks and stack to their bars.
fn seal(firmware: &Firmware<'_>) -> Result<()> {
    let mut machine = machine::Machine::start(&firmware.program("seal"), None)?;
    let line = machine.until(&["measured"])?;
    bars(
        "the core",
        &line,
        &[
            ("seal", TICKS_SEAL),
            ("verify", TICKS_VERIFY),
            ("stack", STACK),
        ],
    )
}

/// Prints the figures of a line `measured NAME=NUMBER …` and fails where one is over its bar.
fn bars(of: &str, line: &str, bars: &[(&str, u64)]) -> Result<()> {
    let mut over = Vec::new();
    for (name, bar) in bars {
        let value = figure(line, name)?;
        let unit = if *name == "stack" { "bytes" } else { "ticks" };
        println!("{of}: {name} {value} {unit}, bar {bar}");
        if value > *bar {
            over.push(format!("{of}: {name} is {value} {unit}, its bar is {bar}"));
        }
    }
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

/// The number of `NAME=NUMBER` among the words of a line.
fn figure(line: &str, name: &str) -> Result<u64> {
    let mut pairs = line.split(' ').filter_map(|word| word.split_once('='));
    let value = pairs.find(|(key, _)| *key == name).map(|(_, value)| value);
    let value = value.with_context(|| format!("the device said {line:?}, without {name}"))?;
    value
        .parse()
        .with_context(|| format!("{name} in {line:?} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_over_its_bar_fails_and_one_that_is_missing_too() {
        let line = "measured seal=10 stack=20";
        assert!(bars("x", line, &[("seal", 10), ("stack", 20)]).is_ok());
        let over = bars("x", line, &[("seal", 9), ("stack", 19)]).expect_err("both are over");
        assert!(over.to_string().contains("seal") && over.to_string().contains("stack"));
        assert!(bars("x", line, &[("verify", 10)]).is_err());
    }
}
