//! The grammar of `publish`.

use clap::Args;
use std::path::PathBuf;

/// Publishes a log as static tiles, which any web server can serve.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit publish audit public
  ai-audit publish audit public --hashes-only    the tree alone
  ai-audit verify public --key log.pub           what a reader does with it

The form is that of C2SP tlog-tiles. Run it again to add what is new: files
that are there stay as they are, the checkpoint is replaced last. OUT must be
empty or hold the same log, published in the same way. What was published
cannot be taken back: where receipts are not for everybody, use --hashes-only,
which still lets anybody check that the log only grows.")]
pub(crate) struct Publish {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The folder to publish into; made if it is not there.
    pub(crate) out: PathBuf,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Publish neither payloads nor signatures, only the tree.
    #[arg(long)]
    pub(crate) hashes_only: bool,
}
