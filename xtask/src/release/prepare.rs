//! Preparing a release: the version everywhere, the changelog, the lock files; and what is left to a person.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use jiff::civil::Date;

use super::{How, check, crates, lock, versions};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    version: String,
    date: Date,
    dry_run: bool,
    /// What is checked afterwards; all of the short form where none is named.
    only: Vec<String>,
}

/// `prepare VERSION [--date YYYY-MM-DD] [--dry-run] [--only STEP]...`.
///
/// # Errors
/// When the tree is not clean, the version is not greater, or a check fails.
pub(super) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let today = jiff::tz::Offset::UTC
        .to_datetime(jiff::Timestamp::now())
        .date();
    let wanted = arguments(args, today)?;
    let changed = Cmd::new(workspace, "git")
        .args(["status", "--porcelain"])
        .read()?;
    if !changed.trim().is_empty() {
        bail!("the tree is not clean; commit or stash first:\n{changed}");
    }
    let old = versions::one(&crates::all(workspace)?)?;
    if numbers(&wanted.version)? <= numbers(&old)? {
        bail!(
            "version {} is not greater than {old}, which is there",
            wanted.version
        );
    }
    let files = changes(workspace, &old, &wanted)?;
    if wanted.dry_run {
        return show(workspace, &files);
    }
    for (name, text) in &files {
        fs::write(workspace.root.join(name), text).with_context(|| format!("writing {name}"))?;
    }
    println!("{old} -> {} in {} files", wanted.version, files.len());
    let only: Vec<&str> = wanted.only.iter().map(String::as_str).collect();
    check(workspace, How::SHORT, &only)
        .context("the changes stay for you to look at; `git restore .` undoes them")?;
    print!("{}", left(workspace, &wanted.version)?);
    Ok(())
}

fn arguments(args: &[String], today: Date) -> Result<Wanted> {
    let mut version = None;
    let mut wanted = Wanted {
        version: String::new(),
        date: today,
        dry_run: false,
        only: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dry-run" => wanted.dry_run = true,
            "--date" => {
                let text = args.next().context("--date wants YYYY-MM-DD")?;
                let date = text.parse();
                wanted.date = date.with_context(|| format!("--date {text:?} is no YYYY-MM-DD"))?;
            }
            "--only" => {
                let step = args.next().context("--only wants the name of a step")?;
                if super::STEPS.iter().all(|known| known.name != step) {
                    bail!("there is no step {step:?}; see `cargo xtask --help`");
                }
                wanted.only.push(step.clone());
            }
            text if version.is_none() && !text.starts_with('-') => {
                numbers(text)?;
                version = Some(text.to_string());
            }
            other => bail!("unexpected argument {other:?}; see `cargo xtask --help`"),
        }
    }
    wanted.version = version.context("release prepare wants a version, such as 0.2.0")?;
    Ok(wanted)
}

/// A version as three numbers. There are no pre-releases here.
fn numbers(version: &str) -> Result<[u64; 3]> {
    let wrong = || format!("version {version:?} is not of the form 1.2.3");
    let parts: Vec<&str> = version.split('.').collect();
    let [major, minor, patch] = parts.as_slice() else {
        bail!(wrong());
    };
    let mut result = [0; 3];
    for (to, part) in result.iter_mut().zip([major, minor, patch]) {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || (part.len() > 1 && part.starts_with('0')) {
            bail!(wrong());
        }
        *to = part.parse().with_context(wrong)?;
    }
    Ok(result)
}

/// The new text of every file that changes.
fn changes(workspace: &Workspace, old: &str, wanted: &Wanted) -> Result<Vec<(String, String)>> {
    let read = |name: &str| {
        fs::read_to_string(workspace.root.join(name)).with_context(|| format!("reading {name}"))
    };
    let mut files = vec![
        (
            "Cargo.toml".to_string(),
            manifest(&read("Cargo.toml")?, old, &wanted.version)?,
        ),
        (
            "CHANGELOG.md".to_string(),
            changelog(&read("CHANGELOG.md")?, &wanted.version, wanted.date)?,
        ),
    ];
    for name in versions::lock_files(workspace)? {
        let text = read(&name)?;
        files.push((name.clone(), lock::bumped(&text, old, &wanted.version)));
        // Beside another lock file is a workspace of one package that takes no version from ours.
        if name != "Cargo.lock" {
            let name = name.replace("Cargo.lock", "Cargo.toml");
            let text = read(&name)?;
            let (from, to) = (
                format!("\nversion = \"{old}\"\n"),
                format!("\nversion = \"{}\"\n", wanted.version),
            );
            files.push((name, text.replacen(&from, &to, 1)));
        }
    }
    Ok(files)
}

/// The root manifest with the new version: the workspace's, and that of its crates among each other.
fn manifest(text: &str, old: &str, new: &str) -> Result<String> {
    let (mut section, mut done) = ("", false);
    let lines = text.lines().map(|line| {
        if line.starts_with('[') {
            section = line;
        }
        let own = section == "[workspace.package]" && line == format!("version = \"{old}\"");
        let among = section == "[workspace.dependencies]" && line.contains("{ path = \"crates/");
        done |= own;
        if own || among {
            let (from, to) = (
                format!("version = \"{old}\""),
                format!("version = \"{new}\""),
            );
            line.replacen(&from, &to, 1)
        } else {
            line.to_string()
        }
    });
    let mut result = lines.collect::<Vec<_>>().join("\n");
    result.push('\n');
    if !done {
        bail!("Cargo.toml has no `version = \"{old}\"` under [workspace.package]");
    }
    Ok(result)
}

/// The changelog with what was unreleased under its version.
fn changelog(text: &str, version: &str, date: Date) -> Result<String> {
    const HEAD: &str = "\n## [Unreleased]\n";
    let (before, after) = text
        .split_once(HEAD)
        .context("CHANGELOG.md has no line `## [Unreleased]`")?;
    let unreleased = after.split("\n## [").next().unwrap_or_default();
    if unreleased.trim().is_empty() {
        bail!("CHANGELOG.md has nothing under `## [Unreleased]`: what is released?");
    }
    if text.contains(&format!("\n## [{version}]")) {
        bail!("CHANGELOG.md has a section [{version}] already");
    }
    Ok(format!("{before}{HEAD}\n## [{version}] - {date}\n{after}"))
}

/// Shows what would change, as git shows differences.
fn show(workspace: &Workspace, files: &[(String, String)]) -> Result<()> {
    let folder = workspace.target.join("release-check/prepare");
    fs::create_dir_all(&folder)?;
    let new = folder.join("new");
    for (name, text) in files {
        fs::write(&new, text).with_context(|| new.display().to_string())?;
        println!("{name}:");
        // Git's own code for files that differ is 1.
        let output = Command::new("git")
            .args(["--no-pager", "diff", "--no-index", "--unified=1", "--"])
            .args([Path::new(name), &new])
            .current_dir(&workspace.root)
            .output()
            .context("cannot start git")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let lines = said.lines().skip_while(|line| !line.starts_with("@@"));
        lines.for_each(|line| println!("{line}"));
    }
    println!("nothing was changed");
    Ok(())
}

/// What is left to do by hand.
fn left(workspace: &Workspace, version: &str) -> Result<String> {
    let crates = crates::in_order(workspace)?;
    let mut text = format!(
        "\nLeft to do, see docs/releasing.md:\n\n\
         \x20 git commit -am \"Release {version}\"\n\
         \x20 cargo xtask ci\n\
         \x20 cargo xtask release check            # writes target/release-artifacts\n\
         \x20 git tag -s v{version} -m \"ai-audit {version}\"\n\
         \x20 git push origin HEAD v{version}\n\n\
         Publish, each when the one before is there:\n\n"
    );
    for found in crates {
        text.push_str(&format!("  cargo publish -p {}\n", found.name));
    }
    text.push_str(
        "\nHand out: the two programs, the page, the bill of materials and SHA256SUMS, signed.\n",
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers_and_grow() {
        let of = |text| numbers(text).expect("three numbers");
        assert!(of("0.10.0") > of("0.9.9"));
        for wrong in [
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "01.2.3",
            "1.2.3-rc.1",
            "",
            "1..3",
        ] {
            assert!(numbers(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_manifest_changes_in_its_own_versions_alone() {
        let text = "[workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\n\
            a = { path = \"crates/a\", version = \"0.1.0\", default-features = false }\n\
            other = { version = \"0.1.0\" }\n";
        let new = manifest(text, "0.1.0", "0.2.0").expect("it has one");
        assert_eq!(new.matches("0.2.0").count(), 2);
        assert!(new.contains("other = { version = \"0.1.0\" }"));
        assert!(manifest(text, "0.3.0", "0.4.0").is_err());
    }

    #[test]
    fn the_changelog_keeps_what_was_unreleased_under_its_version() {
        let text =
            "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [0.1.0] - 2026-01-02\n\n- Old.\n";
        let date = jiff::civil::date(2026, 3, 4);
        let new = changelog(text, "0.2.0", date).expect("there is something");
        let expected = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-03-04\n\n- New.\n\n\
            ## [0.1.0] - 2026-01-02\n\n- Old.\n";
        assert_eq!(new, expected);
        assert!(changelog(&new, "0.3.0", date).is_err(), "nothing is new");
        assert!(changelog(text, "0.1.0", date).is_err(), "it is there");
    }

    #[test]
    fn arguments_are_told_from_mistakes() {
        let date = jiff::civil::date(2026, 3, 4);
        let parse = |text: &str| {
            let args: Vec<String> = text.split(' ').map(String::from).collect();
            arguments(&args, date)
        };
        let wanted = parse("0.2.0 --date 2026-05-06 --dry-run").expect("all is right");
        assert_eq!(wanted.date, jiff::civil::date(2026, 5, 6));
        assert!(wanted.dry_run && wanted.version == "0.2.0");
        assert!(parse("--dry-run").is_err());
        assert!(parse("0.2.0 --date 2026-02-30").is_err());
        assert!(parse("0.2.0 0.3.0").is_err());
        assert!(parse("0.2.0 --only nonsense").is_err());
    }
}
