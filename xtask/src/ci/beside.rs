//! Steps that mostly wait, for other people's programs and for browsers: a run of their own, beside the steps that
//! build for other machines. `mcp` is none of them: it runs tests as they were built, with what was set for that.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;

/// What is run beside. All of it uses what the tests have built.
pub(super) const STEPS: [&str; 7] = [
    "page-tests",
    "service",
    "proxy",
    "telemetry",
    "frameworks",
    "console",
    "deploy",
];

/// What such a run printed, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    lines: Vec<String>,
    ended: Result<()>,
}

/// Runs the steps to their end in a process of their own, so that what they print does not mix with what is printed
/// meanwhile.
pub(super) fn run(workspace: &Workspace) -> Ran {
    let mut lines = Vec::new();
    let ended = own(workspace).and_then(|program| {
        Cmd::new(workspace, program)
            .arg("ci")
            .args(STEPS)
            .run_all_lines(|line| {
                lines.push(line.to_owned());
                Show::No
            })
    });
    Ran { lines, ended }
}

/// This program. The tests may have built it anew in the same place: then the one that runs has no file any more.
fn own(workspace: &Workspace) -> Result<PathBuf> {
    let built = workspace
        .target
        .join("debug")
        .join(format!("xtask{}", env::consts::EXE_SUFFIX));
    if built.is_file() {
        return Ok(built);
    }
    env::current_exe().context("where this program is")
}

impl Ran {
    /// Prints what was printed, but for the last line, which has counts of this part alone.
    pub(super) fn print(&self) {
        let last = self
            .lines
            .iter()
            .rposition(|line| line.contains(" passed, "));
        for (at, line) in self.lines.iter().enumerate() {
            if Some(at) != last {
                println!("{line}");
            }
        }
    }

    /// Adds what the steps found to the outcome, the times and the failures of the run that they belong to.
    pub(super) fn add_to(
        self,
        outcome: &mut Outcome,
        times: &mut Vec<String>,
        failed: &mut Vec<String>,
    ) {
        let mut said = None;
        let mut failures = 0;
        for line in &self.lines {
            if let Some(seconds) = line.strip_prefix("seconds: ") {
                said = Some(seconds.to_owned());
            } else if said.is_some() && line.starts_with("SKIPPED: ") {
                outcome.skipped.insert(line.clone());
            } else if said.is_some()
                && let Some(failure) = line.strip_prefix("failed step: ")
            {
                failures += 1;
                failed.push(failure.to_owned());
            }
        }
        // It ends with a failure where a step failed; without one, it has come to no end.
        let ended = self.ended.and_then(|()| {
            ensure!(said.is_some(), "it ended without a word of its steps");
            Ok(())
        });
        if let (Err(error), 0) = (ended, failures) {
            failed.push(format!("{}: {error:#}", STEPS.join(", ")));
        }
        times.extend(said);
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn added(lines: &[&str], ended: Result<()>) -> (Outcome, Vec<String>, Vec<String>) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let (mut outcome, mut times, mut failed) = Default::default();
        Ran { lines, ended }.add_to(&mut outcome, &mut times, &mut failed);
        (outcome, times, failed)
    }

    #[test]
    fn what_was_skipped_and_what_failed_is_passed_on() {
        let lines = [
            "== proxy: FAILED, 3 s: no python",
            "SKIPPED: said by a test, and again at the end if it counts",
            "",
            "seconds: proxy 3, console 40",
            "SKIPPED: pictures: only with --full",
            "failed step: proxy: no python",
            "0 passed, 1 failed, 1 skipped",
        ];
        let (outcome, times, failed) = added(&lines, Err(anyhow!("it failed")));
        assert_eq!(
            outcome.skipped.into_iter().collect::<Vec<_>>(),
            ["SKIPPED: pictures: only with --full"]
        );
        assert_eq!(times, ["proxy 3, console 40"]);
        assert_eq!(failed, ["proxy: no python"]);
    }

    #[test]
    fn a_run_that_was_cut_off_has_failed() {
        let (_, _, failed) = added(&["== proxy"], Err(anyhow!("killed")));
        assert!(failed[0].ends_with(": killed"), "{failed:?}");
        let (_, _, failed) = added(&["== proxy"], Ok(()));
        assert_eq!(failed.len(), 1);
        let (_, _, failed) = added(&["seconds: proxy 3"], Ok(()));
        assert!(failed.is_empty(), "{failed:?}");
    }
}
