//! `ai-audit contract`: its flags and help.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Holds states of an agent against its behavioural contract.
#[derive(Debug, Args)]
#[command(after_help = "\
A contract is a YAML or JSON file with hard rules, which are never broken, and
soft ones, from which an agent may recover. Files of ContractSpec 0.1 are read
as they are.

  ai-audit contract lint refunds.yaml
  ai-audit contract check refunds.yaml states.jsonl
  ai-audit contract record audit refunds.yaml states.jsonl")]
pub(crate) struct Contract {
    #[command(subcommand)]
    pub(crate) command: ContractCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContractCommand {
    Check(CheckContract),
    Lint(LintContract),
    Record(RecordContract),
}

/// Says of each state which rules it breaks, and what that comes to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit contract check refunds.yaml states.jsonl
  ai-audit contract check refunds.yaml - --json < states.jsonl
  ai-audit contract check refunds.yaml states.jsonl --session session.id
  ai-audit contract check refunds.yaml --log audit --kind tool_intent

States are JSON objects, one a line. --json prints one line for each of them:
  {\"verdict\":\"hard_breach\",\"hard\":[\"no-pii-leak\"],\"soft\":[]}
and with --summary one document for all. With --log a state is a receipt as
`ai-audit show --json` has it, and its session that of the receipt.

Exit codes: 0 every state is compliant; 1 a hard breach, or a line that is no
state; 2 wrong usage, or a contract that cannot be read; 3 soft violations only,
or no state at all.")]
pub(crate) struct CheckContract {
    /// The contract.
    pub(crate) contract: PathBuf,
    /// The file with the states; `-` for standard input. [default: -]
    #[arg(conflicts_with = "log")]
    pub(crate) states: Option<PathBuf>,
    /// Take the receipts of this log directory as states.
    #[arg(long, value_name = "DIR")]
    pub(crate) log: Option<PathBuf>,
    /// The log in that directory.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "log")]
    pub(crate) log_name: String,
    /// Which receipts are states.
    #[arg(long, default_value = "decision", requires = "log")]
    pub(crate) kind: String,
    #[command(flatten)]
    pub(crate) sessions: Sessions,
    /// Print what was found over all states, and not each of them.
    #[arg(long)]
    pub(crate) summary: bool,
}

/// How states are sessions.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// The field with a state's session, such as session.id. [default: all are one session]
    #[arg(long, value_name = "FIELD", conflicts_with = "log")]
    pub(crate) session: Option<String>,
    /// Also hold the first state of each session against the preconditions.
    #[arg(long)]
    pub(crate) preconditions: bool,
}

/// Tells every mistake in a contract with its line and column.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit contract lint refunds.yaml\n  ai-audit contract lint refunds.yaml --json"
)]
pub(crate) struct LintContract {
    /// The contract.
    pub(crate) contract: PathBuf,
}

/// Seals a contract, and then what states come to under it, into a log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit contract record audit refunds.yaml          the contract
  ai-audit contract record audit refunds.yaml states.jsonl
  ai-audit contract record audit refunds.yaml states.jsonl --session session.id

The contract's digest enters the log before the first evaluation, which verify
insists on. States enter as digests. One contract is sealed once; another one
under the same name needs a new version.

Exit codes are those of `ai-audit contract check`.")]
pub(crate) struct RecordContract {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The contract.
    pub(crate) contract: PathBuf,
    /// The file with the states; `-` for standard input.
    pub(crate) states: Option<PathBuf>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The field with a state's session, such as session.id. [default: all are one session]
    #[arg(long, value_name = "FIELD")]
    pub(crate) session: Option<String>,
    /// Also hold the first state of each session against the preconditions.
    #[arg(long)]
    pub(crate) preconditions: bool,
    /// What changed, or why, for the contract's receipt.
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
}
