//! Holding a store of subject keys against the erasures of its log.

use super::Erasures;
use crate::{HeldKey, MAX_NAME, Place, SubjectKey, SubjectKeys, SubjectKeysError};
use ai_audit_core::{Encrypted, ReceiptId, SubjectKeyId};
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// A field that was encrypted under a key: enough to know the key again, whatever its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    receipt: ReceiptId,
    field: String,
    commitment: [u8; 32],
}

impl Example {
    /// None where no key opens it: a field's name is no longer than that.
    pub(super) fn of(receipt: ReceiptId, field: &str, encrypted: &Encrypted) -> Option<Box<Self>> {
        (field.len() <= MAX_NAME).then(|| {
            Box::new(Self {
                receipt,
                field: field.into(),
                commitment: encrypted.commitment,
            })
        })
    }

    fn is_under(&self, key: &SubjectKey) -> bool {
        let place = Place {
            receipt: self.receipt,
            // Has no part in the commitment.
            subject: "",
            field: &self.field,
        };
        key.commits(&place, &self.commitment)
    }
}

/// What a store of subject keys has of the keys whose destruction is completed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remains {
    /// How many keys were looked for.
    pub keys: u64,
    /// The first one that is still there.
    pub held: Option<Remnant>,
    /// Of how many there is not even a tombstone: the store may be another one than that in which
    /// they were destroyed.
    pub unknown: u64,
    /// Why one could not be looked for, the first time.
    pub unreadable: Option<SubjectKeysError>,
}

/// A key that is there although its destruction is completed. Displays as what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remnant {
    /// The id under which it was destroyed.
    pub key: SubjectKeyId,
    /// The `seq` of the completion.
    pub completed: u64,
    /// The id under which it is there, where that is another one.
    pub hidden_under: Option<SubjectKeyId>,
}

impl fmt::Display for Remnant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key;
        match self.hidden_under {
            None => write!(f, "keys: {key} is in the key store and can be unwrapped"),
            Some(id) => write!(
                f,
                "keys: {key} is in the key store as {id}, which opens a field of before the erasure"
            ),
        }
    }
}

impl Erasures {
    /// Looks in a store of subject keys for those whose destruction is completed: of one subject, or of
    /// all.
    ///
    /// Where the audit kept examples, each erased subject's key in use is also tried on one field under
    /// the destroyed key. Under the name of another subject it is not looked for. That the store is the
    /// one of this log is for the caller to see to.
    #[must_use]
    pub fn remains(&self, subject: Option<&str>, store: &dyn SubjectKeys) -> Remains {
        let mut remains = Remains::default();
        for erasure in &self.all {
            let Some(completed) = erasure.completed else {
                continue;
            };
            let asked = |name: &str| subject.is_none_or(|subject| subject == name);
            for (name, keys) in erasure.subjects.iter().filter(|(name, _)| asked(name)) {
                for key in keys {
                    remains.look_for(*key, completed, store);
                }
                let examples = keys
                    .iter()
                    .filter_map(|key| self.examples.get(key).map(|example| (*key, &**example)));
                remains.try_key_of(name, examples, completed, store);
            }
        }
        remains
    }
}

impl Remains {
    fn look_for(&mut self, key: SubjectKeyId, completed: u64, store: &dyn SubjectKeys) {
        self.keys += 1;
        match store.held(key) {
            Ok(HeldKey::InUse { .. }) => self.found(key, completed, None),
            Ok(HeldKey::Destroyed) => {}
            Ok(HeldKey::Unknown) => self.unknown += 1,
            Err(error) => self.failed(error),
        }
    }

    /// Tries the key in use of a subject on fields under keys of his that were destroyed.
    fn try_key_of<'e>(
        &mut self,
        subject: &str,
        examples: impl Iterator<Item = (SubjectKeyId, &'e Example)>,
        completed: u64,
        store: &dyn SubjectKeys,
    ) {
        let mut examples = examples.peekable();
        if examples.peek().is_none() {
            return;
        }
        let found = store
            .find(subject)
            .and_then(|id| id.map(|id| store.held(id)).transpose());
        match found {
            Ok(Some(HeldKey::InUse { key, .. })) => {
                for (destroyed, example) in examples {
                    if example.is_under(&key) {
                        self.found(destroyed, completed, Some(key.id()));
                    }
                }
            }
            Ok(_) => {}
            Err(error) => self.failed(error),
        }
    }

    fn found(&mut self, key: SubjectKeyId, completed: u64, hidden_under: Option<SubjectKeyId>) {
        self.held.get_or_insert(Remnant {
            key,
            completed,
            hidden_under,
        });
    }

    fn failed(&mut self, error: SubjectKeysError) {
        self.unreadable.get_or_insert(error);
    }
}
