//! The grammar of `ai-audit mcp` and `ai-audit mcp-proxy`.

use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Answers questions about evidence over the Model Context Protocol. Reads, and nothing else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit mcp --root evidence --key kept.pub
  ai-audit mcp --root . --listen 127.0.0.1:8791        over HTTP, at /mcp

Without --listen it speaks on standard input and output, as clients start it.
Tools: verify_receipt, verify_log, verify_evidence_package, explain_verdict,
prove, statistics, list_controls. It holds no key and writes nothing. Without
--key, and where the caller gives none, no verdict proves who wrote a log.")]
pub(crate) struct Mcp {
    /// A folder in which it may read; may be repeated. Nothing outside is looked at, and no link followed.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Vec<PathBuf>,
    /// A pinned key that verdicts are made with: a file with a key line (log.pub), the line, or hexadecimal.
    #[arg(long, value_name = "FILE|VKEY|HEX")]
    pub(crate) key: Vec<String>,
    /// Speak HTTP at this loopback address; port 0 for any that is free.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// How long a tool may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

/// Stands between an MCP client and a server: each tool call is in the log before it is forwarded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit mcp-proxy audit -- npx -y @modelcontextprotocol/server-everything
  ai-audit mcp-proxy audit --upstream http://127.0.0.1:8000/mcp
  ai-audit mcp-proxy audit --contract tools.yaml -- python3 server.py

Give your client this in place of the server's own command or address. Messages
pass byte for byte; each tools/call has an intent, durable before it is
forwarded, and an outcome. A contract, and the approvals that the log's policy
asks for, refuse calls. Over HTTP the endpoint is /mcp.")]
pub(crate) struct McpProxy {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The address of a server that speaks streamable HTTP.
    #[arg(long, value_name = "URL", conflicts_with = "command")]
    pub(crate) upstream: Option<String>,
    /// Where to listen, with --upstream: a loopback address; port 0 for any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    pub(crate) listen: SocketAddr,
    /// A contract that each call is held against; a hard breach is refused.
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,
    /// What becomes of a call whose intent cannot be recorded.
    #[arg(long, value_enum, default_value = "closed")]
    pub(crate) fail: FailMode,
    /// Who acts, as a pseudonym or a system's name.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) actor: String,
    /// How long a call may go without an answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// How long a server has to end when the client is gone, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) grace: u64,
    /// The server's command, behind `--`.
    #[arg(
        last = true,
        value_name = "COMMAND",
        required_unless_present = "upstream"
    )]
    pub(crate) command: Vec<OsString>,
}

/// What becomes of a call whose intent cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailMode {
    /// It is not forwarded.
    Closed,
    /// It is, and the loss is declared in the log.
    Open,
}
