//! The grammar of `monitor`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Watches logs: keeps the checkpoints it has seen, and proves when two contradict each other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit monitor checkpoint today.note --state watch --key log.pub
  ai-audit monitor checkpoint today.note --state watch --from public
  ai-audit monitor list --state watch")]
pub(crate) struct Monitor {
    #[command(subcommand)]
    pub(crate) command: MonitorCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MonitorCommand {
    Checkpoint(MonitorCheckpoint),
    List(MonitorList),
}

/// Takes checkpoints, and checks them against all that were seen before.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit monitor checkpoint today.note --state watch --key log.pub
  ai-audit monitor checkpoint mine.note theirs.note --state watch \\
      --from package.zip

Two checkpoints of one size with two roots prove at once that the log signed
two histories. Of two sizes that needs the tree of the larger one: --from names
a log directory, a published log or a package that has it, and need not be
trusted. The proof is a file that anybody with the log's key line confirms:
`ai-audit verify FILE --key log.pub`.

A key is pinned where --key gives it, and never taken from anywhere else. Exit
codes: 0 all that was seen is consistent; 1 the log signed two histories, or a
file was refused; 3 nothing contradicts, but some checkpoints could not be
compared.")]
pub(crate) struct MonitorCheckpoint {
    /// Checkpoints: signed notes.
    #[arg(required = true)]
    pub(crate) file: Vec<PathBuf>,
    /// The monitor's folder; made if it is not there.
    #[arg(long, value_name = "MONDIR")]
    pub(crate) state: PathBuf,
    /// Pin this key line: a file that has it (log.pub), or the line itself.
    #[arg(long, value_name = "FILE|VKEY")]
    pub(crate) key: Vec<String>,
    /// Take tree nodes from here: a log directory, a published log or a package of a whole log.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Vec<PathBuf>,
}

/// Lists the checkpoints that were seen, and what is known of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit monitor list --state watch
  ai-audit monitor list --state watch --json

Everything is verified again under the pinned keys. The exit codes are those of
`monitor checkpoint`.")]
pub(crate) struct MonitorList {
    /// The monitor's folder.
    #[arg(long, value_name = "MONDIR")]
    pub(crate) state: PathBuf,
}
