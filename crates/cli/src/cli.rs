//! The command line's grammar: commands, flags, help with examples.

pub(crate) mod adopt;
pub(crate) mod analyze;
mod anchor;
pub(crate) mod contract;
pub(crate) mod crosswalk;
mod epoch;
mod export;
pub(crate) mod fleet;
pub(crate) mod import;
pub(crate) mod incident;
pub(crate) mod key;
pub(crate) mod mcp;
mod monitor;
mod policy;
pub(crate) mod proxy;
mod publish;
mod record;
pub(crate) mod redact;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod serve;
pub(crate) mod store;
mod subject;
pub(crate) mod tls;
mod trace;
mod verify;
pub(crate) mod witness;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use anchor::{Anchor, Times, Timestamp};
pub(crate) use epoch::{
    ArchiveEpoch, DeleteEpoch, Epoch, EpochCommand, FetchEpoch, ListEpochs, MoveEpochs,
    RestoreEpoch, SealEpoch,
};
pub(crate) use export::Export;
pub(crate) use monitor::{Monitor, MonitorCheckpoint, MonitorCommand, MonitorList};
pub(crate) use policy::{ChangePolicy, Policy, PolicyCommand, ShowPolicy};
pub(crate) use publish::Publish;
pub(crate) use record::{Format, Keep, Record};
pub(crate) use subject::{
    ExportSubject, ListSubjects, Reveal, ShowSubject, Shred, Subject, SubjectCommand,
};
pub(crate) use trace::{ListTraces, ShowTrace, TaintTrace, Trace, TraceCommand};
pub(crate) use verify::{Depth, Question, Trust, Verify};

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
    Policy(Policy),
    Subject(Subject),
    Reveal(Reveal),
    Shred(Shred),
    Review(review::Review),
    Incident(incident::Incident),
    Import(import::Import),
    Epoch(Epoch),
    Mcp(mcp::Mcp),
    McpProxy(mcp::McpProxy),
    Proxy(proxy::Proxy),
    Serve(serve::Serve),
    Token(serve::Token),
    Store(store::Store),
    Publish(Publish),
    Monitor(Monitor),
    Witness(witness::Witness),
    Fleet(fleet::Fleet),
    Trace(Trace),
    Stats(Stats),
    Analyze(analyze::Analyze),
    Redact(redact::Redact),
    Contract(contract::Contract),
    Crosswalk(crosswalk::Crosswalk),
    Report(report::Report),
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
  ai-audit init audit --store postgres://audit_writer@db/audit \\
      --set store-password-file=passwords

With --store the receipts are on that server; keys, settings and how far each
log had come stay in DIR. Everything else of `store-` in the settings goes into
DIR/ai-audit.toml with it. Passwords stand in no address: they are in the file
of store-password-file, in lines host:port:database:user:password, or in
AI_AUDIT_STORE_PASSWORD. A PostgreSQL is prepared by `ai-audit store prepare`.

A key in a token or service never comes out of it. For every command that signs
AI_AUDIT_SIGNER_SERVICE names the service (vault:https://HOST, aws:REGION or
pkcs11:token=LABEL), AI_AUDIT_SIGNER_CREDENTIALS the file with the PIN, token or
access keys, which go to no other one, AI_AUDIT_SIGNER_MODULE the module of
PKCS#11.

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
    /// A promise for the genesis, such as `retention-days=2557`; may be repeated.
    #[arg(long = "policy", value_name = "NAME=VALUE")]
    pub(crate) policy: Vec<String>,
    /// The redaction policy, a JSON file. [default: every kind of personal data is redacted]
    #[arg(long, value_name = "FILE", conflicts_with = "no_redaction")]
    pub(crate) redaction: Option<PathBuf>,
    /// Begin without a redaction policy: what is kept in the clear is kept as it is.
    #[arg(long)]
    pub(crate) no_redaction: bool,
    /// Promise in the genesis to hand over to a new receipt key with each epoch.
    #[arg(long)]
    pub(crate) forward_secure: bool,
    /// Permit in the genesis that receipts which come together are sealed by one signature.
    ///
    /// For very high rates. Such a receipt has no signature of its own: who shows it alone shows the
    /// batch seal behind it too, which `prove` and `export` do, and of a receipts file that is cut
    /// before that seal nobody can tell who signed its end. It stands for good: a log begins with it or
    /// never has it. How many are enough for a batch says the setting `batch-from`.
    #[arg(long)]
    pub(crate) batched: bool,
    /// Take the receipt key from this PKCS#8 PEM file instead of making one.
    #[arg(long, value_name = "PEM")]
    pub(crate) receipt_key: Option<PathBuf>,
    /// Take the checkpoint key from this PKCS#8 PEM file instead of making one.
    #[arg(long, value_name = "PEM")]
    pub(crate) checkpoint_key: Option<PathBuf>,
    /// Sign receipts with the key at this address: vault:https://HOST/MOUNT/KEY,
    /// pkcs11:token=LABEL;object=LABEL or aws:REGION/KEY.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "receipt_public",
        conflicts_with = "receipt_key"
    )]
    pub(crate) receipt_signer: Option<String>,
    /// The public key at that address, 64 hexadecimal digits, as you noted it when it was made.
    #[arg(long, value_name = "HEX", requires = "receipt_signer")]
    pub(crate) receipt_public: Option<String>,
    /// The same for checkpoints, reports and packages.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "checkpoint_public",
        conflicts_with = "checkpoint_key"
    )]
    pub(crate) checkpoint_signer: Option<String>,
    /// The public key at that address, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "checkpoint_signer")]
    pub(crate) checkpoint_public: Option<String>,
    /// Bind this recovery key, 64 hexadecimal digits, whose secret is elsewhere, instead of making one.
    #[arg(long, value_name = "HEX")]
    pub(crate) recovery_key: Option<String>,
    /// Keep the receipts on this server: `postgres://user@host/database` or `redis://host`. [default:
    /// DIR/audit.db]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) store: Option<String>,
    /// Take a Redis that may lose what it acknowledged, and declare that in the genesis.
    #[arg(long, requires = "store")]
    pub(crate) allow_loss: bool,
    /// For trying out: the genesis says so, no recovery key is kept, production refuses the keys.
    #[arg(long)]
    pub(crate) ephemeral: bool,
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
  ai-audit show audit 7 --hex      the sealed bytes
  ai-audit show audit 8 --original             an imported record as it was
  ai-audit show audit 7 --original -o old.zip  the package that it came in")]
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
    /// The record that was imported, or all of its source, as it was.
    #[arg(long, conflicts_with = "hex")]
    pub(crate) original: bool,
    /// Writes the original to this file.
    #[arg(short, long, value_name = "FILE", requires = "original")]
    pub(crate) output: Option<PathBuf>,
    /// Replaces a file that is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
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
    /// Disclose the digest key of a field: input, output, arguments, result, state or description.
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

/// Counts receipts by kind, action, model and day, with rates, scores, durations and tokens.
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
#[command(after_help = "\
Examples:
  ai-audit info
  ai-audit info audit --json

Of each log it says for what `record`, `reveal` or `shred` would refuse it: keys
that are gone, that are not the log's or, in production, that others can read;
keys of subjects that do not fit its receipts; a passphrase that is not there; a
log that is behind its high-water mark; a store for what is old that is away; a
mistake in witnesses.policy. And for what an auditor would: a log.pub that is
not its key line. Of one that cannot be read it says why. Where there is
something the exit code is 1.

It changes nothing and asks no key service and no witness, tries no passphrase,
and does not look at keys that you may not read. To hold keys of subjects
against the log it reads the receipts that a writer would: those since that was
last noted, and all, which takes seconds for a million, where it never was. What
was moved to a store for what is old it does not read.")]
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
