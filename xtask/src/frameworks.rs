//! The examples for LangChain and FastAPI (`docs/examples`), run against the real service, and those of
//! services in Rust.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::venv;
use crate::workspace::Workspace;

const EXAMPLES: &str = "docs/examples";
const GUIDE: &str = "docs/guides/in-process.md";
const SCRIPT: &str = "crates/server/tests/python/frameworks.py";

/// Builds the command line, installs the frameworks, and has a script run the examples and hold the log
/// against what they answered; or says why not.
///
/// # Errors
/// When something cannot be built or installed, or an example does not do what it should.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<Option<String>> {
    let program = program::ai_audit(workspace)?;
    let folder = workspace.target.join("frameworks");
    let examples = workspace.root.join(EXAMPLES);
    let list = examples.join("requirements.txt");
    let python = match venv::with(workspace, "frameworks-python", &list)? {
        Ok(python) => python,
        Err(why) => return Ok(Some(format!("SKIPPED: LangChain and FastAPI: {why}"))),
    };
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Cmd::new(workspace, python)
        .arg(workspace.root.join(SCRIPT))
        .arg(&program)
        .arg(examples)
        .arg(&folder)
        .run()
        .context("an example does not do what its page says")?;
    guide(workspace, &program, &folder, short)?;
    Ok(None)
}

/// Runs the commands of the guide on services in Rust as they are written, one block after the other; in the short
/// form with the examples that the tests have built, since cargo builds one by itself with features of its own.
fn guide(workspace: &Workspace, program: &Path, folder: &Path, short: bool) -> Result<()> {
    let guide = workspace.root.join(GUIDE);
    let text = fs::read_to_string(&guide).with_context(|| guide.display().to_string())?;
    let after = text.split("```sh\n").skip(1);
    let blocks: Vec<&str> = after.filter_map(|rest| rest.split("```").next()).collect();
    anyhow::ensure!(!blocks.is_empty(), "{GUIDE} has no commands");
    let mut path = std::ffi::OsString::from(program.parent().unwrap_or(folder));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    for block in blocks {
        let block = if short {
            tested(workspace, block)?
        } else {
            block.to_owned()
        };
        // Below the workspace, where cargo finds it, and what they write is nowhere else.
        Cmd::new(workspace, "sh")
            .args(["-e", "-c"])
            .arg(format!("cd '{}'\n{block}", folder.display()))
            .env("PATH", &path)
            .run()
            .with_context(|| format!("{GUIDE} does not work as it is written"))?;
    }
    Ok(())
}

/// Commands with the examples that the tests have built where they say `cargo run -p PACKAGE --example NAME`.
///
/// # Errors
/// When none of them runs an example, or one does not build.
fn tested(workspace: &Workspace, block: &str) -> Result<String> {
    let mut lines = Vec::new();
    let mut found = false;
    for line in block.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let ["cargo", "run", "-p", package, "--example", name, rest @ ..] = words.as_slice() else {
            lines.push(line.to_owned());
            continue;
        };
        let example = program::example(workspace, Speed::AsTested, package, name)?;
        lines.push(format!("'{}' {}", example.display(), rest.join(" ")));
        found = true;
    }
    anyhow::ensure!(found, "{GUIDE} runs no example in a block of commands");
    Ok(lines.join("\n"))
}
