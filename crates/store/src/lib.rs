//! Where receipts are kept, and who writes them: the store trait, a store in memory, the ledger.
//!
//! A [`Store`] holds many logs. It appends where a log ends and nowhere else, reads ranges, looks
//! receipts up and keeps the Merkle tree's nodes and checkpoints; what it promises when it
//! returns is written at the trait. [`MemoryStore`] is one; the embedded SQLite store is the crate
//! `ai-audit-store-sqlite`.
//!
//! The [`Ledger`] is the single writer on top of it: many producers submit [`Record`]s, one thread
//! seals and commits them in groups, and a [`Ticket`] is acknowledged when they are durable.
//!
//! Time and randomness come from outside ([`Clock`], [`Random`]), and so does the memory of how far
//! a log had come ([`HighWaterMark`]), by which a restored or copied store is noticed.
//!
//! Where several processes share a store, a [`LeaseKeeper`] for each log tells which of them writes to it.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Decision, SigningKey};
//! use ai_audit_store::{
//!     Ledger, LedgerConfig, LogName, LogSigners, MemoryStore, NewLog, Random, RandomError, Record,
//!     SystemClock,
//! };
//! use std::sync::Arc;
//!
//! /// Where random bytes come from; a real program asks the system.
//! struct Fixed;
//! impl Random for Fixed {
//!     fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
//!         out.fill(7);
//!         Ok(())
//!     }
//! }
//!
//! let key = |seed| SigningKey::from_bytes(&[seed; 32]);
//! let config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Fixed), "example 1.0");
//! let ledger = Ledger::open(Arc::new(MemoryStore::new()), config)?;
//! let log = LogName::default();
//! let new = NewLog {
//!     name: "example.org/support".into(),
//!     tenant: "acme".into(),
//!     policy: Vec::new(),
//!     recovery: key(3).verifying_key(),
//!     signers: LogSigners { receipt: Box::new(key(1)), checkpoint: Box::new(key(2)) },
//! };
//! ledger.create_log(log.clone(), new)?;
//!
//! let decision = Decision { model: "gpt-4o".into(), ..Decision::new() };
//! let ticket = ledger.submit(&log, vec![Record::new(&decision).trace("req-1")])?;
//! assert_eq!(ticket.wait()?[0].seq, 2); // durable now, after genesis and start
//! ledger.close("done")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ciphertext;
mod clock;
mod erasures;
mod error;
mod key_conflicts;
mod keys;
mod known_keys;
mod lease;
mod ledger;
mod lock;
mod mark;
mod memory;
mod memory_keys;
mod name;
mod nodes;
mod reader;
mod receipt_keys;
mod sealed;
mod store;
mod tiered;

pub use ciphertext::Ciphertext;
pub use clock::{Clock, Random, RandomError, SystemClock};
pub use erasures::open_erasures;
pub use error::StoreError;
pub use key_conflicts::{KeyConflict, KeyConflictKind};
pub use keys::{batch_seal_of, key_changes};
pub use known_keys::KnownSubjectKeys;
pub use lease::{
    Lease, LeaseError, LeaseKeeper, LeaseRules, LeaseStanding, LeaseStep, Leases, MemoryLeases,
};
pub use ledger::{
    AnchorRequest, AppendError, Archived, Attach, BeforeActionError, ChangePolicy,
    CheckpointPolicy, Collected, Commit, DeleteEpoch, Earlier, EncodedRecordBody, EpochDeleted,
    Ledger, LedgerConfig, LedgerError, LedgerObserver, LedgerStats, LogInfo, LogSigners, NewLog,
    OnFull, Outcome, Receipt, Record, SealedEpoch, Shred, Shredded, SignerSource,
    SubjectKeysSource, SubmitError, Ticket, Undeclared, collect, is_collecting,
};
pub use lock::WriterLock;
pub use mark::{FileMarks, HighWaterMark, Mark, MarkError};
pub use memory::MemoryStore;
pub use memory_keys::{MemoryKeys, MemorySubjectKeys};
pub use name::{LogName, LogNameError};
pub use nodes::{NODE_STEP, check_level, step_up, tile_nodes};
pub use reader::{StoreReader, StoreSink, StoreTiles};
pub use receipt_keys::{ReceiptKeys, ReceiptKeysError};
pub use sealed::Sealed;
pub use store::{
    Alone, Batch, Health, ParsedBatch, Query, ReadLimit, Store, StoredCheckpoint, StoredContent,
    StoredReceipt,
};
pub use tiered::{CaughtUp, Moved, TierPolicy, TieredStore};
