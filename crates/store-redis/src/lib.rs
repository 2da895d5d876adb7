//! A store in Redis: receipts, ciphertexts, tree nodes and checkpoints of many logs, in one slot.
//!
//! An append is one script: it compares the heads, looks at what it is about to write to, and writes
//! everything or nothing. The server must sync its append-only file before it answers
//! (`appendfsync always`); one that does not is refused, or opened for less with
//! [`RedisOptions::allow_loss`], and then the log's genesis must say so. What is asked of the server,
//! what is promised and which keys there are: `docs/spec/store-redis.md`.
//!
//! ```no_run
//! use ai_audit_store::Store;
//! use ai_audit_store_redis::{OpenMode, RedisOptions, RedisStore};
//! let options = RedisOptions::default();
//! let store = RedisStore::open("redis://127.0.0.1:6379", OpenMode::Create, &options)?;
//! assert!(store.health()?.durable);
//! # Ok::<(), ai_audit_store::StoreError>(())
//! ```

mod append;
mod beside;
mod checkpoints;
mod checks;
mod connection;
mod delete;
mod doubt;
mod error;
mod find;
mod keys;
mod loss;
mod nodes;
mod options;
mod read;
mod runs;
mod script;
mod store;

pub use loss::LOSS;
pub use options::{OpenMode, RedisOptions};
pub use store::RedisStore;
