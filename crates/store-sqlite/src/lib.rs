//! The embedded store: one SQLite file with every log's receipts, ciphertexts, tree nodes and
//! checkpoints.
//!
//! SQLite is compiled in. The file is in WAL mode with `synchronous=FULL`: an append is on disk when
//! it returns, and other processes read while the writer runs. Of the Merkle tree the receipts'
//! hashes and every fourth level above them are kept, so a proof reads 16 hashes a step.
//! Keys that are to be destroyed one day are kept in a file of their own ([`SqliteSubjectKeys`]), and so
//! is which of several processes writes to a log ([`SqliteLeases`]).
//!
//! ```
//! use ai_audit_store::Store;
//! use ai_audit_store_sqlite::{OpenMode, SqliteStore};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit.db");
//! let store = SqliteStore::open(&path, OpenMode::Create)?;
//! assert!(store.health()?.durable);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod ciphertexts;
mod delete;
mod error;
mod find;
mod leases;
mod names;
mod nodes;
mod open;
mod read;
mod schema;
mod sqlite;
mod subject_keys;

pub use leases::SqliteLeases;
pub use open::OpenMode;
pub use sqlite::SqliteStore;
pub use subject_keys::SqliteSubjectKeys;
