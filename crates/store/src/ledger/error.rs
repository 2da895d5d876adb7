//! What can go wrong in a ledger, by who finds out: who waits, who opens. Who submits: `refused.rs`.

use super::SubmitError;
use super::undeclared::Undeclared;
use super::words::{Because, listed, records};
use crate::{KeyConflict, LogName, MarkError, RandomError, ReceiptKeysError, StoreError};
use ai_audit_core::{
    DecodeError, Kind, ReceiptId, SealError, SignatureError, SignerError, SubjectKeyId, Timestamp,
};
use ai_audit_epochs::RetentionError;
use ai_audit_shredding::SubjectKeysError;

/// Why records that were taken are not, or not surely, in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A record cannot be sealed. Nothing of the group is written.
    #[error("record {index} of the group: {error}")]
    Record {
        /// Which one, counted from 0.
        index: usize,
        /// Why.
        error: SealError,
    },
    /// A record was built with a kind that only the ledger writes. Nothing of the group is written.
    #[error("record {index} of the group: only the ledger itself writes receipts of kind {kind}")]
    Reserved {
        /// Which one, counted from 0.
        index: usize,
        /// Its kind.
        kind: Kind,
    },
    /// A receipt of the log has the id that the caller chose for a record. Nothing of the group is
    /// written.
    #[error("record {index} of the group: the log has a receipt with the id {id} already")]
    IdTaken {
        /// Which one, counted from 0.
        index: usize,
        /// The id.
        id: ReceiptId,
    },
    /// The ciphertexts of a record are not those that its body names. Nothing of the group is written.
    #[error("record {index} of the group: {what}")]
    Ciphertexts {
        /// Which one, counted from 0.
        index: usize,
        /// Which ciphertext, and what was expected.
        what: String,
    },
    /// The closure that was to build a record's body panicked. Nothing of the group is written.
    #[error("record {index} of the group: building its body panicked")]
    Panicked {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A receipt of the ledger's own, which had to come before, could not be sealed. Nothing of the
    /// group is written.
    #[error("a {kind} receipt that had to come before: {error}")]
    Own {
        /// Its kind.
        kind: Kind,
        /// Why.
        error: SealError,
    },
    /// The log's valid receipt key is not at hand, or an older one cannot be destroyed. Nothing of
    /// the group is written.
    #[error(transparent)]
    Keys(ReceiptKeysError),
    /// A key of a subject, in which a record has a part, cannot be kept. Nothing of the group is
    /// written.
    #[error("subject keys: {0}")]
    SubjectKeys(SubjectKeysError),
    /// An erasure is in the log and could not be finished; nothing else is written before it is, or, where only a store
    /// that is away has to do its part, nothing about the same subjects. Nothing of the group is written.
    #[error("not recorded: {0}")]
    Erasing(Box<LedgerError>),
    /// A record has a text that is encrypted under a key which is not in use, such as one that was
    /// destroyed meanwhile. Nothing of the group is written; made anew it can be submitted.
    #[error(
        "record {index} of the group: it is encrypted under the subject key {key}, which is destroyed or unknown; make the record anew"
    )]
    Erased {
        /// Which one, counted from 0.
        index: usize,
        /// The key.
        key: SubjectKeyId,
    },
    /// A record is encrypted under a key of a subject of whom the log uses another one. Nothing of the group is written.
    #[error("record {index} of the group: {conflict}")]
    KeyConflict {
        /// Which one, counted from 0.
        index: usize,
        /// What the log uses.
        conflict: Box<KeyConflict>,
    },
    /// There was no randomness for a receipt id. Nothing of the group is written.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed and the records are not in the log. The loss is going to be declared there.
    #[error("not recorded: {0}")]
    Store(StoreError),
    /// The store failed while it wrote, and now shows the records all the same: they are in the
    /// log, but nobody knows whether they would survive a crash. They must not be submitted again.
    #[error("recorded from receipt {first_seq} on, but perhaps not durably: {error}")]
    Unconfirmed {
        /// Place of the group's first record.
        first_seq: u64,
        /// What the store said.
        error: StoreError,
    },
    /// The store failed while it wrote and cannot be read: whether the records are in the log will
    /// show when it can be. Look for their ids before submitting them again.
    #[error("not known whether recorded: {0}")]
    Unknown(StoreError),
    /// Somebody else wrote to the log. It is closed to this ledger until it is attached again.
    #[error("log {log} was taken over by another writer: {error}")]
    TakenOver {
        /// The log.
        log: LogName,
        /// What the store said.
        error: Box<StoreError>,
    },
    /// The ledger ended before the records were written.
    #[error("the ledger ended before the records were written")]
    Closed,
}

/// Why what was about to be done is not surely in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeforeActionError {
    /// It was not taken.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// It was taken, and is not, or not surely, in the log.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Why a ledger or one of its logs could not be opened, or a checkpoint not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A number of the configuration is 0.
    #[error("{field} of the ledger's configuration must be at least 1")]
    Config {
        /// Which one.
        field: &'static str,
    },
    /// The writer's thread could not be started.
    #[error("the writer could not be started: {reason}")]
    Thread {
        /// What the system said.
        reason: String,
    },
    /// The log to be created is there already.
    #[error("log {log} exists already")]
    Exists {
        /// The log.
        log: LogName,
    },
    /// The log to be attached is not there.
    #[error("there is no log {log}")]
    NoSuchLog {
        /// The log.
        log: LogName,
    },
    /// The log was neither created nor attached.
    #[error("log {log} is not attached to the ledger")]
    NotAttached {
        /// The log.
        log: LogName,
    },
    /// The log was let go of, and what was lost of it is declared nowhere: whoever writes to it next should do
    /// that ([`Ledger::declare_lost`](crate::Ledger::declare_lost)); the same ledger does so by itself where it was let go of
    /// without a reason, and is attached again.
    #[error("log {log} was let go of with {} records lost that no gap receipt declares{}", records(.lost), Because(.error.as_deref()))]
    Undeclared {
        /// The log.
        log: LogName,
        /// What was lost, by reason.
        lost: Vec<Undeclared>,
        /// Why it could not be declared; none where nothing more was to be written.
        error: Option<Box<LedgerError>>,
    },
    /// There are no signers for the log.
    #[error("{reason}")]
    NoSigners {
        /// The log.
        log: LogName,
        /// Why.
        reason: String,
    },
    /// The log is attached already.
    #[error("log {log} is attached already")]
    Attached {
        /// The log.
        log: LogName,
    },
    /// The signer has another key than the one that is valid in the log.
    #[error(
        "the {purpose} key {found} is not the one of log {log}, which needs {expected}; if that one came by a rotation or a revocation since these keys were copied, bring the newer ones"
    )]
    OtherKey {
        /// The log.
        log: LogName,
        /// `receipt` or `checkpoint`.
        purpose: &'static str,
        /// The public key that is needed, in hexadecimal digits.
        expected: String,
        /// That of the signer.
        found: String,
    },
    /// The stored log ends in the middle of a batch: nothing is signed for its last receipts. A commit holds a batch and its
    /// seal, so no crash leaves it so.
    #[error(
        "log {log} ends with receipt {seq}, which is batched, and the batch seal that signs for it is missing: the end was lost or cut off. Nothing is written behind it; bring back a copy that has the seal"
    )]
    Unsealed {
        /// The log.
        log: LogName,
        /// Its last receipt.
        seq: u64,
    },
    /// The stored log has fewer receipts than it once had.
    #[error(
        "log {log} has {held} receipts but had {marked} before: it is an older copy, restored or left behind; find the newer one, or go on and declare the loss with `ai-audit adopt`"
    )]
    Behind {
        /// The log.
        log: LogName,
        /// How many it has.
        held: u64,
        /// How many it had.
        marked: u64,
    },
    /// The stored log has another receipt where the high-water mark is.
    #[error(
        "log {log} has another receipt {seq} than it had before: it is a copy that was written on; find the other one, or go on and declare it with `ai-audit adopt`"
    )]
    Forked {
        /// The log.
        log: LogName,
        /// Which receipt.
        seq: u64,
    },
    /// The high-water mark could not be read.
    #[error("log {log}: {error}")]
    Mark {
        /// The log.
        log: LogName,
        /// Why.
        error: MarkError,
    },
    /// A stored receipt cannot be read.
    #[error("log {log}, receipt {seq}: {error}")]
    Receipt {
        /// The log.
        log: LogName,
        /// Which receipt.
        seq: u64,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A stored receipt is not signed by the log's key.
    #[error("log {log}, receipt {seq}: {error}")]
    Signature {
        /// The log.
        log: LogName,
        /// Which receipt.
        seq: u64,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// The stored log contradicts itself.
    #[error("log {log}: {what}")]
    Contradiction {
        /// The log.
        log: LogName,
        /// What contradicts what.
        what: String,
    },
    /// A receipt of the ledger's own could not be sealed.
    #[error("log {log}: {error}")]
    Seal {
        /// The log.
        log: LogName,
        /// Why.
        error: SealError,
    },
    /// The checkpoint's signer failed.
    #[error("log {log}: {error}")]
    Signer {
        /// The log.
        log: LogName,
        /// Why.
        error: SignerError,
    },
    /// A checkpoint note could not be made or read.
    #[error("log {log}: checkpoint: {reason}")]
    Checkpoint {
        /// The log.
        log: LogName,
        /// Why.
        reason: String,
    },
    /// What is to be brought back into the log is not what an anchor holds.
    #[error("log {log}: no anchor: {reason}")]
    Anchor {
        /// The log.
        log: LogName,
        /// Why.
        reason: String,
    },
    /// A receipt of the ledger's own was not, or not surely, written.
    #[error("log {log}: {error}")]
    Append {
        /// The log.
        log: LogName,
        /// Why.
        error: AppendError,
    },
    /// There is nothing in the open epoch that a seal would close.
    #[error("log {log}: epoch {epoch} has no receipts yet")]
    EmptyEpoch {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
    },
    /// The epoch is not sealed.
    #[error("log {log}: epoch {epoch} is not sealed: {sealed} epochs are")]
    NotSealed {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
        /// How many are.
        sealed: u64,
    },
    /// The epoch is too young to be deleted.
    #[error("log {log}: epoch {epoch} must be kept for {days} days: until {until}")]
    Retained {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
        /// For how many days after it was sealed.
        days: u64,
        /// Until when, or the end of time.
        until: Timestamp,
    },
    /// No checkpoint covers the epoch's seal.
    #[error(
        "log {log}: epoch {epoch} ends with receipt {seal}, and no checkpoint covers it: the last one has {size} receipts; make one first"
    )]
    NotCovered {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
        /// Its seal.
        seal: u64,
        /// Size of the last checkpoint; 0 where there is none.
        size: u64,
    },
    /// The epoch has no receipts but control receipts, which are never deleted.
    #[error("log {log}: epoch {epoch} has nothing but control receipts, which are never deleted")]
    NothingToDelete {
        /// The log.
        log: LogName,
        /// The epoch.
        epoch: u64,
    },
    /// What the genesis promises as retention is no number of days.
    #[error("log {log}: {error}")]
    Retention {
        /// The log.
        log: LogName,
        /// What is there instead.
        error: RetentionError,
    },
    /// The ledger was opened without a keeper of subject keys.
    #[error("log {log}: no subject keys are kept here, so none can be destroyed")]
    NoSubjectKeys {
        /// The log.
        log: LogName,
    },
    /// The keeper of subject keys failed.
    #[error("log {log}: subject keys: {error}")]
    SubjectKeys {
        /// The log.
        log: LogName,
        /// Why.
        error: SubjectKeysError,
    },
    /// An erasure is in the log and cannot be finished.
    #[error(
        "the erasure that receipt {seq} asks for cannot be finished, and nothing is recorded in log {log} before it is: {error}"
    )]
    Unfinished {
        /// The log.
        log: LogName,
        /// The request.
        seq: u64,
        /// Why.
        error: Box<LedgerError>,
    },
    /// The keys of an erasure are destroyed, and a store that is away, or does not delete, has something yet that was
    /// encrypted under them. The log takes other records meanwhile; only those about the same subjects wait.
    #[error(
        "the erasure that receipt {seq} of log {log} asks for is not completed: its keys are destroyed, and removing what was encrypted under them is {error}"
    )]
    Owed {
        /// The log.
        log: LogName,
        /// The request.
        seq: u64,
        /// What the store said.
        error: StoreError,
    },
    /// Subjects that are to be erased have no key: nothing is held that hangs on one.
    #[error("log {log}: nothing to erase: no key is held for {}", listed(.subjects))]
    NothingHeld {
        /// The log.
        log: LogName,
        /// The subjects.
        subjects: Vec<String>,
    },
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
}
