//! The key history: which receipt key is valid at each place of a log.

use crate::batches::Batches;
use crate::{
    BatchSeal, DecodeBody, DecodeError, KeyId, KeyRevocation, KeyRotation, Kind, LogId,
    SignatureError, UnverifiedReceipt, VerifyingKey,
};
use core::fmt;

/// How many revoked keys a history remembers: it has no allocator.
const REMEMBERED: usize = 8;

/// Walks a log's receipt keys: fed receipts in their order, it verifies each under the key that is
/// valid there and follows rotations and revocations (`docs/spec/keys.md`).
///
/// It begins with the genesis's keys, which the caller trusts because of a pin. Of the keys that were
/// revoked it remembers the last eight, and of those that were valid before none: whoever has to know
/// that no key comes back remembers them all, as `ai-audit verify` does. Order and chain are
/// the matter of [`Chain`](crate::Chain).
///
/// ```
/// # use ai_audit_core::{Decision, Draft, Genesis, Head, KeyChange, KeyRotation, ReceiptId, SigningKey,
/// #     Timestamp, UnverifiedReceipt};
/// use ai_audit_core::KeyHistory;
/// # let [old, new, checkpoint, recovery] = [1, 2, 3, 4].map(|seed| SigningKey::from_bytes(&[seed; 32]));
/// # let genesis = Genesis::new("example.org/a", "a", &old.verifying_key(),
/// #     &checkpoint.verifying_key(), &recovery.verifying_key(), [7; 16]);
/// # let now = Timestamp::from_micros(1_790_000_000_000_000);
/// # let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// # let (mut a, mut b, mut c) = ([0; 512], [0; 512], [0; 512]);
/// # let first = draft.seal(&genesis, &Head::EMPTY, &old, &mut a)?;
/// let log_id = first.head().log_id();
/// let mut history = KeyHistory::new(log_id, &genesis);
/// history.take(&UnverifiedReceipt::parse(first.as_bytes())?)?;
///
/// let rotation = KeyRotation::new(&log_id, &old.verifying_key(), 1, &new, "scheduled")?;
/// let second = draft.seal(&rotation, &first.head(), &old, &mut b)?;
/// let change = history.take(&UnverifiedReceipt::parse(second.as_bytes())?)?;
/// assert!(matches!(change, Some(KeyChange::Rotated { .. })));
///
/// // The old key is not valid any more.
/// let third = draft.seal(&Decision::new(), &second.head(), &old, &mut c)?;
/// assert!(history.take(&UnverifiedReceipt::parse(third.as_bytes())?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHistory {
    log_id: LogId,
    checkpoint: VerifyingKey,
    recovery: VerifyingKey,
    valid: VerifyingKey,
    since: u64,
    /// The keys that were revoked last, the last first.
    revoked: [Option<KeyId>; REMEMBERED],
    /// `None` where no receipt may be batched.
    batches: Option<Batches>,
}

/// A change of the valid key that a receipt brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// A new key is valid from the next receipt on.
    Rotated {
        /// The key until then.
        old: VerifyingKey,
        /// The key from then on.
        new: VerifyingKey,
    },
    /// A key was revoked; the successor is valid from this receipt on.
    Revoked(Revoked),
}

/// What a revocation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// The key that is no longer trusted.
    pub key: VerifyingKey,
    /// Receipts with a higher `seq` under its authority are suspect.
    pub after: u64,
    /// When at the earliest somebody else may have had the key.
    pub compromised_at: crate::Timestamp,
    /// The valid key from the revocation on.
    pub successor: VerifyingKey,
}

/// A receipt that the key history does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHistoryError {
    /// It is batched or a batch seal, and nothing permits that.
    Batched,
    /// It is batched, and receipts of its kind have a signature of their own.
    BatchedControl {
        /// Its kind.
        kind: Kind,
    },
    /// It is batched, and as many receipts as a batch may have wait for their seal.
    BatchTooLong {
        /// The first of them.
        first: u64,
    },
    /// It is signed and no batch seal, and batched receipts wait for theirs.
    Unsealed {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// It is a batch seal that signs for other receipts than the batched ones directly before it.
    BatchRange {
        /// The first that it signs for.
        from: u64,
        /// How many.
        count: u64,
        /// `from` has to be above this: the last receipt that is signed already.
        after: u64,
        /// `from` may not be above this: the first that waits, or the seal itself.
        before: u64,
    },
    /// It names another key than the valid one.
    OtherKey {
        /// The key that it names.
        found: KeyId,
        /// The key that is valid there.
        valid: KeyId,
    },
    /// Its signature does not verify under the key that it names.
    Signature {
        /// That key.
        key: KeyId,
    },
    /// It is a rotation or revocation whose body cannot be read.
    Body(DecodeError),
    /// It rotates to a key whose holder did not take part.
    Proof {
        /// The new key.
        key: KeyId,
    },
    /// It hands over to a key that has another purpose in this log, or to the valid one itself.
    Purpose {
        /// The new key.
        key: KeyId,
    },
    /// It hands over to a key that a receipt before it revoked.
    Revoked {
        /// The new key.
        key: KeyId,
    },
    /// It is a revocation that the recovery key did not sign.
    Recovery,
    /// It is a revocation that says something of receipts behind itself.
    After {
        /// What it says.
        after: u64,
    },
}

impl KeyHistory {
    /// A history that begins with a genesis whose receipt has this hash as the log's id.
    #[must_use]
    pub const fn new(log_id: LogId, genesis: &crate::Genesis<'_>) -> Self {
        Self::from_keys(
            log_id,
            genesis.receipt_key,
            genesis.checkpoint_key,
            genesis.recovery_key,
        )
    }

    /// A history that begins with these keys: for devices that keep them and no genesis.
    #[must_use]
    pub const fn from_keys(
        log_id: LogId,
        receipt: VerifyingKey,
        checkpoint: VerifyingKey,
        recovery: VerifyingKey,
    ) -> Self {
        Self {
            log_id,
            checkpoint,
            recovery,
            valid: receipt,
            since: 0,
            revoked: [None; REMEMBERED],
            batches: None,
        }
    }

    /// The same history for a log in which receipts may be batched: its genesis says so.
    ///
    /// Whoever follows it holds each batch seal's `root` against the log's tree, and looks at
    /// [`KeyHistory::unsealed`] at the end.
    #[must_use]
    pub const fn with_batches(self) -> Self {
        Self {
            batches: Some(Batches::NONE),
            ..self
        }
    }

    /// First and last `seq` of the batched receipts that wait for their seal: nobody has signed for
    /// them.
    #[must_use]
    pub const fn unsealed(&self) -> Option<(u64, u64)> {
        match &self.batches {
            Some(batches) => batches.open(),
            None => None,
        }
    }

    /// The log.
    #[must_use]
    pub const fn log_id(&self) -> &LogId {
        &self.log_id
    }

    /// The key that is valid for the next receipt, unless that one is a revocation.
    #[must_use]
    pub const fn valid(&self) -> &VerifyingKey {
        &self.valid
    }

    /// The first `seq` for which that key is valid.
    #[must_use]
    pub const fn since(&self) -> u64 {
        self.since
    }

    /// The key that can revoke.
    #[must_use]
    pub const fn recovery(&self) -> &VerifyingKey {
        &self.recovery
    }

    /// Verifies the next receipt's signature under the key that is valid for it, and follows it if
    /// it changes that key. After an error the history is as before.
    ///
    /// # Errors
    ///
    /// Why the receipt is not by the valid key, or changes it in a way that it may not.
    pub fn take(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Result<Option<KeyChange>, KeyHistoryError> {
        self.take_if(receipt, |key| receipt.verify_signature(key))
    }

    /// The same where very many receipts follow each other.
    ///
    /// # Errors
    ///
    /// As [`KeyHistory::take`].
    #[cfg(feature = "alloc")]
    pub fn take_in_bulk(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        bulk: &mut crate::BulkVerifier,
    ) -> Result<Option<KeyChange>, KeyHistoryError> {
        self.take_if(receipt, |key| receipt.verify_signature_in_bulk(key, bulk))
    }

    fn take_if(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        verify: impl FnOnce(&VerifyingKey) -> Result<(), SignatureError>,
    ) -> Result<Option<KeyChange>, KeyHistoryError> {
        let header = receipt.header();
        if let (None, Some(batches)) = (receipt.signature(), &mut self.batches) {
            batches.batched(header, self.valid.id())?;
            return Ok(None);
        }
        self.batched_before(receipt)?;
        let change = match header.kind {
            Kind::KEY_ROTATION => self.rotation(receipt).map(Some)?,
            Kind::KEY_REVOCATION => self.revocation(receipt).map(Some)?,
            _ => {
                signed_by(receipt, &self.valid, verify)?;
                None
            }
        };
        if let Some(batches) = &mut self.batches {
            batches.took(header.seq);
        }
        Ok(change)
    }

    /// Whether a signed receipt fits the batched ones before it.
    fn batched_before(&self, receipt: &UnverifiedReceipt<'_>) -> Result<(), KeyHistoryError> {
        let header = receipt.header();
        match (&self.batches, header.kind) {
            (Some(batches), Kind::BATCH_SEAL) => {
                let seal = BatchSeal::decode(receipt).map_err(KeyHistoryError::Body)?;
                batches.seals(header.seq, &seal)
            }
            (Some(batches), _) => batches.others(),
            (None, Kind::BATCH_SEAL) => Err(KeyHistoryError::Batched),
            (None, _) => Ok(()),
        }
    }

    fn rotation(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<KeyChange, KeyHistoryError> {
        signed_by(receipt, &self.valid, |key| receipt.verify_signature(key))?;
        let seq = receipt.header().seq;
        let rotation = KeyRotation::decode(receipt).map_err(KeyHistoryError::Body)?;
        let (old, new) = (self.valid, rotation.new_key);
        self.may_take_over(&new, &old)?;
        rotation
            .verify_proof(&self.log_id, &old, seq)
            .map_err(|_| KeyHistoryError::Proof { key: new.id() })?;
        self.valid = new;
        // No overflow: a receipt's seq is below 2^64 - 1.
        self.since = seq + 1;
        Ok(KeyChange::Rotated { old, new })
    }

    fn revocation(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Result<KeyChange, KeyHistoryError> {
        let revocation = KeyRevocation::decode(receipt).map_err(KeyHistoryError::Body)?;
        // Who may say it comes before who wrote it down: a thief can write anything.
        revocation
            .verify(&self.log_id, &self.recovery)
            .map_err(|_| KeyHistoryError::Recovery)?;
        let (seq, after) = (receipt.header().seq, revocation.after);
        if after >= seq {
            return Err(KeyHistoryError::After { after });
        }
        let successor = revocation.successor;
        self.may_take_over(&successor, &revocation.revoked_key)?;
        signed_by(receipt, &successor, |key| receipt.verify_signature(key))?;
        self.valid = successor;
        self.since = seq;
        self.remember(revocation.revoked_key.id());
        Ok(KeyChange::Revoked(Revoked {
            key: revocation.revoked_key,
            after,
            compromised_at: revocation.compromised_at,
            successor,
        }))
    }

    fn may_take_over(
        &self,
        key: &VerifyingKey,
        other_than: &VerifyingKey,
    ) -> Result<(), KeyHistoryError> {
        if *key == *other_than || *key == self.checkpoint || *key == self.recovery {
            return Err(KeyHistoryError::Purpose { key: key.id() });
        }
        let key = key.id();
        if self.revoked.contains(&Some(key)) {
            return Err(KeyHistoryError::Revoked { key });
        }
        Ok(())
    }

    fn remember(&mut self, key: KeyId) {
        if !self.revoked.contains(&Some(key)) {
            self.revoked.rotate_right(1);
            self.revoked[0] = Some(key);
        }
    }
}

fn signed_by(
    receipt: &UnverifiedReceipt<'_>,
    key: &VerifyingKey,
    verify: impl FnOnce(&VerifyingKey) -> Result<(), SignatureError>,
) -> Result<(), KeyHistoryError> {
    if receipt.signature().is_none() {
        return Err(KeyHistoryError::Batched);
    }
    let (found, valid) = (receipt.header().key_id, key.id());
    if found != valid {
        return Err(KeyHistoryError::OtherKey { found, valid });
    }
    verify(key).map_err(|SignatureError| KeyHistoryError::Signature { key: valid })
}

impl fmt::Display for KeyHistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batched => {
                f.write_str("mode: batched, which the log's genesis does not permit")
            }
            Self::BatchedControl { kind } => write!(
                f,
                "mode: batched, but a receipt of kind {kind} has a signature of its own"
            ),
            Self::BatchTooLong { first } => write!(
                f,
                "mode: batched, as are the {} receipts from {first} on before it: a batch seal was due",
                BatchSeal::MAX
            ),
            Self::Unsealed { first, last } => write!(
                f,
                "expected a batch seal or a batched receipt: receipts {first} to {last} are batched and \
                 nobody signed for them"
            ),
            Self::BatchRange {
                from,
                count,
                after,
                before,
            } => write!(
                f,
                "batch seal: signs for {count} receipts from {from} on; expected all batched ones up to \
                 itself, above receipt {after} and from {before} or earlier"
            ),
            Self::OtherKey { found, valid } => write!(
                f,
                "key_id: signed by key {found}, but key {valid} is valid here"
            ),
            Self::Signature { key } => write!(f, "signature does not verify under key {key}"),
            Self::Body(error) => error.fmt(f),
            Self::Proof { key } => write!(
                f,
                "proof: the new key {key} did not sign this rotation, so nobody showed that it is held"
            ),
            Self::Purpose { key } => write!(
                f,
                "key {key} cannot take over: it is the old key, or the checkpoint or recovery key"
            ),
            Self::Revoked { key } => write!(
                f,
                "key {key} cannot take over: a receipt before this one revoked it"
            ),
            Self::Recovery => f.write_str(
                "signature: the revocation is not signed by the recovery key that the genesis names",
            ),
            Self::After { after } => {
                write!(f, "after: expected a seq before the revocation's own, found {after}")
            }
        }
    }
}

impl core::error::Error for KeyHistoryError {}
