//! What the writer knows of a log, and the receipts of it that are sealed but not yet stored.

use super::detach::Kept;
use super::pending::{Pending, PendingGroup};
use super::sign::signing_threads;
use crate::ledger::config::LogSigners;
use crate::ledger::record::{Build, Earlier, EncodedRecordBody, Record, RecordBody, is_reserved};
use crate::ledger::ticket::{Filler, Outcome, Receipt};
use crate::{
    AppendError, Ciphertext, Clock, Random, ReceiptKeysError, Sealed, StoreError, Undeclared,
};
use ai_audit_core::{
    Body, ClockAnomaly, DecodeBody, Draft, Gap, Genesis, Head, KeyHistory, KeyRevocation, Kind,
    MAX_SEALED_LEN, ReceiptId, SealError, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_epochs::EpochTracker;
use ai_audit_merkle::Frontier;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// A log that the ledger writes.
pub(super) struct Log {
    pub(super) signers: LogSigners,
    pub(super) origin: String,
    /// Which receipt key is valid at the head.
    pub(super) keys: KeyHistory,
    /// Whether it promises to rotate that key with each epoch.
    pub(super) forward_secure: bool,
    /// Whether its genesis permits batched receipts.
    pub(super) batches: bool,
    pub(super) head: Head,
    /// Of what the ledger itself sealed: what checkpoints sign is not read back from the store.
    pub(super) frontier: Frontier,
    /// The epoch that is not sealed yet.
    pub(super) epoch: EpochTracker,
    pub(super) epoch_failed_at: Option<Instant>,
    /// Whether the clock is behind the last receipt, and that is in the log.
    pub(super) behind: bool,
    /// What is lost and not yet declared in the log.
    pub(super) losses: Vec<Loss>,
    pub(super) doubt: Option<Doubt>,
    pub(super) erasing: super::owed::Erasing,
    /// How many receipts it had when it was attached: others may have written these.
    pub(super) attached: u64,
    /// What is said against the keys of subjects that are here.
    pub(super) conflicts: crate::key_conflicts::KeyConflicts,
    /// Somebody else wrote to it: nothing more is written to it from here.
    pub(super) taken_over: Option<StoreError>,
    pub(super) checkpointed: u64,
    pub(super) checkpointed_at: Instant,
    pub(super) checkpoint_failed_at: Option<Instant>,
}

/// The store failed while it wrote, and could not be asked what came of it.
pub(super) struct Doubt {
    /// Where the log ends if it wrote, and which key is valid there.
    pub(super) attempted: Head,
    pub(super) keys: KeyHistory,
    /// Its open epoch then.
    pub(super) epoch: EpochTracker,
    /// What was lost if it did not.
    pub(super) losses: Vec<Loss>,
    /// How many records among them were lost with this commit; the others were counted before.
    pub(super) records: u64,
    pub(super) error: StoreError,
}

/// Records that did not come into the log.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    pub(super) records: u64,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) reason: String,
}

impl Log {
    /// Adds a loss to those not yet declared, one for each reason.
    pub(super) fn lose(&mut self, loss: Loss) {
        match self.losses.iter_mut().find(|old| old.reason == loss.reason) {
            Some(old) => {
                old.records = old.records.saturating_add(loss.records);
                old.from = old.from.min(loss.from);
                old.to = old.to.max(loss.to);
            }
            None => self.losses.push(loss),
        }
    }

    /// What is lost, or may be, and is declared nowhere.
    pub(super) fn undeclared(self) -> Kept {
        Kept {
            lost: self.losses,
            in_doubt: self.doubt.map(|doubt| (doubt.attempted, doubt.losses)),
        }
    }
}

impl Loss {
    /// For whoever declares it in our place.
    pub(super) fn told(self, sure: bool) -> Undeclared {
        let Self {
            records,
            from,
            to,
            reason,
        } = self;
        Undeclared {
            records,
            from,
            to,
            reason,
            sure,
        }
    }
}

/// When a receipt is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    /// When it is sealed.
    Now,
    /// Before the commit, with the others.
    Later,
}

/// What sealing takes besides the log.
pub(super) struct Sealer {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// How many may sign at once.
    pub(super) threads: usize,
    buf: Vec<u8>,
}

/// What goes into a receipt's header, and when it is signed.
struct Heading<'a> {
    id: ReceiptId,
    sealed_at: Timestamp,
    trace_id: &'a str,
    session_id: &'a str,
    actor_id: &'a str,
    signing: Signing,
}

impl Sealer {
    pub(super) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            clock,
            random,
            threads: signing_threads(),
            buf: vec![0; MAX_SEALED_LEN],
        }
    }

    /// Seals the records of a group, or none of them. They are signed before the commit.
    pub(super) fn group(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        records: Vec<Record>,
        done: Filler<Outcome>,
    ) -> Result<(), (AppendError, Filler<Outcome>)> {
        let before = pending.save();
        let given: Vec<ReceiptId> = records.iter().filter_map(Record::given_id).collect();
        match self.records(log, pending, records) {
            Ok(receipts) => {
                pending.given.extend(given);
                pending.groups.push(PendingGroup {
                    done,
                    receipts,
                    before,
                });
                Ok(())
            }
            Err(error) => {
                pending.restore(before);
                Err((error, done))
            }
        }
    }

    fn records(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        records: Vec<Record>,
    ) -> Result<Vec<Receipt>, AppendError> {
        let sealed_at = self.stamp(log, pending, Signing::Later)?;
        let mut receipts = Vec::with_capacity(records.len());
        // Not the end of all pending ones: batch seals may stand between them.
        let mut hashes = Vec::with_capacity(records.len());
        for (index, record) in records.into_iter().enumerate() {
            let refuse = |error| AppendError::Record { index, error };
            let earlier = Earlier { hashes: &hashes };
            let body = match record.body {
                RecordBody::Ready(body) => body.map_err(refuse)?,
                RecordBody::Later(build) => build_body(build, &earlier, index)?,
            };
            if is_reserved(body.kind) {
                let kind = body.kind;
                return Err(AppendError::Reserved { index, kind });
            }
            let id = match record.id {
                Some(id) => id,
                None => self.id(sealed_at)?,
            };
            let heading = Heading {
                id,
                sealed_at,
                signing: Signing::Later,
                trace_id: &record.trace_id,
                session_id: &record.session_id,
                actor_id: &record.actor_id,
            };
            let receipt =
                self.seal(log, pending, &heading, &body)
                    .map_err(|error| match error {
                        SealFailure::Seal(error) => refuse(error),
                        SealFailure::Other(error) => error,
                    })?;
            put_beside(pending, record.ciphertexts)
                .map_err(|what| AppendError::Ciphertexts { index, what })?;
            hashes.push(receipt.hash);
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// Seals a receipt of the ledger's own, made of the number of receipts before it.
    pub(super) fn own<B: Body>(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        body: impl FnOnce(u64) -> B,
    ) -> Result<Receipt, AppendError> {
        self.own_with(log, pending, |_, size| Ok(body(size)))
    }

    /// The same where making the body takes the log and may fail.
    pub(super) fn own_with<B: Body>(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        body: impl FnOnce(&Log, u64) -> Result<B, AppendError>,
    ) -> Result<Receipt, AppendError> {
        let saved = pending.save();
        let sealed = self
            .stamp(log, pending, Signing::Now)
            .and_then(|sealed_at| {
                // The body may name its own place.
                self.close_batch(log, pending)?;
                let body = body(log, pending.head.size())?;
                self.own_at(log, pending, sealed_at, &body, Signing::Now)
            });
        if sealed.is_err() {
            pending.restore(saved);
        }
        sealed
    }

    /// Declares what is lost. What cannot be declared now stays with the log.
    pub(super) fn declare(
        &mut self,
        log: &mut Log,
        pending: &mut Pending,
    ) -> Result<(), AppendError> {
        while let Some(loss) = log.losses.first() {
            let gap = Gap {
                from: loss.from,
                to: loss.to,
                lost: Some(loss.records),
                reason: loss.reason.as_str().into(),
            };
            self.own(log, pending, |_| gap)?;
            pending.declared.push(log.losses.remove(0));
        }
        Ok(())
    }

    /// The time for the next receipts, which is that of the last one while the clock is behind it;
    /// when that begins, it is recorded.
    pub(super) fn stamp(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        signing: Signing,
    ) -> Result<Timestamp, AppendError> {
        let (observed, last) = (self.clock.now(), pending.head.sealed_at());
        if observed >= last {
            pending.behind = false;
            return Ok(observed);
        }
        if !pending.behind {
            let anomaly = ClockAnomaly { observed, last };
            self.own_at(log, pending, last, &anomaly, signing)?;
            pending.behind = true;
        }
        Ok(last)
    }

    pub(super) fn own_at<B: Body>(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        sealed_at: Timestamp,
        body: &B,
        signing: Signing,
    ) -> Result<Receipt, AppendError> {
        let body = EncodedRecordBody::new(body).map_err(|error| AppendError::Own {
            kind: B::KIND,
            error,
        })?;
        let heading = Heading {
            id: self.id(sealed_at)?,
            sealed_at,
            trace_id: "",
            session_id: "",
            actor_id: "",
            signing,
        };
        self.seal(log, pending, &heading, &body)
            .map_err(|error| match error {
                SealFailure::Seal(error) => AppendError::Own {
                    kind: B::KIND,
                    error,
                },
                SealFailure::Other(error) => error,
            })
    }

    fn id(&self, time: Timestamp) -> Result<ReceiptId, AppendError> {
        let mut random = [0; 10];
        self.random.fill(&mut random)?;
        Ok(ReceiptId::from_parts(time, random))
    }

    fn seal(
        &mut self,
        log: &Log,
        pending: &mut Pending,
        heading: &Heading<'_>,
        body: &EncodedRecordBody,
    ) -> Result<Receipt, SealFailure> {
        let batched = pending.batching && !body.kind.is_never_batched();
        if !batched || pending.is_full() {
            self.close_batch(log, pending)?;
        }
        let (id, sealed_at) = (heading.id, heading.sealed_at);
        let seq = pending.head.size();
        // A revocation is sealed by the key that it makes valid; everything else by the valid one.
        let key = match body.kind {
            Kind::KEY_REVOCATION => successor(&body.bytes).unwrap_or(*pending.keys.valid()),
            _ => *pending.keys.valid(),
        };
        let signer = log.signers.receipt.held(&key).ok_or_else(|| {
            let what = format!("the log's valid receipt key {} is not at hand", key.id());
            AppendError::Keys(ReceiptKeysError::new(what))
        })?;
        let draft = Draft::new(id, sealed_at)
            .trace(heading.trace_id)
            .session(heading.session_id)
            .actor(heading.actor_id);
        let (kind, bytes, before, buf) = (body.kind, &body.bytes, &pending.head, &mut self.buf);
        // Where records are batched the few others are signed at once.
        let later = heading.signing == Signing::Later && !pending.batching;
        if !later && pending.signed != pending.sealed.len() {
            // Whoever signs at once has what is laid out signed first; nothing may be stored that is not.
            let what = "receipts before it are not signed yet".to_owned();
            return Err(AppendError::Keys(ReceiptKeysError::new(what)).into());
        }
        let (head, sealed) = if batched {
            // That the signer is held was looked at above: the batch's seal needs it.
            let sealed = draft
                .seal_batched_encoded(kind, bytes, before, key.id(), buf)
                .map_err(SealFailure::Seal)?;
            pending.unsealed.get_or_insert(seq);
            (sealed.head(), Sealed::new(sealed.as_bytes().to_vec()))
        } else {
            let unsigned = draft
                .lay_out_encoded(kind, bytes, before, &key, buf)
                .map_err(SealFailure::Seal)?;
            if later {
                (unsigned.head(), Sealed::unsigned(unsigned.payload()))
            } else {
                let sealed = unsigned.sign(signer).map_err(SealFailure::Seal)?;
                follow(&mut pending.keys, sealed.as_bytes(), kind)?;
                (sealed.head(), Sealed::new(sealed.as_bytes().to_vec()))
            }
        };
        if !later {
            pending.signed += 1;
        }
        let hash = head.hash();
        pending.head = head;
        pending.sealed.push(sealed);
        pending.hashes.push(hash);
        pending.epoch.push(body.kind, hash, sealed_at);
        Ok(Receipt {
            seq,
            id,
            hash,
            sealed_at,
        })
    }
}

/// Why a receipt could not be sealed: by core's word, or by that of the ledger.
enum SealFailure {
    Seal(SealError),
    Other(AppendError),
}

impl From<AppendError> for SealFailure {
    fn from(error: AppendError) -> Self {
        Self::Other(error)
    }
}

/// Puts ciphertexts beside the receipt that was sealed last, which must name them.
fn put_beside(pending: &mut Pending, ciphertexts: Vec<Ciphertext>) -> Result<(), String> {
    if ciphertexts.is_empty() {
        return Ok(());
    }
    if let Some(sealed) = pending.sealed.pop() {
        Ciphertext::check_all(&ciphertexts, sealed.as_bytes())?;
        pending.sealed.push(sealed.with_ciphertexts(ciphertexts));
    }
    Ok(())
}

/// Follows a receipt of our own that changes the key, as a verifier will.
fn follow(keys: &mut KeyHistory, sealed: &[u8], kind: Kind) -> Result<(), AppendError> {
    if !matches!(
        kind,
        Kind::GENESIS | Kind::KEY_ROTATION | Kind::KEY_REVOCATION
    ) {
        return Ok(());
    }
    let wrong = |what: String| AppendError::Keys(ReceiptKeysError::new(what));
    let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| wrong(error.to_string()))?;
    if kind == Kind::GENESIS {
        let genesis = Genesis::decode(&receipt).map_err(|error| wrong(error.to_string()))?;
        *keys = KeyHistory::new(receipt.hash().to_log_id(), &genesis);
        return Ok(());
    }
    keys.take(&receipt)
        .map(drop)
        .map_err(|error| wrong(error.to_string()))
}

/// The key that a revocation makes valid.
fn successor(body: &[u8]) -> Option<VerifyingKey> {
    KeyRevocation::from_body_bytes(body)
        .ok()
        .map(|revocation| revocation.successor)
}

/// Runs a caller's closure, whose panic must not end the writer.
fn build_body(
    build: Box<Build>,
    earlier: &Earlier<'_>,
    index: usize,
) -> Result<EncodedRecordBody, AppendError> {
    // The closure is consumed and `earlier` only read: nothing half-changed is seen afterwards.
    match catch_unwind(AssertUnwindSafe(|| build(earlier))) {
        Ok(body) => body.map_err(|error| AppendError::Record { index, error }),
        Err(_) => Err(AppendError::Panicked { index }),
    }
}

/// Whether a failure to seal is an outage of something that the ledger depends on.
pub(super) const fn is_outage(error: &AppendError) -> bool {
    matches!(
        error,
        AppendError::Record {
            error: SealError::Signer(_) | SealError::Full,
            ..
        } | AppendError::Store(_)
            | AppendError::Own { .. }
            | AppendError::Keys(_)
            | AppendError::SubjectKeys(_)
            | AppendError::Erasing(_)
            | AppendError::Random(_)
    )
}
