//! Lints and documentation along with the tests: what these build is linted and documented in passing.
//!
//! By themselves `cargo clippy` and `cargo doc` check all that we stand on once more, hundreds of crates, which takes
//! a third as long as to build it. Cargo starts the compiler of the workspace's own crates, and what runs the examples
//! in their documentation, by programs that can be named; here these are scripts that lint and document besides.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::services::FEATURES;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// Where the documentation goes that is made in passing, in the target folder.
const DOCUMENTED: &str = "doc-in-passing";

/// The compiler that lints. No script can stand before it: a shell passes on no variable whose name has a hyphen, and by
/// such ones tests are told where the programs are.
const COMPILER: &str = "clippy-driver";
/// By which it is told that lints are errors, as `cargo clippy -- -D warnings` tells it.
const LINTS: (&str, &str) = (
    "CLIPPY_ARGS",
    "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__",
);

/// Called with the arguments that run a crate's examples: documents it by the same ones, with those left out that
/// are about running, and then runs the examples. What came of the documentation is kept: a line for each crate.
const DOCUMENTATION: &str = r#"#!/bin/sh
examples=no name= before=
for argument; do
    if [ "$before" = --crate-name ]; then name=$argument; fi
    if [ "$argument" = --test ]; then examples=yes; fi
    before=$argument
done
if [ $examples = no ]; then exec rustdoc "$@"; fi
document() (
    count=$#
    while [ "$count" -gt 0 ]; do
        argument=$1
        shift
        count=$((count - 1))
        case $argument in
        --test | --no-run | --nocapture | --no-capture) ;;
        --test-run-directory | --test-args | --test-runtool | --test-runtool-arg)
            shift
            count=$((count - 1))
            ;;
        --test-run-directory=* | --test-args=* | --test-runtool=* | --test-runtool-arg=*) ;;
        *) set -- "$@" "$argument" ;;
        esac
    done
    exec rustdoc "$@" -D warnings --out-dir 'OUT'
)
if document "$@"; then came=ok; else came=mistakes; fi
echo "$name $came" >>'OUT/crates'
exec rustdoc "$@"
"#;

/// Variables by which cargo lints and documents while it builds and runs tests.
///
/// # Errors
/// When the scripts cannot be written.
pub(crate) fn in_passing(workspace: &Workspace) -> Result<Vec<(String, OsString)>> {
    let tools = workspace.target.join("tools");
    fs::create_dir_all(&tools).with_context(|| tools.display().to_string())?;
    let out = workspace.target.join(DOCUMENTED);
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| out.display().to_string())?;
    }
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let out = out.to_string_lossy().replace('\'', "'\\''");
    let script = tools.join("lint-documentation");
    write_program(&script, &DOCUMENTATION.replace("OUT", &out))
        .with_context(|| script.display().to_string())?;
    let mut env = compiler(workspace)?;
    env.push(("RUSTDOC".into(), script.into()));
    Ok(env)
}

/// Variables by which cargo lints while it builds.
///
/// # Errors
/// When that compiler is missing, or passes something that it should refuse.
pub(crate) fn compiler(workspace: &Workspace) -> Result<Vec<(String, OsString)>> {
    // The variable is between two programs of a toolchain, and in no document: another version may not know it.
    let tools = workspace.target.join("tools");
    fs::create_dir_all(&tools).with_context(|| tools.display().to_string())?;
    let wrong = tools.join("lint.rs");
    fs::write(&wrong, "fn main() {\n    let unused = 1;\n}\n")
        .with_context(|| wrong.display().to_string())?;
    let passes = Cmd::new(workspace, COMPILER)
        .arg(&wrong)
        .args(["--emit=metadata", "--out-dir"])
        .arg(&tools)
        .env(LINTS.0, LINTS.1)
        .works();
    ensure!(
        !passes && tools::there(workspace, COMPILER),
        "{COMPILER} is missing, or takes a variable that is not used: install it with `rustup component add clippy`; \
         `cargo xtask ci clippy` lints without it"
    );
    Ok(vec![
        ("RUSTC_WORKSPACE_WRAPPER".into(), COMPILER.into()),
        (LINTS.0.into(), LINTS.1.into()),
    ])
}

/// What came of the documentation that was made in passing.
///
/// # Errors
/// When it has mistakes, or none was made.
pub(crate) fn documented(workspace: &Workspace) -> Result<()> {
    let list = workspace.target.join(DOCUMENTED).join("crates");
    let list = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let wrong: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_suffix(" mistakes"))
        .collect();
    ensure!(
        wrong.is_empty(),
        "mistakes in the documentation of {}, told above among the tests",
        wrong.join(" ")
    );
    let libraries = workspace.packages.iter().filter(|package| {
        let is_library = |kind: &str| ["lib", "cdylib"].contains(&kind);
        package
            .targets
            .iter()
            .any(|target| is_library(&target.kind))
    });
    let (crates, there) = (list.lines().count(), libraries.count());
    ensure!(
        crates == there,
        "{crates} of {there} libraries were documented when their examples ran"
    );
    println!("{crates} libraries were documented when their examples ran");
    Ok(())
}

/// Writes a program unless it is there already.
fn write_program(path: &Path, text: &str) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Lints everything, and builds nothing.
///
/// # Errors
/// When clippy finds something.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    Cmd::cargo(workspace)
        .args(["clippy", "--workspace", "--all-targets"])
        .args(["--features", FEATURES])
        .args(["--", "-D", "warnings"])
        .run()
}

/// Documents everything, the programs' own insides too.
///
/// # Errors
/// When a link leads nowhere, or rustdoc finds something else.
pub(crate) fn doc(workspace: &Workspace) -> Result<()> {
    Cmd::cargo(workspace)
        .args(["doc", "--workspace", "--no-deps", "--features", FEATURES])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}
