//! What looks at reports in a browser: headless Chromium, and from npm a driver and axe-core.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// Names of programs that are Chromium.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The name of the program that is Chromium here.
pub(crate) fn chromium(workspace: &Workspace) -> Option<&'static str> {
    CHROMIUM
        .into_iter()
        .find(|name| tools::there(workspace, name))
}

/// Puts everything where the tests of the reports look for it, in the versions that they are written
/// for; or says why they will skip the browser.
///
/// # Errors
/// When npm is there and cannot install them.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Option<String>> {
    let there = |program: &str| tools::there(workspace, program);
    if chromium(workspace).is_none()
        && let Err(error) = tools::debian(workspace, &["chromium"])
    {
        return Ok(Some(format!("SKIPPED: reports in a browser: {error:#}")));
    }
    if chromium(workspace).is_none() {
        return Ok(Some(
            "SKIPPED: reports in a browser: chromium is absent".into(),
        ));
    }
    for program in ["node", "npm"] {
        if !there(program) {
            return Ok(Some(format!(
                "SKIPPED: reports in a browser: {program} is absent"
            )));
        }
    }
    let wanted = workspace
        .root
        .join("crates/report/tests/browser/package.json");
    let wanted = fs::read_to_string(&wanted).with_context(|| wanted.display().to_string())?;
    let folder = workspace.target.join("tools/browser");
    let manifest = folder.join("package.json");
    let axe = folder.join("node_modules/axe-core/axe.min.js");
    if axe.is_file() && fs::read_to_string(&manifest).is_ok_and(|there| there == wanted) {
        return Ok(None);
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    fs::write(&manifest, wanted).with_context(|| manifest.display().to_string())?;
    Cmd::new(workspace, "npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-package-lock",
        ])
        .arg("--prefix")
        .arg(&folder)
        .run()
        .context("axe-core and puppeteer-core are missing, and npm cannot install them")?;
    Ok(None)
}
