//! Builds that users and docs.rs make: the documentation, and with the oldest Rust that is promised.

use anyhow::{Context, Result};

use super::{Ended, How, crates};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Builds the documentation of every published library with all features, as docs.rs does.
///
/// # Errors
/// When it does not build without a warning.
pub(super) fn docs(workspace: &Workspace, _: How) -> Result<Ended> {
    let crates = crates::in_order(workspace)?;
    let cmd = Cmd::cargo(workspace)
        .args(["doc", "--no-deps", "--all-features", "--lib"])
        .env("RUSTDOCFLAGS", "-D warnings");
    let libraries = crates.iter().filter(|found| found.library);
    libraries
        .fold(cmd, |cmd, found| cmd.args(["-p", &found.name]))
        .run()?;
    Ok(Ended::Held)
}

/// Checks all published crates with the Rust version that their manifests state.
///
/// # Errors
/// When they do not build with it.
pub(super) fn msrv(workspace: &Workspace, _: How) -> Result<Ended> {
    let crates = crates::in_order(workspace)?;
    let version = &crates.first().context("nothing is published")?.rust_version;
    let toolchain = if version.matches('.').count() == 1 {
        format!("{version}.0")
    } else {
        version.clone()
    };
    if let Some(line) = no_toolchain(workspace, &toolchain) {
        return Ok(Ended::Skipped(line));
    }
    let target = workspace.target.join("release-check/msrv");
    let cmd = Cmd::new(workspace, "rustup")
        .args(["run", &toolchain, "cargo", "check", "--locked"])
        .args(["--lib", "--bins"])
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0");
    crates
        .iter()
        .fold(cmd, |cmd, found| cmd.args(["-p", &found.name]))
        .run()?;
    println!("msrv: {} crates with Rust {toolchain}", crates.len());
    Ok(Ended::Held)
}

/// The line that says why a toolchain is not to be had; none where it is there or could be installed.
pub(super) fn no_toolchain(workspace: &Workspace, toolchain: &str) -> Option<String> {
    let there = || {
        Cmd::new(workspace, "rustup")
            .args(["run", toolchain, "rustc", "--version"])
            .works()
    };
    if there() {
        return None;
    }
    println!("Rust {toolchain} is not installed: installing it with rustup");
    let install = ["toolchain", "install", toolchain, "--profile", "minimal"];
    let installed = Cmd::new(workspace, "rustup").args(install).works();
    if installed && there() {
        return None;
    }
    Some(format!(
        "SKIPPED: Rust {toolchain} is missing and cannot be installed; try: rustup toolchain install \
         {toolchain} --profile minimal"
    ))
}
