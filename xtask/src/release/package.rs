//! Packages: every published crate builds alone from what would be uploaded.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::crates::Crate;
use super::{Ended, How, crates};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The crates that the short form builds, with what they stand on: those that verify.
const SHORT: [&str; 3] = ["ai-audit-core", "ai-audit-merkle", "ai-audit-verify"];

/// The largest package that crates.io takes, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

/// Packs all published crates, and builds them from their packages in the order of dependency. Cargo lays
/// a registry of its own with nothing but the new packages over crates.io and builds each in a folder
/// where this workspace is out of sight. Since it builds what each stands on for each anew, the short form unpacks
/// some side by side and checks those once, where one may owe a feature to another.
///
/// # Errors
/// When one cannot be packed, lacks a file, is too large, or does not build.
pub(super) fn check(workspace: &Workspace, how: How) -> Result<Ended> {
    let crates = crates::in_order(workspace)?;
    let target = fresh(&workspace.target.join("release-check/package"))?;
    let packed = target.join("package");
    pack(workspace, &crates, &target)
        .arg("--no-verify")
        .arg("--quiet")
        .run()?;
    let mut problems = Vec::new();
    let mut all = 0;
    for found in &crates {
        let file = packed.join(format!("{}-{}.crate", found.name, found.version));
        let size = fs::metadata(&file)
            .with_context(|| format!("cargo made no {}", file.display()))?
            .len();
        all += size;
        if size > LARGEST {
            problems.push(format!("{}: {size} bytes, at most {LARGEST}", found.name));
        }
        problems.extend(lacks(workspace, found, &file)?);
    }
    for problem in &problems {
        println!("package: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things about packages are wrong", problems.len());
    }
    println!("package: {} packages, {} KiB", crates.len(), all / 1024);
    let (done, built) = if how.short {
        let verifying = crates::with_needs(&crates, &SHORT)?;
        together(workspace, &verifying, &target)?;
        ("checked", verifying)
    } else {
        pack(workspace, &crates, &target).run()?;
        ("built", crates)
    };
    let names: Vec<_> = built.iter().map(|found| found.name.as_str()).collect();
    println!("package: {done} from packages alone: {}", names.join(" "));
    Ok(Ended::Held)
}

/// Unpacks these packages into a workspace of nothing else and checks their libraries, with the versions of our lock:
/// what a package lacks is found without code for it.
///
/// # Errors
/// When one cannot be unpacked or does not build.
fn together(workspace: &Workspace, crates: &[Crate], target: &Path) -> Result<()> {
    let folder = target.join("together");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut manifest =
        String::from("[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n\n[patch.crates-io]\n");
    for found in crates {
        let unpacked = format!("{}-{}", found.name, found.version);
        Cmd::new(workspace, "tar")
            .arg("-xzf")
            .arg(target.join("package").join(format!("{unpacked}.crate")))
            .arg("-C")
            .arg(&folder)
            .read()?;
        writeln!(manifest, "{} = {{ path = {unpacked:?} }}", found.name)?;
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Cmd::cargo(workspace)
        .args(["check", "--workspace", "--lib", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target.join("together-target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .run()
}

/// A folder that no run had before, in place of those of former runs.
///
/// Cargo takes packages of a registry for unchangeable: what it unpacked or built of a version before, from a
/// registry in the same place, it takes for this one.
fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(folder.join(now.as_micros().to_string()))
}

fn pack(workspace: &Workspace, crates: &[Crate], target: &Path) -> Cmd {
    let cmd = Cmd::cargo(workspace)
        // What is not committed yet is checked, too; publishing itself refuses it.
        .args(["package", "--allow-dirty"])
        .env("CARGO_TARGET_DIR", target)
        // Built once and thrown away.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0");
    crates
        .iter()
        .fold(cmd, |cmd, found| cmd.args(["-p", &found.name]))
}

/// The files that every package has to have and this one lacks.
fn lacks(workspace: &Workspace, found: &Crate, file: &Path) -> Result<Vec<String>> {
    let listed = Cmd::new(workspace, "tar").arg("-tzf").arg(file).read()?;
    let root = if found.library {
        "src/lib.rs"
    } else {
        "src/main.rs"
    };
    let wanted = ["Cargo.toml", "LICENSE", "README.md", root];
    let missing = wanted.iter().filter(|name| {
        let inside = format!("{}-{}/{name}", found.name, found.version);
        !listed.lines().any(|line| line == inside)
    });
    Ok(missing
        .map(|name| format!("{}: its package has no {name}", found.name))
        .collect())
}
