//! What was promised stays: public interfaces held against the last tag, by cargo-semver-checks.

use std::fs;

use anyhow::{Context, Result, bail};

use super::{Ended, How, copy, crates, versions};
use crate::shell::{Cmd, Show};
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "0.51.0";

/// Compares every published library with the last tag. Without a tag there is nothing to compare with.
///
/// # Errors
/// When something public was broken and the version does not say so, or the tool is missing and cannot
/// be installed.
pub(super) fn check(workspace: &Workspace, how: How) -> Result<Ended> {
    if how.self_test {
        return self_test(workspace);
    }
    let tags = Cmd::new(workspace, "git")
        .args(["tag", "--list", "v*", "--merged", "HEAD"])
        .args(["--sort", "-version:refname"])
        .read()?;
    let Some(tag) = tags.lines().next() else {
        return Ok(Ended::Skipped(
            "SKIPPED: interfaces against the last release: there is no tag v* yet".into(),
        ));
    };
    let crates = crates::in_order(workspace)?;
    if tag.strip_prefix('v') == Some(versions::one(&crates)?.as_str()) {
        // How large the next step is nobody has said yet.
        println!(
            "semver: {tag} is this version; it is compared once `release prepare` has raised it"
        );
        return Ok(Ended::Held);
    }
    let program = tools::cargo_tool(workspace, "cargo-semver-checks", VERSION)?;
    let cmd = Cmd::new(workspace, program)
        .args(["semver-checks", "check-release", "--baseline-rev", tag])
        .env(
            "CARGO_TARGET_DIR",
            workspace.target.join("release-check/semver"),
        );
    let libraries = crates.iter().filter(|found| found.library);
    // A crate that is new since the tag has nothing to be compared with.
    let known = libraries.filter(|found| {
        let manifest = workspace.relative(&found.dir.join("Cargo.toml"));
        Cmd::new(workspace, "git")
            .args(["cat-file", "-e", &format!("{tag}:{manifest}")])
            .works()
    });
    known
        .fold(cmd, |cmd, found| cmd.args(["-p", &found.name]))
        .run()?;
    Ok(Ended::Held)
}

/// In a clone whose head is tagged: nothing is found as long as nothing is changed, and a type that is no
/// longer public is found.
fn self_test(workspace: &Workspace) -> Result<Ended> {
    const PACKAGE: &str = "ai-audit-core";
    const FILE: &str = "crates/core/src/lib.rs";
    /// A public item that has a line of its own.
    const ITEM: &str = "pub use id::";

    let program = tools::cargo_tool(workspace, "cargo-semver-checks", VERSION)?;
    let folder = workspace.target.join("release-check/semver-self-test");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    Cmd::new(workspace, "git")
        .args(["clone", "--quiet", "--no-hardlinks", "."])
        .arg(&folder)
        .run()?;
    let target = workspace.target.join("release-check/semver");
    let clone = copy::at(&folder, &target);
    Cmd::new(&clone, "git").args(["tag", "v0.0.0-test"]).run()?;
    let compare = || {
        Cmd::new(&clone, &program)
            .args(["semver-checks", "check-release", "-p", PACKAGE])
            .args(["--baseline-rev", "v0.0.0-test", "--color", "never"])
            .args(["--release-type", "minor"])
            .env("CARGO_TARGET_DIR", &target)
    };
    compare()
        .read()
        .context("the unchanged interface was not accepted")?;
    println!("semver: an unchanged {PACKAGE} is accepted");

    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| FILE.to_string())?;
    let at = text
        .find(ITEM)
        .with_context(|| format!("{FILE} has no line `{ITEM}…` that could be taken away"))?;
    let hidden = text.replacen(ITEM, "pub(crate) use id::", 1);
    fs::write(&path, hidden).with_context(|| FILE.to_string())?;
    let line = text.get(at..).and_then(|rest| rest.lines().next());
    let mut finding = None;
    let outcome = compare().run_lines(|line| {
        // It must fail for what was done, not for a build or the network.
        if line.starts_with("--- failure") && line.contains("missing") {
            finding = Some(line.to_string());
        }
        Show::No
    });
    match (outcome, finding) {
        (Err(_), Some(finding)) => println!("semver: found: {finding}"),
        (Err(error), None) => bail!("it failed for another reason than what was broken: {error:#}"),
        (Ok(()), _) => bail!("a broken interface was accepted: {FILE} without {line:?}"),
    }
    Ok(Ended::Held)
}
