//! The grammar of `trace`.

use ai_audit_agentic::Trust;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Shows which step of which agent followed from which.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit trace list audit
  ai-audit trace show audit 4bf92f3577b34da6a3ce929d0e0e4736
  ai-audit trace show audit 4bf92f --svg trace.svg
  ai-audit trace taint audit --privileged send_payment")]
pub(crate) struct Trace {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    List(ListTraces),
    Show(ShowTrace),
    Taint(TaintTrace),
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

/// Finds privileged calls that follow from what is trusted too little.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit trace taint audit --privileged send_payment --privileged book
  ai-audit trace taint audit 4bf92f --privileged send_payment --threshold 70
  ai-audit trace taint audit --privileged send_payment --trust search=80
  ai-audit trace taint audit --privileged-tag \"sends money\" --json

Trust goes from 0 to 100. It comes from provenance receipts and flows along
parents; a tool's result of which nobody says anything has --tool-trust. Each
finding is told with the way that taints it:
  web page -> researcher -> send_payment
The exit code is 1 where something is found. What is told is what was recorded:
that nothing is found does not mean that nothing was injected.")]
pub(crate) struct TaintTrace {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The trace's id, or a beginning that no other has. [default: all traces]
    pub(crate) trace: Option<String>,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// A tool whose calls are privileged; may be repeated.
    #[arg(long, value_name = "TOOL")]
    pub(crate) privileged: Vec<String>,
    /// A tag that makes a decision privileged; may be repeated.
    #[arg(long, value_name = "TAG")]
    pub(crate) privileged_tag: Vec<String>,
    /// Below this trust a privileged call is a finding.
    #[arg(long, value_name = "TRUST", default_value = "50")]
    pub(crate) threshold: Trust,
    /// How far results of a tool are trusted at most, such as `search=80`; may be repeated.
    #[arg(long, value_name = "TOOL=TRUST")]
    pub(crate) trust: Vec<String>,
    /// How far results are trusted of which nobody says anything.
    #[arg(long, value_name = "TRUST", default_value = "0")]
    pub(crate) tool_trust: Trust,
    /// How far inputs are trusted of which nobody says anything. [default: they are passed over]
    #[arg(long, value_name = "TRUST")]
    pub(crate) input_trust: Option<Trust>,
}
