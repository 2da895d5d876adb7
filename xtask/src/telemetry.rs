//! Metrics and traces of the real service: scraped, checked by promtool, passed on by a real collector, and
//! held against the log.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::venv;
use crate::workspace::Workspace;
use crate::{program, tools};

const SCRIPTS: &str = "crates/telemetry/tests/python";
/// Debian's package with promtool.
const PROMETHEUS: &str = "prometheus";
/// Decisions that are appended.
const DECISIONS: &str = "200";

/// Builds the command line, installs a collector, and has a script in Python run both; or says what was
/// left out.
///
/// # Errors
/// When something cannot be built or installed, or what is told is not what is in the log.
pub(crate) fn run(workspace: &Workspace) -> Result<Option<String>> {
    let promtool = promtool(workspace);
    let program = program::ai_audit(workspace)?;
    let list = workspace.root.join(SCRIPTS).join("requirements.txt");
    let python = match venv::with(workspace, "telemetry-python", &list)? {
        Ok(python) => python,
        Err(why) => return Ok(Some(format!("SKIPPED: metrics and traces: {why}"))),
    };
    let folder = workspace.target.join("telemetry");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Cmd::new(workspace, python)
        .arg(workspace.root.join(SCRIPTS).join("check.py"))
        .arg(program)
        .arg(promtool.clone().unwrap_or_default())
        .arg(folder)
        .arg(DECISIONS)
        .run()
        .context("what the service tells of its work is not as it should be")?;
    Ok(promtool.is_none().then(|| {
        "SKIPPED: promtool over the metrics: Debian's package prometheus is absent".to_owned()
    }))
}

/// Where promtool is, if it can be had.
fn promtool(workspace: &Workspace) -> Option<PathBuf> {
    let there = || tools::there(workspace, "promtool").then(|| PathBuf::from("promtool"));
    there().or_else(|| {
        tools::debian(workspace, &[PROMETHEUS]).ok()?;
        there()
    })
}
