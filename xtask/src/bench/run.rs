//! The programs that measure ours beside bare primitives and beside peers, built and run.

use super::options::Options;
use super::row::Row;
use super::{Found, OURS, PEERS};
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Words in the names of the peers' rows: they are built only where one of these can be meant.
const PEERS_WORKS: &str = "seal: verify: pamoja-audit audit-trail signet-core";

/// Builds our rows' program; gives its path.
///
/// # Errors
/// When it does not build.
pub(super) fn program(workspace: &Workspace) -> Result<PathBuf> {
    built(Cmd::cargo(workspace).args(["bench", "-p", OURS, "--bench", "bars", "--no-run"]))
}

/// Runs a build and reads where cargo put the program.
fn built(build: Cmd) -> Result<PathBuf> {
    let mut program = None;
    build
        .arg("--message-format=json-render-diagnostics")
        .run_lines(|line| {
            let message: Value = serde_json::from_str(line).unwrap_or_default();
            if let Some(path) = message["executable"].as_str() {
                program = Some(PathBuf::from(path));
            }
            Show::No
        })?;
    program.context("cargo names no program that it built")
}

/// Our rows, each printed as it is measured.
///
/// # Errors
/// When the program fails.
pub(super) fn rows(
    workspace: &Workspace,
    program: &Path,
    options: &Options,
    found: &mut Found,
) -> Result<()> {
    measure(Cmd::new(workspace, program).arg("--rows"), options, found)
}

/// The peers' rows.
///
/// # Errors
/// When the program fails.
pub(super) fn peers(workspace: &Workspace, options: &Options, found: &mut Found) -> Result<()> {
    if !options.wants("Peers (not the same)", PEERS_WORKS) {
        return Ok(());
    }
    let build = Cmd::cargo(workspace)
        .args(["build", "--release", "--locked", "--manifest-path", PEERS])
        .env("CARGO_TARGET_DIR", workspace.target.join("peers"));
    match built(build) {
        Ok(program) => measure(Cmd::new(workspace, program).arg("--rows"), options, found),
        Err(error) => {
            found.skipped.push(format!("SKIPPED: peers: {error:#}"));
            Ok(())
        }
    }
}

fn measure(mut program: Cmd, options: &Options, found: &mut Found) -> Result<()> {
    if options.quick {
        program = program.arg("--quick");
    }
    let mut wrong = Ok(());
    program.args(&options.filter).run_lines(|line| {
        match Row::parse(line) {
            Ok(Some(row)) => {
                println!("  {}: {}", row.group, row.work);
                found.rows.push(row);
            }
            Ok(None) => {
                let said: Value = serde_json::from_str(line).unwrap_or_default();
                match (said["note"].as_str(), said["skipped"].as_str()) {
                    (Some(note), _) => found.notes.push(note.into()),
                    (None, Some(what)) => found.skipped.push(what.into()),
                    (None, None) => return Show::Yes,
                }
            }
            Err(error) => wrong = Err(error),
        }
        Show::No
    })?;
    wrong
}
