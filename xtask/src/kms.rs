//! Tokens and services of others for the tests of `ai-audit-kms`: SoftHSM of Debian, OpenBao and moto of PyPI.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::tools;
use crate::venv;
use crate::workspace::Workspace;

const LIST: &str = "crates/kms/tests/requirements.txt";
/// Where Debian's softhsm2 puts its module.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// All that the crate can do, none of which it does by default: for what looks at the whole workspace.
pub(crate) const FEATURES: &str = "ai-audit-kms/pkcs11,ai-audit-kms/vault,ai-audit-kms/aws";

/// Sees to what the tests can have, and gives the search path to run them with; and what cannot be had, and why.
///
/// # Errors
/// When pip cannot install what the list says.
fn prepare(workspace: &Workspace) -> Result<(OsString, Vec<String>)> {
    let mut skipped = Vec::new();
    if !Path::new(MODULE).exists() {
        let installed = tools::debian(workspace, &["softhsm2"]);
        if installed.is_err() || !Path::new(MODULE).exists() {
            skipped.push("SKIPPED: keys in a token: Debian's softhsm2 is absent".into());
        }
    }
    let mut path = OsString::new();
    match venv::with(workspace, "kms", &workspace.root.join(LIST))? {
        Ok(python) => {
            // First in the search path: the tests ask for `bao`, `moto_server` and `python3`.
            path.push(python.parent().context("an interpreter is in a folder")?);
            path.push(":");
        }
        Err(why) => skipped.push(format!("SKIPPED: Vault and AWS: {why}")),
    }
    path.push(env::var_os("PATH").unwrap_or_default());
    Ok((path, skipped))
}

/// The same for the tests of all crates: a variable that has cargo start each of them by a script, which sets the
/// search path. Were it set for cargo, build scripts that watch it would run anew, and half of everything with them.
///
/// # Errors
/// As [`run`], or when the script cannot be written.
pub(crate) fn for_all(workspace: &Workspace) -> Result<((String, OsString), Vec<String>)> {
    let (path, skipped) = prepare(workspace)?;
    let said = Cmd::new(workspace, "rustc").arg("-vV").read()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc -vV names no host")?;
    let name = host.to_uppercase().replace('-', "_");
    let tools = workspace.target.join("tools");
    fs::create_dir_all(&tools).with_context(|| tools.display().to_string())?;
    let script = tools.join("with-servers-of-keys");
    let path = path.to_string_lossy().replace('\'', "'\\''");
    fs::write(&script, format!("PATH='{path}' exec \"$@\"\n"))
        .with_context(|| script.display().to_string())?;
    let mut runner = OsString::from("sh ");
    runner.push(&script);
    Ok(((format!("CARGO_TARGET_{name}_RUNNER"), runner), skipped))
}

/// Runs all tests of the crate with what can be had; returns what cannot, and why.
///
/// # Errors
/// When pip cannot install what the list says, or a test fails.
pub(crate) fn run(workspace: &Workspace) -> Result<Vec<String>> {
    let (path, skipped) = prepare(workspace)?;
    Cmd::cargo(workspace)
        .args(["test", "--package", "ai-audit-kms", "--all-features"])
        .args(["--", "--nocapture"])
        .env("PATH", path)
        .run()?;
    Ok(skipped)
}
