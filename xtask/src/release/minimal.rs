//! Lower bounds: the libraries build with the lowest versions that their manifests allow.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::builds::no_toolchain;
use super::{Ended, How, copy, crates, lock};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Cargo finds lowest versions only with an unstable flag; what it found is then built with the stable one.
const TOOLCHAIN: &str = "nightly";

/// A feature that brings a typesetter with its own versions of everything.
const LEFT_OUT: &str = "pdf";

/// Resolves every direct dependency to its lowest version, in a copy, and checks the libraries with all
/// features but one.
///
/// # Errors
/// When the versions do not fit together, or a library does not build with them.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    if let Some(line) = no_toolchain(workspace, TOOLCHAIN) {
        return Ok(Ended::Skipped(line));
    }
    let folder = workspace.target.join("release-check/minimal");
    let tree = copy::sources(workspace, &folder.join("source"), &folder.join("target"))?;
    Cmd::new(&tree, "rustup")
        .args(["run", TOOLCHAIN, "cargo", "update"])
        .args(["-Z", "direct-minimal-versions", "--quiet"])
        .run()
        .context("a manifest allows a version that its other dependencies do not: raise it")?;
    println!("minimal-versions: {}", lowered(workspace, &tree)?);
    let crates = crates::in_order(workspace)?;
    let libraries: Vec<_> = crates.iter().filter(|found| found.library).collect();
    let mut features = Vec::new();
    let mut cmd = Cmd::cargo(&tree)
        .args(["check", "--locked", "--lib"])
        .env("CARGO_TARGET_DIR", &tree.target)
        .env("CARGO_INCREMENTAL", "0");
    for found in &libraries {
        cmd = cmd.args(["-p", &found.name]);
        for feature in found.features.keys().filter(|name| *name != LEFT_OUT) {
            features.push(format!("{}/{feature}", found.name));
        }
    }
    cmd.arg("--features").arg(features.join(",")).run()?;
    println!(
        "minimal-versions: {} libraries build with the lowest versions",
        libraries.len()
    );
    Ok(Ended::Held)
}

/// How far the lowest versions are from those that are used every day.
fn lowered(workspace: &Workspace, tree: &Workspace) -> Result<String> {
    let versions = |root: &Workspace| -> Result<BTreeSet<(String, String)>> {
        let path = root.root.join("Cargo.lock");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let packages = lock::packages(&text).into_iter();
        Ok(packages.map(|found| (found.name, found.version)).collect())
    };
    let (usual, lowest) = (versions(workspace)?, versions(tree)?);
    let other = lowest.difference(&usual).count();
    Ok(format!(
        "{other} of {} packages are in another version than in Cargo.lock",
        lowest.len()
    ))
}
