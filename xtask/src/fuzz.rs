//! `cargo xtask fuzz`: builds the fuzz targets, gives them seeds, runs them, and says what came of it.

mod run;
mod seeds;
pub(crate) mod targets;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::workspace::Workspace;
use crate::{changed, tools};
use run::Outcome;
use targets::{TARGETS, Target};

/// The version that the targets are written for.
const CARGO_FUZZ: &str = "0.13.2";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// Names of targets; all where there are none.
    targets: Vec<String>,
    /// Seconds for each target.
    seconds: u64,
    /// Seconds for all of them together, where that is less.
    total: Option<u64>,
    /// Only those whose code changed.
    changed: bool,
    /// Says what there is, and runs nothing.
    list: bool,
    /// With the address sanitizer.
    address: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            targets: Vec::new(),
            seconds: 60,
            total: None,
            changed: false,
            list: false,
            address: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || match args.next().map(|number| number.parse()) {
                Some(Ok(seconds)) if seconds > 0 => Ok(seconds),
                _ => bail!("{arg} takes a number of seconds, at least 1"),
            };
            match arg.as_str() {
                "--seconds" => options.seconds = number()?,
                "--total" => options.total = Some(number()?),
                "--changed" => options.changed = true,
                "--list" => options.list = true,
                "--address" => options.address = true,
                name if TARGETS.iter().any(|target| target.name == name) => {
                    options.targets.push(name.into());
                }
                other => {
                    bail!("there is no target {other:?}; `cargo xtask fuzz --list` lists them")
                }
            }
        }
        Ok(options)
    }

    /// The targets that are meant.
    fn chosen(&self, workspace: &Workspace) -> Vec<&'static Target> {
        let named = |target: &&Target| {
            self.targets.is_empty() || self.targets.iter().any(|name| name == target.name)
        };
        let touched = self
            .changed
            .then(|| changed::since_base(workspace))
            .flatten();
        let touched = |target: &&Target| {
            touched
                .as_ref()
                .is_none_or(|set| set.touches(target.crates, workspace))
        };
        TARGETS.iter().filter(named).filter(touched).collect()
    }

    /// Seconds for each of so many targets.
    fn each(&self, targets: usize) -> u64 {
        let share = |total: u64| total / u64::try_from(targets).unwrap_or(u64::MAX).max(1);
        self.total
            .map_or(self.seconds, |total| share(total).min(self.seconds).max(1))
    }
}

/// Where things are.
#[derive(Debug)]
struct Folders {
    /// Cargo's.
    build: PathBuf,
    /// Inputs that were found to reach something new, by target; they are kept from run to run.
    corpus: PathBuf,
    /// Inputs to begin with, by target, made anew each time.
    seeds: PathBuf,
    /// Inputs that broke something.
    found: PathBuf,
    /// What the programs said.
    logs: PathBuf,
    /// Inputs that are kept under version control.
    kept: PathBuf,
    /// The programs.
    programs: PathBuf,
}

impl Folders {
    fn new(workspace: &Workspace, triple: &str, address: bool) -> Self {
        let all = workspace.target.join("fuzz");
        let build = if address {
            all.join("address")
        } else {
            all.clone()
        };
        Self {
            programs: build.join(triple).join("release"),
            build,
            corpus: all.join("corpus"),
            seeds: all.join("seeds"),
            found: all.join("found"),
            logs: all.join("logs"),
            kept: workspace.root.join("fuzz").join("corpus"),
        }
    }
}

/// Runs the targets that the arguments mean. Gives the reason where that is not possible here.
///
/// # Errors
/// When the arguments are wrong, the targets cannot be built, or one of them found something.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<Option<String>> {
    let options = Options::parse(args)?;
    let chosen = options.chosen(workspace);
    if options.list {
        for target in &chosen {
            println!("{:<17} {}", target.name, target.covers);
        }
        return Ok(None);
    }
    if chosen.is_empty() {
        println!("nothing changed that a fuzz target reads");
        return Ok(None);
    }
    let Some(triple) = nightly(workspace) else {
        return Ok(Some(
            "SKIPPED: fuzzing: the nightly compiler is absent; install it with: rustup toolchain \
             install nightly --profile minimal"
                .into(),
        ));
    };
    let folders = Folders::new(workspace, &triple, options.address);
    build(workspace, &folders, &chosen, options.address)?;
    let seconds = options.each(chosen.len());
    println!("{} targets, {seconds} s each", chosen.len());
    println!("{}", Outcome::HEAD);
    let mut findings = Vec::new();
    for target in chosen {
        seeds::make(workspace, &folders, target)?;
        let outcome = run::target(workspace, &folders, target, seconds)?;
        println!("{}", outcome.row(target.name, seconds));
        findings.extend(outcome.finding);
    }
    if !findings.is_empty() {
        bail!("{} findings\n{}", findings.len(), findings.join("\n"));
    }
    Ok(None)
}

/// The nightly compiler's own target; none where there is no such compiler.
fn nightly(workspace: &Workspace) -> Option<String> {
    let said = Cmd::new(workspace, "rustc")
        .arg("-vV")
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .read()
        .ok()?;
    let of = |name: &str| said.lines().find_map(|line| line.strip_prefix(name));
    let nightly = of("release: ")?.contains("nightly");
    of("host: ").filter(|_| nightly).map(Into::into)
}

fn build(
    workspace: &Workspace,
    folders: &Folders,
    chosen: &[&Target],
    address: bool,
) -> Result<()> {
    let tool = tools::cargo_tool(workspace, "cargo-fuzz", CARGO_FUZZ)?;
    let build = || {
        Cmd::new(workspace, &tool)
            .args(["build", "--fuzz-dir", "fuzz", "--target-dir"])
            .arg(&folders.build)
            .args(["--sanitizer", if address { "address" } else { "none" }])
            // Not the toolchain that runs this program.
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .env("CARGO", "cargo")
    };
    if chosen.len() == TARGETS.len() {
        return build().run().context("the fuzz targets do not build");
    }
    for target in chosen {
        build()
            .arg(target.name)
            .run()
            .with_context(|| format!("the fuzz target {} does not build", target.name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options> {
        Options::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments() {
        let options = parse(&["json", "--seconds", "600", "--address", "log"]).unwrap();
        assert_eq!(options.targets, ["json", "log"]);
        assert_eq!((options.seconds, options.address), (600, true));
        for wrong in [
            &["jsom"][..],
            &["--seconds"],
            &["--seconds", "0"],
            &["--total", "x"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_total_is_shared() {
        let options = parse(&["--total", "240"]).unwrap();
        assert_eq!(
            [1, 3, 24, 240, 999].map(|n| options.each(n)),
            [60, 60, 10, 1, 1]
        );
        assert_eq!(parse(&[]).unwrap().each(30), 60);
    }
}
