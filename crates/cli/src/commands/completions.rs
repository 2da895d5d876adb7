//! `ai-audit completions`

use crate::cli::{Cli, Completions};
use crate::output::Output;
use anyhow::Context as _;
use clap::CommandFactory as _;
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn run(args: &Completions, output: Output) -> anyhow::Result<ExitCode> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ai-audit", &mut script);
    let script = String::from_utf8(script).context("the completion script")?;
    if output.json {
        output.json(&json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        output.text(&script)?;
    }
    Ok(ExitCode::SUCCESS)
}
