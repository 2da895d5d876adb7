//! The Redis and PostgreSQL in which the Python library `ai-audit-trail` keeps receipts, as sources that
//! are only read.
//!
//! What it writes there, in which order it is read and what is remarked is specified in
//! `docs/spec/python-library.md`. Of Redis only commands of the ACL category `@read` are used, of
//! PostgreSQL one transaction that is read-only to the server. No verdict is formed here: records are
//! handed on as they are, beside what the server gives away about records that are not there any more.
//!
//! Neither server is built in by default: see the features `redis` and `postgres`.
//!
//! ```no_run
//! use ai_audit_import_servers::{Options, ServerError, Source};
//!
//! let mut source = Source::open("redis://audit@localhost/0", &Options::default())?;
//! for (tenant, records) in source.tenants()? {
//!     println!("{tenant}: {records}");
//! }
//! let found = source.records(Some("acme"), |json| {
//!     println!("{json}");
//!     Ok::<(), ServerError>(())
//! })?;
//! for remark in &found.remarks {
//!     eprintln!("{}: {remark}", source.name());
//! }
//! # Ok::<(), ServerError>(())
//! ```

mod error;
mod found;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "redis", feature = "postgres"))]
mod remarks;
mod source;

pub use error::ServerError;
pub use found::{Expiry, Found, Remark, RemarkKind, Tip};
pub use options::{MAX_VALUE, Options};
pub use source::Source;
