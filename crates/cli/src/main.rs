//! `ai-audit`: an audit trail for AI systems that anybody can verify.
//!
//! The keeper of a log opens it, records decisions, and hands out packages; an auditor verifies them
//! with the key line that he was given at the beginning, and needs nothing else. Every command has
//! `--json`, and `--help` with examples. What is verified is said question by question; exit code 0 means that
//! all that was asked for is verified, 1 that something failed, 2 wrong usage, 3 that something asked for is
//! unverified.
//!
//! # Example
//!
//! ```sh
//! ai-audit init audit --name example.org/support
//! cp audit/log.pub kept.pub
//! echo '{"input":"May I return it?","output":"Yes.","model":"gpt-4o","action":"allow"}' |
//!     ai-audit record audit -
//! ai-audit checkpoint audit -o kept.note
//! ai-audit export audit -o package.zip
//! ai-audit verify package.zip --key kept.pub --checkpoint kept.note
//! ```

mod assessed;
mod cli;
mod commands;
mod evidence;
mod failure;
mod listening;
mod open;
mod output;
mod progress;
mod python;
mod save;
mod signals;
mod supervisor;
mod trust;

use clap::Parser as _;
use cli::{Cli, Command};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::of_usage(&error, asks_for_json()),
    };
    open::keep_flags(cli.config.clone(), cli.set.clone());
    let output = Output::new(cli.json, cli.quiet);
    let result = match &cli.command {
        Command::Init(args) => commands::init::run(args, output),
        Command::Record(args) => commands::record::run(args, output),
        Command::Log(args) => commands::log::run(args, output),
        Command::Show(args) => commands::show::run(args, output),
        Command::Verify(args) => commands::verify::run(args, output),
        Command::Checkpoint(args) => commands::checkpoint::run(args, output),
        Command::Prove(args) => commands::prove::run(args, output),
        Command::Export(args) => commands::export::run(args, output),
        Command::Policy(args) => commands::policy::run(args, output),
        Command::Subject(args) => commands::subject::run(args, output),
        Command::Reveal(args) => commands::reveal::run(args, output),
        Command::Shred(args) => commands::shred::run(args, output),
        Command::Review(args) => commands::review::run(args, output),
        Command::Import(args) => commands::import::run(args, output),
        Command::Incident(args) => commands::incident::run(args, output),
        Command::Epoch(args) => commands::epoch::run(args, output),
        Command::Mcp(args) => commands::mcp::run(args, output),
        Command::McpProxy(args) => commands::mcp_proxy::run(args, output),
        Command::Proxy(args) => commands::proxy::run(args, output),
        Command::Serve(args) => commands::serve::run(args, output),
        Command::Token(args) => commands::token::run(args, output),
        Command::Store(args) => commands::store::run(args, output),
        Command::Publish(args) => commands::publish::run(args, output),
        Command::Monitor(args) => commands::monitor::run(args, output),
        Command::Timestamp(args) => commands::timestamp::run(args, output),
        Command::Anchor(args) => commands::anchor::run(args, output),
        Command::Witness(args) => commands::witness::run(args, output),
        Command::Fleet(args) => commands::fleet::run(args, output),
        Command::Trace(args) => commands::trace::run(args, output),
        Command::Stats(args) => commands::stats::run(args, output),
        Command::Analyze(args) => commands::analyze::run(args, output),
        Command::Redact(args) => commands::redact::run(args, output),
        Command::Contract(args) => commands::contract::run(args, output),
        Command::Report(args) => commands::report::run(args, output),
        Command::Crosswalk(args) => commands::crosswalk::run(args, output),
        Command::Key(args) => commands::key::run(args, output),
        Command::Adopt(args) => commands::adopt::run(args, output),
        Command::Demo(args) => commands::demo::run(args, output),
        Command::Info(args) => commands::info::run(args, output),
        Command::Completions(args) => commands::completions::run(args, output),
    };
    match result {
        Ok(code) => code,
        Err(error) => failure::report(&error, cli.json),
    }
}

/// Whether `--json` stands among the arguments, which could not be read as a whole.
fn asks_for_json() -> bool {
    std::env::args_os()
        .skip(1)
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}
