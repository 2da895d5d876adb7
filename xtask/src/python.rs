//! The Python library whose records are imported, in an environment of its own, for the tests that
//! hold ours against it.

pub(crate) mod bench;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Where the lists of packages and the scripts are.
const SCRIPTS: &str = "crates/import/tests/python";
/// What every reason for skipping begins with.
const SKIPPED: &str = "SKIPPED: the Python library itself:";
/// Says nothing, and succeeds where an environment can be made.
const ABLE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

/// Installs the library from PyPI where the tests look for it, in the versions that they are written
/// for; or says why they will skip it.
///
/// # Errors
/// When Python is there and pip cannot install them.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Option<String>> {
    let folder = folder(workspace);
    let mut wanted = Vec::new();
    for list in ["requirements.txt", "requirements-older.txt"] {
        let path = workspace.root.join(SCRIPTS).join(list);
        wanted.push(fs::read_to_string(&path).with_context(|| path.display().to_string())?);
    }
    // Written last, so that what was cut off is made again.
    let installed = folder.join("installed.txt");
    let (wanted, python) = (wanted.concat(), interpreter(workspace));
    let works = || Cmd::new(workspace, &python).arg("--version").works();
    if fs::read_to_string(&installed).is_ok_and(|there| there == wanted) && works() {
        return Ok(None);
    }
    let able = || Cmd::new(workspace, "python3").args(["-c", ABLE]).works();
    // A developer's machine is left as it is.
    if std::env::var_os("CI").is_some() && !able() {
        println!("python3 cannot make environments: installing Debian's python3-venv");
        for arguments in [
            &["-q", "update"][..],
            &[
                "-q",
                "install",
                "-y",
                "--no-install-recommends",
                "python3-venv",
            ],
        ] {
            let apt = Cmd::new(workspace, "apt-get").args(arguments);
            if let Err(error) = apt.env("DEBIAN_FRONTEND", "noninteractive").run() {
                return Ok(Some(format!("{SKIPPED} {error:#}")));
            }
        }
    }
    if !able() {
        return Ok(Some(format!(
            "{SKIPPED} python3, 3.11 or newer and with venv and pip, is absent"
        )));
    }
    install(workspace, &folder, &python)?;
    fs::write(&installed, wanted).with_context(|| installed.display().to_string())?;
    Ok(None)
}

/// The interpreter of the environment.
pub(crate) fn interpreter(workspace: &Workspace) -> PathBuf {
    let inside = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    folder(workspace).join(inside)
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools/python")
}

/// One of our scripts.
pub(crate) fn script(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.root.join(SCRIPTS).join(name)
}

fn install(workspace: &Workspace, folder: &Path, python: &Path) -> Result<()> {
    Cmd::new(workspace, "python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .run()
        .context("an environment for the Python library cannot be made")?;
    let pip = || {
        Cmd::new(workspace, python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
    };
    pip()
        .arg("--requirement")
        .arg(script(workspace, "requirements.txt"))
        .run()
        .context("the Python library is missing, and pip cannot install it")?;
    pip()
        .arg("--target")
        .arg(folder.join("older"))
        .arg("--requirement")
        .arg(script(workspace, "requirements-older.txt"))
        .run()
        .context("an older orjson is missing, and pip cannot install it")
}
