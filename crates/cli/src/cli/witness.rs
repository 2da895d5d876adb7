//! The grammar of `ai-audit witness`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Has checkpoints cosigned by witnesses, or is a witness.
#[derive(Debug, Args)]
#[command(after_help = "\
A witness is somebody else's machine that cosigns checkpoints after checking
that they continue what it cosigned before. Who trusts it needs no checkpoints
of his own to see that nothing is missing.

A log's keeper:
  ai-audit witness add audit w1 'w1.example+1a2b3c4d+BA…' https://w1.example/
  ai-audit witness cosign audit
  ai-audit witness status audit

A witness:
  ai-audit witness keygen w1 --name w1.example
  ai-audit witness serve w1 --log log.pub")]
pub(crate) struct Witness {
    #[command(subcommand)]
    pub(crate) command: WitnessCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WitnessCommand {
    Add(AddWitness),
    Remove(RemoveWitness),
    List(ListWitnesses),
    Cosign(Cosign),
    Status(WitnessStatus),
    Keygen(Keygen),
    Serve(Serve),
}

/// Adds a witness to a log directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness add audit w1 'w1.example+1a2b3c4d+BA…' https://w1.example/
  ai-audit witness add audit w2 w2.pub http://10.0.0.7:7780/ --quorum any

The witness has to know the log, too: give its operator the line in
DIR/log.pub. Witnesses and quorum stand in DIR/witnesses.policy, a C2SP
tlog-policy. Written by hand, it may have groups of groups.")]
pub(crate) struct AddWitness {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// A name for the witness, in this directory.
    pub(crate) name: String,
    /// Its key line, or a file that has it.
    #[arg(value_name = "VKEY|FILE")]
    pub(crate) key: String,
    /// Its address, to which `/add-checkpoint` is appended.
    pub(crate) url: String,
    /// How many of the witnesses are needed: any, all or a number. [default: as before; at first all]
    #[arg(long, value_name = "any|all|N")]
    pub(crate) quorum: Option<String>,
}

/// Takes a witness out of a log directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness remove audit w1
  ai-audit witness remove audit w1 --quorum 2

What it cosigned stays in the log's checkpoints.")]
pub(crate) struct RemoveWitness {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The witness's name.
    pub(crate) name: String,
    /// How many of the others are needed: any, all or a number. [default: as before]
    #[arg(long, value_name = "any|all|N")]
    pub(crate) quorum: Option<String>,
}

/// Lists the witnesses of a log directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness list audit
  ai-audit witness list audit --policy > for-my-auditor.policy

An auditor who takes the policy from the log's keeper trusts the keeper's
choice of witnesses: he should compare the key lines with what the witnesses
publish.")]
pub(crate) struct ListWitnesses {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Prints a trust policy for `verify --policy`: the log's key line, witnesses, quorum, an age.
    #[arg(long)]
    pub(crate) policy: bool,
    /// The log in the directory, for --policy.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// How old a cosigned checkpoint may be, for --policy.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub(crate) max_age: String,
}

/// Makes a checkpoint and asks all witnesses to cosign it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness cosign audit
  ai-audit witness cosign audit --timeout 3 --json

Works beside a running writer. What came is kept with the checkpoint, also
where the quorum is not reached. Exit code 0: the quorum is there; 3: it is
not; 1: a witness says that this log is not the one that it cosigned before, or
is behind it.")]
pub(crate) struct Cosign {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// How many seconds a witness may take to answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) timeout: u64,
}

/// Shows what the witnesses have cosigned of a log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness status audit
  ai-audit witness status audit --ask      asks them, and compares with the log

With --ask, exit code 1: a witness saw the log further than it is here, or
another log.")]
pub(crate) struct WitnessStatus {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Ask the witnesses how far they saw the log.
    #[arg(long)]
    pub(crate) ask: bool,
    /// How many seconds a witness may take to answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) timeout: u64,
}

/// Makes the key and the folder of a new witness.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness keygen w1 --name w1.example
  ai-audit witness keygen w1 --name w1.example --key old.pem

Publish WDIR/witness.pub: who trusts the witness needs it. A key is one
witness's: never run two with the same key, nor an old one on an empty folder.")]
pub(crate) struct Keygen {
    /// The witness's folder; made if it is not there.
    #[arg(value_name = "WDIR")]
    pub(crate) folder: PathBuf,
    /// The witness's name, like a domain with a path.
    #[arg(long)]
    pub(crate) name: String,
    /// Take the key from this PKCS#8 PEM file instead of making one.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,
}

/// Serves a witness over HTTP until it is told to stop.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit witness serve w1 --log log.pub
  ai-audit witness serve w1 --log a.pub --log b.pub --listen 0.0.0.0:7780
  ai-audit witness serve w1 --policy logs.policy

It speaks plain HTTP: put a reverse proxy with TLS in front of it where others
reach it. What it cosigned last is in WDIR/logs, durable before it answers;
where a log signs two roots of one size, both notes are in WDIR/evidence.
SIGINT and SIGTERM stop it in order.")]
pub(crate) struct Serve {
    /// The witness's folder, as `keygen` made it.
    #[arg(value_name = "WDIR")]
    pub(crate) folder: PathBuf,
    /// A log that it witnesses: its key line, or a file that has it; may be repeated.
    #[arg(long, value_name = "VKEY|FILE")]
    pub(crate) log: Vec<String>,
    /// A policy file whose logs it witnesses.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where to listen; port 0 for any.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7780")]
    pub(crate) listen: String,
}
