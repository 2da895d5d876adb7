//! The program that makes the C header and the page's bindings: `xtask/generate`, a workspace of its own.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Its manifest, from the root.
pub(crate) const MANIFEST: &str = "xtask/generate/Cargo.toml";

/// Builds it, where it is not built yet.
///
/// # Errors
/// When it does not build.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("generate");
    Cmd::cargo(workspace)
        .args(["build", "--locked", "--manifest-path", MANIFEST])
        .env("CARGO_TARGET_DIR", &target)
        .run()?;
    let name = format!("ai-audit-generate{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("debug").join(name))
}
