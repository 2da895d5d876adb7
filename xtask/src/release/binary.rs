//! The program as it is handed out: the same bytes wherever it is built, and one that needs no libraries.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use super::{Ended, How, artifacts, copy, crates, page, versions};
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

const MUSL: &str = "x86_64-unknown-linux-musl";

/// Builds the program in two folders, whose paths have different lengths, into empty target directories,
/// and compares the two byte for byte. The whole form is an artifact.
///
/// # Errors
/// When it does not build, or the two differ.
pub(super) fn reproducible(workspace: &Workspace, how: How) -> Result<Ended> {
    let host = host()?;
    let time = commit_time(workspace)?;
    let mut trees = Vec::new();
    // Both copies before the first build, which takes minutes: somebody may go on working.
    for place in ["first", "second/in-a-longer-path"] {
        trees.push(tree(
            workspace,
            &workspace.target.join("release-check/twice").join(place),
        )?);
    }
    let built = trees
        .iter()
        .map(|tree| build(tree, &host, &time, how.small))
        .collect::<Result<Vec<_>>>()?;
    let [first, second] = built.as_slice() else {
        bail!("two programs were to be built");
    };
    let (one, other) = (fs::read(first)?, fs::read(second)?);
    if one != other {
        let pairs = one.iter().zip(&other);
        let at = pairs.take_while(|(one, other)| one == other).count();
        bail!(
            "two builds differ from byte {at} on; compare {} with {}",
            first.display(),
            second.display()
        );
    }
    println!("reproducible: {} bytes, SHA-256 {}", one.len(), hex(&one));
    if !how.small {
        keep(workspace, first, &host)?;
    }
    Ok(Ended::Held)
}

/// Builds the program for musl, and lets it verify the published vectors.
///
/// # Errors
/// When it does not build, asks for libraries, or does not verify the vectors.
pub(super) fn musl(workspace: &Workspace, how: How) -> Result<Ended> {
    let program = match static_program(workspace, how.small)? {
        Ok(program) => program,
        Err(skipped) => return Ok(Ended::Skipped(skipped)),
    };
    if !how.small {
        keep(workspace, &program, MUSL)?;
    }
    Ok(Ended::Held)
}

/// The program for musl, which has verified the published vectors; or why it cannot be built here.
///
/// # Errors
/// As [`musl`].
pub(super) fn static_program(
    workspace: &Workspace,
    small: bool,
) -> Result<Result<PathBuf, String>> {
    if tools::target(workspace, MUSL).is_err() {
        return Ok(Err(format!(
            "SKIPPED: the target {MUSL} is missing and cannot be added; try: rustup target add {MUSL}"
        )));
    }
    // SQLite and the cryptography of TLS are C.
    if !tools::there(workspace, "musl-gcc") {
        let installed = tools::debian(workspace, &["musl-tools"]);
        if installed.is_err() || !tools::there(workspace, "musl-gcc") {
            return Ok(Err(
                "SKIPPED: musl-gcc is missing; install it with: apt-get install musl-tools".into(),
            ));
        }
    }
    let folder = workspace.target.join("release-check/musl");
    let time = commit_time(workspace)?;
    let program = build(&tree(workspace, &folder)?, MUSL, &time, small)?;
    is_static(workspace, &program)?;
    let vectors = "docs/spec/vectors";
    let verified = Cmd::new(workspace, &program)
        .args(["verify", &format!("{vectors}/receipts.bin")])
        .args(["--key", &format!("{vectors}/log.pub")])
        .args(["--checkpoint", &format!("{vectors}/checkpoint.note")])
        .read()?;
    let verdict = verified
        .lines()
        .find(|line| line.starts_with("VERIFIED: "))
        .with_context(|| format!("it did not verify the vectors: {verified}"))?;
    println!("musl: static; the vectors: {verdict}");
    Ok(Ok(program))
}

/// A copy of the sources in an emptied `folder`, beside the target directory that it builds into.
fn tree(workspace: &Workspace, folder: &Path) -> Result<Workspace> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    copy::sources(workspace, &folder.join("source"), &folder.join("target"))
}

/// Builds `ai-audit` from a copy, with nothing of the place in it and no time but that of the commit.
fn build(tree: &Workspace, triple: &str, time: &str, small: bool) -> Result<PathBuf> {
    let folder = tree.root.parent().context("a copy has a folder above it")?;
    let home = cargo_home()?;
    // Whatever is compiled tells its path: our sources, what build scripts wrote, the crates.
    let places = [(folder, "/build"), (home.as_path(), "/cargo")];
    let rust = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let c = places.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    let mut cmd = Cmd::cargo(tree)
        .args(["build", "--release", "--locked", "--quiet"])
        .args(["-p", "ai-audit-cli", "--bin", "ai-audit"])
        .args(["--target", triple])
        .env("CARGO_TARGET_DIR", &tree.target)
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}"))
        .env("CFLAGS", c.join(" "))
        .env("SOURCE_DATE_EPOCH", time)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    if triple == MUSL {
        cmd = cmd.env("CC_x86_64_unknown_linux_musl", "musl-gcc");
    }
    if small {
        cmd = cmd.arg("--no-default-features");
    }
    cmd.run()?;
    Ok(tree.target.join(triple).join("release/ai-audit"))
}

fn is_static(workspace: &Workspace, program: &Path) -> Result<()> {
    // Its exit code says nothing: for a program without libraries it is an error in some versions.
    let said = Cmd::new(workspace, "sh")
        .args(["-c", "ldd \"$0\" 2>&1 || true"])
        .arg(program)
        .read()?;
    let said = said.trim();
    if said.contains("statically linked") || said.contains("not a dynamic executable") {
        println!("musl: ldd says: {said}");
        return Ok(());
    }
    bail!("the program asks for libraries: {said}")
}

/// Puts a program under the name of its version and target with the artifacts.
fn keep(workspace: &Workspace, program: &Path, triple: &str) -> Result<()> {
    let version = versions::one(&crates::all(workspace)?)?;
    let name = format!("ai-audit-{version}-{triple}");
    let folder = artifacts(workspace);
    fs::create_dir_all(&folder)?;
    fs::copy(program, folder.join(&name)).with_context(|| name.clone())?;
    println!("kept as {}", workspace.relative(&folder.join(&name)));
    write_sums(workspace)
}

/// Writes the sums of the artifacts of this version that are there, in the form of `sha256sum`.
///
/// # Errors
/// When they cannot be read or written.
pub(super) fn write_sums(workspace: &Workspace) -> Result<()> {
    const SUMS: &str = "SHA256SUMS";
    let folder = artifacts(workspace);
    // What is left of other versions belongs to no release.
    let ours = format!("ai-audit-{}", versions::one(&crates::all(workspace)?)?);
    let mut lines = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let of_this = name == page::NAME
            || name
                .strip_prefix(&ours)
                .is_some_and(|rest| rest.starts_with(['-', '.']));
        if of_this && entry.file_type()?.is_file() {
            lines.push(format!("{}  {name}\n", hex(&fs::read(entry.path())?)));
        }
    }
    lines.sort_by(|a, b| a.get(64..).cmp(&b.get(64..)));
    fs::write(folder.join(SUMS), lines.concat()).context(SUMS)
}

/// The time of the last commit, in seconds since 1970: the only time that a build may know.
///
/// # Errors
/// When git does not answer.
pub(super) fn commit_time(workspace: &Workspace) -> Result<String> {
    let said = Cmd::new(workspace, "git")
        .args(["log", "-1", "--format=%ct"])
        .read()?;
    Ok(said.trim().into())
}

/// The target of this machine.
///
/// # Errors
/// When rustc does not answer.
pub(super) fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc)
        .arg("-vV")
        .output()
        .context("cannot start `rustc -vV`")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.into())
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("neither CARGO_HOME nor a home directory is known")?;
    Ok(home.join(".cargo"))
}

/// SHA-256 in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        // FIPS 180-4, the example of one block.
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(b"abc"), sum);
    }
}
