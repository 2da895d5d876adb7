//! The grammar of `ai-audit incident`.

use ai_audit_agentic::IncidentClass;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Records incidents from opening to closing, and shows by when they had to be reported.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit incident open audit --class serious --category wrong-dose \\
      --aware-at 2026-11-28T09:30:00Z --about 7
  ai-audit incident report audit 12 --authority BNetzA --reference SI-31 \\
      --reported-at 2026-12-01T08:00:00Z
  ai-audit incident list audit

An incident is named by any of its receipts. What was told once stands: the
strictest class and the earliest awareness set the deadline (EU AI Act, Art. 73:
15 days, 10 where somebody died, 2 for a widespread infringement or a disruption
of critical infrastructure). Whether it is an incident, and of which class, no
log can tell.")]
pub(crate) struct Incident {
    #[command(subcommand)]
    pub(crate) command: IncidentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    Open(OpenIncident),
    Update(UpdateIncident),
    Report(ReportIncident),
    Close(CloseIncident),
    List(ListIncidents),
    Show(ShowIncident),
}

/// What a receipt of an incident may say of it.
#[derive(Debug, Args)]
pub(crate) struct Said {
    /// How grave it is. What is left out is not said, and takes nothing back.
    #[arg(long, value_enum)]
    pub(crate) class: Option<Class>,
    /// A code of yours. It stands in the log for ever, so it should name nobody.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) category: String,
    /// When you became aware of it (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) aware_at: Option<String>,
    /// When it happened, or began (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) occurred_at: Option<String>,
    /// A receipt that it is about: its seq, its id, or its hash; may be repeated.
    #[arg(long, value_name = "RECEIPT")]
    pub(crate) about: Vec<String>,
    /// Digest the description in this file. The file itself is yours to keep.
    #[arg(long, value_name = "FILE")]
    pub(crate) description: Option<PathBuf>,
    /// Who records this, as a pseudonym or a system's name.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) actor: String,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// The classes that can be told, by their names in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Class {
    /// Not to be reported.
    #[value(name = "not_serious")]
    NotSerious,
    /// Art. 3(49): 15 days.
    Serious,
    /// Somebody died: 10 days.
    Death,
    /// A widespread infringement, or critical infrastructure is disrupted: 2 days.
    Widespread,
}

impl From<Class> for IncidentClass {
    fn from(class: Class) -> Self {
        match class {
            Class::NotSerious => Self::NotSerious,
            Class::Serious => Self::Serious,
            Class::Death => Self::Death,
            Class::Widespread => Self::Widespread,
        }
    }
}

/// Opens an incident.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit incident open audit --class serious --category wrong-dose \\
      --occurred-at 2026-11-27T22:00:00Z --aware-at 2026-11-28T09:30:00Z \\
      --about 7 --about 8 --description notes.txt

Personal data has no place in it: what the log's redaction policy keeps out of
texts is refused. Who holds the description's text can show it:
  ai-audit prove audit 12 --disclose description -o 12.proof")]
pub(crate) struct OpenIncident {
    /// The log directory.
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Says more of an incident.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit incident update audit 12 --class death

A class that is lowered, or an awareness that is put off, is recorded, and
changes no deadline; `verify` remarks on it.")]
pub(crate) struct UpdateIncident {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The incident: any of its receipts, by seq, id or hash.
    pub(crate) incident: String,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Records that an incident was reported to an authority.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit incident report audit 12 --authority BNetzA --reference SI-31 \\
      --reported-at 2026-12-01T08:00:00Z

Record it at once: the time that you tell stands beside the time at which the
receipt was sealed, and only what was sealed before the deadline is shown to
have been in time.")]
pub(crate) struct ReportIncident {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The incident: any of its receipts, by seq, id or hash.
    pub(crate) incident: String,
    /// To whom it was reported.
    #[arg(long, value_name = "NAME")]
    pub(crate) authority: String,
    /// Under which reference.
    #[arg(
        long,
        value_name = "REF",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) reference: String,
    /// When it was reported (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) reported_at: String,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Closes an incident. What stands open stays open.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit incident close audit 12")]
pub(crate) struct CloseIncident {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The incident: any of its receipts, by seq, id or hash.
    pub(crate) incident: String,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Lists the incidents of a log with their deadlines.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit incident list audit
  ai-audit incident list audit --at 2026-12-31T00:00:00Z --json

Deadlines are held against the time of --at, days of 24 hours. Nothing is
verified here; `ai-audit verify` does.")]
pub(crate) struct ListIncidents {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Hold deadlines against this time (RFC 3339). [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Shows an incident with all its receipts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit incident show audit 12")]
pub(crate) struct ShowIncident {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The incident: any of its receipts, by seq, id or hash.
    pub(crate) incident: String,
    /// Hold the deadline against this time (RFC 3339). [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}
