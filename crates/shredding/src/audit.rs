//! Holding the erasures of a log against its receipts.

use crate::{ErasureCompleted, ErasureRequested, KekId};
use ai_audit_core::{
    Content, Decision, DecodeBody as _, Kind, LeafHash, SubjectKeyId, UnverifiedReceipt,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Follows a log, or a selection of it, in the order of `seq`.
///
/// That receipts follow each other and are signed is for others to check; a body that does not
/// decode is no matter of this.
#[derive(Debug, Default)]
pub struct ErasureAudit {
    requests: BTreeMap<LeafHash, Open>,
    /// Destroyed keys, and the completions that say so.
    destroyed: BTreeMap<SubjectKeyId, u64>,
    erasures: Vec<Erasure>,
    /// Key-encryption keys that a completion replaced.
    retired: BTreeSet<KekId>,
}

#[derive(Debug)]
struct Open {
    keys: Vec<SubjectKeyId>,
    kek: KekId,
    /// Place among the erasures.
    index: usize,
}

/// One erasure, done or under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The `seq` of the request.
    pub requested: u64,
    /// The `seq` of the completion; none while it is under way.
    pub completed: Option<u64>,
    /// Whose keys, and which.
    pub subjects: Vec<(String, Vec<SubjectKeyId>)>,
}

/// All erasures of a log that was seen to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erasures {
    /// In the order of their requests.
    pub all: Vec<Erasure>,
}

impl Erasures {
    /// The `seq` of the first request that was not completed.
    #[must_use]
    pub fn under_way(&self) -> Option<u64> {
        let mut open = self.all.iter().filter(|one| one.completed.is_none());
        open.next().map(|one| one.requested)
    }

    /// Those that name a subject.
    pub fn of<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Erasure> {
        self.all
            .iter()
            .filter(move |one| one.subjects.iter().any(|(name, _)| name == subject))
    }
}

/// What does not hold about a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErasureError {
    /// A completion of a request that is not there, or was completed before.
    NoRequest {
        /// What it names.
        request: LeafHash,
    },
    /// The keys of a completion are not those of its request.
    OtherKeys,
    /// The key-encryption key was not replaced, or by one that was replaced before.
    SameKek {
        /// It.
        kek: KekId,
    },
    /// A field is encrypted under a key that was destroyed before.
    DestroyedKey {
        /// The key.
        key: SubjectKeyId,
        /// The `seq` of the completion.
        completed: u64,
    },
}

impl fmt::Display for ErasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRequest { request } => write!(
                f,
                "request: {request} is no erasure request before it that still waits"
            ),
            Self::OtherKeys => f.write_str("keys: they are not those of the request"),
            Self::SameKek { kek } => write!(
                f,
                "kek: {kek} wrapped the keys already; expected another one, so that copies made before open nothing"
            ),
            Self::DestroyedKey { key, completed } => write!(
                f,
                "kept: encrypted under key {key}, which receipt {completed} says is destroyed"
            ),
        }
    }
}

impl core::error::Error for ErasureError {}

impl ErasureAudit {
    /// For a log of which no receipt was seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next receipt.
    ///
    /// # Errors
    ///
    /// What does not hold about it.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), ErasureError> {
        let seq = receipt.header().seq;
        match receipt.header().kind {
            Kind::DECISION if !self.destroyed.is_empty() => {
                Decision::decode(receipt).map_or(Ok(()), |decision| self.decision(&decision))
            }
            Kind::ERASURE_REQUESTED => {
                if let Ok(request) = ErasureRequested::decode(receipt) {
                    self.request(receipt.hash(), seq, &request);
                }
                Ok(())
            }
            Kind::ERASURE_COMPLETED => ErasureCompleted::decode(receipt)
                .map_or(Ok(()), |completed| self.complete(seq, &completed)),
            _ => Ok(()),
        }
    }

    /// What was found, once the log was seen to its end.
    #[must_use]
    pub fn finish(self) -> Erasures {
        Erasures { all: self.erasures }
    }

    /// Whether a completion was seen that destroys this key.
    #[must_use]
    pub fn is_destroyed(&self, key: &SubjectKeyId) -> bool {
        self.destroyed.contains_key(key)
    }

    fn decision(&self, decision: &Decision<'_>) -> Result<(), ErasureError> {
        for kept in decision.kept.iter() {
            if let Content::Encrypted(field) = &kept.content
                && let Some(completed) = self.destroyed.get(&field.key)
            {
                return Err(ErasureError::DestroyedKey {
                    key: field.key,
                    completed: *completed,
                });
            }
        }
        Ok(())
    }

    fn request(&mut self, hash: LeafHash, seq: u64, request: &ErasureRequested<'_>) {
        let subjects = request.subjects.iter();
        let subjects = subjects.map(|one| {
            let keys = one.keys.iter().copied().collect();
            (one.subject.as_str().into(), keys)
        });
        let open = Open {
            keys: request.keys().collect(),
            kek: request.kek,
            index: self.erasures.len(),
        };
        self.requests.insert(hash, open);
        self.erasures.push(Erasure {
            requested: seq,
            completed: None,
            subjects: subjects.collect(),
        });
    }

    fn complete(&mut self, seq: u64, completed: &ErasureCompleted<'_>) -> Result<(), ErasureError> {
        let Some(open) = self.requests.remove(&completed.request) else {
            let request = completed.request;
            return Err(ErasureError::NoRequest { request });
        };
        if !completed.keys.iter().eq(open.keys.iter()) {
            return Err(ErasureError::OtherKeys);
        }
        self.retired.insert(open.kek);
        if self.retired.contains(&completed.kek) {
            let kek = completed.kek;
            return Err(ErasureError::SameKek { kek });
        }
        self.destroyed
            .extend(open.keys.into_iter().map(|key| (key, seq)));
        if let Some(erasure) = self.erasures.get_mut(open.index) {
            erasure.completed = Some(seq);
        }
        Ok(())
    }
}
