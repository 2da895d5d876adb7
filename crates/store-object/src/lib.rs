//! A store in objects: a bucket of S3, Google Cloud Storage or Azure, or a local folder.
//!
//! Receipts, their ciphertexts and indexes are objects that are written once, under names with the hash
//! of their content. One object, the root, names them all; an append replaces it on the condition that
//! nobody else did. What no root names does not exist. A server that does not hold conditions is refused.
//! What is promised and which objects there are: `docs/spec/store-object.md`.
//!
//! A folder is always there; buckets are behind features.
//!
//! ```no_run
//! use ai_audit_store::Store;
//! use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
//! let place = Place::Folder("/srv/audit".into());
//! let store = ObjectStore::open(&place, OpenMode::Create, &ObjectOptions::default())?;
//! assert!(store.health()?.durable);
//! # Ok::<(), ai_audit_store::StoreError>(())
//! ```

mod append;
mod beside;
#[cfg(feature = "bucket")]
mod bucket;
mod checkpoints;
#[cfg(feature = "bucket")]
mod clients;
mod codec;
#[cfg(feature = "bucket")]
mod connect;
mod delete;
mod doomed;
mod filter;
mod find;
mod folder;
mod garbage;
mod index;
mod left;
#[cfg(test)]
mod lost;
mod nodes;
mod objects;
mod options;
mod place;
#[cfg(feature = "bucket")]
mod probe;
mod read;
mod root;
mod segment;
mod store;
mod tree;
mod tries;

pub use options::{ObjectOptions, OpenMode};
pub use place::Place;
#[cfg(feature = "azure")]
pub use place::{AzureAccess, AzureContainer};
#[cfg(feature = "gcs")]
pub use place::{GcsAccess, GcsBucket};
#[cfg(feature = "s3")]
pub use place::{S3Bucket, S3Keys};
pub use store::ObjectStore;
