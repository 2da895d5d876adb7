//! The C interface: header, static library, and programs in C that use them, plainly and under valgrind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::generate;
use crate::program;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

const HEADER: &str = "crates/ffi/include/ai_audit.h";
const EXAMPLES: &str = "crates/ffi/examples/c";
/// A chip without an operating system, for which the library must build as well.
const BARE_METAL: &str = "thumbv7em-none-eabi";
/// How many receipts `seal.c` seals.
const RECEIPTS: &str = "9";
/// Warnings are errors, in both languages.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// All of it: the header is the source's, the library builds for this machine and for bare metal, the
/// programs compile and do what they should, and the ordinary verifier reads what they wrote. Or says
/// what was left out.
///
/// # Errors
/// When any of it does not hold.
pub(crate) fn run(workspace: &Workspace) -> Result<Option<String>> {
    header(workspace, false)?;
    tools::target(workspace, BARE_METAL)?;
    library(workspace, Some(BARE_METAL))?;
    let library = library(workspace, None)?;
    if !tools::there(workspace, "cc") {
        return Ok(Some("SKIPPED: programs in C: no C compiler `cc`".into()));
    }
    if !tools::there(workspace, "valgrind")
        && let Err(error) = tools::debian(workspace, &["valgrind"])
    {
        println!("valgrind cannot be installed: {error:#}");
    }
    let folder = workspace.target.join("ffi");
    fs::create_dir_all(&folder)?;
    let mut absent = Vec::new();
    if !tools::there(workspace, "valgrind") {
        absent.push("valgrind");
    }
    for language in [C99, CPP11] {
        if !tools::there(workspace, language.compiler) {
            absent.push(language.compiler);
            continue;
        }
        programs(workspace, &folder, &library, language)?;
    }
    ordinary(workspace, &folder)?;
    Ok((!absent.is_empty()).then(|| {
        let absent = absent.join(" and ");
        format!("SKIPPED: parts of the C interface's test: {absent} absent")
    }))
}

/// Makes the header from the source, and writes it, or compares it with the one that is there.
///
/// # Errors
/// When the program that makes it does not build, or the header is another one.
pub(crate) fn header(workspace: &Workspace, write: bool) -> Result<()> {
    let program = generate::program(workspace)?;
    let fresh = workspace.target.join("ai_audit.h");
    Cmd::new(workspace, program)
        .args(["header", "crates/ffi/cbindgen.toml", "crates/ffi"])
        .arg(&fresh)
        .run()?;
    let fresh = fs::read_to_string(fresh)?;
    let path = workspace.root.join(HEADER);
    if write {
        return fs::write(&path, fresh).with_context(|| HEADER.to_owned());
    }
    let found = fs::read_to_string(&path).with_context(|| HEADER.to_owned())?;
    if let Some(line) = first_difference(&found, &fresh) {
        bail!(
            "{HEADER} is not that of the source (first difference in line {line}); \
             make it with: cargo xtask ffi --header"
        );
    }
    Ok(())
}

/// The number of the first line, from 1, in which two texts differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

/// Builds the static library, for this machine or another one.
fn library(workspace: &Workspace, target: Option<&str>) -> Result<PathBuf> {
    let mut cmd = Cmd::cargo(workspace).args([
        "rustc",
        "-p",
        "ai-audit-ffi",
        "--lib",
        "--crate-type",
        "staticlib",
        "--features",
        "panic-handler",
        "--profile",
        "device",
    ]);
    let mut folder = workspace.target.clone();
    if let Some(target) = target {
        cmd = cmd.args(["--target", target]);
        folder.push(target);
    }
    cmd.run()?;
    Ok(folder.join("device/libai_audit_ffi.a"))
}

/// A language that the header is tried in.
#[derive(Clone, Copy)]
struct Language {
    name: &'static str,
    compiler: &'static str,
    flags: &'static [&'static str],
}

const C99: Language = Language {
    name: "c99",
    compiler: "cc",
    flags: &["-std=c99"],
};
const CPP11: Language = Language {
    name: "c++11",
    compiler: "g++",
    flags: &["-std=c++11", "-x", "c++"],
};

/// Compiles the examples in a language and runs them, on files of their own.
fn programs(
    workspace: &Workspace,
    folder: &Path,
    library: &Path,
    language: Language,
) -> Result<()> {
    let at = folder.join(language.name);
    fs::create_dir_all(&at)?;
    for name in ["seal", "verify", "refuse"] {
        let mut cmd = Cmd::new(workspace, language.compiler)
            .args(language.flags)
            .args(STRICT)
            .args(["-O1", "-g", "-I", "crates/ffi/include"])
            .arg(format!("{EXAMPLES}/{name}.c"));
        if language.flags.contains(&"-x") {
            // The library is no source text.
            cmd = cmd.args(["-x", "none"]);
        }
        cmd.arg(library).arg("-o").arg(at.join(name)).run()?;
    }
    let (line, receipts) = (at.join("log.pub"), at.join("receipts.bin"));
    for under_valgrind in [false, true] {
        if under_valgrind && (language.name != C99.name || !tools::there(workspace, "valgrind")) {
            continue;
        }
        let program = |name: &str| {
            let program = at.join(name);
            let cmd = if under_valgrind {
                let flags = [
                    "--quiet",
                    "--error-exitcode=9",
                    "--leak-check=full",
                    "--show-leak-kinds=all",
                    "--errors-for-leak-kinds=all",
                ];
                Cmd::new(workspace, "valgrind").args(flags).arg(program)
            } else {
                Cmd::new(workspace, program)
            };
            cmd.arg(&line).arg(&receipts)
        };
        program("seal").run()?;
        program("verify").arg(RECEIPTS).run()?;
        program("refuse").run()?;
    }
    Ok(())
}

/// What C sealed is a log for the ordinary verifier, and is none any more with one bit changed.
fn ordinary(workspace: &Workspace, folder: &Path) -> Result<()> {
    let at = folder.join(C99.name);
    let (line, receipts) = (at.join("log.pub"), at.join("receipts.bin"));
    let program = program::ai_audit(workspace)?;
    let verify = |receipts: &Path| {
        Cmd::new(workspace, &program)
            .args(["verify", "--size", RECEIPTS, "--key"])
            .arg(&line)
            .arg(receipts)
    };
    verify(&receipts).run()?;
    let mut bytes = fs::read(&receipts)?;
    let middle = bytes.len() / 2;
    let byte = bytes
        .get_mut(middle)
        .context("the receipts file is empty")?;
    *byte ^= 1;
    let changed = at.join("changed.bin");
    fs::write(&changed, bytes)?;
    if verify(&changed).works() {
        bail!(
            "the ordinary verifier takes {} with a bit changed",
            receipts.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\nb\n", "a\nb"), Some(3));
        assert_eq!(first_difference("", "a"), Some(1));
    }
}
