//! Environments of Python with packages from PyPI, by their lists.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Says nothing, and succeeds where an environment can be made.
const ABLE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/// The interpreter of an environment in the folder of tools that has what a list says; or why there is
/// none on this machine.
///
/// # Errors
/// When the list cannot be read, or pip cannot install what it says.
pub(crate) fn with(
    workspace: &Workspace,
    name: &str,
    list: &Path,
) -> Result<std::result::Result<PathBuf, &'static str>> {
    if !Cmd::new(workspace, "python3").args(["-c", ABLE]).works() {
        return Ok(Err(
            "python3, 3.10 or newer and with venv and pip, is absent",
        ));
    }
    let folder = workspace.target.join("tools").join(name);
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let wanted = fs::read_to_string(list).with_context(|| list.display().to_string())?;
    // Written last, so that what was cut off is made again.
    let installed = folder.join("installed.txt");
    let works = || Cmd::new(workspace, &python).arg("--version").works();
    if fs::read_to_string(&installed).is_ok_and(|there| there == wanted) && works() {
        return Ok(Ok(python));
    }
    Cmd::new(workspace, "python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .run()
        .with_context(|| format!("an environment for {} cannot be made", list.display()))?;
    Cmd::new(workspace, &python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(list)
        .run()
        .with_context(|| format!("pip cannot install what {} says", list.display()))?;
    fs::write(&installed, wanted).with_context(|| installed.display().to_string())?;
    Ok(Ok(python))
}
