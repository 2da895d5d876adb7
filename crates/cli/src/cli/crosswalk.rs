//! `ai-audit crosswalk`: its flags and help.

use super::Trust;
use clap::Args;
use std::path::PathBuf;

/// What evidence a log holds for laws, standards and frameworks, and what it cannot show.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit crosswalk package.zip --key log.pub --size 1200
  ai-audit crosswalk audit --key log.pub --framework eu-ai-act
  ai-audit crosswalk audit --key log.pub --framework iso-42001 --status no
  ai-audit crosswalk audit --key log.pub --catalogue house-rules.toml --json
  ai-audit crosswalk --list

PATH is a log directory, a published log, a package or a receipts file. It is
verified in the same pass, and nothing unverified counts as evidence: without a
pinned key nothing does.

Each requirement has one of four statuses: `evidence available`, `partial
evidence`, `no evidence`, `not addressable by a log`. None of them says that
somebody complies. `n of m` receipts carry what is asked for; the receipts that
are named come with inclusion proofs in --json. Without --framework all of them
are summed up, with it the requirements of one are shown.

Exit codes are those of `ai-audit verify`: 0 integrity, attribution and
completeness are verified; 1 something failed; 3 something is unverified.")]
pub(crate) struct Crosswalk {
    /// The evidence.
    #[arg(required_unless_present = "list")]
    pub(crate) path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Shows requirements of this status only: available, partial, no or none.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<Wanted>,
    /// Lists the frameworks that are known.
    #[arg(long)]
    pub(crate) list: bool,
}

/// Which log, frameworks, period and time a crosswalk or report is of.
#[derive(Debug, Clone, Args)]
pub(crate) struct Scope {
    /// The log, where PATH is a directory. [default: default]
    #[arg(long)]
    pub(crate) log: Option<String>,
    /// A framework by its id, or all; may be repeated.
    #[arg(long, value_name = "ID")]
    pub(crate) framework: Vec<String>,
    /// A catalogue of your own, TOML; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Vec<PathBuf>,
    /// Only receipts sealed from this time on, such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only receipts sealed before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// The time that open deadlines are held against, not before the last receipt. [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

/// A status, as short as one types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wanted {
    Available,
    Partial,
    No,
    None,
}
