//! The SDK for TypeScript and a server, out of npm's registry in the versions that the list beside the clients says.

use super::CLIENTS;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The folder that has the packages.
pub(super) fn node(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools/mcp-node");
    let list = workspace.root.join(CLIENTS).join("package.json");
    // Written last, so that what was cut off is made again.
    let stamp = folder.join("installed.json");
    let wanted = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    fs::write(folder.join("package.json"), &wanted)?;
    Cmd::new(workspace, "npm")
        .args([
            "install",
            "--silent",
            "--no-fund",
            "--no-audit",
            "--ignore-scripts",
            "--prefix",
        ])
        .arg(&folder)
        .run()
        .context("the MCP SDK for TypeScript is missing, and npm cannot install it")?;
    fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
    Ok(folder)
}
