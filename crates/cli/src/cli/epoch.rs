//! `ai-audit epoch`: its flags and help.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Seals, lists, archives, moves, deletes and restores the epochs of a log.
#[derive(Debug, Args)]
#[command(after_help = "\
An epoch is a range of receipts that a seal closes. What is sealed can be
archived to a file, and its bytes deleted when they were kept long enough. What
remains verifies: the receipts about the log itself stay, and so does the hash
of every receipt.

  ai-audit epoch seal audit
  ai-audit epoch list audit
  ai-audit epoch archive audit 3 -o epoch-3.zip
  ai-audit epoch delete audit 3 --archive epoch-3.zip
  ai-audit epoch restore audit epoch-3.zip

What is sealed can move to a cheaper store, from which it is read as before:

  ai-audit epoch move audit --new --set cold-folder=/mnt/cold
  ai-audit epoch move audit
  ai-audit epoch fetch audit 3

Epochs are sealed by themselves with the settings epoch-receipts and
epoch-hours.")]
pub(crate) struct Epoch {
    #[command(subcommand)]
    pub(crate) command: EpochCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EpochCommand {
    Seal(SealEpoch),
    List(ListEpochs),
    Archive(ArchiveEpoch),
    Delete(DeleteEpoch),
    Restore(RestoreEpoch),
    Move(MoveEpochs),
    Fetch(FetchEpoch),
}

/// Seals the open epoch now.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit epoch seal audit\n  ai-audit epoch seal audit --json"
)]
pub(crate) struct SealEpoch {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Lists the epochs, the open one last.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ai-audit epoch list audit\n  ai-audit epoch list audit --json"
)]
pub(crate) struct ListEpochs {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Writes a sealed epoch to a file, which is an evidence package.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit epoch archive audit 3
  ai-audit epoch archive audit 3 -o /mnt/archive/epoch-3.zip --json-view
  ai-audit verify epoch-3.zip --key log.pub --require integrity,attribution")]
pub(crate) struct ArchiveEpoch {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The epoch's number.
    pub(crate) epoch: u64,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The file to write. [default: epoch-N.zip]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Put the JSON view in.
    #[arg(long)]
    pub(crate) json_view: bool,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Deletes the bytes of a sealed epoch from the store, and records that in the log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit epoch delete audit 3 --archive epoch-3.zip
  ai-audit epoch delete audit 3 --without-archive --reason \"erasure order 17\"

Refused is what is not sealed, what no checkpoint covers, and what was not kept
long enough: for the days of the policy entry retention-days of the log's
genesis (`init --policy retention-days=N`), or of the setting retention-days,
or 184. The archive is verified first, and its SHA-256 goes into the deletion
receipt. Receipts about the log itself are never deleted.")]
pub(crate) struct DeleteEpoch {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The epoch's number.
    pub(crate) epoch: u64,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// The archive that has the epoch.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "without_archive",
        conflicts_with = "without_archive"
    )]
    pub(crate) archive: Option<PathBuf>,
    /// Delete what was not archived: it is gone for good.
    #[arg(long)]
    pub(crate) without_archive: bool,
    /// Why, for the deletion receipt.
    #[arg(long, default_value = "retention")]
    pub(crate) reason: String,
    /// Write the database anew afterwards, so that it becomes smaller.
    #[arg(long)]
    pub(crate) compact: bool,
}

/// Puts the bytes of an archive back into the store.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit epoch restore audit epoch-3.zip

Every receipt of the archive must have the hash that the log has in its place;
the first that has not is named, and nothing is put back.")]
pub(crate) struct RestoreEpoch {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The archive, or any package of the log that has the receipts.
    pub(crate) archive: PathBuf,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}

/// Moves what was sealed long ago to the store for what is old: a folder or a bucket.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit epoch move audit --new --set cold-folder=/mnt/cold
  ai-audit epoch move audit --new --set cold-bucket=s3://audit-archive/support \\
      --set cold-region=eu-central-1
  ai-audit epoch move audit
  ai-audit epoch move audit --days 0 --keep 0

Receipts are copied there, read back, and only then lose their bytes here. All
commands read them from there as if nothing had happened; the log itself, its
hashes and the receipts about it stay here. What is deleted or erased later is
deleted in both.

With --new the place goes into DIR/ai-audit.toml, and a store is made there. The
variable AI_AUDIT_COLD_CREDENTIALS names the file with the bucket's access key,
in the form of AWS's own tools, profile [default]. It goes to the server that
the line endpoint_url there names, or to Amazon, and to no other. Without a
file the machine's role is asked for, which goes to Amazon alone.")]
pub(crate) struct MoveEpochs {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Move what was sealed at least so many days ago. [default: the setting cold-days]
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u64>,
    /// Leave so many of the last sealed epochs. [default: the setting cold-keep]
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<u64>,
    /// Make the store there first, where there is none.
    #[arg(long)]
    pub(crate) new: bool,
    /// With --new: what receipts were moved to is lost for good. An empty store takes its place, and nothing is moved yet:
    /// `epoch restore` puts back what archives have, and the next move goes on.
    #[arg(long, requires = "new")]
    pub(crate) lost: bool,
    /// Write the database anew afterwards, so that it becomes smaller.
    #[arg(long)]
    pub(crate) compact: bool,
}

/// Brings the bytes of a moved epoch back, for as long as they are read often.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit epoch fetch audit 3

The store for what is old keeps them too; the next `ai-audit epoch move` takes
them away here again.")]
pub(crate) struct FetchEpoch {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The epoch's number.
    pub(crate) epoch: u64,
    /// The log in the directory.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
}
