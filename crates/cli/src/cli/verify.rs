//! `ai-audit verify`: its flags and help.

use super::Times;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Verifies a log directory, a published log, a package, a proof, a receipts file or a report.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit verify audit --key audit/log.pub
  ai-audit verify package.zip --key log.pub --checkpoint kept.note --json
  ai-audit verify receipt.proof --key log.pub --text input=question.txt
  ai-audit verify package.zip --policy mine.policy     witnesses, quorum, age
  ai-audit verify q3.html.note --key log.pub           a report, beside its note
  ai-audit verify 7-9-3f.equivocation --key log.pub    did it sign two histories
  ai-audit verify years.zip --key log.pub --checkpoint kept.note --depth tree
                  --require completeness         are these its bytes
  ai-audit verify audit --subject person-7 --require erasure
                                                       is this person erased

What PATH is follows from its content. Without --key, attribution stays
unverified: a key that is found inside the evidence proves nothing. Without
--checkpoint or --size, or a policy whose witnesses cosigned recently (where
receipts are read, so not with --depth tree), completeness stays unverified:
receipts may be missing at the end. A proof of
equivocation never gives exit code 0: 1 if it holds, since then the log failed,
or if it is no proof; which of the two is said, and in JSON
`equivocation.status`.

The note beside a report, FILE.note, is never complete: it shows which bytes
the log's checkpoint key signed, and not that they are right. Whether they are
shows making the report again from the package.

No log shows that a destroyed key is gone everywhere. Where PATH is a log
directory with the log's subject keys, they are looked through: erasure then is
verified as far as they go, and unverified everywhere else.

--json prints one object; where a directory has several logs to verify, it is
{\"logs\": [one object each], \"exit\": ...}. --log picks one.")]
pub(crate) struct Verify {
    /// What to verify.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// The log, where PATH is a directory. [default: all of them]
    #[arg(long)]
    pub(crate) log: Option<String>,
    /// The questions that must be verified for exit code 0.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "QUESTIONS",
        default_value = "integrity,attribution,completeness"
    )]
    pub(crate) require: Vec<Question>,
    /// How deep to look: at everything, or at hashes, tree and checkpoint alone, which is many times as
    /// fast and leaves integrity and attribution unverified.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) depth: Depth,
    /// Whose erasures the erasure line answers for, as the receipts write the name. [default: all of them]
    #[arg(long, value_name = "PSEUDONYM")]
    pub(crate) subject: Option<String>,
    /// Where PATH is a proof: a text that is said to be recorded, as FIELD=FILE, such as input=question.txt.
    #[arg(long, value_name = "FIELD=FILE")]
    pub(crate) text: Vec<String>,
}

/// What a verifier brings: where trust comes from.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// A pinned key: a file with a key line (log.pub), the line itself, or a public key in hexadecimal.
    #[arg(long, value_name = "FILE|VKEY|HEX")]
    pub(crate) key: Vec<String>,
    /// A trust policy: pinned keys, witnesses and their quorum, how old their word may be, and more.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// A checkpoint that you kept.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// A revocation that you hold, whether the log says it or not.
    #[arg(long, value_name = "FILE")]
    pub(crate) revocation: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) times: Times,
    /// The number of receipts that you know the log to have at least.
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<u64>,
    /// Threads that verify signatures; the answers are the same. [default: the machine's, 16 at most]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Depth {
    Full,
    Tree,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    Integrity,
    Attribution,
    Completeness,
    Time,
    Erasure,
}
