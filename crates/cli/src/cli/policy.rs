//! The grammar of `ai-audit policy`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Shows and changes what a log promises: its policy, and how personal data is redacted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit policy show audit
  ai-audit policy change audit --redaction redaction.json")]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Show(ShowPolicy),
    Change(ChangePolicy),
}

/// Shows the entries of the policy in force.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit policy show audit
  ai-audit policy show audit --redaction > redaction.json    to change it")]
pub(crate) struct ShowPolicy {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Prints the redaction policy alone.
    #[arg(long)]
    pub(crate) redaction: bool,
}

/// Changes entries of the policy from here on, by a receipt.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit policy change audit --redaction redaction.json --reason \"cards\"
  ai-audit policy change audit --entry region=eu --remove audience

A redaction policy says what is done with each kind of personal data before
anything is sealed; this one masks cards and encrypts e-mail addresses:
  {\"version\": 1, \"default\": \"redact\",
   \"kinds\": {\"CREDIT_CARD\": \"mask\", \"EMAIL\": \"encrypt\"}}
Modes: off, redact, mask, pseudonymize, encrypt. Own kinds are added as
\"custom\": [{\"name\": \"ORDER\", \"pattern\": \"ORD-\\\\d{6}\"}].")]
pub(crate) struct ChangePolicy {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The redaction policy, a JSON file.
    #[arg(long, value_name = "FILE", conflicts_with = "no_redaction")]
    pub(crate) redaction: Option<PathBuf>,
    /// Redact nothing from here on.
    #[arg(long)]
    pub(crate) no_redaction: bool,
    /// An entry to set; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) entry: Vec<String>,
    /// An entry to remove; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) remove: Vec<String>,
    /// Why, for the log.
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
}
