//! Licences, duplicate versions and sources of what we depend on, by cargo-deny.

use anyhow::Result;

use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Runs cargo-deny with the checks that need no advisory database.
///
/// # Errors
/// When a check fails, or cargo-deny is missing and cannot be installed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = tools::cargo_tool(workspace, "cargo-deny", VERSION)?;
    Cmd::new(workspace, program)
        .args([
            "--all-features",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ])
        .run()
}
