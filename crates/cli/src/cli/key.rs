//! The grammar of `ai-audit key`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct ShowKeys {
    /// A log directory, a key line, or a file that has one.
    pub(crate) what: Option<String>,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Prints the key line alone.
    #[arg(long)]
    pub(crate) line: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    Rotate(Rotate),
    Revoke(Revoke),
    History(History),
}

/// Hands over to a new receipt key and destroys the old one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit key rotate audit
  ai-audit key rotate audit --reason \"quarterly\"

The rotation is a receipt: the old key signs it, the new key proves that it is
held. Auditors keep the key line that they have.")]
pub(crate) struct Rotate {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Why, for the log.
    #[arg(long, default_value = "on demand")]
    pub(crate) reason: String,
}

/// Revokes a receipt key that somebody else may have, with the recovery key.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit key revoke audit --recovery-key recovery.pem \\
      --compromised-at 2026-11-20T08:00:00Z -o audit.revocation

Receipts after --after that the revoked key, or a key it rotated to, signed
become suspect. Hand the file to everybody who verifies the log: a thief can cut
the revocation out of the log, not out of their hands
(verify --revocation audit.revocation).")]
pub(crate) struct Revoke {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The recovery key, a PKCS#8 PEM file.
    #[arg(long, value_name = "PEM")]
    pub(crate) recovery_key: PathBuf,
    /// When at the earliest somebody else may have had the key (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) compromised_at: String,
    /// The last receipt that is not suspect. [default: the last one sealed before --compromised-at]
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<u64>,
    /// The key to revoke: its id or its 64 hexadecimal digits. [default: the one that receipts after --after hang on]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Why, for the log.
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
    /// Write the detached revocation to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Shows every receipt key of a log and where it is valid.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit key history audit
  ai-audit key history audit --json")]
pub(crate) struct History {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}
