//! Licences, duplicate versions and sources of what we depend on, by cargo-deny.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Runs cargo-deny with the checks that need no advisory database.
///
/// # Errors
/// When a check fails, or cargo-deny is missing and cannot be installed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = ensure_installed(workspace)?;
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

/// Our own copy in the target directory, one on the path of the same version, or a fresh install.
fn ensure_installed(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools");
    let ours = folder
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for candidate in [ours.clone(), PathBuf::from("cargo-deny")] {
        let said = Cmd::new(workspace, &candidate).arg("--version").read();
        if said.is_ok_and(|said| said.trim().ends_with(VERSION)) {
            return Ok(candidate);
        }
    }
    println!("cargo-deny {VERSION} is not installed: building it once, some minutes");
    // A debug build is ready several times sooner, and our graph is small.
    Cmd::cargo(workspace)
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--debug",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&folder)
        .run()
        .with_context(|| {
            format!(
                "cargo-deny is missing; install it with: \
                 cargo install cargo-deny --locked --debug --version {VERSION}"
            )
        })?;
    Ok(ours)
}
