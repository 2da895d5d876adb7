//! The two receipts of an erasure: it was asked for, it was done.

use crate::KekId;
use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, SubjectKeyId, Text};
use alloc::collections::BTreeSet;
use serde::{Deserialize, Serialize};

/// Keys of subjects are to be destroyed. Durable before any of them is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ErasureRequested<'a> {
    /// Whose keys.
    pub subjects: List<'a, ErasedSubject<'a>>,
    /// Why; not empty.
    pub reason: Text<'a>,
    /// Such as `GDPR Art. 17(1)(b)`; may be empty.
    pub legal_basis: Text<'a>,
    /// Who asked, as a pseudonym; may be empty.
    pub requested_by: Text<'a>,
    /// The key-encryption key that wraps the keys until then.
    pub kek: KekId,
}

/// A subject whose keys are to be destroyed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ErasedSubject<'a> {
    /// The pseudonym; empty for the log itself.
    pub subject: Text<'a>,
    /// Ids of the keys.
    pub keys: List<'a, SubjectKeyId>,
}

/// The keys of a request are destroyed, and those that remain wrapped anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ErasureCompleted<'a> {
    /// The request's receipt.
    pub request: LeafHash,
    /// The destroyed keys: all that the request names, in its order.
    pub keys: List<'a, SubjectKeyId>,
    /// The key-encryption key that wraps the remaining keys.
    pub kek: KekId,
    /// Ciphertexts that were removed beside the receipts.
    pub ciphertexts: u64,
}

impl ErasureRequested<'_> {
    /// The keys of all subjects, in their order.
    pub fn keys(&self) -> impl Iterator<Item = SubjectKeyId> {
        let subjects = self.subjects.iter();
        subjects.flat_map(|subject| subject.keys.iter().copied())
    }
}

impl Body for ErasureRequested<'_> {
    const KIND: Kind = Kind::ERASURE_REQUESTED;

    fn check(&self) -> Result<(), BodyError> {
        let refused = |field, expected| Err(BodyError { field, expected });
        if self.subjects.is_empty() || self.subjects.iter().any(|subject| subject.keys.is_empty()) {
            return refused(
                "subjects",
                "at least one subject, each with at least one key",
            );
        }
        if !all_differ(self.keys()) {
            return refused("subjects.keys", "no key twice");
        }
        if self.reason.is_empty() {
            return refused("reason", "a reason");
        }
        Ok(())
    }
}

impl Body for ErasureCompleted<'_> {
    const KIND: Kind = Kind::ERASURE_COMPLETED;

    fn check(&self) -> Result<(), BodyError> {
        if self.keys.is_empty() || !all_differ(self.keys.iter().copied()) {
            return Err(BodyError {
                field: "keys",
                expected: "at least one key, none twice",
            });
        }
        Ok(())
    }
}

fn all_differ(keys: impl Iterator<Item = SubjectKeyId>) -> bool {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return false;
        }
    }
    true
}
