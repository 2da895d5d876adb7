//! The grammar of `ai-audit fleet`.

use crate::cli::{Question, Trust};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Tells of logs that belong together whether each is there, complete and in time.
#[derive(Debug, Args)]
#[command(after_help = "\
A verified log does not say that it is the only one. A fleet log names the logs
that belong together, its members, and takes their checkpoints by an interval.
Whoever has its key line sees which member is complete to which size, and which
is late, missing, cut, forked or dropped.

The fleet's keeper:
  ai-audit fleet init fleet --name example.org/fleet
  ai-audit fleet add fleet ../eu --every 1h        a log directory here
  ai-audit fleet add fleet us.pub --every 1h       the key line of one elsewhere
  ai-audit fleet collect fleet ../eu us.offer      from a timer
  ai-audit fleet status fleet

A member elsewhere:
  ai-audit fleet offer audit --since 120 -o us.offer

The auditor:
  ai-audit fleet verify fleet.zip --key fleet.pub --checkpoint fleet.note

Exit codes: 0 every member is complete; 1 something failed, or a member is cut
or forked; 2 wrong usage; 3 a member is late or missing, or something asked for
is unverified.")]
pub(crate) struct Fleet {
    #[command(subcommand)]
    pub(crate) command: FleetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    Init(InitFleet),
    Add(AddMember),
    Drop(DropMember),
    Collect(CollectFleet),
    Offer(OfferFleet),
    Status(FleetStatus),
    Verify(VerifyFleet),
}

/// Opens a fleet log: keys, genesis, and the key line for the auditor.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet init fleet --name example.org/fleet

It is a log like any other. Keep it where no member's keeper can reach it, hand
DIR/log.pub to the auditor now, and name him the members.")]
pub(crate) struct InitFleet {
    /// The log directory; made if it is not there.
    pub(crate) dir: PathBuf,
    /// Name of the log's origin, like a domain with a path.
    #[arg(long)]
    pub(crate) name: String,
    /// Whose fleet it is. [default: the log's name]
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// For trying out: the genesis says so, no recovery key is kept, production refuses the keys.
    #[arg(long)]
    pub(crate) ephemeral: bool,
}

/// Adds a log to a fleet, or gives a member another interval.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet add fleet ../eu --every 1h --reason \"opened in Frankfurt\"
  ai-audit fleet add fleet ../eu --member-log acme --every 1h
  ai-audit fleet add fleet us.pub --every 15m --checkpoint us.note

A log directory brings its key line and its newest checkpoint. A key line alone
is a member of which there is no checkpoint yet: it is missing until one is
collected. Units are s, m, h, d.")]
pub(crate) struct AddMember {
    /// The fleet's log directory.
    pub(crate) dir: PathBuf,
    /// The member: its log directory, its key line, or a file that has it (log.pub).
    #[arg(value_name = "DIR|FILE|VKEY")]
    pub(crate) member: String,
    /// Within which time it owes a new checkpoint, each time.
    #[arg(long, value_name = "DURATION")]
    pub(crate) every: String,
    /// The member's log, where it is a directory.
    #[arg(long, default_value = "default")]
    pub(crate) member_log: String,
    /// The member's checkpoint: a note, or what `fleet offer` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Why; it stands in the fleet log for ever.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// The fleet's log in its directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Drops a member from a fleet. What was taken of it stays.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet drop fleet ../eu --reason \"moved to us\"
  ai-audit fleet drop fleet example.org/us

A log directory brings its newest checkpoint, so that the fleet log says how
long the member's log was when it went. A member that was convicted of two
histories stays convicted.")]
pub(crate) struct DropMember {
    /// The fleet's log directory.
    pub(crate) dir: PathBuf,
    /// The member: its log directory, key line or file, its origin, or the name in front of its digits.
    #[arg(value_name = "DIR|FILE|ORIGIN")]
    pub(crate) member: String,
    /// The member's log, where it is a directory.
    #[arg(long, default_value = "default")]
    pub(crate) member_log: String,
    /// Why; it stands in the fleet log for ever.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
    /// The fleet's log in its directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Takes checkpoints of members into the fleet log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet collect fleet ../eu ../us
  ai-audit fleet collect fleet us.offer asia.zip public/
  ai-audit fleet collect fleet ../eu --fresh      make its checkpoint first

A SOURCE is a log directory, a published log or a package of a whole log, which
have the tree; a checkpoint's note, where it is the first; what `ai-audit fleet
offer` wrote; or a proof of equivocation. What does not continue the checkpoint
that was taken last is refused. A member that signed two histories is convicted
in the fleet log. Exit code 1: something was refused or could not be read, or a
member is cut or forked; what the others showed is taken all the same.")]
pub(crate) struct CollectFleet {
    /// The fleet's log directory.
    pub(crate) dir: PathBuf,
    /// Where checkpoints are.
    #[arg(value_name = "SOURCE", required = true)]
    pub(crate) source: Vec<PathBuf>,
    /// Make a checkpoint of each log directory first, which takes the member's checkpoint key.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// The fleet's log in its directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Writes a member's checkpoint with its proof, for a fleet elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet offer audit -o first.offer
  ai-audit fleet offer audit --since 120 -o us.offer

With --since it is the body of a request to a witness (C2SP tlog-witness): the
size that the fleet has, which `ai-audit fleet status` shows, a consistency
proof from there, and the note. Without, it is the note.")]
pub(crate) struct OfferFleet {
    /// The member's log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The size that the fleet has.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) since: u64,
    /// Offer the newest checkpoint that is there instead of making one.
    #[arg(long)]
    pub(crate) latest: bool,
    /// Write to this file. [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// Shows the members of a fleet, for its keeper.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet status fleet
  ai-audit fleet status fleet --at 2026-12-31T00:00:00Z --json

Nothing of the fleet log is verified here; `ai-audit fleet verify` does.")]
pub(crate) struct FleetStatus {
    /// The fleet's log directory.
    pub(crate) dir: PathBuf,
    /// As of this time (RFC 3339); what was sealed later is not looked at. [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The fleet's log in its directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Verifies a fleet log, and says of each member what that shows.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit fleet verify fleet.zip --key fleet.pub --checkpoint fleet.note
  ai-audit fleet verify fleet.zip --key fleet.pub --checkpoint fleet.note \\
      --member eu.zip --member us.zip              are they what they showed
  ai-audit fleet verify fleet.zip --key fleet.pub --checkpoint fleet.note \\
      --expect asia.pub                            is it in the roster
  ai-audit fleet verify fleet.zip --key fleet.pub --checkpoint fleet.note \\
      --at 2026-12-31T00:00:00Z                    was it in time then

A package is as of its end, however old: --at with the present time asks for
the present.

States are as of the last receipt of the fleet log, or of --at. Nothing counts
that the fleet's pinned keys did not sign, nor a checkpoint that the member's
own key did not sign. Where the newest receipt about the fleet is not covered
by a checkpoint that you brought, or by a quorum of your policy's witnesses, the
fleet stays unverified.

A member's log is held against all that you bring: its checkpoints, revocations
of its keys, the approvals of your policy. A checkpoint or revocation of a
member whose log you do not bring (--member) leaves the fleet unverified; of one
that was dropped it is told alone.")]
pub(crate) struct VerifyFleet {
    /// The fleet log: a log directory, a published log, a package or a receipts file.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// The fleet's log, where PATH is a directory. [default: default]
    #[arg(long)]
    pub(crate) log: Option<String>,
    /// The log of a member: directory, published log, package or receipts file; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) member: Vec<PathBuf>,
    /// A key line, or a file that has it, that must be in the roster; may be repeated.
    #[arg(long, value_name = "FILE|VKEY")]
    pub(crate) expect: Vec<String>,
    /// As of this time (RFC 3339). [default: the last receipt of the fleet log]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The questions about the fleet log that must be verified for exit code 0.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "QUESTIONS",
        default_value = "integrity,attribution,completeness"
    )]
    pub(crate) require: Vec<Question>,
}
