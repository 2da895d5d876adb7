//! `cargo xtask release prepare` in a clone, as a person would run it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A clone of the last commit; none where this tree is no repository.
fn scratch_clone(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--no-hardlinks", "--depth", "1"])
        .arg(format!("file://{}", root.display()))
        .arg(&folder)
        .output();
    if cloned.is_ok_and(|output| output.status.success()) {
        return Some(folder);
    }
    println!(
        "SKIPPED: release prepare: {} is no git repository",
        root.display()
    );
    None
}

fn prepare(clone: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["release", "prepare"])
        .args(args)
        .env("CARGO_MANIFEST_DIR", clone.join("xtask"))
        .env("CARGO_TARGET_DIR", clone.join("target"))
        .current_dir(clone)
        .output()
        .unwrap()
}

fn git(clone: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(clone)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn a_release_is_prepared_and_undone() {
    let Some(clone) = scratch_clone("prepare") else {
        return;
    };
    let all = ["99.0.0", "--date", "2026-01-02"];

    let output = prepare(&clone, &["0.0.1"]);
    assert!(
        said(&output).contains("is not greater than"),
        "{}",
        said(&output)
    );
    assert!(!output.status.success());

    fs::write(clone.join("README.md"), "changed").unwrap();
    let output = prepare(&clone, &all);
    assert!(said(&output).contains("the tree is not clean"));
    assert!(!output.status.success());
    git(&clone, &["restore", "."]);

    // A dry run shows everything and changes nothing.
    let output = prepare(&clone, &[&all[..], &["--dry-run"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let shown = said(&output);
    assert!(shown.contains("\n+version = \"99.0.0\""), "{shown}");
    assert!(shown.contains("\n+## [99.0.0] - 2026-01-02"), "{shown}");
    assert!(shown.contains("\nCargo.lock:"), "{shown}");
    assert_eq!(git(&clone, &["status", "--porcelain"]), "");

    let only = ["--only", "versions", "--only", "licences"];
    let output = prepare(&clone, &[&all[..], &only].concat());
    assert!(output.status.success(), "{}", said(&output));
    let shown = said(&output);
    let core = shown.find("cargo publish -p ai-audit-core").unwrap();
    let cli = shown.find("cargo publish -p ai-audit-cli").unwrap();
    assert!(core < cli, "what others need comes first");
    assert!(shown.contains("git tag -s v99.0.0"));
    let changed = git(&clone, &["diff", "--name-only"]);
    for name in ["CHANGELOG.md", "Cargo.lock", "Cargo.toml"] {
        assert!(changed.lines().any(|line| line == name), "{changed}");
    }
    let lock = fs::read_to_string(clone.join("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"ai-audit-core\"\nversion = \"99.0.0\"\n"));

    git(&clone, &["restore", "."]);
    assert_eq!(git(&clone, &["status", "--porcelain"]), "");
}
