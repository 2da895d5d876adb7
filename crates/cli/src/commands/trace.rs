//! `ai-audit trace`

mod list;
mod load;
mod show;
mod taint;
mod tree;

use crate::cli::{Trace, TraceCommand};
use crate::output::Output;
use std::process::ExitCode;

pub(crate) fn run(args: &Trace, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        TraceCommand::List(args) => list::run(args, output),
        TraceCommand::Show(args) => show::run(args, output),
        TraceCommand::Taint(args) => taint::run(args, output),
    }
}
