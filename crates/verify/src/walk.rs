//! Who signed: from the verifier's pin to the key that is valid for each receipt.

use crate::Pin;
use ai_audit_core::{DecodeBody, Genesis, Kind, Status, UnverifiedReceipt, VerifyingKey};
use ai_audit_note::VKey;
use alloc::format;
use alloc::string::{String, ToString};

/// What a genesis says of its log, kept after its bytes are gone.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) origin: String,
    pub(crate) receipt_key: VerifyingKey,
    pub(crate) checkpoint_key: VerifyingKey,
    /// The checkpoint key under the origin's name: what notes of this log verify under.
    pub(crate) line: VKey,
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
    /// Signed by the key that is valid there.
    Good,
    /// The signature does not fit the bytes under the key that the receipt names.
    Bad,
    /// By another key, or by none, or there is no key to check it with.
    Other,
}

/// Walks the log's keys. Rotations are not part of this format version's writer; a log with one is
/// left unverified from there on rather than trusted.
#[derive(Debug)]
pub(crate) struct Walk<'p> {
    pins: &'p [Pin],
    facts: Option<Facts>,
    basis: Basis,
    failed: Option<Status>,
    open: Option<Status>,
}

impl<'p> Walk<'p> {
    pub(crate) const fn new(pins: &'p [Pin]) -> Self {
        Self {
            pins,
            facts: None,
            basis: Basis::NoGenesis,
            failed: None,
            open: None,
        }
    }

    pub(crate) const fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Whether what was seen so far is signed by keys that a pin leads to.
    pub(crate) const fn trusted(&self) -> bool {
        matches!(self.basis, Basis::Pinned { .. }) && self.failed.is_none() && self.open.is_none()
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
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> Seal {
        let header = receipt.header();
        let seq = header.seq;
        if header.kind == Kind::GENESIS && seq == 0 && self.facts.is_none() {
            self.genesis(receipt);
        }
        if matches!(header.kind, Kind::KEY_ROTATION | Kind::KEY_REVOCATION) && self.open.is_none() {
            self.open = Some(Status::unverified(format!(
                "receipt {seq} is a {}, which this version cannot follow",
                header.kind
            )));
        }
        let Some(key) = self.key_for(receipt) else {
            return Seal::Other;
        };
        if receipt.signature().is_none() {
            self.fail(
                seq,
                "mode: batched, which the log's genesis does not permit".into(),
            );
            return Seal::Other;
        }
        if header.key_id != key.id() {
            let reason = format!(
                "key_id: signed by key {}, but key {} is valid here",
                header.key_id,
                key.id()
            );
            self.fail(seq, reason);
            return Seal::Other;
        }
        match receipt.verify_signature(&key) {
            Ok(()) => Seal::Good,
            Err(_) => {
                let reason = format!("signature does not verify under key {}", key.id());
                self.fail(seq, reason);
                Seal::Bad
            }
        }
    }

    /// The answer. `anchored` says whether a checkpoint by the genesis's checkpoint key covers the
    /// genesis.
    pub(crate) fn finish(&self, anchored: bool) -> Status {
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
        self.open.clone().unwrap_or(Status::Verified)
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
        };
        self.basis = basis(self.pins, &facts);
        self.facts = Some(facts);
    }

    /// The key that is valid at the receipt: the genesis's, or without one a bare pin's.
    fn key_for(&mut self, receipt: &UnverifiedReceipt<'_>) -> Option<VerifyingKey> {
        if let Some(facts) = &self.facts {
            return Some(facts.receipt_key);
        }
        let found = self.pins.iter().find_map(|pin| match pin {
            Pin::Key(key) if key.id() == receipt.header().key_id => Some(*key),
            _ => None,
        });
        match found {
            Some(_) => self.basis = Basis::Pinned { origin: false },
            // From here on some receipts were not checked; the answer must not be "verified".
            None if self.open.is_none() => {
                self.open = Some(Status::unverified(
                    "the genesis is not there, so no pin leads to the key of these receipts",
                ));
            }
            None => {}
        }
        found
    }

    fn fail(&mut self, seq: u64, reason: String) {
        if self.failed.is_none() {
            self.failed = Some(Status::failed_at(seq, reason));
        }
    }
}

fn basis(pins: &[Pin], facts: &Facts) -> Basis {
    if pins.is_empty() {
        return Basis::NoPin;
    }
    let mut needs_checkpoint = false;
    let mut bare = None;
    for pin in pins {
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
    Basis::Mismatch(match pins {
        [Pin::Log(line)] => format!(
            "the genesis makes this log {}, but the pinned key line is for {}",
            facts.origin,
            line.name()
        ),
        [Pin::Key(_)] => {
            "the pinned key is neither the genesis's receipt key nor its checkpoint key".into()
        }
        _ => format!(
            "the genesis makes this log {}, which fits none of the pinned keys",
            facts.origin
        ),
    })
}
