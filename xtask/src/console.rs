//! `cargo xtask console`: the service's console in headless Chromium, against the real program.

use std::fs;

use anyhow::{Context, Result};

use crate::browser;
use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Everything, with pictures of all views in all widths and colours.
    Whole,
    /// Everything in one window, without pictures: under a minute.
    Short,
}

/// Builds the command line and runs the tests; or says why they cannot run.
///
/// # Errors
/// When something does not build, or a test fails.
pub(crate) fn run(workspace: &Workspace, size: Size) -> Result<Option<String>> {
    if let Some(reason) = browser::ensure(workspace)? {
        return Ok(Some(reason.replace("reports", "the console")));
    }
    let chromium = browser::chromium(workspace).context("chromium was there a moment ago")?;
    let audit = program::command(workspace, Speed::of(size == Size::Short))?;
    let folder = workspace.target.join("console");
    let (keeper, pictures) = (folder.join("keeper"), folder.join("pictures"));
    fs::create_dir_all(&pictures).with_context(|| pictures.display().to_string())?;
    Cmd::new(workspace, "node")
        .arg("crates/server/tests/browser/run.mjs")
        .arg(workspace.target.join("tools/browser"))
        .arg(chromium)
        .arg(audit)
        .arg(&keeper)
        .arg(&pictures)
        .arg(match size {
            Size::Whole => "whole",
            Size::Short => "short",
        })
        .run()
        .context("the console")?;
    fs::remove_dir_all(&keeper).with_context(|| keeper.display().to_string())?;
    if size == Size::Whole {
        println!("look at {}", pictures.display());
    }
    Ok(None)
}
