//! The grammar of `ai-audit proxy`.

use super::Keep;
use super::tls::Tls;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Forwards calls to a model's API, and has each of them in the log before it goes out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit proxy audit --upstream https://api.openai.com
  ai-audit proxy audit --upstream https://api.anthropic.com --log claude
  OPENAI_BASE_URL=http://127.0.0.1:8788/v1 python agent.py

What passes is unchanged, streams as they come. Credentials pass and are
recorded nowhere. Without a durable intent nothing goes out, unless --fail open
says so. It listens on this machine alone unless told otherwise, and then
speaks TLS. SIGTERM and SIGINT end it in order: calls under way are finished,
their outcomes, a stop receipt and a checkpoint are sealed.")]
pub(crate) struct Proxy {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Where calls go: http or https, a host, and what stands before all paths, if anything does.
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: String,
    /// Authorities that the upstream's certificate may be of (PEM). [default: those of the system]
    #[arg(long, value_name = "PEM")]
    pub(crate) upstream_ca: Option<PathBuf>,
    /// Where to listen; port 0 for any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8788")]
    pub(crate) listen: SocketAddr,
    /// The log that takes what is recorded.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) log: String,
    /// What happens to a call whose intent cannot be made durable.
    #[arg(long, value_enum, default_value = "closed")]
    pub(crate) fail: Fail,
    /// What decisions have for their provider. [default: by the upstream's host]
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) provider: String,
    /// How long the upstream may say nothing, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// How many calls are under way at once.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_calls: u32,
    /// The longest body of a request, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub(crate) max_body: u32,
    #[command(flatten)]
    pub(crate) tls: Tls,
    /// Keep these texts in the clear, after the redaction policy was applied.
    #[arg(long, value_enum, value_name = "TEXT", value_delimiter = ',')]
    pub(crate) keep: Vec<Keep>,
    /// Keep these texts encrypted under the key of the subject.
    #[arg(long, value_enum, value_name = "TEXT", value_delimiter = ',')]
    pub(crate) keep_encrypted: Vec<Keep>,
}

/// What happens to a call whose intent cannot be made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fail {
    /// It is answered with 503 and does not go out.
    Closed,
    /// It goes out, and the loss is declared in the log.
    Open,
}
