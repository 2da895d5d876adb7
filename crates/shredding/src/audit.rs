//! Holding the erasures of a log against its receipts.

mod remains;

pub use self::remains::{Remains, Remnant};

use self::remains::Example;
use crate::{ErasureCompleted, ErasureRequested, KekId};
use ai_audit_core::{
    Decision, DecodeBody as _, Digest, Kind, LeafHash, ReceiptId, SubjectKeyId, UnverifiedReceipt,
};
use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Follows a log, or a selection of it, in the order of `seq`, in memory that grows with the erasures
/// and with the subjects of whom something is encrypted, by some 50 bytes each, or 200 where it
/// keeps examples.
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
    /// The key in use of each subject of whom something is encrypted.
    in_use: BTreeMap<SubjectTag, InUse>,
    /// Whether one field is kept for each key.
    keeps_examples: bool,
    /// One field for each destroyed key under which there was one.
    examples: BTreeMap<SubjectKeyId, Box<Example>>,
}

#[derive(Debug)]
struct InUse {
    key: SubjectKeyId,
    example: Option<Box<Example>>,
}

/// Stands for a subject, however long its name is: half of its SHA-256.
type SubjectTag = [u8; 16];

fn tag(subject: &str) -> SubjectTag {
    let mut tag = [0; 16];
    tag.copy_from_slice(&Digest::of(subject.as_bytes()).as_bytes()[..16]);
    tag
}

#[derive(Debug)]
struct Open {
    keys: Vec<SubjectKeyId>,
    kek: KekId,
    subjects: Vec<SubjectTag>,
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
    /// One field for each destroyed key under which there was one, where they were kept.
    examples: BTreeMap<SubjectKeyId, Box<Example>>,
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
    /// A field of a subject is encrypted under another key than the one that is in use.
    SecondKey {
        /// The key.
        key: SubjectKeyId,
        /// The one in use.
        in_use: SubjectKeyId,
    },
    /// A request names a subject, and not the key under which his fields are encrypted.
    KeyNotNamed {
        /// That key.
        key: SubjectKeyId,
    },
}

impl ErasureError {
    /// Whether it may be for want of a receipt that the log has and the evidence has not. Where the
    /// evidence is a part of a log, these accuse nobody.
    #[must_use]
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::NoRequest { .. } | Self::SecondKey { .. })
    }
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
            Self::SecondKey { key, in_use } => write!(
                f,
                "kept: encrypted under key {key}, while the subject's key {in_use} is in use"
            ),
            Self::KeyNotNamed { key } => write!(
                f,
                "subjects: fields of a subject are encrypted under key {key}, which is not named"
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

    /// The same, which also keeps one field for each key, so that [`Erasures::remains`] knows the key
    /// again under another id.
    #[must_use]
    pub fn with_examples() -> Self {
        Self {
            keeps_examples: true,
            ..Self::default()
        }
    }

    /// Takes the next receipt.
    ///
    /// # Errors
    ///
    /// What does not hold about it.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), ErasureError> {
        let seq = receipt.header().seq;
        match receipt.header().kind {
            Kind::DECISION => Decision::decode(receipt).map_or(Ok(()), |decision| {
                self.decision(receipt.header().id, &decision)
            }),
            Kind::ERASURE_REQUESTED => ErasureRequested::decode(receipt)
                .map_or(Ok(()), |request| {
                    self.request(receipt.hash(), seq, &request)
                }),
            Kind::ERASURE_COMPLETED => ErasureCompleted::decode(receipt)
                .map_or(Ok(()), |completed| self.complete(seq, &completed)),
            _ => Ok(()),
        }
    }

    /// What was found, once the log was seen to its end.
    #[must_use]
    pub fn finish(self) -> Erasures {
        Erasures {
            all: self.erasures,
            examples: self.examples,
        }
    }

    /// Whether a completion was seen that destroys this key.
    #[must_use]
    pub fn is_destroyed(&self, key: &SubjectKeyId) -> bool {
        self.destroyed.contains_key(key)
    }

    /// The `seq` of the completion that destroys this key, if one was seen.
    #[must_use]
    pub fn destroyed_by(&self, key: &SubjectKeyId) -> Option<u64> {
        self.destroyed.get(key).copied()
    }

    /// Looks at all fields: one under a destroyed key is told before a second key, which may be for want of
    /// a receipt, whatever their order.
    fn decision(&mut self, id: ReceiptId, decision: &Decision<'_>) -> Result<(), ErasureError> {
        let (mut destroyed, mut second) = (None, None);
        for (name, field) in decision.encrypted() {
            let key = field.key;
            if let Some(completed) = self.destroyed_by(&key) {
                destroyed.get_or_insert(ErasureError::DestroyedKey { key, completed });
                continue;
            }
            let keeps = self.keeps_examples;
            let in_use = self
                .in_use
                .entry(tag(&decision.subject))
                .or_insert_with(|| InUse {
                    key,
                    example: keeps.then(|| Example::of(id, name, field)).flatten(),
                })
                .key;
            if in_use != key {
                second.get_or_insert(ErasureError::SecondKey { key, in_use });
            }
        }
        destroyed.or(second).map_or(Ok(()), Err)
    }

    fn request(
        &mut self,
        hash: LeafHash,
        seq: u64,
        request: &ErasureRequested<'_>,
    ) -> Result<(), ErasureError> {
        let mut subjects = Vec::new();
        let mut tags = Vec::new();
        let mut missing = None;
        for one in request.subjects.iter() {
            let tag = tag(&one.subject);
            if let Some(InUse { key, .. }) = self.in_use.get(&tag)
                && !one.keys.iter().any(|named| named == key)
            {
                missing = missing.or(Some(ErasureError::KeyNotNamed { key: *key }));
            }
            tags.push(tag);
            let keys = one.keys.iter().copied().collect();
            subjects.push((one.subject.as_str().into(), keys));
        }
        let open = Open {
            keys: request.keys().collect(),
            kek: request.kek,
            subjects: tags,
            index: self.erasures.len(),
        };
        self.requests.insert(hash, open);
        self.erasures.push(Erasure {
            requested: seq,
            completed: None,
            subjects,
        });
        missing.map_or(Ok(()), Err)
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
        for tag in open.subjects {
            if let Entry::Occupied(entry) = self.in_use.entry(tag)
                && self.destroyed.contains_key(&entry.get().key)
            {
                let InUse { key, example } = entry.remove();
                self.examples.extend(example.map(|example| (key, example)));
            }
        }
        if let Some(erasure) = self.erasures.get_mut(open.index) {
            erasure.completed = Some(seq);
        }
        Ok(())
    }
}
