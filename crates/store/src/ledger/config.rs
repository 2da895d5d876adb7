//! What a ledger and its logs are opened with.

use super::erasure::SubjectKeysSource;
use super::observer::LedgerObserver;
use crate::{Clock, HighWaterMark, LogName, Random, ReceiptKeys};
use ai_audit_core::{KeyRevocation, Signer, VerifyingKey};
use ai_audit_epochs::{EpochPolicy, Retention};
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

/// How a ledger works. Start from [`LedgerConfig::new`] and change what should differ.
#[derive(Clone)]
pub struct LedgerConfig {
    /// The most records that wait to be written; at least 1. 10,000 unless changed.
    pub capacity: usize,
    /// What [`Ledger::submit`](crate::Ledger::submit) does when as many wait. Blocks unless changed.
    pub on_full: OnFull,
    /// The most records that are written in one commit; at least 1. 1,024 unless changed. A group
    /// is never split: one that is longer is a commit of its own.
    pub max_batch: usize,
    /// From how many records of a log in one commit on they are sealed as a batch, in a log whose
    /// genesis permits that by the policy entry `receipt-seal` = `batched`; at least 1. 8 unless changed.
    /// Fewer are signed one by one, and so is what is about the log itself.
    pub batch_from: usize,
    /// The longest that the writer waits for the producers of a commit to come back, so that their next
    /// records share a commit too; it never waits for more than half as long as that commit took, nor
    /// behind a commit of one group. 10 ms unless changed; not at all where it is zero.
    pub linger: Duration,
    /// When checkpoints are made without being asked for. Never unless changed.
    pub checkpoints: CheckpointPolicy,
    /// When epochs are sealed without being asked for. Never unless changed.
    pub epochs: EpochPolicy,
    /// For how long bytes must stay after their epoch was sealed. What the log's genesis promises
    /// unless changed, or 184 days where it promises nothing; never less than what it promises.
    pub retention: Option<Retention>,
    /// Tells the time of sealing.
    pub clock: Arc<dyn Clock>,
    /// Gives receipt ids and salts.
    pub random: Arc<dyn Random>,
    /// Name and version of the software that writes, for start receipts.
    pub software: String,
    /// Where high-water marks are kept; nowhere unless changed.
    pub marks: Option<Arc<dyn HighWaterMark>>,
    /// Who has the signers of logs that are in the store and were not attached: such a log is then
    /// attached when it is first submitted to. Nobody unless changed.
    pub signers: Option<Arc<dyn SignerSource>>,
    /// Who keeps subject keys. Without it no subject can be erased. Nobody unless changed.
    pub subject_keys: Option<Arc<dyn SubjectKeysSource>>,
    /// Who hears of commits. Nobody unless changed; then no time is measured.
    pub observer: Option<Arc<dyn LedgerObserver>>,
}

/// Has the signers of logs, for a ledger that attaches each when it is first needed: a log whose key
/// is missing, or that is behind its mark, then keeps nobody from writing to the others, and one to
/// which nobody writes gets no receipts.
pub trait SignerSource: Send + Sync {
    /// The signers of a log. Called by the producer that submits to it, and perhaps by several at
    /// once.
    ///
    /// # Errors
    ///
    /// Why there are none, in lower case and without a full stop.
    fn signers(&self, log: &LogName) -> Result<LogSigners, String>;
}

impl LedgerConfig {
    /// The usual configuration.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        software: impl Into<String>,
    ) -> Self {
        Self {
            capacity: 10_000,
            on_full: OnFull::Block,
            max_batch: 1024,
            batch_from: 8,
            linger: Duration::from_millis(10),
            checkpoints: CheckpointPolicy::default(),
            epochs: EpochPolicy::default(),
            retention: None,
            clock,
            random,
            software: software.into(),
            marks: None,
            signers: None,
            subject_keys: None,
            observer: None,
        }
    }
}

impl fmt::Debug for LedgerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerConfig")
            .field("capacity", &self.capacity)
            .field("on_full", &self.on_full)
            .field("max_batch", &self.max_batch)
            .field("batch_from", &self.batch_from)
            .field("linger", &self.linger)
            .field("checkpoints", &self.checkpoints)
            .field("epochs", &self.epochs)
            .field("retention", &self.retention)
            .field("software", &self.software)
            .finish_non_exhaustive()
    }
}

/// What to do with a submission that finds the queue full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFull {
    /// Wait until there is room.
    #[default]
    Block,
    /// Wait this long for room, then refuse.
    Timeout(Duration),
    /// Refuse at once.
    Error,
}

/// When a log gets a checkpoint by itself: whichever comes first, and only if there is something
/// new in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckpointPolicy {
    /// After this many receipts since the last one.
    pub every_receipts: Option<u64>,
    /// After this time since the last one.
    pub every: Option<Duration>,
    /// When the ledger closes.
    pub at_close: bool,
}

/// The two keys that a writer needs. The third, the recovery key, stays offline.
pub struct LogSigners {
    /// Keeps the key that signs receipts; any [`Signer`] does that keeps one key for good.
    pub receipt: Box<dyn ReceiptKeys>,
    /// Signs checkpoints.
    pub checkpoint: Box<dyn Signer + Send>,
}

impl fmt::Debug for LogSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSigners")
            .field(
                "receipt",
                &self.receipt.current().map(Signer::verifying_key),
            )
            .field("checkpoint", &self.checkpoint.verifying_key())
            .finish()
    }
}

/// What attaching a log does besides: the ways out where it would be refused, or must not begin with
/// the key that it has.
#[derive(Debug, Default)]
pub struct Attach {
    /// A revocation to begin with, before anything else is sealed. Its successor's key must be held.
    pub revocation: Option<KeyRevocation<'static>>,
    /// Goes on with a log that is behind its high-water mark or has another receipt there. The loss
    /// is declared in a gap receipt, and the mark begins anew.
    pub adopt: bool,
    /// What is known to be missing from elsewhere, such as from a witness: declared in a gap receipt
    /// where the log is adopted, whatever its mark says.
    pub missing: Option<String>,
}

/// A log that is to be created.
#[derive(Debug)]
pub struct NewLog {
    /// The name part of the log's origin, such as `example.org/support`.
    pub name: String,
    /// Whose log it is.
    pub tenant: String,
    /// What the log promises: names and values, in any order.
    pub policy: Vec<(String, String)>,
    /// The offline key that can revoke receipt keys.
    pub recovery: VerifyingKey,
    /// The keys to write with. Their public keys go into the genesis.
    pub signers: LogSigners,
}
