//! The grammar of `ai-audit store`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Prepares a PostgreSQL that has receipts, and gives back the room of what was deleted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit store prepare postgres://audit_owner@db/audit --writer audit_writer
  ai-audit init audit --store postgres://audit_writer@db/audit
  ai-audit store compact postgres://audit_owner@db/audit

A Redis needs neither. Of the settings store-name, store-password-file and
store-ca count where no flag says otherwise. What is asked of a server, and
which role may do what:
docs/spec/store-postgres.md, docs/spec/store-redis.md.")]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    Prepare(PrepareStore),
    Compact(CompactStore),
}

/// Makes the tables, or brings older ones up to this version, and says what each role may do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit store prepare postgres://audit_owner@db/audit \\
      --writer audit_writer --eraser audit_eraser --reader auditors

The database and the roles have to be there. Done again it changes nothing but
what a newer version needs. No service should log in as the owner.")]
pub(crate) struct PrepareStore {
    #[command(flatten)]
    pub(crate) owner: Owner,
    /// The role that appends, and can change and delete nothing; may be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) writer: Vec<String>,
    /// The role that deletes bytes of receipts and puts them back, and can append nothing.
    #[arg(long, value_name = "ROLE")]
    pub(crate) eraser: Vec<String>,
    /// A role that reads.
    #[arg(long, value_name = "ROLE")]
    pub(crate) reader: Vec<String>,
}

/// Writes the tables anew without what was deleted; appends wait meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit store compact postgres://audit_owner@db/audit

It fails, and names whom to end, where somebody's transaction may still see
what was deleted, such as a dump: the server would copy it.")]
pub(crate) struct CompactStore {
    #[command(flatten)]
    pub(crate) owner: Owner,
    /// How long it may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) timeout: u64,
}

/// Who owns the tables, and where they are.
#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// The database, as the role that owns the tables: `postgres://owner@host/database`, without a password.
    pub(crate) address: String,
    /// The schema. [default: the setting store-name, or ai_audit]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// File with passwords, `host:port:database:user:password`; or `AI_AUDIT_STORE_PASSWORD` has it. [default: the
    /// setting store-password-file]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// File with the certificates, in PEM, that TLS trusts. [default: the setting store-ca, or those of the system]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}
