//! The grammar of `ai-audit review`.

use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

/// Signs what a person decided about a receipt, and brings it into the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit review keygen officer-2.pem
  ai-audit prove audit 7 --disclose arguments -o 7.proof       the keeper
  ai-audit review sign 7.proof --key officer-2.pem --approve -o 7.review
  ai-audit review add audit 7.review                           the keeper

The reviewer's key stays with the reviewer. That a tool needs approvals is said
by the policy entry `approvals`, or by an auditor's trust policy; `verify` fails
where it ran without.")]
pub(crate) struct Review {
    #[command(subcommand)]
    pub(crate) command: ReviewCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    Keygen(ReviewKeygen),
    Sign(SignReview),
    Add(AddReview),
}

/// Makes a reviewer's key and prints its public part.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit review keygen officer-2.pem")]
pub(crate) struct ReviewKeygen {
    /// The file to write, PKCS#8 PEM, for its owner alone.
    #[arg(value_name = "PEM")]
    pub(crate) file: PathBuf,
}

/// Signs a review of the receipt in a proof file.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("verdict").required(true).args(["approve", "reject", "note"]),
    after_help = "\
Examples:
  ai-audit verify 7.proof --key log.pub --text arguments=asked.json
  ai-audit review sign 7.proof --key officer-2.pem --approve -o 7.review

Verify the proof first, and look at what it proves: what is signed is that this
receipt, with these parameters, was approved."
)]
pub(crate) struct SignReview {
    /// The proof of the receipt that is reviewed.
    pub(crate) proof: PathBuf,
    /// The reviewer's key, a PKCS#8 PEM file.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: PathBuf,
    /// It may be done, or was right.
    #[arg(long)]
    pub(crate) approve: bool,
    /// It may not be done, or was wrong.
    #[arg(long)]
    pub(crate) reject: bool,
    /// It was looked at.
    #[arg(long)]
    pub(crate) note: bool,
    /// Who reviews, as a pseudonym.
    #[arg(long, default_value = "")]
    pub(crate) reviewer: String,
    /// Why. It stands in the log for ever, so it should name nobody.
    #[arg(long, default_value = "")]
    pub(crate) comment: String,
    /// Write the review to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Brings a signed review into the log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit review add audit 7.review")]
pub(crate) struct AddReview {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The review, as `review sign` wrote it.
    pub(crate) review: PathBuf,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}
