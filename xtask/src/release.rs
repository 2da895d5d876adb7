//! What a release is held to before it goes out, step by step, and how one is prepared.

mod binary;
mod builds;
mod copy;
mod crates;
mod features;
mod licences;
mod lock;
mod minimal;
mod package;
mod page;
mod prepare;
pub(crate) mod readme;
mod sbom;
mod semver;
mod versions;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// What a step may use, and how much of it is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// The form that fits into CI.
    pub(crate) short: bool,
    /// Programs without PDF reports and servers, which build in a third of the time.
    pub(crate) small: bool,
    /// A step proves that it finds what it is there for.
    pub(crate) self_test: bool,
}

impl How {
    /// Everything, with the artifacts.
    pub(crate) const WHOLE: How = How {
        short: false,
        small: false,
        self_test: false,
    };
    /// What fits into CI.
    pub(crate) const SHORT: How = How {
        short: true,
        small: true,
        self_test: false,
    };
}

/// How a step ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Held,
    /// The line that says what was not run and why.
    Skipped(String),
}

/// One step, by the name that it is run under.
struct Step {
    name: &'static str,
    /// Whether the short form runs it, too.
    in_short: bool,
    run: fn(&Workspace, How) -> Result<Ended>,
}

const STEPS: [Step; 13] = [
    step("versions", true, versions::check),
    step("licences", true, licences::check),
    step("readme", true, readme::check),
    step("docs", false, builds::docs),
    step("semver", true, semver::check),
    step("package", true, package::check),
    step("minimal-versions", false, minimal::check),
    step("features", true, features::check),
    step("msrv", false, builds::msrv),
    step("page", false, page::check),
    step("sbom", false, sbom::check),
    step("reproducible", false, binary::reproducible),
    step("musl", false, binary::musl),
];

const fn step(
    name: &'static str,
    in_short: bool,
    run: fn(&Workspace, How) -> Result<Ended>,
) -> Step {
    Step {
        name,
        in_short,
        run,
    }
}

/// Names of all steps, in their order.
#[cfg(test)]
pub(crate) fn step_names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Where the artifacts of a release are put.
pub(crate) fn artifacts(workspace: &Workspace) -> PathBuf {
    workspace.target.join("release-artifacts")
}

/// The program that needs no libraries, which has verified the published vectors; or why there is none.
///
/// # Errors
/// When it does not build, or does not verify them.
pub(crate) fn static_program(
    workspace: &Workspace,
    small: bool,
) -> Result<std::result::Result<PathBuf, String>> {
    binary::static_program(workspace, small)
}

/// `cargo xtask release …`.
///
/// # Errors
/// When the arguments are not understood, a step failed, or a release cannot be prepared.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode> {
    match args.split_first() {
        Some((first, rest)) if first == "check" => {
            let (how, names) = arguments(rest)?;
            for line in check(workspace, how, &names)? {
                println!("{line}");
            }
        }
        Some((first, rest)) if first == "prepare" => prepare::run(workspace, rest)?,
        Some((first, [])) if first == "readme" => readme::write(workspace)?,
        _ => bail!("release takes check, prepare VERSION or readme; see `cargo xtask --help`"),
    }
    Ok(ExitCode::SUCCESS)
}

fn arguments(args: &[String]) -> Result<(How, Vec<&str>)> {
    let mut how = How::WHOLE;
    let mut names = Vec::new();
    for arg in args {
        match arg.as_str() {
            "--short" => how = How::SHORT,
            "--small" => how.small = true,
            "--self-test" => how.self_test = true,
            name if STEPS.iter().any(|step| step.name == name) => names.push(name),
            other => bail!("release check has no step {other:?}; see `cargo xtask --help`"),
        }
    }
    if how.self_test && names != ["semver"] {
        bail!("--self-test is for `release check semver` alone");
    }
    Ok((how, names))
}

/// Runs all steps, or those named, and goes on after a failure, so that one run tells everything. Gives
/// back the lines of what was skipped.
///
/// # Errors
/// When a step failed.
pub(crate) fn check(workspace: &Workspace, how: How, names: &[&str]) -> Result<Vec<String>> {
    let mut skipped = Vec::new();
    let mut failed = Vec::new();
    for step in &STEPS {
        let wanted = if names.is_empty() {
            step.in_short || !how.short
        } else {
            names.contains(&step.name)
        };
        if !wanted {
            continue;
        }
        println!("\n-- {}", step.name);
        let start = Instant::now();
        let result = (step.run)(workspace, how);
        let seconds = start.elapsed().as_secs();
        match result {
            Ok(Ended::Held) => println!("-- {}: ok, {seconds} s", step.name),
            Ok(Ended::Skipped(line)) => {
                println!("-- {}: {line}", step.name);
                skipped.push(line);
            }
            Err(error) => {
                println!("-- {}: FAILED, {seconds} s: {error:#}", step.name);
                failed.push(step.name);
            }
        }
    }
    println!();
    if !failed.is_empty() {
        bail!("the release does not hold: {}", failed.join(", "));
    }
    Ok(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_flags_are_told_from_mistakes() {
        let args = |text: &str| -> Vec<String> { text.split(' ').map(String::from).collect() };
        let (how, names) = arguments(&args("--short versions musl")).map_or_else(
            |error| panic!("{error}"),
            |(how, names)| (how, names.join(" ")),
        );
        assert!(how.short && how.small);
        assert_eq!(names, "versions musl");
        assert!(arguments(&args("version")).is_err());
        assert!(arguments(&args("--self-test package")).is_err());
        assert!(arguments(&args("semver --self-test")).is_ok());
    }
}
