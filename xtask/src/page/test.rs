//! The auditor's page tested in headless Chromium, with packages of the real command line.

use std::fs;

use anyhow::{Context, Result};

use crate::browser;
use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Everything, with a package of 100 MB.
    Whole,
    /// Everything, with a package of 20 MB.
    Short,
}

/// Builds the page and the command line with it, and runs the tests; or says why they cannot run.
///
/// # Errors
/// When something does not build, or a test fails.
pub(crate) fn test(workspace: &Workspace, size: Size) -> Result<Option<String>> {
    let page = super::build(workspace)?;
    if let Some(reason) = browser::ensure(workspace)? {
        return Ok(Some(reason.replace("reports", "the auditor's page")));
    }
    let chromium = browser::chromium(workspace).context("chromium was there a moment ago")?;
    let audit = program::command(workspace, Speed::of(size == Size::Short))?;
    let pictures = workspace.target.join("page/pictures");
    let evidence = workspace.target.join("page/evidence");
    fs::create_dir_all(&pictures).with_context(|| pictures.display().to_string())?;
    Cmd::new(workspace, "node")
        .arg("crates/wasm/tests/browser/run.mjs")
        .arg(workspace.target.join("tools/browser"))
        .arg(&page)
        .arg(chromium)
        .arg(audit)
        .arg(&evidence)
        .arg(&pictures)
        .arg(match size {
            Size::Whole => "100",
            Size::Short => "20",
        })
        .run()
        .context("the auditor's page")?;
    // As long as the packages are, they are in nobody's way only when they are gone.
    fs::remove_dir_all(&evidence).with_context(|| evidence.display().to_string())?;
    println!("look at {}", pictures.display());
    Ok(None)
}
