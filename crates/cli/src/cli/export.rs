//! The grammar of `export`.

use clap::Args;
use std::path::PathBuf;

/// Writes an evidence package.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit export audit -o package.zip
  ai-audit export audit --session s-17 -o s-17.zip
  ai-audit export audit --from 100 --to 199 --no-json-view -o part.zip
  ai-audit export audit --tenant acme -o acme.zip
  ai-audit export audit --session s-17 --with-ciphertexts -o s-17.zip
  ai-audit export audit --report q3.html --report q3.json -o package.zip
  ai-audit export audit -o package.zip --with-page       package.html beside it

Control receipts (genesis, starts, stops, gaps, key changes) belong to every
package: they tell what the log says about itself.

--with-ciphertexts adds the texts that the log keeps encrypted, as ciphertexts.
They cannot be read without the keys of the persons concerned, which are in no
package, and by nobody once a person was erased: his ciphertexts are removed
from the log, and those in packages made before open no more.

--report takes a report that was signed when it was made, by the note beside it
(FILE.note), and that is of this log. The package then is of as many receipts as
the report.

--with-page writes the auditor's page beside the package: one HTML file that
verifies packages in a browser, offline. A page that comes with the package
proves nothing: an auditor should take one that he got by another way.")]
pub(crate) struct Export {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The package to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The log of this tenant.
    #[arg(long, conflicts_with = "log")]
    pub(crate) tenant: Option<String>,
    /// Only receipts of this trace.
    #[arg(long, group = "selection")]
    pub(crate) trace: Option<String>,
    /// Only receipts of this session.
    #[arg(long, group = "selection")]
    pub(crate) session: Option<String>,
    /// Only receipts from this seq on.
    #[arg(long, value_name = "SEQ", conflicts_with = "selection")]
    pub(crate) from: Option<u64>,
    /// Only receipts up to this seq, which is included.
    #[arg(long, value_name = "SEQ", conflicts_with = "selection")]
    pub(crate) to: Option<u64>,
    /// Only receipts sealed at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["selection", "from", "to"])]
    pub(crate) since: Option<String>,
    /// Only receipts sealed before this time (RFC 3339).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["selection", "from", "to"])]
    pub(crate) until: Option<String>,
    /// Put this timestamp in, and hold the receipts against the checkpoint that it is over.
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp: Option<PathBuf>,
    /// Put this report in, which the note beside it lists; may be repeated, one of each form.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Vec<PathBuf>,
    /// Leave the JSON view out.
    #[arg(long)]
    pub(crate) no_json_view: bool,
    /// Put in the ciphertexts of texts that are kept encrypted: unreadable without the keys.
    #[arg(long)]
    pub(crate) with_ciphertexts: bool,
    /// Write the auditor's page beside the package, under its name with .html for .zip.
    #[arg(long)]
    pub(crate) with_page: bool,
    /// The page, where the one that this build has in it, or beside it, is not wanted.
    #[arg(long, value_name = "FILE", requires = "with_page")]
    pub(crate) page: Option<PathBuf>,
    /// Replace the package if it is there, and with it an older page, but no other file.
    #[arg(long)]
    pub(crate) force: bool,
}
