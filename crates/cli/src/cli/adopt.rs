//! The grammar of `ai-audit adopt`.

use clap::Args;
use std::path::PathBuf;

/// Goes on with a log that is behind its high-water mark, and declares the loss.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit adopt audit

For a directory that was restored from a backup or copied, where `record`
refuses to write. What the store for what is old has of it is brought back;
what is missing besides becomes a gap receipt, signed like any other.
Who kept a later checkpoint still sees that receipts are missing: adopting hides
nothing.")]
pub(crate) struct Adopt {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}
