//! Servers of S3 for the tests of `ai-audit-store-object`: moto and SeaweedFS of PyPI.

use std::env;
use std::ffi::OsString;

use anyhow::{Context, Result};

use crate::shell::{Cmd, Show};
use crate::venv;
use crate::workspace::Workspace;

const LIST: &str = "crates/store-object/tests/requirements.txt";

/// All that the crate can do, of which a folder alone is there by default: for what looks at the whole workspace.
pub(crate) const FEATURES: &str =
    "ai-audit-store-object/s3,ai-audit-store-object/gcs,ai-audit-store-object/azure";

/// Runs all tests of the crate with what can be had; returns what cannot, and why. `take` is given each line that
/// the tests print, what they skipped among them.
///
/// # Errors
/// When pip cannot install what the list says, or a test fails.
pub(crate) fn run(workspace: &Workspace, mut take: impl FnMut(&str)) -> Result<Vec<String>> {
    let mut skipped = Vec::new();
    let mut path = OsString::new();
    match venv::with(workspace, "objects", &workspace.root.join(LIST))? {
        Ok(python) => {
            // First in the search path: the tests ask for `moto_server` and `weed`.
            path.push(python.parent().context("an interpreter is in a folder")?);
            path.push(":");
        }
        Err(why) => skipped.push(format!("SKIPPED: the store in objects on servers: {why}")),
    }
    path.push(env::var_os("PATH").unwrap_or_default());
    Cmd::cargo(workspace)
        .args(["test", "--package", "ai-audit-store-object"])
        .args(["--all-features", "--", "--nocapture"])
        .env("PATH", &path)
        .run_all_lines(|line| {
            take(line);
            Show::Yes
        })?;
    Ok(skipped)
}
