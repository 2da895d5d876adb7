//! The README of each published crate: made of its documentation and its manifest, so that it says the
//! same and its example is a test.

mod prose;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::crates::Crate;
use super::{Ended, How, crates};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Holds every README against what would be written now, and runs the example of a program.
///
/// # Errors
/// When one is missing, is not what would be written, or lacks a part.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    let crates = crates::in_order(workspace)?;
    let problems = problems_of(workspace, &crates)?;
    for problem in &problems {
        println!("readme: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things about READMEs are wrong", problems.len());
    }
    println!("readme: {} crates", crates.len());
    for found in crates.iter().filter(|found| !found.library) {
        run_example(workspace, found)?;
    }
    Ok(Ended::Held)
}

/// What is not as it would be written now, or lacks a part.
///
/// # Errors
/// When the workspace, a crate's documentation or its manifest cannot be read.
pub(crate) fn problems(workspace: &Workspace) -> Result<Vec<String>> {
    problems_of(workspace, &crates::in_order(workspace)?)
}

fn problems_of(workspace: &Workspace, crates: &[Crate]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for found in crates {
        let path = found.dir.join("README.md");
        let shown = workspace.relative(&path);
        let made = made(found)?;
        let fence = if found.library {
            "\n```rust\n"
        } else {
            "\n```sh\n"
        };
        problems.extend(lacks(found, &made, fence));
        if fs::read_to_string(&path).is_ok_and(|text| text == made) {
            continue;
        }
        problems.push(format!(
            "{shown}: it is not what the crate's documentation says; run `cargo xtask release readme`"
        ));
    }
    Ok(problems)
}

/// Writes the README of every published crate.
///
/// # Errors
/// When a crate's documentation cannot be read, or a file not be written.
pub(super) fn write(workspace: &Workspace) -> Result<()> {
    for found in crates::in_order(workspace)? {
        let path = found.dir.join("README.md");
        let made = made(&found)?;
        if fs::read_to_string(&path).is_ok_and(|text| text == made) {
            continue;
        }
        fs::write(&path, made).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", workspace.relative(&path));
    }
    Ok(())
}

/// What the README of a crate says.
fn made(found: &Crate) -> Result<String> {
    let path = root_file(found);
    let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let manifest = found.dir.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let docs = prose::of_source(&source);
    let mut text = format!("# {}\n\n{}\n", found.name, prose::as_markdown(&docs));
    let features = features(found, &manifest)?;
    // Some crates explain their features in a table of their documentation.
    if !features.is_empty() && !docs.contains("| feature |") {
        text.push_str("\n## Features\n\n| feature | brings |\n|---|---|\n");
        for (name, brings) in features {
            let default = match found.features.get("default") {
                Some(list) if list.contains(&name) => " (default)",
                _ => "",
            };
            let _ = writeln!(text, "| `{name}`{default} | {brings} |");
        }
    }
    let std = if source.contains("no_std)]") {
        " It works without `std`."
    } else {
        ""
    };
    let _ = write!(
        text,
        "\n## Rust\n\nNeeds Rust {} or later.{std}\n\n## The project\n\nPart of ai-audit, an audit \
         trail for AI systems that anybody can verify without trusting the one\nwho kept it. The \
         specifications that are named here are in its repository, under `docs/spec`.\n\n\
         Licence: [{}](LICENSE)\n",
        found.rust_version, found.license
    );
    Ok(text)
}

fn root_file(found: &Crate) -> PathBuf {
    let name = if found.library { "lib.rs" } else { "main.rs" };
    found.dir.join("src").join(name)
}

/// The features of a crate, each with the comment above it in the manifest.
fn features(found: &Crate, manifest: &str) -> Result<Vec<(String, String)>> {
    let section = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let mut above: Vec<&str> = Vec::new();
    let mut result = Vec::new();
    for line in section.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            above.push(comment);
        } else if let Some((name, _)) = line.split_once(" = ")
            && found.features.contains_key(name)
        {
            if name != "default" {
                result.push((name.to_string(), above.join(" ")));
            }
            above.clear();
        }
    }
    let described = found.features.keys().filter(|name| *name != "default");
    // `name = ["dep:name"]` is written out everywhere here, so cargo has no feature of its own making.
    for name in described {
        if !result.iter().any(|(known, _)| known == name) {
            bail!(
                "{}: feature {name} is not found in the manifest",
                found.name
            );
        }
    }
    Ok(result)
}

/// What a README should have and does not; `fence` begins its example.
fn lacks(found: &Crate, text: &str, fence: &str) -> Vec<String> {
    let name = &found.name;
    let mut problems = Vec::new();
    if !text.contains(fence) {
        problems.push(format!(
            "{name}: it has no example in {}; write one into the documentation at the head of its sources",
            fence.trim_matches(['`', '\n'])
        ));
    }
    let lines = text.lines().nth(2).unwrap_or_default();
    if lines.is_empty() {
        problems.push(format!("{name}: the documentation does not say what for"));
    }
    for feature in found.features.keys().filter(|name| *name != "default") {
        if !text.contains(&format!("`{feature}`")) {
            problems.push(format!("{name}: feature {feature} is not explained"));
        }
    }
    if found.description.is_empty() || found.readme != "README.md" {
        problems.push(format!(
            "{name}: no description, or no `README.md` beside the manifest"
        ));
    }
    if found.listed.0 == 0 || found.listed.1 == 0 {
        problems.push(format!(
            "{name}: no keywords or no categories in the manifest"
        ));
    }
    problems
}

/// Runs the shell lines of a program's documentation with the program that is built already.
fn run_example(workspace: &Workspace, found: &Crate) -> Result<()> {
    let program = "ai-audit";
    let built = ["debug", "release"].map(|profile| workspace.target.join(profile));
    let Some(folder) = built.iter().find(|folder| folder.join(program).is_file()) else {
        println!(
            "readme: {program} is not built, so the example of {} was not run",
            found.name
        );
        return Ok(());
    };
    let source = fs::read_to_string(root_file(found))?;
    let docs = prose::of_source(&source);
    let script = docs
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .with_context(|| format!("{} has no example in sh", found.name))?;
    let place = workspace.target.join("release-check/example");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.display());
    Cmd::new(&super::copy::at(&place, Path::new(&workspace.target)), "sh")
        .args(["-e", "-c", script])
        .env("PATH", path)
        .read()?;
    println!("readme: the example of {} runs", found.name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::crates::tests::sample;

    #[test]
    fn features_have_the_comment_above_them() {
        let mut found = sample("a", &[]);
        for name in ["default", "x", "y"] {
            found.features.insert(name.into(), Vec::new());
        }
        let manifest = "[package]\n\n[features]\ndefault = [\"x\"]\n# Brings x,\n# and more.\nx = []\n\
                        # Another.\ny = [\n  \"dep:z\",\n]\n\n[dependencies]\n";
        let read = features(&found, manifest).expect("all are there");
        assert_eq!(read[0], ("x".into(), "Brings x, and more.".into()));
        assert_eq!(read[1], ("y".into(), "Another.".into()));
        found.features.insert("w".into(), Vec::new());
        assert!(features(&found, manifest).is_err());
    }

    #[test]
    fn what_a_readme_lacks_is_named() {
        let mut found = sample("a", &[]);
        let good = "# a\n\nWhat for.\n\n```rust\nfn main() {}\n```\n";
        assert!(lacks(&found, good, "\n```rust\n").is_empty());
        assert_eq!(lacks(&found, good, "\n```c\n").len(), 1);
        found.features.insert("x".into(), Vec::new());
        found.listed = (0, 1);
        assert_eq!(lacks(&found, good, "\n```rust\n").len(), 2);
    }
}
