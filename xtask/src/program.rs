//! The command line that other steps use: what the tests built, where it is of these sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::shell::Cmd;
use crate::workspace::{DependencyKind, Workspace};

const PACKAGE: &str = "ai-audit-cli";

/// How fast a program is that a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// As the tests have built it: for short forms, which show that a thing works and not how fast.
    AsTested,
    /// Optimised: what is measured.
    Release,
}

impl Speed {
    pub(crate) const fn of(short: bool) -> Self {
        if short { Self::AsTested } else { Self::Release }
    }

    /// What to say of a bar. A program that was not optimised says nothing about it.
    pub(crate) const fn verdict(self, reached: bool) -> &'static str {
        match (self, reached) {
            (Self::AsTested, _) => "not judged, not optimised",
            (Self::Release, true) => "reached",
            (Self::Release, false) => "MISSED",
        }
    }
}

/// The `ai-audit` of these sources.
///
/// That is the one that the tests have built, unless a source is newer. Then one is built in a folder of
/// its own, without what reports as PDF need: built in the common folder by itself it would have other
/// features of what it stands on, and the next tests would build all that again.
///
/// # Errors
/// When a source cannot be looked at, or it does not build.
pub(crate) fn ai_audit(workspace: &Workspace) -> Result<PathBuf> {
    command(workspace, Speed::AsTested)
}

/// As [`ai_audit`], or the optimised one, without what reports as PDF need: that builds for minutes.
///
/// # Errors
/// As [`ai_audit`].
pub(crate) fn command(workspace: &Workspace, speed: Speed) -> Result<PathBuf> {
    let what = ["-p", PACKAGE, "--no-default-features"];
    built(workspace, speed, PACKAGE, "ai-audit", &what)
}

/// An example of one of these packages.
///
/// # Errors
/// As [`ai_audit`].
pub(crate) fn example(
    workspace: &Workspace,
    speed: Speed,
    package: &str,
    name: &str,
) -> Result<PathBuf> {
    let what = ["-p", package, "--example", name];
    built(
        workspace,
        speed,
        package,
        &format!("examples/{name}"),
        &what,
    )
}

fn built(
    workspace: &Workspace,
    speed: Speed,
    package: &str,
    program: &str,
    what: &[&str],
) -> Result<PathBuf> {
    let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    if speed == Speed::Release {
        Cmd::cargo(workspace)
            .args(["build", "--release"])
            .args(what)
            .run()?;
        return Ok(workspace.target.join("release").join(program));
    }
    let tested = workspace.target.join("debug").join(&program);
    if is_of(&tested, &sources(workspace, package)?)? {
        return Ok(tested);
    }
    let target = workspace.target.join("program");
    Cmd::cargo(workspace)
        .arg("build")
        .args(what)
        .env("CARGO_TARGET_DIR", &target)
        .run()?;
    Ok(target.join("debug").join(program))
}

/// Whether a program is there and no source of `ai-audit` is newer.
///
/// # Errors
/// When a source cannot be looked at.
pub(crate) fn is_current(workspace: &Workspace, program: &Path) -> Result<bool> {
    is_of(program, &sources(workspace, PACKAGE)?)
}

/// The folders and files that a package's programs are made of: its own, those of what it stands on, and what
/// is common to all. What only tests and examples stand on is among them where the package has examples alone
/// to run.
fn sources(workspace: &Workspace, package: &str) -> Result<Vec<PathBuf>> {
    let mut names = BTreeSet::new();
    let first = package;
    let mut left = vec![first];
    let mut folders = Vec::new();
    while let Some(name) = left.pop() {
        let Some(package) = workspace.package(name) else {
            continue;
        };
        if names.insert(name) {
            // What is built in may lie anywhere in it: pages, fonts, tables, catalogues.
            for entry in
                fs::read_dir(&package.dir).with_context(|| package.dir.display().to_string())?
            {
                let entry = entry?;
                let other = ["tests", "benches", "fuzz", "target", "README.md"];
                let of_tests = other.iter().any(|name| entry.file_name() == *name);
                let of_others = name != first && entry.file_name() == "examples";
                if !of_tests && !of_others {
                    folders.push(entry.path());
                }
            }
            let used = package.dependencies.iter();
            let used = used.filter(|dependency| {
                dependency.kind != DependencyKind::Dev || name == first && first != PACKAGE
            });
            left.extend(used.map(|dependency| dependency.name.as_str()));
        }
    }
    workspace
        .package(first)
        .with_context(|| format!("the workspace has no {first}"))?;
    folders.extend(["Cargo.toml", "Cargo.lock"].map(|name| workspace.root.join(name)));
    Ok(folders)
}

/// Whether a program is there and no file in these folders was written after it.
fn is_of(program: &Path, folders: &[PathBuf]) -> Result<bool> {
    let Ok(built) = fs::metadata(program).and_then(|data| data.modified()) else {
        return Ok(false);
    };
    for folder in folders {
        if newest(folder)?.is_some_and(|written| written > built) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When the newest file in a folder and those below it was written, or this file; none where there is none.
fn newest(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    if folder.is_file() {
        return Ok(Some(fs::metadata(folder)?.modified()?));
    }
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let written = if entry.file_type()?.is_dir() {
            self::newest(&entry.path())?
        } else {
            Some(entry.metadata()?.modified()?)
        };
        newest = newest.max(written);
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_program_older_than_a_source_is_not_taken() {
        let folder = std::env::temp_dir().join(format!("ai-audit-program-{}", std::process::id()));
        let source = folder.join("src/deep");
        fs::create_dir_all(&source).expect("a folder");
        let (program, source) = (folder.join("program"), source.join("lib.rs"));
        let folders = [folder.join("src")];
        let at = |path: &Path, seconds| {
            let file = fs::File::create(path).expect("a file");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            file.set_modified(time).expect("a file's time");
        };
        at(&source, 1_790_000_000);
        let taken = |program: &Path| is_of(program, &folders).expect("folders that can be read");
        assert!(!taken(&program), "none is there");
        at(&program, 1_790_000_001);
        assert!(taken(&program));
        at(&source, 1_790_000_002);
        assert!(!taken(&program));
        fs::remove_dir_all(&folder).expect("the folder goes");
    }

    #[test]
    fn its_sources_are_those_of_all_that_it_stands_on_and_of_nothing_else() {
        let workspace = Workspace::load().expect("this workspace");
        let folders = sources(&workspace, PACKAGE).expect("it has the program");
        let has =
            |name: &str| folders.contains(&workspace.root.join("crates").join(name).join("src"));
        assert!(has("cli") && has("core") && has("verify"));
        // Nothing else builds to the program: a change there does not make it old.
        assert!(!has("firmware") && !has("benches") && !has("wasm"));
    }
}
