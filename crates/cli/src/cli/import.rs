//! `ai-audit import`: its flags and help.

use clap::Args;
use std::path::PathBuf;

/// Brings what the Python library `ai-audit-trail` recorded into a log, with its proofs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit import audit evidence.zip --key 17107797…61f4
  ai-audit import audit receipts.jsonl --key old.hex --tenant acme --log acme
  ai-audit import audit redis://127.0.0.1:6379/0 --key old.hex --tenant acme
  ai-audit import audit postgres://reader@db/audit --key old.hex --dry-run
  ai-audit import audit --list                      what was imported

SOURCE is an evidence package, a file of receipts, tool-call receipts and seals
(JSON Lines or JSON, - for standard input), a Redis, or a PostgreSQL. It is
verified first, as by `ai-audit verify SOURCE --key HEX`, and what that said is
recorded. Each record becomes one receipt with its bytes, hash and signature as
they were, so that its proof can always be made again:
  ai-audit show audit SEQ --original

Bring the key from where the old system's keys are kept: one that is found in a
package proves nothing. An import that was cut off goes on where it stopped when
it is run again; what is there already is not imported twice.

Of a server only reading commands are used. Its password may stand in the
address or in AI_AUDIT_IMPORT_PASSWORD; AI_AUDIT_IMPORT_CA names a PEM file of
authorities for its TLS, where those of the system are not meant.")]
pub(crate) struct Import {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// What to import: a file, redis://…, rediss://…, postgres://…, or - for standard input.
    #[arg(required_unless_present = "list")]
    pub(crate) source: Option<String>,
    /// A public key of the old system: 64 hexadecimal digits, or a file with them; may be repeated.
    #[arg(long, value_name = "FILE|HEX")]
    pub(crate) key: Vec<String>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Imports only records of this tenant.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Imports the records of all tenants into the one log.
    #[arg(long, conflicts_with = "tenant")]
    pub(crate) all_tenants: bool,
    /// Imports only records that are not in the log yet, whatever source they came from.
    #[arg(long)]
    pub(crate) only_new: bool,
    /// The number of receipts that you know the source to have at least.
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<u64>,
    /// Verifies and counts, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Imports although the source fails its verification, or no key was given; what was found is
    /// recorded.
    #[arg(long)]
    pub(crate) accept_failed: bool,
    /// Imports although the log's redaction policy finds personal data in records, which cannot be
    /// redacted without breaking their proofs.
    #[arg(long)]
    pub(crate) allow_personal_data: bool,
    /// Lists what was imported into the log.
    #[arg(long, conflicts_with_all = ["source", "key", "tenant", "all_tenants", "size", "only_new", "dry_run",
        "accept_failed", "allow_personal_data"])]
    pub(crate) list: bool,
}
