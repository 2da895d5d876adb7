//! Which crates and fuzz targets a change concerns.

use std::collections::BTreeSet;
use std::fs;

use crate::shell::Cmd;
use crate::workspace::{DependencyKind, Workspace};

/// How many commits back, where nothing else says since when.
const COMMITS: &str = "10";

/// What changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    crates: BTreeSet<String>,
    /// What concerns all: the targets themselves, or the versions of what everything stands on.
    all: bool,
}

impl Changed {
    fn of(files: &str) -> Self {
        let mut changed = Self::default();
        for file in files.lines() {
            let mut parts = file.split('/');
            match (parts.next(), parts.next()) {
                (Some("crates"), Some(folder)) => drop(changed.crates.insert(folder.into())),
                (Some("fuzz"), Some(_)) | (Some("Cargo.toml" | "Cargo.lock"), None) => {
                    changed.all = true;
                }
                _ => {}
            }
        }
        changed
    }

    /// Whether any of these crates is concerned, or one that they stand on.
    pub(crate) fn touches(&self, folders: &[&str], workspace: &Workspace) -> bool {
        self.all || !below(workspace, folders).is_disjoint(&self.crates)
    }
}

/// The folders of crates, and of all of ours that they are built from.
fn below(workspace: &Workspace, folders: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    while let Some(folder) = left.pop() {
        let mut packages = workspace.packages.iter();
        let package = packages.find(|package| package.crate_folder(workspace) == Some(&folder));
        if !found.insert(folder) {
            continue;
        }
        let needs = package
            .into_iter()
            .flat_map(|package| &package.dependencies);
        for dependency in needs.filter(|needed| needed.kind != DependencyKind::Dev) {
            let needed = workspace.package(&dependency.name);
            let folder = needed.and_then(|package| package.crate_folder(workspace));
            left.extend(folder.map(str::to_owned));
        }
    }
    found
}

/// What changed since `AI_AUDIT_BASE`; else since the branch left `origin/main`; else since the last
/// tag; else in the last ten commits. What is not committed counts. None where there is no git.
pub(crate) fn since_base(workspace: &Workspace) -> Option<Changed> {
    let git = |args: &[&str]| git(workspace, args);
    let base = base(workspace)?;
    println!("targets that changed since {base}");
    // Where the oldest commit is the first there ever was, all has changed.
    let files = git(&["diff", "--name-only", &base, "--"]);
    let new = git(&["ls-files", "--others", "--exclude-standard"]).unwrap_or_default();
    match files {
        Some(files) => Some(Changed::of(&format!("{files}\n{new}"))),
        None if git(&["rev-parse", "--verify", "--quiet", &base]).is_some() => {
            Some(Changed::of(&new))
        }
        None => None,
    }
}

/// Whether a file below one of these paths changed since then, or a version of what has this name or begins with it. So it
/// is taken to be where there is no git.
pub(crate) fn below_or_version(workspace: &Workspace, paths: &[&str], name: &str) -> bool {
    let Some(base) = base(workspace) else {
        return true;
    };
    let git = |args: &[&str]| Cmd::new(workspace, "git").args(args).read();
    let locked = fs::read_to_string(workspace.root.join("Cargo.lock"));
    let (Ok(changed), Ok(new), Ok(lock_before), Ok(lock)) = (
        git(&["diff", "--name-only", &base, "--"]),
        git(&["ls-files", "--others", "--exclude-standard"]),
        git(&["show", &format!("{base}:Cargo.lock")]),
        locked,
    ) else {
        return true;
    };
    let mut files = changed.lines().chain(new.lines());
    files.any(|file| paths.iter().any(|path| file.starts_with(path)))
        || versions(&lock_before, name) != versions(&lock, name)
}

/// The versions in a lock file of what has this name or begins with it.
fn versions<'l>(lock: &'l str, name: &str) -> Vec<(&'l str, &'l str)> {
    let start = format!("name = \"{name}");
    let pairs = lock.lines().zip(lock.lines().skip(1));
    pairs.filter(|(line, _)| line.starts_with(&start)).collect()
}

/// What a command of git printed, if that is anything.
fn git(workspace: &Workspace, args: &[&str]) -> Option<String> {
    let said = Cmd::new(workspace, "git").args(args).read().ok()?;
    Some(said.trim().to_owned()).filter(|said| !said.is_empty())
}

/// Since when something is a change.
fn base(workspace: &Workspace) -> Option<String> {
    let git = |args: &[&str]| git(workspace, args);
    let head = git(&["rev-parse", "HEAD"])?;
    let other = |base: &String| *base != head;
    std::env::var("AI_AUDIT_BASE")
        .ok()
        .filter(|base| !base.is_empty())
        .or_else(|| git(&["merge-base", "HEAD", "origin/main"]).filter(other))
        .or_else(|| {
            git(&["describe", "--tags", "--abbrev=0"]).filter(|tag| is_other(&git, tag, &head))
        })
        .or_else(|| {
            let back = git(&["rev-list", "--max-count", COMMITS, "HEAD"])?;
            back.lines().last().map(|last| format!("{last}~"))
        })
}

/// Whether a tag is of another commit.
fn is_other(git: &impl Fn(&[&str]) -> Option<String>, tag: &str, head: &str) -> bool {
    git(&["rev-list", "--max-count", "1", tag]).is_some_and(|commit| commit != head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::targets::TARGETS;

    fn names(files: &str) -> Vec<&'static str> {
        let workspace = Workspace::load().expect("this workspace");
        let changed = Changed::of(files);
        let touched = TARGETS
            .iter()
            .filter(|target| changed.touches(target.crates, &workspace));
        touched.map(|target| target.name).collect()
    }

    #[test]
    fn a_change_concerns_the_targets_that_watch_its_crate() {
        assert_eq!(
            names("crates/contracts/src/yaml.rs\nREADME.md"),
            ["contract"]
        );
        assert_eq!(
            names("crates/pii/Cargo.toml"),
            ["otlp", "record_lines", "redaction", "redaction_json"]
        );
        assert_eq!(names("docs/fuzzing.md\nxtask/src/fuzz.rs"), [""; 0]);
        assert_eq!(names("fuzz/src/lib.rs").len(), TARGETS.len());
        assert_eq!(names("Cargo.lock").len(), TARGETS.len());
        // The Python library's records are read by import, which stands on json.
        assert!(names("crates/json/src/parse.rs").contains(&"python_records"));
    }

    #[test]
    fn a_version_is_of_what_begins_with_the_name() {
        let lock = "[[package]]\nname = \"typst-pdf\"\nversion = \"0.15.0\"\nsource = \"x\"\n\n[[package]]\nname = \"ty\"\nversion = \"1.0.0\"\n";
        let found = [("name = \"typst-pdf\"", "version = \"0.15.0\"")];
        assert_eq!(versions(lock, "typst"), found);
        assert_ne!(versions(&lock.replace("0.15", "0.16"), "typst"), found);
        let other = lock.replace("1.0.0", "1.0.1");
        assert_eq!(versions(&other, "typst"), found);
    }
}
