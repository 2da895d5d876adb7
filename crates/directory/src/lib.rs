//! A log directory: one SQLite file or the address of a server, key files, a lock, settings.
//!
//! ```text
//! DIR/audit.db             receipts, tree nodes and checkpoints of all logs (mode 0600)
//! DIR/audit.lock           held by the one writer
//! DIR/audit.marks/         how far each log had come, where receipts are on a server and not in audit.db
//! DIR/audit.cold           where old receipts were moved, where some were
//! DIR/audit.moved/         how far they were moved, so that the next move begins there, and how far ever
//! DIR/ai-audit.toml        settings
//! DIR/tokens.toml          who may use the service: hashes of tokens, scopes (mode 0600)
//! DIR/witnesses.policy     who cosigns checkpoints, and how many of them are needed
//! DIR/log.pub              the default log's key line, for the auditor
//! DIR/keys/receipt.pem     signs receipts            (mode 0600)
//! DIR/keys/checkpoint.pem  signs checkpoints         (mode 0600)
//! DIR/keys/*.signer        where one of the two is, if it is in a token or service
//! DIR/keys/begun           where the genesis with these keys was to be written
//! DIR/keys/recovery.pem    revokes; move it offline  (mode 0600)
//! DIR/keys/digest.secret   keys the digests of texts (mode 0600)
//! DIR/keys/subjects.db     keys of subjects, wrapped (mode 0600); no backup of the log needs it
//! DIR/keys/kek             wraps them                (mode 0600); better in a folder elsewhere
//! DIR/<log>/…              the same files of another log
//! ```
//!
//! Anybody may read with [`LogDirectory`] while the one [`Writer`] runs. [`TileFolder`] holds a log
//! that was published, [`MonitorFolder`] the checkpoints of logs that somebody watches.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Decision, Exit, Question};
//! use ai_audit_directory::{InitOptions, Settings, Writer, init};
//! use ai_audit_store::Record;
//! use ai_audit_verify::{Pin, TrustPolicy};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("audit");
//! let log = init(&path, &InitOptions::new("example.org/support"), Settings::default(), "my-app")?;
//! let pinned = log.key_line.to_string(); // for the auditor, now
//!
//! let writer = Writer::open(&path, Settings::default(), "my-app")?;
//! let decision = Decision { model: "gpt-4o".into(), ..Decision::new() };
//! let ticket = writer.ledger().submit(&log.log, vec![Record::new(&decision)])?;
//! let receipt = ticket.wait()?.remove(0); // durable now
//!
//! let policy = TrustPolicy::new().pin(Pin::parse(&pinned)?).min_size(receipt.seq + 1);
//! let report = writer.directory().verify(&log.log, &policy)?;
//! assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
//! # Ok(()) }
//! ```

mod archive;
mod begun;
mod cold;
mod deleted;
mod directory;
mod durable;
mod ephemeral;
mod epochs;
mod error;
mod evidence;
mod forms;
mod imports;
mod init;
mod keepers;
mod kek;
mod key_files;
mod keys;
mod layout;
mod monitor;
mod passphrase;
mod places;
mod policy;
mod problems;
mod proofs;
mod publish;
mod receipt_keys;
mod receipt_signer;
mod reports;
mod reveal;
mod settings;
mod signer;
mod sound;
mod statistics;
mod store;
mod subject_keys;
mod subjects;
mod system;
mod texts;
mod tiers;
mod tile_folder;
mod which_keys;
mod witnesses;
mod writer;

pub use archive::{Restored, compact, file_digest};
pub use cold::{BucketAddress, ColdSettings};
pub use directory::LogDirectory;
pub use epochs::{DeletionInfo, EpochInfo};
pub use error::DirectoryError;
pub use evidence::DirectoryLog;
pub use forms::{EvidenceForm, LogFile, LogVerdict, failed_report};
pub use imports::{ImportInfo, Remade};
pub use init::{InitOptions, Initialized, init};
pub use kek::FileKek;
pub use key_files::{read_digest_secret, read_key, write_digest_secret, write_key};
pub use keys::{KeyHistoryEntry, KeyHistoryReport, Revoke};
pub use layout::{Layout, LogPaths};
pub use monitor::{Kept, MonitorFolder, MonitorSource, SourceReport, WatchedLog};
pub use passphrase::Passphrase;
pub use policy::{REDACTION_POLICY, names_nobody};
pub use receipt_keys::FileReceiptKeys;
pub use reveal::{Looking, Revealed, RevealedReceipt};
pub use settings::{SETTING_NAMES, Settings};
pub use signer::{LogKey, ServiceKey, SignerAddress, SignerService, SignerSettings};
pub use statistics::{Counts, ImportedCounts, RunningStatistics, Statistics};
pub use store::{StoreAddress, StoreSettings, WriterFinder, open_leases};
pub use subjects::{HeldAccess, HeldOn, HeldReceipt, Remains, SubjectInfo};
pub use system::OsRandom;
pub use texts::{Opened, TextState};
pub use tiers::{Adopted, Fetched};
pub use tile_folder::TileFolder;
pub use writer::Writer;
