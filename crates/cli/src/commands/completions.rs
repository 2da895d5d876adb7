//! `ai-audit completions`

use crate::cli::{Cli, Completions};
use clap::CommandFactory as _;
use std::process::ExitCode;

#[expect(clippy::unnecessary_wraps, reason = "commands have one signature")]
pub(crate) fn run(args: &Completions) -> anyhow::Result<ExitCode> {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "ai-audit",
        &mut std::io::stdout(),
    );
    Ok(ExitCode::SUCCESS)
}
