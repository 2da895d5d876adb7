//! Copies of the sources elsewhere: what changes or litters a tree is done in one of them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Copies every file that git knows or would take into an empty `folder`, and gives the copy back as a
/// workspace that builds into `target`. Files that are links become what they lead to.
///
/// # Errors
/// When git does not answer, or a file cannot be copied.
pub(crate) fn sources(workspace: &Workspace, folder: &Path, target: &Path) -> Result<Workspace> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let listed = Cmd::new(workspace, "git")
        .args(["ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .read()?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let from = workspace.root.join(name);
        if !from.is_file() {
            continue;
        }
        let to = folder.join(name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        fs::copy(&from, &to).with_context(|| format!("copying {name} to {}", to.display()))?;
    }
    Ok(at(folder, target))
}

/// A tree that is there already, as a workspace to run programs in.
pub(crate) fn at(folder: &Path, target: &Path) -> Workspace {
    Workspace {
        root: folder.into(),
        target: target.into(),
        packages: Vec::new(),
    }
}
