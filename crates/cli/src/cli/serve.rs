//! The grammar of `ai-audit serve` and `ai-audit token`.

use super::Keep;
use super::tls::Tls;
use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serves a log directory over HTTP, as its one writer, or as one of several instances.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit token create audit --scope append --note \"support bot\"
  ai-audit serve audit
  ai-audit serve audit --open                  for trying out, on this machine
  ai-audit serve audit --listen 0.0.0.0:8787 --tls-cert c.pem --tls-key k.pem
  ai-audit serve audit --listen 0.0.0.0:8787 --tls-cert c.pem --tls-key k.pem \\
      --standby --advertise https://a.example:8787 --peer https://b.example:8787
  ai-audit serve audit --listen 0.0.0.0:8787 --tls-cert c.pem --tls-key k.pem \\
      --shared --advertise https://a.example:8787 --peer https://b.example:8787

It listens on this machine alone unless told otherwise, and then speaks TLS.
SIGTERM and SIGINT end it in order: requests under way are finished, a stop
receipt and a checkpoint are sealed. GET /openapi.json says what it answers.")]
pub(crate) struct Serve {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Where to listen; port 0 for any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// Let in everybody who reaches it, without a token; for loopback addresses alone.
    #[arg(long)]
    pub(crate) open: bool,
    /// While another process is the writer, wait, and take over when it is gone; one that is only
    /// stopped (SIGSTOP) is not.
    #[arg(long, group = "instances")]
    pub(crate) standby: bool,
    /// Share the logs with other instances, which have copies of the directory: write to those that are asked for
    /// here first, hand what is for another one's log on to it, and take its logs over when it is gone.
    #[arg(
        long,
        group = "instances",
        requires = "advertise",
        conflicts_with = "keep_encrypted"
    )]
    pub(crate) shared: bool,
    /// With --shared, how long a log is left to an instance of which nothing is heard; the same for all of
    /// them.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "shared", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) lease: u64,
    /// With --standby or --shared, listen at once, hand on what another instance writes, and be reached by the
    /// others at this address. For directories on a PostgreSQL.
    #[arg(long, value_name = "URL", requires_all = ["instances", "peer"])]
    pub(crate) advertise: Option<String>,
    /// The address that another instance advertises; may be repeated. Nothing is handed to an address that is
    /// none of these, whatever the store says.
    #[arg(long, value_name = "URL", requires = "advertise")]
    pub(crate) peer: Vec<String>,
    /// The authorities (PEM) that TLS to other instances trusts. [default: those of the system]
    #[arg(long, value_name = "PEM", requires = "advertise")]
    pub(crate) peer_ca: Option<PathBuf>,
    /// The certificate (PEM) that this instance shows to others, and those between it and its authority. With
    /// --client-ca, by which all of them ask for one.
    #[arg(long, value_name = "PEM", requires_all = ["advertise", "client_ca", "peer_key"])]
    pub(crate) peer_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "PEM", requires = "peer_cert")]
    pub(crate) peer_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tls: Tls,
    /// Keep these texts in the clear, after the redaction policy was applied.
    #[arg(long, value_enum, value_name = "TEXT", value_delimiter = ',')]
    pub(crate) keep: Vec<Keep>,
    /// Keep these texts encrypted under the key of the subject.
    #[arg(long, value_enum, value_name = "TEXT", value_delimiter = ',')]
    pub(crate) keep_encrypted: Vec<Keep>,
    /// The longest body of a request, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub(crate) max_body: u32,
    /// How long a request may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// How many requests are worked at once.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_requests: u32,
    /// How many packages there are at once, from their making until they are taken.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_downloads: u32,
    /// Bytes a second of an answer that a client has to take, after the first `--timeout` seconds.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10)]
    pub(crate) min_rate: u64,
    /// How many threads there are for what waits for files.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: u32,
    /// Keep metrics and give them as Prometheus reads them at /metrics, to tokens that may read all logs.
    #[arg(long)]
    pub(crate) metrics: bool,
    /// Send metrics and traces of the service's own work to this collector, by OTLP over HTTP.
    #[arg(
        long,
        value_name = "URL",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        hide_env_values = true
    )]
    pub(crate) otlp_endpoint: Option<String>,
    /// How many requests a second a token may send. [default: as many as it likes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
}

/// Makes, lists and revokes the tokens of those who may use the service.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit token create audit --scope append --log acme --expires 90d
  ai-audit token list audit
  ai-audit token revoke audit 3f9a0c12b7de

A token is shown once. The directory keeps its hash alone, in tokens.toml; a
running service reads that again when it changes.")]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Create(CreateToken),
    List(ListTokens),
    Revoke(RevokeToken),
}

/// Makes a token and prints it, once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit token create audit --scope append --note \"support bot\"
  ai-audit token create audit --scope read --log acme --expires 90d")]
pub(crate) struct CreateToken {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// What its owner may do.
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    pub(crate) scope: Vec<Scope>,
    /// In which log; may be repeated. [default: in all]
    #[arg(long, value_name = "NAME")]
    pub(crate) log: Vec<String>,
    /// When it ends to be one: in days or hours from now (`90d`, `12h`), or a time (RFC 3339).
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Whose it is, or what for.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) note: String,
}

/// Lists the tokens: what is kept of them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit token list audit")]
pub(crate) struct ListTokens {
    /// The log directory.
    pub(crate) dir: PathBuf,
}

/// Takes a token away.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ai-audit token revoke audit 3f9a0c12b7de")]
pub(crate) struct RevokeToken {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// Its id, as it was listed, or the beginning of it.
    pub(crate) id: String,
}

/// What a token's owner may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// Append to its logs.
    Append,
    /// Read its logs.
    Read,
    /// Both, and sign checkpoints, in all logs.
    Admin,
}
