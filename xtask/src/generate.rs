//! The program that makes the C header and the page's bindings: `xtask/generate`, a workspace of its own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Its manifest, from the root.
pub(crate) const MANIFEST: &str = "xtask/generate/Cargo.toml";

/// What else a page is made of, from the root.
pub(crate) const SOURCES: [&str; 3] = [
    MANIFEST,
    "xtask/generate/Cargo.lock",
    "xtask/generate/src/main.rs",
];

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

/// The same, for bindings: they fit what was compiled with the same version of wasm-bindgen alone, and not every other one
/// is found out by itself.
///
/// # Errors
/// When the versions differ, or it does not build.
pub(crate) fn bindings(workspace: &Workspace) -> Result<PathBuf> {
    let version = |lock: &str, package: &str| -> Result<String> {
        let path = workspace.root.join(lock);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(locked(&text, package)
            .with_context(|| format!("{lock} has no {package}"))?
            .to_owned())
    };
    let compiled = version("Cargo.lock", "wasm-bindgen")?;
    let made = version("xtask/generate/Cargo.lock", "wasm-bindgen-cli-support")?;
    ensure!(
        compiled == made,
        "Cargo.toml takes wasm-bindgen {compiled} and {MANIFEST} wasm-bindgen-cli-support {made}: put the same version \
         into both, and then `cargo update --manifest-path {MANIFEST}`"
    );
    program(workspace)
}

/// The version of a package in a lock file.
fn locked<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let after = lock
        .split(&format!("name = \"{package}\"\nversion = \""))
        .nth(1)?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_package_by_its_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(lock, "bindgen"), None);
    }
}
