//! The grammar of `trace`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Shows which step of which agent followed from which.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit trace list audit
  ai-audit trace show audit 4bf92f3577b34da6a3ce929d0e0e4736
  ai-audit trace show audit 4bf92f --svg trace.svg")]
pub(crate) struct Trace {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    List(ListTraces),
    Show(ShowTrace),
}

/// Lists a log's traces, the newest first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit trace list audit -n 10\n  ai-audit trace list audit --json"
)]
pub(crate) struct ListTraces {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// How many at most.
    #[arg(short = 'n', long = "limit", default_value_t = 50)]
    pub(crate) limit: usize,
}

/// Shows a trace as a tree, or draws it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit trace show audit 4bf92f3577b34da6a3ce929d0e0e4736
  ai-audit trace show audit 4bf92f --svg trace.svg --dot trace.dot
  ai-audit trace show audit 4bf92f --around 812 -n 40     a part of a large one
  ai-audit trace show audit 4bf92f --json

A step that follows from several names them behind an arrow: `<- 10, 12`. A
parent that is nowhere in the log makes the exit code 1: it was removed, or
changed. `ai-audit verify` says whether the log is whole.")]
pub(crate) struct ShowTrace {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The trace's id, or a beginning that no other has.
    pub(crate) trace: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Write a picture to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write it in the language of Graphviz to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) dot: Option<PathBuf>,
    /// Write it as a Mermaid flowchart to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) mermaid: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Show the part nearest to this receipt, by its seq. [default: the first ones]
    #[arg(long, value_name = "SEQ")]
    pub(crate) around: Option<u64>,
    /// How many steps at most; a picture has 400 at most.
    #[arg(short = 'n', long = "limit", default_value_t = 200,
        value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) limit: u16,
}
