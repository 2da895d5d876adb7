//! A store shared over the network: every log's receipts, ciphertexts, tree nodes and checkpoints in
//! a PostgreSQL.
//!
//! Appending only inserts: where a log ends is its last row, and of two writers one meets a primary
//! key that is taken. So the role that appends can neither change nor delete anything of a log; what deletes
//! logs in as another role ([`Options::eraser`]), and tables are made by a third ([`migrate`],
//! [`grant`]). A server that would lose what it acknowledged is refused, and so is a standby. The
//! specification is `docs/spec/store-postgres.md`. Which of several processes writes to which log is said by
//! leases in a table of the same schema ([`PostgresLeases`]).
//!
//! ```no_run
//! use ai_audit_store::Store;
//! use ai_audit_store_postgres::{OpenMode, Options, PostgresStore, Rights, grant, migrate};
//!
//! let options = Options { password: Some("...".into()), ..Options::default() };
//! let owner = "postgres://audit_owner@db.example.org/audit?sslmode=require";
//! migrate(owner, &options)?;
//! grant(owner, &options, "audit_writer", Rights::Append)?;
//!
//! let writer = "postgres://audit_writer@db.example.org/audit?sslmode=require";
//! let store = PostgresStore::open(writer, OpenMode::ReadWrite, options)?;
//! assert!(store.health()?.durable);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod checkpoints;
mod ciphertexts;
mod client;
mod compact;
mod delete;
mod error;
mod find;
mod grants;
mod leases;
mod link;
mod nodes;
mod open;
mod options;
mod outside;
mod postgres;
mod read;
mod schema;
mod sole;
mod writer;

pub use compact::compact;
pub use grants::{Rights, grant};
pub use leases::PostgresLeases;
pub use link::log_in;
pub use options::{OpenMode, Options};
pub use postgres::PostgresStore;
pub use schema::migrate;
pub use writer::WriterFinder;
