//! The ledger: the single writer of a store's logs.

mod anchors;
mod collect;
mod config;
mod epochs;
mod erasure;
mod error;
mod observer;
mod queue;
mod record;
mod refused;
mod ticket;
mod undeclared;
mod words;
mod writer;

pub use anchors::AnchorRequest;
pub use collect::{Collected, collect, is_collecting};
pub use config::{
    Attach, CheckpointPolicy, LedgerConfig, LogSigners, NewLog, OnFull, SignerSource,
};
pub use epochs::{Archived, DeleteEpoch, EpochDeleted, SealedEpoch};
pub use erasure::{ChangePolicy, Shred, Shredded, SubjectKeysSource};
pub use error::{AppendError, BeforeActionError, LedgerError};
pub use observer::{Commit, LedgerObserver};
pub use record::{Earlier, EncodedRecordBody, Record};
pub use refused::SubmitError;
pub use ticket::{Outcome, Receipt, Ticket};
pub use undeclared::Undeclared;

use crate::{LogName, Store, StoreError};
use ai_audit_core::{LogId, ReceiptId};
use core::fmt;
use queue::{Command, Group, Queue};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use writer::Writer;

/// The single writer of the logs of a store: takes records from any number of threads, seals them
/// one after the other, and commits what has come together meanwhile, of all logs, in one go.
///
/// A record is in the log when its [`Ticket`] says so, which is when it is durable. Share a ledger
/// between threads by reference or in an `Arc`. It writes start, stop, gap and clock-anomaly
/// receipts by itself, and seals of epochs; [`Ledger::close`] ends it in order, and dropping it does the same.
///
/// ```
/// # use ai_audit_core::{SigningKey, Timestamp};
/// # use ai_audit_store::{Random, RandomError};
/// # struct Os;
/// # impl Random for Os {
/// #     fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> { out.fill(7); Ok(()) }
/// # }
/// use ai_audit_core::Decision;
/// use ai_audit_store::{
///     Ledger, LedgerConfig, LogName, LogSigners, MemoryStore, NewLog, Record, SystemClock,
/// };
/// use std::sync::Arc;
///
/// # let key = |seed| SigningKey::from_bytes(&[seed; 32]);
/// # let (receipt_key, checkpoint_key, recovery) = (key(1), key(2), key(3).verifying_key());
/// let config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Os), "example 1.0");
/// let ledger = Ledger::open(Arc::new(MemoryStore::new()), config)?;
/// let log = LogName::default();
/// ledger.create_log(log.clone(), NewLog {
///     name: "example.org/support".into(),
///     tenant: "acme".into(),
///     policy: Vec::new(),
///     recovery,
///     signers: LogSigners { receipt: Box::new(receipt_key), checkpoint: Box::new(checkpoint_key) },
/// })?;
/// let decision = Decision { model: "gpt-4o".into(), ..Decision::new() };
/// let ticket = ledger.submit(&log, vec![Record::new(&decision).trace("req-1")])?;
/// let receipts = ticket.wait()?; // durable from here on
/// assert_eq!(receipts[0].seq, 2); // after genesis and start
/// ledger.close("done")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ledger {
    queue: Arc<Queue>,
    config: LedgerConfig,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Logs that were attached once. One of them that is attached no more was taken over, and is not
    /// taken back without being asked.
    known: Mutex<HashSet<LogName>>,
}

/// A log that was created or attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogInfo {
    /// Its id: the hash of its genesis.
    pub log_id: LogId,
    /// Its global name.
    pub origin: String,
    /// How many receipts it has, the start receipt included.
    pub size: u64,
}

/// A ledger's figures since it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LedgerStats {
    /// Records that wait to be written.
    pub queued: usize,
    /// How many may wait.
    pub capacity: usize,
    /// Records that are being written.
    pub in_flight: usize,
    /// Logs that take records.
    pub logs: usize,
    /// Receipts that were made durable, the ledger's own included.
    pub appended: u64,
    /// Commits that succeeded.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Records that were refused because the queue was full.
    pub refused: u64,
    /// Records that were taken and could not be stored.
    pub lost: u64,
    /// Checkpoints that were made.
    pub checkpoints: u64,
    /// Checkpoints by policy that could not be made.
    pub checkpoint_failures: u64,
    /// Epochs that were sealed.
    pub epochs: u64,
    /// Epochs that could not be sealed when they were due.
    pub epoch_failures: u64,
    /// High-water marks that could not be written.
    pub mark_failures: u64,
    /// What the last failure was.
    pub last_error: Option<String>,
    /// Whether the ledger takes no more records.
    pub closed: bool,
}

impl Ledger {
    /// Starts the writer. Logs are then created or attached.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Config`], [`LedgerError::Thread`].
    pub fn open(store: Arc<dyn Store>, config: LedgerConfig) -> Result<Self, LedgerError> {
        for (field, number) in [
            ("capacity", config.capacity),
            ("max_batch", config.max_batch),
        ] {
            if number == 0 {
                return Err(LedgerError::Config { field });
            }
        }
        let queue = Arc::new(Queue::new(config.capacity));
        let writer = Writer::new(store, config.clone(), Arc::clone(&queue));
        let thread = std::thread::Builder::new()
            .name("ai-audit-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| LedgerError::Thread {
                reason: error.to_string(),
            })?;
        Ok(Self {
            queue,
            config,
            writer: Mutex::new(Some(thread)),
            known: Mutex::default(),
        })
    }

    /// Creates a log: its genesis and a start receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Exists`]; when the genesis cannot be sealed or stored.
    pub fn create_log(&self, log: LogName, new: NewLog) -> Result<LogInfo, LedgerError> {
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::Create(log.clone(), Box::new(new), done));
        self.attached(log, slot.take(None).unwrap_or(Err(LedgerError::Closed)))
    }

    /// Remembers a log that is attached now.
    fn attached(
        &self,
        log: LogName,
        result: Result<LogInfo, LedgerError>,
    ) -> Result<LogInfo, LedgerError> {
        if result.is_ok() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(log);
        }
        result
    }

    /// Attaches a log that was never attached here, if its signers can be had
    /// ([`LedgerConfig::signers`]); does nothing where it is attached, or none has them. Submitting
    /// does it by itself.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoSigners`]; as [`Ledger::attach_log`].
    pub fn attach_known(&self, log: &LogName) -> Result<(), LedgerError> {
        let Some(source) = &self.config.signers else {
            return Ok(());
        };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let was_attached = known.contains(log);
        drop(known);
        if was_attached || self.queue.is_attached(log) {
            return Ok(());
        }
        let attached = source
            .signers(log)
            .map_err(|reason| LedgerError::NoSigners {
                log: log.clone(),
                reason,
            })
            .and_then(|signers| self.attach_log(log.clone(), signers));
        match attached {
            // Another producer was faster.
            Err(_) if self.queue.is_attached(log) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Whether records for this log are taken.
    #[must_use]
    pub fn is_attached(&self, log: &LogName) -> bool {
        self.queue.is_attached(log)
    }

    /// The logs that are not attached any more because they end elsewhere than where this ledger left them, whoever found
    /// out, and what was found; until they are attached again.
    #[must_use]
    pub fn taken_over(&self) -> Vec<(LogName, StoreError)> {
        self.queue.taken_over()
    }

    /// Whether records for this log would be taken, after attaching it if that is needed.
    fn admit(&self, log: &LogName) -> Result<(), SubmitError> {
        if self.config.signers.is_some()
            && let Err(SubmitError::NotAttached { .. }) = self.queue.admits(log)
        {
            self.attach_known(log)
                .map_err(|error| SubmitError::Attach(Box::new(error)))?;
        }
        self.queue.admits(log)
    }

    /// Attaches a log that is in the store: checks its two ends, its last checkpoint, its
    /// high-water mark and that the signers are those of its genesis, then writes a start receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoSuchLog`], [`LedgerError::OtherKey`], [`LedgerError::Behind`],
    /// [`LedgerError::Forked`]; when what is stored contradicts itself.
    pub fn attach_log(&self, log: LogName, signers: LogSigners) -> Result<LogInfo, LedgerError> {
        self.attach_log_with(log, signers, Attach::default())
    }

    /// The same, beginning with a revocation, or adopting a log that would be refused.
    ///
    /// # Errors
    ///
    /// As [`Ledger::attach_log`].
    pub fn attach_log_with(
        &self,
        log: LogName,
        signers: LogSigners,
        with: Attach,
    ) -> Result<LogInfo, LedgerError> {
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::Attach(log.clone(), signers, Box::new(with), done));
        self.attached(log, slot.take(None).unwrap_or(Err(LedgerError::Closed)))
    }

    /// Lets go of a log, once what was submitted before is written; with a reason a stop receipt comes behind
    /// it, without one nothing more is written: another writer has it. It is attached again only where that
    /// is asked for.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`]; when the stop receipt cannot be stored; [`LedgerError::Undeclared`] with what is
    /// lost and could not, or without a reason was not to, be declared in the log. It is let go of in any case. Without a
    /// reason this ledger keeps what is lost as well, and declares it, from when and until when it was lost, should it attach
    /// the log again.
    pub fn detach_log(&self, log: &LogName, reason: Option<&str>) -> Result<(), LedgerError> {
        self.queue.set_attached(log, false);
        let (slot, done) = ticket::slot();
        let reason = reason.map(str::to_owned);
        self.queue
            .command(Command::Detach(log.clone(), reason, done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Hands over to a new receipt key, which the log's [`ReceiptKeys`](crate::ReceiptKeys) make,
    /// and destroys the old one, before anything else is sealed. Returns the rotation's `seq`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`]; when the key cannot be made, stored or destroyed. If the
    /// rotation is in the log by then, it is finished before the next receipt.
    pub fn rotate_key(&self, log: &LogName, reason: &str) -> Result<u64, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue
            .command(Command::Rotate(log.clone(), reason.to_owned(), done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Takes a group of records, which will stand one behind the other in the log, all of them or
    /// none. Does not wait until they are stored, but, as [`OnFull`] says, for room in the queue.
    ///
    /// # Errors
    ///
    /// See [`SubmitError`]: nothing was taken.
    pub fn submit(&self, log: &LogName, records: Vec<Record>) -> Result<Ticket, SubmitError> {
        if records.is_empty() {
            return Err(SubmitError::Empty);
        }
        self.admit(log)?;
        let mut ids = HashSet::new();
        for (index, record) in records.iter().enumerate() {
            record.check(index, &mut ids)?;
        }
        self.submit_checked(log, records, false)
    }

    fn submit_checked(
        &self,
        log: &LogName,
        mut records: Vec<Record>,
        collected: bool,
    ) -> Result<Ticket, SubmitError> {
        self.fill_ids(&mut records)?;
        let (slot, done) = ticket::slot();
        let group = Group {
            log: log.clone(),
            records,
            collected,
            done,
        };
        self.queue
            .submit(group, self.config.on_full, || self.config.clock.now())?;
        Ok(Ticket::new(slot))
    }

    /// Gives ids to the records that have none, here rather than in the one writer.
    fn fill_ids(&self, records: &mut [Record]) -> Result<(), SubmitError> {
        const LEN: usize = 10;
        let missing = records.iter().filter(|record| record.id.is_none()).count();
        if missing == 0 {
            return Ok(());
        }
        let mut random = vec![0; missing * LEN];
        self.config.random.fill(&mut random)?;
        let now = self.config.clock.now();
        let (chunks, _) = random.as_chunks::<LEN>();
        let missing = records.iter_mut().filter(|record| record.id.is_none());
        for (record, random) in missing.zip(chunks) {
            record.id = Some(ReceiptId::from_parts(now, *random));
        }
        Ok(())
    }

    /// Records what is about to be done, such as a tool intent, and returns when that is durable: only
    /// then it may be done.
    ///
    /// # Errors
    ///
    /// When it is not surely in the log: then it should not be done.
    pub fn before_action(
        &self,
        log: &LogName,
        record: Record,
    ) -> Result<Receipt, BeforeActionError> {
        let receipts = self.submit(log, vec![record])?.wait()?;
        let receipt = receipts.first().copied();
        receipt.ok_or(BeforeActionError::Append(AppendError::Closed))
    }

    /// Makes a checkpoint of all that was submitted to the log before, stores it and returns the
    /// note. If there is one of that size already, that one is returned.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotAttached`]; when it cannot be signed or stored.
    pub fn checkpoint(&self, log: &LogName) -> Result<String, LedgerError> {
        self.attach_known(log)?;
        let (slot, done) = ticket::slot();
        self.queue.command(Command::Checkpoint(log.clone(), done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// The figures now.
    #[must_use]
    pub fn stats(&self) -> LedgerStats {
        self.queue.stats()
    }

    /// Says in the log, by a gap receipt as soon as one can be written, that records are missing which never
    /// came to be submitted: whoever makes them failed, and what they are about happened all the same. What
    /// is submitted and cannot be stored is declared without being asked for. Does nothing to a log that is
    /// not attached.
    pub fn declare_lost(&self, log: &LogName, records: u64, reason: &str) {
        let now = self.config.clock.now();
        self.queue.lose(log, records, reason.to_owned(), now);
    }

    /// Waits until all that was submitted before is written or has failed, and its checkpoints by
    /// policy are made.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Closed`].
    pub fn drain(&self) -> Result<(), LedgerError> {
        let (slot, done) = ticket::slot();
        self.queue.command(Command::Drain(done));
        slot.take(None).unwrap_or(Err(LedgerError::Closed))
    }

    /// Writes what was submitted, then a stop receipt to each log, and ends the writer. Nothing is
    /// taken from now on.
    ///
    /// # Errors
    ///
    /// The first log that could not be stopped in order, or [`LedgerError::Closed`] if the ledger
    /// was closed before.
    pub fn close(&self, reason: &str) -> Result<(), LedgerError> {
        let (slot, done) = ticket::slot();
        self.queue.command(Command::Close(reason.to_owned(), done));
        let result = slot.take(None).unwrap_or(Err(LedgerError::Closed));
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // If it panicked, whoever waited has heard that the ledger is closed.
        let _ = thread.map(JoinHandle::join);
        result
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // Whether it worked shows in the log; a drop has nobody to tell.
        let _ = self.close("the ledger was dropped");
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("config", &self.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
