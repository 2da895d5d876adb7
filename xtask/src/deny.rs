//! Licences, duplicate versions and sources of what we depend on, by cargo-deny.

use anyhow::Result;

use crate::generate;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Workspaces of their own, with lock files of their own.
const OTHERS: [&str; 4] = [
    "benches/peers/Cargo.toml",
    "crates/firmware/Cargo.toml",
    "fuzz/Cargo.toml",
    generate::MANIFEST,
];

/// Runs cargo-deny with the checks that need no advisory database, for the other workspaces with those
/// that do not depend on which versions are there twice.
///
/// # Errors
/// When a check fails, or cargo-deny is missing and cannot be installed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    check(workspace, &["bans", "licenses", "sources"])?;
    let program = tools::cargo_tool(workspace, "cargo-deny", VERSION)?;
    for manifest in OTHERS {
        Cmd::new(workspace, &program)
            .args(["--manifest-path", manifest, "--config", "deny.toml"])
            .args(["check", "--hide-inclusion-graph"])
            // What only the others need.
            .args(["--allow", "license-exception-not-encountered"])
            .args(["--allow", "license-not-encountered"])
            .args(["licenses", "sources"])
            .run()?;
    }
    Ok(())
}

/// Holds what we depend on against the database of advisories, where that can be fetched; otherwise gives
/// back the line that says so.
///
/// # Errors
/// When an advisory concerns us, or cargo-deny is missing and cannot be installed.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Option<String>> {
    let program = tools::cargo_tool(workspace, "cargo-deny", VERSION)?;
    if !Cmd::new(workspace, program).args(["fetch", "db"]).works() {
        return Ok(Some(
            "SKIPPED: advisories: the database at github.com/RustSec/advisory-db cannot be fetched"
                .into(),
        ));
    }
    check(workspace, &["advisories"])?;
    Ok(None)
}

fn check(workspace: &Workspace, what: &[&str]) -> Result<()> {
    let program = tools::cargo_tool(workspace, "cargo-deny", VERSION)?;
    Cmd::new(workspace, program)
        .args(["--all-features", "check", "--hide-inclusion-graph"])
        // A reason that is for nothing any more would cover up the next one.
        .args(["--deny", "unmatched-skip", "--deny", "unnecessary-skip"])
        .args(what)
        .run()
}
