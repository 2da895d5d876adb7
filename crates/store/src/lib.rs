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

mod ciphertext;
mod clock;
mod error;
mod keys;
mod ledger;
mod lock;
mod mark;
mod memory;
mod memory_keys;
mod name;
mod reader;
mod receipt_keys;
mod sealed;
mod store;

pub use ciphertext::Ciphertext;
pub use clock::{Clock, Random, RandomError, SystemClock};
pub use error::StoreError;
pub use keys::key_changes;
pub use ledger::{
    AnchorRequest, AppendError, Archived, Attach, BeforeActionError, ChangePolicy,
    CheckpointPolicy, Collected, DeleteEpoch, Earlier, EncodedRecordBody, EpochDeleted, Ledger,
    LedgerConfig, LedgerError, LedgerStats, LogInfo, LogSigners, NewLog, OnFull, Outcome, Receipt,
    Record, SealedEpoch, Shred, Shredded, SignerSource, SubjectKeysSource, SubmitError, Ticket,
    collect, is_collecting,
};
pub use lock::WriterLock;
pub use mark::{FileMarks, HighWaterMark, Mark, MarkError};
pub use memory::MemoryStore;
pub use memory_keys::{MemoryKeys, MemorySubjectKeys};
pub use name::{LogName, LogNameError};
pub use reader::{StoreReader, StoreSink, StoreTiles};
pub use receipt_keys::{ReceiptKeys, ReceiptKeysError};
pub use sealed::Sealed;
pub use store::{
    Batch, Health, Query, ReadLimit, Store, StoredCheckpoint, StoredContent, StoredReceipt,
};
