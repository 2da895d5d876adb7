//! Tokens and services of others for the tests of `ai-audit-kms` and of the command line: SoftHSM of Debian, OpenBao and moto of PyPI.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::{Cmd, Show};
use crate::tools;
use crate::venv;
use crate::workspace::Workspace;

const LIST: &str = "crates/kms/tests/requirements.txt";
/// Where Debian's softhsm2 puts its module.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// All that the crate can do, none of which it does by default: for what looks at the whole workspace.
pub(crate) const FEATURES: &str = "ai-audit-kms/pkcs11,ai-audit-kms/vault,ai-audit-kms/aws";

/// Runs all tests of the crate with what can be had; returns what cannot, and why. `take` is given each line that
/// the tests print, what they skipped among them.
///
/// # Errors
/// When pip cannot install what the list says, or a test fails.
pub(crate) fn run(workspace: &Workspace, mut take: impl FnMut(&str)) -> Result<Vec<String>> {
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
    Cmd::cargo(workspace)
        .args(["test", "--package", "ai-audit-kms", "--all-features"])
        .args(["--", "--nocapture"])
        .env("PATH", &path)
        .run_all_lines(|line| {
            take(line);
            Show::Yes
        })?;
    // The command line, whose log has its keys there.
    Cmd::cargo(workspace)
        .args(["test", "--package", "ai-audit-cli", "--features", "kms"])
        .args(["--test", "it", "signers::", "--", "--nocapture"])
        .env("PATH", &path)
        .run_all_lines(|line| {
            take(line);
            Show::Yes
        })?;
    Ok(skipped)
}
