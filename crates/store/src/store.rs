//! The store trait: compare-and-append, ranges, heads, look-ups, tiles, checkpoints.

use crate::{Ciphertext, LogName, Sealed, StoreError};
use ai_audit_core::{
    Chain, Head, Kind, LeafHash, NodeHash, ReceiptId, SubjectKeyId, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::TreeSize;
use ai_audit_note::SignedNote;
use core::ops::{Range, RangeInclusive};
use std::collections::HashSet;

/// Keeps the receipts of many logs.
///
/// # Durability
///
/// When [`Store::append`] or [`Store::put_checkpoint`] returned `Ok`, no crash of the process, the
/// system or the power supply loses what was written. (A store in memory says of itself that it is
/// not durable, see [`Health::durable`].) When it returned an error, all of it or nothing is
/// stored, and reading the head tells which.
///
/// # Order
///
/// Of one log there is one writer. The store takes receipts only where the log ends, so of two
/// writers that think themselves alone the second gets [`StoreError::HeadMoved`]. Readers, also
/// of other processes, see every append wholly or not at all.
pub trait Store: Send + Sync {
    /// Appends to several logs at once: everything or nothing.
    ///
    /// A log comes into being with its genesis, appended to [`Head::EMPTY`]. The store checks that
    /// the receipts are well-formed and follow each other; it checks no signatures. The ciphertexts
    /// beside the receipts are stored with them, unchecked.
    ///
    /// # Errors
    ///
    /// [`StoreError::HeadMoved`] with the head that the log really has; see [`StoreError`].
    fn append(&self, batches: &[Batch<'_>]) -> Result<(), StoreError>;

    /// The logs, sorted by name.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn logs(&self) -> Result<Vec<LogName>, StoreError>;

    /// Where a log ends; `None` if there is no such log.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn head(&self, log: &LogName) -> Result<Option<Head>, StoreError>;

    /// The receipts of a log from `from_seq` on, without gaps, as many as there are within the
    /// limits. Of a log that does not exist there are none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn read(
        &self,
        log: &LogName,
        from_seq: u64,
        limit: ReadLimit,
    ) -> Result<Vec<StoredReceipt>, StoreError>;

    /// Deletes the bytes of a range's receipts, of all but the control receipts: everything or
    /// nothing, durably, and so that the store itself cannot bring them back. Their hashes, ids,
    /// kinds and times stay; they are found by their trace and session no more. The ciphertexts
    /// beside them go with them. Returns how many receipts were deleted now; those that were before
    /// are passed over.
    ///
    /// Whether they may be deleted is the caller's matter: the [`Ledger`](crate::Ledger) asks and
    /// records it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchReceipt`] where the range goes beyond the log; see [`StoreError`].
    fn delete_receipts(&self, log: &LogName, range: RangeInclusive<u64>)
    -> Result<u64, StoreError>;

    /// Puts the bytes of deleted receipts back, all of them or none, durably, with the ciphertexts
    /// that they carry. Returns how many were missing; those that are there are passed over, and so
    /// are their ciphertexts: these may have been removed by themselves.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherReceipt`] with the first one whose bytes do not have the hash that the
    /// log has in its place; see [`StoreError`].
    fn restore_receipts(&self, log: &LogName, receipts: &[Sealed]) -> Result<u64, StoreError>;

    /// How many receipts of a range have no bytes. Of a log that does not exist there are none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn count_deleted(&self, log: &LogName, range: RangeInclusive<u64>) -> Result<u64, StoreError>;

    /// The ciphertexts beside a receipt that are there, in the order in which they were stored. Of a
    /// receipt or a log that does not exist there are none. They are as long as they were when they
    /// were stored and as many, so the caller may get much at once: the ledger takes
    /// [`Ciphertext::MAX_LEN`] bytes for each encrypted text.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn ciphertexts(&self, log: &LogName, seq: u64) -> Result<Vec<Ciphertext>, StoreError>;

    /// Whether this store deletes of a log at all, and what it deletes is gone. Whoever is about to record that something will be
    /// deleted asks before: a store that refuses would leave a receipt that says what never happened.
    ///
    /// # Errors
    ///
    /// Why it does not, as [`Store::delete_receipts`] and [`Store::delete_ciphertexts`] would say it.
    fn may_delete(&self, log: &LogName) -> Result<(), StoreError> {
        let _ = log;
        Ok(())
    }

    /// Removes a log's ciphertexts under these keys: everything or nothing, durably, and so that the
    /// store itself cannot bring them back. The receipts stay. Returns how many were removed now;
    /// where there are none, that is no error. A journal of the store's may keep bytes of them while a
    /// reader holds it; their keys are destroyed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Owed`] where a part of it is in a store that is away; see [`StoreError`].
    fn delete_ciphertexts(&self, log: &LogName, keys: &[SubjectKeyId]) -> Result<u64, StoreError>;

    /// The places of the receipts that a query finds, ascending: those after `after`, `limit` at
    /// most. The last place found is the `after` of the next call.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn find(
        &self,
        log: &LogName,
        query: &Query,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError>;

    /// Puts nodes of the log's Merkle tree into `out`, which is emptied first: the complete ones of tree
    /// level `level` whose index is in the range, from its start on, as many as there are. Levels are
    /// multiples of [`NODE_STEP`](crate::NODE_STEP); level 0 are the leaves. A store that keeps fewer
    /// levels makes the others of them ([`step_up`](crate::step_up)).
    ///
    /// # Errors
    ///
    /// When the store cannot be read; [`StoreError::Invalid`] for another level.
    fn hashes(
        &self,
        log: &LogName,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError>;

    /// Keeps a checkpoint note, durably. Where it has one of the same size, that one stays and gets
    /// the signatures of this one that it has not yet ([`StoredCheckpoint::joined`]): somebody may
    /// have been given it, and others may have cosigned it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Beyond`] if the log does not have as many receipts,
    /// [`StoreError::OtherCheckpoint`] if the one that it has says something else; see
    /// [`StoreError`].
    fn put_checkpoint(&self, log: &LogName, size: TreeSize, note: &str) -> Result<(), StoreError>;

    /// The checkpoints of a log, smallest size first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn checkpoints(&self, log: &LogName) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// The checkpoints of a log whose size is in a range, smallest size first: for whoever needs a few of many. A store that
    /// has no better way reads them all.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn checkpoints_in(
        &self,
        log: &LogName,
        sizes: RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let mut all = self.checkpoints(log)?;
        all.retain(|kept| sizes.contains(&kept.size.as_u64()));
        Ok(all)
    }

    /// The checkpoint of the largest size.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn latest_checkpoint(&self, log: &LogName) -> Result<Option<StoredCheckpoint>, StoreError>;

    /// Whether the store answers, and how much is in it. Takes no longer when more is in it.
    ///
    /// # Errors
    ///
    /// What keeps it from working.
    fn health(&self) -> Result<Health, StoreError>;

    /// Whether a lock has kept all other writers out, without a break, since this one was opened: then nobody who heeds
    /// the lock has written. Asked in one or two short questions, where [`Store::health`] looks through the store. A
    /// connection that was lost is made anew by it, and takes the lock again where nobody has it: that was a break. A
    /// store without a lock cannot tell. What goes wrong beside the lock is in the answer and is no error: it must not
    /// hide what was found of the lock.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] where another writer has the lock; what keeps the store from answering.
    fn is_alone_since_opened(&self) -> Result<Alone, StoreError> {
        Ok(Alone::default())
    }
}

/// What is to be appended to one log.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The log.
    pub log: &'a LogName,
    /// Where the caller thinks that it ends.
    pub expected: &'a Head,
    /// What follows.
    pub receipts: &'a [Sealed],
}

impl Batch<'_> {
    /// Reads the receipts and checks that they follow each other and the expected head: for
    /// stores, which take nothing else. Returns them with the head after the last.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAReceipt`], [`StoreError::NotAChain`].
    pub fn parse(&self) -> Result<(Vec<UnverifiedReceipt<'_>>, Head), StoreError> {
        let mut chain = Chain::resume(*self.expected);
        let mut receipts = Vec::with_capacity(self.receipts.len());
        for sealed in self.receipts {
            let (log, seq) = (self.log, chain.head().size());
            let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).map_err(|error| {
                let log = log.clone();
                StoreError::NotAReceipt { log, seq, error }
            })?;
            chain.push(&receipt).map_err(|error| {
                let log = log.clone();
                StoreError::NotAChain { log, seq, error }
            })?;
            receipts.push(receipt);
        }
        Ok((receipts, *chain.head()))
    }
}

/// What is to be appended to one log, read and held to be a chain.
#[derive(Debug)]
pub struct ParsedBatch<'a> {
    /// The batch that it was read from.
    pub batch: &'a Batch<'a>,
    /// Its receipts, in their order. Nobody has verified them.
    pub receipts: Vec<UnverifiedReceipt<'a>>,
    /// Where the log ends after them.
    pub after: Head,
}

impl<'a> ParsedBatch<'a> {
    /// Reads all that is appended together: what a store refuses before it looks at what it has.
    ///
    /// # Errors
    ///
    /// [`StoreError::Twice`] for two batches of one log, and as [`Batch::parse`].
    pub fn all(batches: &'a [Batch<'a>]) -> Result<Vec<Self>, StoreError> {
        let mut names = HashSet::new();
        let mut parsed = Vec::with_capacity(batches.len());
        for batch in batches {
            if !names.insert(batch.log) {
                let log = batch.log.clone();
                return Err(StoreError::Twice { log });
            }
            let (receipts, after) = batch.parse()?;
            parsed.push(Self {
                batch,
                receipts,
                after,
            });
        }
        Ok(parsed)
    }
}

/// A receipt as it came out of a store. Nobody has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReceipt {
    /// Where it stands.
    pub seq: u64,
    /// What is there.
    pub content: StoredContent,
}

/// What a store has of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredContent {
    /// Payload and signature.
    Sealed(Vec<u8>),
    /// The hash alone: the bytes were deleted.
    Deleted(LeafHash),
}

impl StoredReceipt {
    /// Payload and signature, unless they were deleted.
    #[must_use]
    pub fn sealed(&self) -> Option<&[u8]> {
        match &self.content {
            StoredContent::Sealed(sealed) => Some(sealed),
            StoredContent::Deleted(_) => None,
        }
    }

    /// The same, as a vector.
    #[must_use]
    pub fn into_sealed(self) -> Option<Vec<u8>> {
        match self.content {
            StoredContent::Sealed(sealed) => Some(sealed),
            StoredContent::Deleted(_) => None,
        }
    }
}

/// How much to read at once. The first receipt is read even if it alone is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Receipts at most.
    pub receipts: usize,
    /// Bytes of sealed receipts at most.
    pub bytes: usize,
}

impl ReadLimit {
    /// One receipt.
    pub const ONE: Self = Self {
        receipts: 1,
        bytes: 0,
    };
}

impl Default for ReadLimit {
    /// 1,024 receipts or 1 MiB.
    fn default() -> Self {
        Self {
            receipts: 1024,
            bytes: 1 << 20,
        }
    }
}

/// Which receipts to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Query {
    /// Those with this id: one, unless a caller gave an id twice.
    Id(ReceiptId),
    /// Those of this trace. Receipts without a trace are not found by the empty name.
    Trace(String),
    /// Those of this session. Receipts without a session are not found by the empty name.
    Session(String),
    /// Those sealed from one time to another, both included.
    Time {
        /// The earliest.
        from: Timestamp,
        /// The latest.
        to: Timestamp,
    },
    /// Those of this kind.
    Kind(Kind),
}

/// A checkpoint as it was stored: a signed note over the tree of the log's first `size` receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many receipts it covers.
    pub size: TreeSize,
    /// The note's exact text.
    pub note: String,
}

impl StoredCheckpoint {
    /// This note with the signatures of another one of the same text, for stores. Nothing is
    /// verified.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherCheckpoint`] if the other one has another text, or one of the two is no
    /// note; [`StoreError::Full`] if a note cannot have as many signatures.
    pub fn joined(&self, log: &LogName, note: &str) -> Result<String, StoreError> {
        if self.note == note {
            return Ok(self.note.clone());
        }
        let other = || StoreError::OtherCheckpoint {
            log: log.clone(),
            size: self.size,
        };
        let parse = |note: &str| SignedNote::parse(note.as_bytes()).map_err(|_| other());
        let (mut kept, new) = (parse(&self.note)?, parse(note)?);
        if kept.text() != new.text() {
            return Err(other());
        }
        kept.merge(&new).map_err(|error| StoreError::Full {
            what: format!("checkpoint of size {}: {error}", self.size),
        })?;
        Ok(kept.to_string())
    }
}

/// What a store says of the lock that keeps other writers out ([`Store::is_alone_since_opened`]).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alone {
    /// Whether it kept them all out, without a break, since the store was opened.
    pub since_opened: bool,
    /// What goes wrong beside the lock, such as with saying where the writer is reached: for the operator. It says
    /// nothing of the lock.
    pub trouble: Option<StoreError>,
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What kind of store it is, such as `sqlite`.
    pub backend: &'static str,
    /// Whether what it took survives a crash.
    pub durable: bool,
    /// Whether it takes receipts.
    pub writable: bool,
    /// Number of logs.
    pub logs: u64,
    /// Number of receipts in all logs.
    pub receipts: u64,
    /// Bytes that it takes up, on disk or in memory.
    pub bytes: u64,
}

impl Health {
    /// A report; for stores.
    #[must_use]
    pub const fn new(backend: &'static str) -> Self {
        Self {
            backend,
            durable: false,
            writable: false,
            logs: 0,
            receipts: 0,
            bytes: 0,
        }
    }
}
