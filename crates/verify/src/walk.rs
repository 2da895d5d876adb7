//! Who signed: from the verifier's pin to the key that is valid for each receipt.

use crate::batches::{self, Covers};
use crate::suspicion::Suspicion;
use crate::{Pin, TrustPolicy};
use ai_audit_core::{
    BulkVerifier, DecodeBody, Genesis, KeyChange, KeyHistory, KeyHistoryError, Kind, NodeHash,
    SealMode, Status, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_note::VKey;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// What a genesis says of its log, kept after its bytes are gone.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) origin: String,
    pub(crate) receipt_key: VerifyingKey,
    pub(crate) checkpoint_key: VerifyingKey,
    /// The checkpoint key under the origin's name: what notes of this log verify under.
    pub(crate) line: VKey,
    /// Every key of the log that was seen: the genesis's three, and those that took over.
    pub(crate) own: Vec<VerifyingKey>,
}

/// How the genesis stands to the pins.
#[derive(Debug)]
enum Basis {
    /// No genesis was seen.
    NoGenesis,
    /// The verifier brought no pin.
    NoPin,
    /// It fits a pin.
    Pinned {
        /// Whether the pin covers the origin too.
        origin: bool,
    },
    /// Its checkpoint key is pinned bare: a checkpoint by that key has to cover it.
    NeedsCheckpoint,
    /// It fits no pin.
    Mismatch(String),
}

/// The seal of one receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    /// Signed by the key that is valid there, or batched where that may be: whether a batch seal signs
    /// for it shows later.
    Good,
    /// The signature does not fit the bytes under the key that the receipt names.
    Bad,
    /// By another key, or by none, or there is no key to check it with.
    Other,
}

/// Walks the log's keys from the pinned genesis through rotations and revocations.
#[derive(Debug)]
pub(crate) struct Walk<'p> {
    pins: &'p [Pin],
    facts: Option<Facts>,
    basis: Basis,
    history: Option<KeyHistory>,
    /// Most receipts of a log are signed by few keys.
    bulk: BulkVerifier,
    suspicion: Suspicion<'p>,
    failed: Option<Status>,
    open: Option<Status>,
}

impl<'p> Walk<'p> {
    pub(crate) fn new(policy: &'p TrustPolicy) -> Self {
        Self {
            pins: policy.pins(),
            facts: None,
            basis: Basis::NoGenesis,
            history: None,
            bulk: policy.bulk_verifier(),
            suspicion: Suspicion::new(policy.revocations()),
            failed: None,
            open: None,
        }
    }

    pub(crate) const fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Whether what was seen so far is signed by keys that a pin leads to and nobody revoked.
    pub(crate) fn trusted(&self) -> bool {
        matches!(self.basis, Basis::Pinned { .. })
            && self.failed.is_none()
            && self.open.is_none()
            && !self.suspicion.is_now()
    }

    /// A remark where the pin leaves the origin open.
    pub(crate) fn remark(&self) -> Option<&'static str> {
        let bare = matches!(
            self.basis,
            Basis::Pinned { origin: false } | Basis::NeedsCheckpoint
        );
        bare.then_some(
            "the origin is unverified: a bare key was pinned; pin the log's key line (log.pub) instead",
        )
    }

    /// Looks at the next receipt. Only the first may open the log; that is the chain's matter.
    /// `before` is the root of the tree before it, where that is known; a batch seal has to name it.
    pub(crate) fn see(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        before: Option<NodeHash>,
    ) -> Seal {
        let header = receipt.header();
        let seq = header.seq;
        if header.kind == Kind::GENESIS && seq == 0 && self.facts.is_none() {
            self.genesis(receipt);
        }
        let outcome = match &mut self.history {
            Some(history) => history.take_in_bulk(receipt, &mut self.bulk),
            None if header.mode == SealMode::Batched || header.kind == Kind::BATCH_SEAL => {
                self.leave_open(batches::WITHOUT_GENESIS.into());
                return Seal::Other;
            }
            None => match self.bare_key(receipt) {
                Some(key) => KeyHistory::from_keys(header.log_id, key, key, key)
                    .take_in_bulk(receipt, &mut self.bulk)
                    .and_then(|change| self.without_genesis(seq, change)),
                None => return Seal::Other,
            },
        };
        match outcome {
            Ok(change) => {
                if let (Some(facts), Some(change)) = (&mut self.facts, &change) {
                    facts.own.push(match change {
                        KeyChange::Rotated { new, .. } => *new,
                        KeyChange::Revoked(revoked) => revoked.successor,
                    });
                }
                if let Err(reason) = self.suspicion.see(seq, change.as_ref()) {
                    self.fail(seq, reason);
                }
                match batches::signs_for(receipt, before) {
                    Covers::Yes => {}
                    Covers::No(reason) => self.fail(seq, reason),
                    Covers::Unknown(reason) => self.leave_open(reason),
                }
                Seal::Good
            }
            Err(error) => {
                self.fail(seq, error.to_string());
                // Without a change there is nothing to refuse.
                let _ = self.suspicion.see(seq, None);
                match error {
                    KeyHistoryError::Signature { .. } => Seal::Bad,
                    _ => Seal::Other,
                }
            }
        }
    }

    /// A receipt has no bytes: its signature cannot be checked, and it is suspect all the same where
    /// its key was revoked.
    pub(crate) fn deleted(&mut self, seq: u64) {
        // Without a change there is nothing to refuse.
        let _ = self.suspicion.see(seq, None);
    }

    /// The answer. `anchored` says whether a checkpoint by the genesis's checkpoint key covers the
    /// genesis; `anchored_size`, how many receipts were in the log before a time, as third parties
    /// that the verifier trusts have it.
    pub(crate) fn finish(
        &self,
        anchored: bool,
        anchored_size: impl Fn(Timestamp) -> u64,
    ) -> Status {
        if let Basis::Mismatch(reason) = &self.basis {
            return Status::failed_at(0, reason.clone());
        }
        if let Some(failed) = &self.failed {
            return failed.clone();
        }
        match self.basis {
            Basis::NoPin => {
                return Status::unverified(
                    "no key was pinned; a key found inside the evidence proves nothing",
                );
            }
            Basis::NoGenesis => {
                return Status::unverified(
                    "the genesis is not there, so no pin leads to the key of these receipts",
                );
            }
            Basis::NeedsCheckpoint if !anchored => {
                return Status::unverified(
                    "the pinned key is the log's checkpoint key, and no checkpoint signed by it covers these receipts",
                );
            }
            _ => {}
        }
        if let Some(status) = self.suspicion.finish(anchored_size) {
            return status;
        }
        let unsealed = || self.history.as_ref().and_then(batches::unsealed);
        let open = self.open.clone().or_else(unsealed);
        open.unwrap_or(Status::Verified)
    }

    fn genesis(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let Ok(genesis) = Genesis::decode(receipt) else {
            return;
        };
        // The name was checked while decoding; a log whose name cannot be a key name has no line.
        let Ok(origin) = genesis.origin().map(|origin| origin.to_string()) else {
            return;
        };
        let Ok(line) = VKey::ed25519(&origin, genesis.checkpoint_key) else {
            return;
        };
        let facts = Facts {
            origin,
            receipt_key: genesis.receipt_key,
            checkpoint_key: genesis.checkpoint_key,
            line,
            own: vec![
                genesis.receipt_key,
                genesis.checkpoint_key,
                genesis.recovery_key,
            ],
        };
        self.basis = basis(self.pins, &facts);
        let history = batches::history(receipt.hash().to_log_id(), &genesis);
        if let Err(reason) = self.suspicion.begin(&facts.origin, &history) {
            self.fail(0, reason);
        }
        self.history = Some(history);
        self.facts = Some(facts);
    }

    /// Without a genesis: the bare pin whose key the receipt names.
    fn bare_key(&mut self, receipt: &UnverifiedReceipt<'_>) -> Option<VerifyingKey> {
        // With a key line the genesis is needed: it alone can fit the line.
        let lines = has_line(self.pins);
        let found = self.pins.iter().find_map(|pin| match pin {
            Pin::Key(key) if !lines && key.id() == receipt.header().key_id => Some(*key),
            _ => None,
        });
        if found.is_some() {
            self.basis = Basis::Pinned { origin: false };
        } else {
            // From here on some receipts were not checked; the answer must not be "verified".
            self.leave_open(
                "the genesis is not there, so no pin leads to the key of these receipts".into(),
            );
        }
        found
    }

    /// A key change that cannot be judged, since the genesis names who may make one.
    fn without_genesis(
        &mut self,
        seq: u64,
        change: Option<KeyChange>,
    ) -> Result<Option<KeyChange>, KeyHistoryError> {
        if change.is_some() {
            self.leave_open(format!(
                "receipt {seq} changes the key, and without the genesis that cannot be followed"
            ));
        }
        Ok(None)
    }

    /// A receipt was not seen: what is said of all of them cannot be "verified" any more.
    pub(crate) fn unread(&mut self, what: String) {
        self.leave_open(format!("{what}, so who signed it cannot be told"));
    }

    fn leave_open(&mut self, why: String) {
        if self.open.is_none() {
            self.open = Some(Status::unverified(why));
        }
    }

    fn fail(&mut self, seq: u64, reason: String) {
        if self.failed.is_none() {
            self.failed = Some(Status::failed_at(seq, reason));
        }
    }
}

fn has_line(pins: &[Pin]) -> bool {
    pins.iter().any(|pin| matches!(pin, Pin::Log(_)))
}

fn basis(pins: &[Pin], facts: &Facts) -> Basis {
    if pins.is_empty() {
        return Basis::NoPin;
    }
    let mut needs_checkpoint = false;
    let mut bare = None;
    // A key line says more than a bare key; where the two contradict each other it has the word.
    let lines = has_line(pins);
    for pin in pins
        .iter()
        .filter(|pin| !lines || matches!(pin, Pin::Log(_)))
    {
        match pin {
            Pin::Log(line)
                if line.name() == facts.origin && *line.key() == facts.checkpoint_key =>
            {
                return Basis::Pinned { origin: true };
            }
            Pin::Log(_) => {}
            Pin::Key(key) if *key == facts.receipt_key => {
                bare = Some(Basis::Pinned { origin: false });
            }
            Pin::Key(key) => needs_checkpoint |= *key == facts.checkpoint_key,
        }
    }
    if let Some(bare) = bare {
        return bare;
    }
    if needs_checkpoint {
        return Basis::NeedsCheckpoint;
    }
    let mut named = pins.iter().filter_map(|pin| match pin {
        Pin::Log(line) => Some(line),
        Pin::Key(_) => None,
    });
    Basis::Mismatch(match (named.next(), named.next()) {
        (Some(line), None) => format!(
            "the genesis makes this log {}, but the pinned key line is for {}",
            facts.origin,
            line.name()
        ),
        (None, _) if pins.len() == 1 => {
            "the pinned key is neither the genesis's receipt key nor its checkpoint key".into()
        }
        _ => format!(
            "the genesis makes this log {}, which fits none of the pinned keys",
            facts.origin
        ),
    })
}
