//! The grammar of `ai-audit record`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Seals decisions, conversations or traces from a file or standard input.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit record audit decisions.jsonl
  tail -F app.jsonl | ai-audit record audit -
  ai-audit record audit runs.json --format openai-messages --messages-at traj
  ai-audit record audit decisions.jsonl --keep output --keep-encrypted input

A file is checked to its end before anything of it is recorded. Standard input
is recorded as it comes: what came before a wrong line is in the log, and the
error says so. Ctrl-C (SIGINT) and SIGTERM end it in order: what has come whole
by then is recorded, half a line is not, and the exit code is 0. A second one
ends it at once. On Linux a SIGINT that is ignored, as for a job that a script
puts in the background, stays so.

A record line is a JSON object, one decision a line. All fields are optional:
  input, output     a text, or any JSON; kept as a digest only, unless --keep
                    or --keep-encrypted
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
An unknown field is an error.

What is kept in the clear is redacted by the log's redaction policy
(`ai-audit policy show`); what is kept encrypted can be made unreadable for ever
(`ai-audit shred`).")]
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
    /// Where in each element the pseudonym of the person concerned is, as a path with dots.
    #[arg(long, value_name = "PATH")]
    pub(crate) subject_at: Option<String>,
    /// Report and count lines that cannot be taken, and record the others.
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// Keep these texts in the clear beside their digests, after the redaction policy was applied.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FIELD")]
    pub(crate) keep: Vec<Keep>,
    /// Keep these texts as they are, encrypted under the key of the line's subject, or of the log.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FIELD")]
    pub(crate) keep_encrypted: Vec<Keep>,
    /// Put this redaction policy, a JSON file, in force first, in each log that is recorded to.
    #[arg(long, value_name = "FILE")]
    pub(crate) redaction: Option<PathBuf>,
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
    #[value(help = "JSON Lines, one trace of several agents a line: docs/guides/traces.md")]
    Traces,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// The input
    Input,
    /// The output
    Output,
}
