//! `ai-audit redact`: its flags and help.

use clap::Args;
use std::path::PathBuf;

/// Replaces personal data and secrets in a text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit redact chat.txt
  tail -F app.log | ai-audit redact - --json
  ai-audit redact chat.txt --mode mask --mode PHONE=off
  ai-audit redact chat.txt --policy redaction.json -o chat.redacted.txt
  ai-audit redact chat.txt --mode pseudonymize --key-file pseudonyms.key

Kinds: PRIVATE_KEY, JWT, API_KEY, URL_CREDENTIALS, SECRET, EMAIL, IBAN,
CREDIT_CARD, US_SSN, IP_ADDRESS, MAC_ADDRESS, PHONE, and those of the policy.
Names and addresses of people have no form, and are not found.

Modes:
  redact          [EMAIL]
  mask            a***@c***.com
  pseudonymize    [EMAIL:0123456789abcdef], the same for the same value under
                  the same key; nobody can tell the values without the key
  off             left as it is

Text is written as soon as its line is complete, however long the input is.
Bytes that are not UTF-8 pass through as they are; with --json they become
U+FFFD.

--json prints one object for each line of the input:
  {\"text\":\"to [EMAIL]\",\"findings\":[{\"kind\":\"EMAIL\",\"start\":3,\"end\":18,
  \"confidence\":0.99}]}
with offsets in bytes of the input's line. Below a confidence of 0.5 something
was redacted for caution.

A policy is a JSON object:
  {\"version\":1,\"default\":\"redact\",\"kinds\":{\"CREDIT_CARD\":\"mask\"},
   \"custom\":[{\"name\":\"ORDER\",\"pattern\":\"ORD-[0-9]{6}\"}]}
A key file has 64 hexadecimal digits: `openssl rand -hex 32 > pseudonyms.key`.")]
pub(crate) struct Redact {
    /// The file to read; `-` for standard input.
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// What is done with which kind. [default: every kind is redacted]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The mode of every kind, or of one, such as `PHONE=off`; may be repeated.
    #[arg(long, value_name = "[KIND=]MODE", conflicts_with = "policy")]
    pub(crate) mode: Vec<String>,
    /// The key of pseudonyms. Who destroys it makes them unguessable.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Write to this file instead of standard output, when all is done.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}
