//! One version for all crates, and a changelog that knows it.

use std::fs;

use anyhow::{Context, Result, bail};

use super::crates::Crate;
use super::{Ended, How, crates, lock};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Holds manifests, lock files, tags and the changelog against each other.
///
/// # Errors
/// When they do not say the same.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    let all = crates::all(workspace)?;
    let version = one(&all)?;
    let mut problems = requirements(&all, &version);
    let path = workspace.root.join("CHANGELOG.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let tagged = tag(workspace, &version)?;
    problems.extend(changelog(&text, &version, tagged));
    let locks = lock_files(workspace)?;
    for name in &locks {
        let text =
            fs::read_to_string(workspace.root.join(name)).with_context(|| name.to_string())?;
        problems.extend(locked(name, &text, &version));
    }
    // The lock file of this workspace must be complete, too.
    if let Err(error) = Cmd::cargo(workspace)
        .args(["metadata", "--format-version", "1", "--locked"])
        .read()
    {
        problems.push(format!("Cargo.lock does not fit the manifests: {error:#}"));
    }
    for problem in &problems {
        println!("versions: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} versions are wrong", problems.len());
    }
    let published = all.iter().filter(|found| found.published).count();
    println!(
        "versions: {version} in all {} packages, {published} of them published; {} lock files; {}",
        all.len(),
        locks.len(),
        if tagged { "tagged" } else { "not tagged yet" }
    );
    Ok(Ended::Held)
}

/// The version that all packages have.
///
/// # Errors
/// When they have several.
pub(super) fn one(all: &[Crate]) -> Result<String> {
    let first = all.first().context("the workspace has no packages")?;
    let others = all.iter().filter(|found| found.version != first.version);
    let others: Vec<_> = others
        .map(|found| format!("{} {}", found.name, found.version))
        .collect();
    if !others.is_empty() {
        bail!(
            "all packages must have one version (`version.workspace = true`): {} has {}, but {}",
            first.name,
            first.version,
            others.join(", ")
        );
    }
    Ok(first.version.clone())
}

/// The names of all lock files that git knows: other targets have workspaces of their own.
///
/// # Errors
/// When git does not answer.
pub(super) fn lock_files(workspace: &Workspace) -> Result<Vec<String>> {
    let listed = Cmd::new(workspace, "git")
        .args(["ls-files", "Cargo.lock", "*/Cargo.lock"])
        .read()?;
    Ok(listed.lines().map(String::from).collect())
}

fn tag(workspace: &Workspace, version: &str) -> Result<bool> {
    let said = Cmd::new(workspace, "git")
        .args(["tag", "--list", &format!("v{version}")])
        .read()?;
    Ok(!said.trim().is_empty())
}

fn requirements(all: &[Crate], version: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for found in all.iter().filter(|found| found.published) {
        for needed in &found.internal {
            let other = all.iter().find(|other| other.name == needed.name);
            let published = other.is_some_and(|other| other.published);
            if published && needed.req != format!("^{version}") {
                problems.push(format!(
                    "{} asks for {} {:?}, and should for \"{version}\"; write `{1}.workspace = true`",
                    found.name, needed.name, needed.req
                ));
            }
            if !published && (!needed.dev || needed.req != "*") {
                problems.push(format!(
                    "{} is published and needs {}, which is not: only tests may, by its path alone",
                    found.name, needed.name
                ));
            }
        }
    }
    problems
}

fn changelog(text: &str, version: &str, tagged: bool) -> Option<String> {
    if !text.contains("\n## [Unreleased]\n") {
        return Some("CHANGELOG.md has no line `## [Unreleased]`".into());
    }
    let dated = text
        .lines()
        .any(|line| line.starts_with(&format!("## [{version}] - ")));
    if tagged && !dated {
        return Some(format!(
            "v{version} is tagged, but CHANGELOG.md has no line `## [{version}] - YYYY-MM-DD`"
        ));
    }
    None
}

fn locked(name: &str, text: &str, version: &str) -> Vec<String> {
    let ours = lock::packages(text)
        .into_iter()
        .filter(|found| !found.foreign && found.name.starts_with("ai-audit-"));
    ours.filter(|found| found.version != version)
        .map(|found| {
            let folder = name.trim_end_matches("Cargo.lock");
            format!(
                "{name} has {} in {}, not {version}; run `cargo update --workspace \
                 --manifest-path {folder}Cargo.toml`",
                found.name, found.version
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::crates::tests::sample;

    #[test]
    fn other_versions_are_found() {
        let mut all = vec![sample("a", &[]), sample("b", &["a"])];
        assert_eq!(one(&all).expect("one version"), "1.0.0");
        assert!(requirements(&all, "1.0.0").is_empty());
        assert_eq!(requirements(&all, "1.1.0").len(), 1);
        all[0].published = false;
        assert_eq!(
            requirements(&all, "1.0.0").len(),
            1,
            "needs what is not published"
        );
        all[1].version = "1.0.1".into();
        assert!(one(&all).is_err());
    }

    #[test]
    fn the_changelog_knows_a_version_that_is_tagged() {
        let text = "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-01-02\n";
        assert_eq!(changelog(text, "1.0.0", true), None);
        assert_eq!(changelog(text, "1.1.0", false), None);
        assert!(changelog(text, "1.1.0", true).is_some());
        assert!(changelog("# Changelog\n", "1.0.0", false).is_some());
    }

    #[test]
    fn a_lock_file_of_another_version_is_found() {
        let text = "[[package]]\nname = \"ai-audit-core\"\nversion = \"0.9.0\"\n";
        assert_eq!(locked("fuzz/Cargo.lock", text, "1.0.0").len(), 1);
        assert!(locked("fuzz/Cargo.lock", text, "0.9.0").is_empty());
    }
}
