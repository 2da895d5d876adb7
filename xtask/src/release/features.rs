//! Features: every crate that has some builds with none, with each, and with combinations, by cargo-hack.

use anyhow::Result;

use super::{Ended, How, crates};
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "0.6.45";

/// Its features switch re-exports and other crates on; more than two at a time bring nothing new, and all
/// sets of fifteen would take a day.
const UMBRELLA: &str = "ai-audit-trail";

/// The crates of the short form.
const SHORT: [&str; 1] = ["ai-audit-core"];

/// Checks the sets of features, with warnings as errors.
///
/// # Errors
/// When a set does not build, or cargo-hack is missing and cannot be installed.
pub(super) fn check(workspace: &Workspace, how: How) -> Result<Ended> {
    let program = tools::cargo_tool(workspace, "cargo-hack", VERSION)?;
    let hack = || {
        Cmd::new(workspace, &program)
            .args(["hack", "check", "--keep-going"])
            .env("CARGO_TERM_QUIET", "true")
    };
    if how.short {
        let packages = SHORT.iter().flat_map(|name| ["-p", name]);
        hack().args(packages).arg("--each-feature").run()?;
        return Ok(Ended::Skipped(
            "SKIPPED: features of all crates but the core: only in the whole form".into(),
        ));
    }
    let crates = crates::in_order(workspace)?;
    let mut cmd = hack().arg("--feature-powerset");
    for found in &crates {
        if found.name != UMBRELLA && !found.features.is_empty() {
            cmd = cmd.args(["-p", &found.name]);
        }
    }
    cmd.run()?;
    hack()
        .args(["--feature-powerset", "--depth", "2", "-p", UMBRELLA])
        .run()?;
    Ok(Ended::Held)
}
