//! The command line's grammar: commands, flags, help with examples.

pub(crate) mod adopt;
mod anchor;
mod epoch;
pub(crate) mod key;
mod monitor;
mod publish;
pub(crate) mod redact;
pub(crate) mod witness;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(crate) use anchor::{Anchor, Times, Timestamp};
pub(crate) use epoch::{
    ArchiveEpoch, DeleteEpoch, Epoch, EpochCommand, ListEpochs, RestoreEpoch, SealEpoch,
};
pub(crate) use monitor::{Monitor, MonitorCheckpoint, MonitorCommand, MonitorList};
pub(crate) use publish::Publish;

/// The heading of the options that every command has.
const COMMON: &str = "With every command";

/// An audit trail for AI systems that anybody can verify.
#[derive(Debug, Parser)]
#[command(
    name = "ai-audit",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Begin here:
  ai-audit demo                        see what it does, in a temporary folder
  ai-audit init audit --name example.org/support
                                       open a log; its audit/log.pub is for the
                                       auditor, before anything is recorded
  ai-audit record audit decisions.jsonl                 seal decisions
  ai-audit checkpoint audit -o kept.note                for the auditor, too
  ai-audit verify audit --key audit/log.pub --checkpoint kept.note

Exit codes: 0 all asked-for questions verified, or done; 1 something failed;
2 wrong usage, or a path that cannot be opened; 3 nothing failed, but something
asked for is unverified.

Settings come from DIR/ai-audit.toml, then from AI_AUDIT_... variables, then
from --set; the later wins. `ai-audit info DIR` shows them."
)]
pub(crate) struct Cli {
    /// Prints one JSON document instead of text.
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,
    /// Prints nothing but results and errors.
    #[arg(long, short, global = true, help_heading = COMMON)]
    pub(crate) quiet: bool,
    /// Takes the settings from this file. [default: DIR/ai-audit.toml]
    #[arg(long, global = true, help_heading = COMMON, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Changes a setting, such as `checkpoint-every=100`; may be repeated.
    #[arg(long, global = true, help_heading = COMMON, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Record(Record),
    Log(Log),
    Show(Show),
    Verify(Verify),
    Checkpoint(Checkpoint),
    Timestamp(Timestamp),
    Anchor(Anchor),
    Prove(Prove),
    Export(Export),
    Epoch(Epoch),
    Publish(Publish),
    Monitor(Monitor),
    Witness(witness::Witness),
    Stats(Stats),
    Redact(redact::Redact),
    Key(Key),
    Adopt(adopt::Adopt),
    Demo(Demo),
    Info(Info),
    Completions(Completions),
}

/// Opens a log: keys, genesis, and the key line for the auditor.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit init audit --name example.org/support
  ai-audit init audit --log acme --tenant \"ACME Ltd\"     one more log in it
  ai-audit init scratch --ephemeral                       for trying out

Hand DIR/log.pub to your auditor now: what he was given before is what he can
trust later. Move DIR/keys/recovery.pem to where the log's machine cannot reach
it.")]
pub(crate) struct Init {
    /// The log directory; made if it is not there.
    pub(crate) dir: PathBuf,
    /// Name of the log's origin, like a domain with a path. [default: the log's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Whose log it is. [default: the log's name]
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// A promise for the genesis, such as `retention=7y`; may be repeated.
    #[arg(long = "policy", value_name = "NAME=VALUE")]
    pub(crate) policy: Vec<String>,
    /// Promise in the genesis to hand over to a new receipt key with each epoch.
    #[arg(long)]
    pub(crate) forward_secure: bool,
    /// Take the receipt key from this PKCS#8 PEM file instead of making one.
    #[arg(long, value_name = "PEM")]
    pub(crate) receipt_key: Option<PathBuf>,
    /// Take the checkpoint key from this PKCS#8 PEM file instead of making one.
    #[arg(long, value_name = "PEM")]
    pub(crate) checkpoint_key: Option<PathBuf>,
    /// Bind this recovery key, 64 hexadecimal digits, whose secret is elsewhere, instead of making one.
    #[arg(long, value_name = "HEX")]
    pub(crate) recovery_key: Option<String>,
    /// For trying out: the genesis says so, no recovery key is kept, production refuses the keys.
    #[arg(long)]
    pub(crate) ephemeral: bool,
}

/// Seals decisions or conversations from a file or standard input.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit record audit decisions.jsonl
  tail -F app.jsonl | ai-audit record audit -
  ai-audit record audit runs.json --format openai-messages --messages-at traj

A file is checked to its end before anything of it is recorded. Standard input
is recorded as it comes: what came before a wrong line is in the log, and the
error says so.

A record line is a JSON object, one decision a line. All fields are optional:
  input, output     a text, or any JSON; kept as a digest only, unless --keep
  model, provider, operation
  checks            list of name, version, score, threshold, fired, detail
  action            allow (if it is left out), reject, fail_retry, cache_hit,
                    escalate, bypass
  reason_codes, tags
  trace_id, session_id, actor, subject        pseudonyms for people
  tenant            picks the log
  config, policy    any JSON, of which the digest is kept
  state             list of texts, of which the digest is kept
  input_tokens, output_tokens, duration_ms
  time              when it was decided (RFC 3339)
  parents           hashes of receipts that it follows from
  id                the receipt's id, a UUIDv7; made if it is left out
An unknown field is an error.")]
pub(crate) struct Record {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The file to record; `-` for standard input.
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// The log for lines that name no tenant.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// What the file is.
    #[arg(long, value_enum, default_value_t = Format::Decisions)]
    pub(crate) format: Format,
    /// Where in each element the messages are, as a path with dots.
    #[arg(long, value_name = "PATH")]
    pub(crate) messages_at: Option<String>,
    /// Report and count lines that cannot be taken, and record the others.
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// Keep these texts in the clear beside their digests.
    #[arg(long, value_enum, value_name = "FIELD")]
    pub(crate) keep: Vec<Keep>,
    /// Digest texts without the log's secret: whoever has a guess can then check it.
    #[arg(long)]
    pub(crate) plain_digests: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[value(help = "JSON Lines, one decision a line")]
    Decisions,
    #[value(help = "A JSON array or JSON Lines of conversations in the form of OpenAI's messages")]
    OpenaiMessages,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// The input
    Input,
    /// The output
    Output,
}

/// Lists receipts, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit log audit -n 20
  ai-audit log audit --trace 4bf92f3577b34da6a3ce929d0e0e4736
  ai-audit log audit --since 2026-11-01T00:00:00Z --kind tool_intent --json")]
pub(crate) struct Log {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// How many at most.
    #[arg(short = 'n', long = "limit", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Oldest first.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Only receipts of this trace.
    #[arg(long)]
    pub(crate) trace: Option<String>,
    /// Only receipts of this session.
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// Only receipts of this kind.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Only receipts sealed at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only receipts sealed before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// Shows one receipt.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit show audit 7
  ai-audit show audit 0192f0c1-7e6a-7c3e-9f5e-1f2d3c4b5a69 --json
  ai-audit show audit 7 --hex      the sealed bytes")]
pub(crate) struct Show {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The receipt: its seq, its id, or its hash.
    pub(crate) receipt: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Prints the sealed bytes in hexadecimal.
    #[arg(long)]
    pub(crate) hex: bool,
}

/// Verifies a log directory, a published log, a package, a proof or a receipts file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit verify audit --key audit/log.pub
  ai-audit verify package.zip --key log.pub --checkpoint kept.note --json
  ai-audit verify receipt.proof --key log.pub --text input=question.txt
  ai-audit verify package.zip --policy mine.policy     witnesses, quorum, age
  ai-audit verify 7-9-3f.equivocation --key log.pub    did it sign two histories

What PATH is follows from its content. Without --key, attribution stays
unverified: a key that is found inside the evidence proves nothing. Without
--checkpoint or --size, or a policy whose witnesses cosigned recently,
completeness stays unverified: receipts may be missing at the end. A proof of
equivocation never gives exit code 0: 1 if it holds, since then the log failed,
or if it is no proof; which of the two is said, and in JSON
`equivocation.status`.

--json prints one object; where a directory has several logs to verify, it is
{\"logs\": [one object each], \"exit\": ...}. --log picks one.")]
pub(crate) struct Verify {
    /// What to verify.
    pub(crate) path: PathBuf,
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
    /// Where PATH is a proof: a text that is said to be recorded, as FIELD=FILE, such as input=question.txt.
    #[arg(long, value_name = "FIELD=FILE")]
    pub(crate) text: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    Integrity,
    Attribution,
    Completeness,
    Time,
    Erasure,
}

/// Makes a checkpoint now and prints the note.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit checkpoint audit
  ai-audit checkpoint audit -o kept.note

Whoever keeps it can verify completeness later with
`ai-audit verify --checkpoint kept.note`.")]
pub(crate) struct Checkpoint {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Write the note to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Print the newest checkpoint that is there instead of making one.
    #[arg(long)]
    pub(crate) latest: bool,
}

/// Writes the proof that a receipt is in the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit prove audit 7 -o receipt.proof
  ai-audit prove audit 7 --disclose input -o receipt.proof
  ai-audit prove audit 7 --checkpoint kept.note      against one that is kept
  ai-audit prove audit 7 --archive epoch-0.zip       its bytes are only there

With --disclose input, the holder of the input's text can show that it is the
one recorded:
  ai-audit verify receipt.proof --key log.pub --text input=question.txt")]
pub(crate) struct Prove {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The receipt: its seq, its id, or its hash.
    pub(crate) receipt: String,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Disclose the digest key of a field: input, output, arguments or result.
    #[arg(long, value_name = "FIELD")]
    pub(crate) disclose: Vec<String>,
    /// Prove against this checkpoint of the log. [default: a new one]
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Take the receipt's bytes from this archive; they must have the hash that the log has there.
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
    /// Write the proof to this file. [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// Writes an evidence package.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit export audit -o package.zip
  ai-audit export audit --session s-17 -o s-17.zip
  ai-audit export audit --from 100 --to 199 --no-json-view -o part.zip
  ai-audit export audit --tenant acme -o acme.zip

Control receipts (genesis, starts, stops, gaps, key changes) belong to every
package: they tell what the log says about itself.")]
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
    /// Leave the JSON view out.
    #[arg(long)]
    pub(crate) no_json_view: bool,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Counts receipts by kind, action, model and day.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit stats audit\n  ai-audit stats audit --log acme --json"
)]
pub(crate) struct Stats {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Shows a log's keys; rotates and revokes its receipt key.
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  ai-audit key audit                 the log's keys and where they are
  ai-audit key audit --line          the key line alone, as in log.pub
  ai-audit key log.pub               what a key line says
  ai-audit key rotate audit          hand over to a new receipt key
  ai-audit key history audit         every receipt key and where it is valid

A directory that has the name of a subcommand is written ./rotate.",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) action: Option<key::KeyAction>,
    #[command(flatten)]
    pub(crate) show: key::ShowKeys,
}

/// Shows what the product does: seals, verifies, exports, tampers.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit demo\n  ai-audit demo demo-dir      keeps the log, the package, the tampered copies"
)]
pub(crate) struct Demo {
    /// Where to work; must not exist. [default: a temporary directory, removed afterwards]
    pub(crate) dir: Option<PathBuf>,
}

/// Shows versions, settings, and the health of a log directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit info\n  ai-audit info audit --json")]
pub(crate) struct Info {
    /// A log directory.
    pub(crate) dir: Option<PathBuf>,
}

/// Prints a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit completions bash > /etc/bash_completion.d/ai-audit")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
