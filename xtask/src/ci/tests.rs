//! The steps that run the workspace's own tests and examples.

use std::env;
use std::ffi::OsString;
use std::num::NonZero;
use std::thread;

use anyhow::{Result, ensure};

use super::{Form, Outcome};
use crate::counts::Counts;
use crate::program::{self, Speed};
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;
use crate::{changed, services};

/// Whether what makes reports as PDF is among what is built: a typesetter, half of all that we stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pdf {
    With,
    /// For short forms; the step `pdf` has the rest.
    Without,
}

impl Pdf {
    pub(crate) const fn of(short: bool) -> Self {
        if short { Self::Without } else { Self::With }
    }
}

/// The crate that has the feature, the one that has it by default, and the feature.
const PDF: (&str, &str, &str) = ("ai-audit-report", "ai-audit-cli", "pdf");
/// What makes such reports: the crate, what asks it for one, and what the typesetter's crates begin with.
const MADE_BY: [&str; 2] = ["crates/report/", "crates/cli/src/commands/report"];
const TYPESETTER: &str = "typst";

/// All tests, with all that crates can do, or all but one thing. Steps that run some of them again say the same, or
/// cargo builds them anew.
pub(crate) fn all(workspace: &Workspace, pdf: Pdf) -> Cmd {
    let cmd = Cmd::cargo(workspace).args(["test", "--workspace", "--no-fail-fast", "--features"]);
    match pdf {
        Pdf::With => cmd.arg(services::FEATURES),
        Pdf::Without => cmd
            .arg([&by_default(workspace)[..], services::FEATURES].join(","))
            .arg("--no-default-features"),
    }
}

/// What the crates can do where nobody says what, but for that one thing.
fn by_default(workspace: &Workspace) -> String {
    let (_, program, feature) = PDF;
    let mut features = Vec::new();
    for package in &workspace.packages {
        let wanted = |name: &&String| package.name != program || *name != feature;
        for name in package.by_default.iter().filter(wanted) {
            features.push(format!("{}/{name}", package.name));
        }
    }
    features.join(",")
}

/// How many cases of a property are tried in the short form, where the property itself does not say: new ones in each
/// run. The whole form tries proptest's 256.
const CASES: (&str, &str) = ("PROPTEST_CASES", "64");

/// Whether anything changed that reports as PDF come from. Then they are tested, however long the run took before.
pub(super) fn pdf_changed(workspace: &Workspace) -> bool {
    changed::below_or_version(workspace, &MADE_BY, TYPESETTER)
}

/// Runs the tests that need the typesetter, where they were not among all tests.
///
/// # Errors
/// When one fails.
pub(super) fn pdf(workspace: &Workspace, outcome: &mut Outcome, form: Form) -> Result<()> {
    if form == Form::Whole {
        return Ok(());
    }
    let (library, program, feature) = PDF;
    let mut features = format!("{library}/{feature}");
    for own in services::FEATURES
        .split(',')
        .filter(|own| own.starts_with(program))
    {
        features.push(',');
        features.push_str(own);
    }
    let before = outcome.counts.passed;
    let env = outcome.env.clone();
    Cmd::cargo(workspace)
        .args([
            "test",
            "-p",
            library,
            "-p",
            program,
            "--features",
            &features,
        ])
        .envs(&env)
        .args([
            "--test",
            "it",
            "--",
            "--nocapture",
            "pdf",
            "a40_",
            "reports::",
        ])
        .run_all_lines(|line| {
            outcome.take(line);
            Show::Yes
        })?;
    ensure!(
        outcome.counts.passed > before,
        "no test of reports as PDF was found"
    );
    Ok(())
}

/// Runs the examples in the documentation of all libraries, and gives what was printed.
fn doctests(
    workspace: &Workspace,
    pdf: Pdf,
    env: &[(String, OsString)],
) -> (Vec<String>, Result<()>) {
    let mut lines = Vec::new();
    let ended = all(workspace, pdf)
        .envs(env)
        .arg("--doc")
        .run_all_lines(|line| {
            lines.push(line.to_owned());
            Show::No
        });
    (lines, ended)
}

/// Whether a line of the tests is shown: not what went well, test by test.
fn shown(line: &str) -> Show {
    let quiet = line.starts_with("test ") && line.ends_with("... ok")
        || line.starts_with("running ")
        || line.trim().is_empty();
    if quiet { Show::No } else { Show::Yes }
}

/// Runs all tests, and what failed of them once more, alone.
///
/// # Errors
/// When one fails, for the second time where it may have failed once.
pub(super) fn run(workspace: &Workspace, outcome: &mut Outcome, form: Form) -> Result<()> {
    let pdf = Pdf::of(form == Form::Short);
    let built_with = outcome.env.clone();
    // Some wait for servers, leases and the disk while they hold a thread. With many more, those that kill at a
    // certain moment would miss it.
    let threads = thread::available_parallelism().map_or(2, NonZero::get) * 3 / 2;
    let properties: Vec<(String, OsString)> =
        if form == Form::Short && env::var_os(CASES.0).is_none() {
            vec![(CASES.0.into(), CASES.1.into())]
        } else {
            Vec::new()
        };
    let (ran, examples) = thread::scope(|scope| {
        // Each crate's are compiled and documented by one core: beside the tests, since neither needs what the other does.
        let examples = scope.spawn(|| doctests(workspace, pdf, &built_with));
        let ran = all(workspace, pdf)
            .envs(&built_with)
            .arg("--tests")
            // A test says on its standard output what it skipped.
            .env("RUST_TEST_THREADS", threads.to_string())
            .envs(&properties)
            .args(["--", "--nocapture"])
            // Panics come on standard error.
            .run_all_lines(|line| {
                outcome.take(line);
                shown(line)
            });
        (ran, super::joined(examples))
    });
    let (lines, examples) = examples;
    for line in &lines {
        outcome.take(line);
        if shown(line) == Show::Yes {
            println!("{line}");
        }
    }
    let ran = ran.and(examples);
    let (Err(error), Some(names)) = (&ran, outcome.failures.again(outcome.counts.failed)) else {
        return ran;
    };
    println!("{error:#}; once more, alone");
    let again = names.len() as u64;
    let mut counts = Counts::default();
    // All programs, since another selection would be built with other features. First those that are there: libraries
    // with no tests of their own would be built for this.
    for selected in [&["--test", "*"][..], &["--lib", "--bins", "--test", "*"]] {
        counts = Counts::default();
        all(workspace, pdf)
            .envs(&built_with)
            .args(selected)
            .args(["--", "--exact", "--nocapture", "--test-threads", "1"])
            .args(names)
            .run_all_lines(|line| {
                counts.take_line(line);
                Show::No
            })?;
        if counts.passed >= again {
            break;
        }
    }
    ensure!(
        counts.failed == 0 && counts.passed >= again,
        "{} of {again} passed when they ran again",
        counts.passed
    );
    outcome.failures.passed_again();
    outcome.counts.failed -= again;
    outcome.counts.passed += again;
    Ok(())
}

/// Examples that do nothing by themselves: the generator of the vectors and the programs that measure have steps
/// of their own, and tests talk to the servers.
const APART: [&str; 12] = [
    "bare",
    "calibrate",
    "mcp_hostile_server",
    "mcp_proxy_stdio",
    "mcp_stdio",
    "measure",
    "pii_accuracy",
    "postgres_throughput",
    "receipts-by-vault",
    "redis_throughput",
    "simulate",
    "vectors",
];

/// Runs every other example.
///
/// # Errors
/// When one fails.
pub(super) fn examples(workspace: &Workspace, _: &mut Outcome, _: Form) -> Result<()> {
    for package in &workspace.packages {
        for target in package
            .targets
            .iter()
            .filter(|target| target.kind == "example")
        {
            if !APART.contains(&target.name.as_str()) {
                // Built among the tests: by itself it would be built with features of its own.
                let program =
                    program::example(workspace, Speed::AsTested, &package.name, &target.name)?;
                Cmd::new(workspace, program).run()?;
            }
        }
    }
    Ok(())
}
