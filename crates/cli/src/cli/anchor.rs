//! The grammar of `timestamp` and `anchor`, and of the timestamps that `verify` takes.

use clap::Args;
use std::path::PathBuf;

/// Has an authority timestamp a checkpoint, and brings the timestamp back into the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit timestamp audit --authority https://tsa.example/
  ai-audit timestamp audit --authority https://tsa.example/ -o now.tsr
  ai-audit export audit --timestamp now.tsr -o package.zip

The authority learns the SHA-256 of the checkpoint's text and nothing else. Its
answer is checked for that digest and for a nonce; with --certificate also its
signature, under that certificate. Whether it counts is the auditor's decision:
he names the authority's certificate in his trust policy (timestamp-authority)
or with `verify --timestamp-authority`.")]
pub(crate) struct Timestamp {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Address of an RFC 3161 timestamp authority.
    #[arg(long, value_name = "URL")]
    pub(crate) authority: String,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Timestamp the newest checkpoint that is there instead of making one.
    #[arg(long)]
    pub(crate) latest: bool,
    /// A certificate that the answer must verify under, in PEM or DER; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Vec<PathBuf>,
    /// Write the authority's answer to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Add no anchor to the log: for beside a running writer.
    #[arg(long, requires = "output")]
    pub(crate) no_anchor: bool,
    /// How long the authority may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

/// Brings a checkpoint that others cosigned or timestamped back into the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit anchor audit                    the newest cosigned checkpoint
  ai-audit anchor audit --note cosigned.note
  ai-audit anchor audit --token now.tsr    the checkpoint the timestamp is over

An anchor shows that the receipts before its checkpoint were sealed not later,
and those after the anchor not before, than the witnesses and authorities say
whom the auditor trusts.")]
pub(crate) struct Anchor {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The checkpoint's note with its cosignatures. [default: from the store]
    #[arg(long, value_name = "FILE")]
    pub(crate) note: Option<PathBuf>,
    /// An RFC 3161 timestamp over the checkpoint: a token, or the response that it came in.
    #[arg(long, value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
}

/// What a verifier brings to bound times with.
#[derive(Debug, Args)]
pub(crate) struct Times {
    /// A timestamp over one of the checkpoints: an RFC 3161 token, or the response it came in.
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp: Vec<PathBuf>,
    /// A certificate of a timestamp authority whose word on times you take, in PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp_authority: Vec<PathBuf>,
}
