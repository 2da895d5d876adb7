//! Tokens and services of others for the tests of `ai-audit-kms`: SoftHSM of Debian, OpenBao and moto of PyPI.

use std::env;
use std::ffi::OsString;
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
pub(crate) fn prepare(workspace: &Workspace) -> Result<(OsString, Vec<String>)> {
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
