//! Subject keys in memory, for logs that live no longer than the process.

use crate::{LogName, Random, SubjectKeysSource};
use ai_audit_core::{LogId, SubjectKeyId};
use ai_audit_shredding::{HeldKey, KekId, KnownUpTo, SubjectKey, SubjectKeys, SubjectKeysError};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Keeps the subject keys of one log in memory, where nothing wraps them: they are wiped when they are
/// destroyed and when this is dropped. Beside a [`MemoryStore`](crate::MemoryStore), or for tests.
///
/// ```
/// use ai_audit_core::LogId;
/// use ai_audit_shredding::SubjectKeys;
/// use ai_audit_store::MemorySubjectKeys;
/// # use ai_audit_store::{Random, RandomError};
/// # struct Os;
/// # impl Random for Os {
/// #     fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> { out.fill(7); Ok(()) }
/// # }
/// use std::sync::Arc;
///
/// let keys = MemorySubjectKeys::new(LogId::from_bytes([1; 32]), Arc::new(Os));
/// let key = keys.key_for("person-7")?;
/// assert_eq!(keys.find("person-7")?, Some(key.id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemorySubjectKeys {
    log: LogId,
    random: Arc<dyn Random>,
    held: Mutex<Held>,
}

/// The bytes of a key, in one place of the heap.
type Bytes<const N: usize> = Box<Zeroizing<[u8; N]>>;

#[derive(Default)]
struct Held {
    /// By subject.
    in_use: BTreeMap<String, (SubjectKeyId, Bytes<32>)>,
    destroyed: BTreeSet<SubjectKeyId>,
    kek: Option<KekId>,
    known: Option<KnownUpTo>,
}

impl MemorySubjectKeys {
    /// None yet, of this log.
    #[must_use]
    pub fn new(log: LogId, random: Arc<dyn Random>) -> Self {
        Self {
            log,
            random,
            held: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Nothing that can panic changes it half.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random<const N: usize>(&self) -> Result<Bytes<N>, SubjectKeysError> {
        let mut bytes = Box::new(Zeroizing::new([0; N]));
        self.random
            .fill(&mut **bytes)
            .map_err(|error| SubjectKeysError::new(error.to_string()))?;
        Ok(bytes)
    }

    fn kek_of(&self, held: &mut Held) -> Result<KekId, SubjectKeysError> {
        if let Some(kek) = held.kek {
            return Ok(kek);
        }
        let kek = KekId::from_bytes(**self.random::<16>()?);
        held.kek = Some(kek);
        Ok(kek)
    }
}

impl SubjectKeys for MemorySubjectKeys {
    fn log(&self) -> &LogId {
        &self.log
    }

    fn key_for(&self, subject: &str) -> Result<SubjectKey, SubjectKeysError> {
        let mut held = self.lock();
        if let Some((id, bytes)) = held.in_use.get(subject) {
            return Ok(SubjectKey::new(*id, self.log, bytes));
        }
        let id = SubjectKeyId::from_bytes(**self.random::<16>()?);
        let used = held.in_use.values().any(|(known, _)| *known == id);
        if used || held.destroyed.contains(&id) {
            let what = "the source of randomness gave a key id that was used before";
            return Err(SubjectKeysError::new(what));
        }
        let bytes = self.random()?;
        let key = SubjectKey::new(id, self.log, &bytes);
        held.in_use.insert(subject.to_owned(), (id, bytes));
        Ok(key)
    }

    fn find(&self, subject: &str) -> Result<Option<SubjectKeyId>, SubjectKeysError> {
        Ok(self.lock().in_use.get(subject).map(|(id, _)| *id))
    }

    fn held(&self, id: SubjectKeyId) -> Result<HeldKey, SubjectKeysError> {
        let held = self.lock();
        if held.destroyed.contains(&id) {
            return Ok(HeldKey::Destroyed);
        }
        let found = held.in_use.iter().find(|(_, (known, _))| *known == id);
        Ok(match found {
            None => HeldKey::Unknown,
            Some((subject, (id, bytes))) => HeldKey::InUse {
                subject: subject.clone(),
                key: SubjectKey::new(*id, self.log, bytes),
            },
        })
    }

    fn subjects(&self) -> Result<Vec<(String, SubjectKeyId)>, SubjectKeysError> {
        let held = self.lock();
        let subjects = held.in_use.iter();
        Ok(subjects
            .map(|(subject, (id, _))| (subject.clone(), *id))
            .collect())
    }

    fn sync(&self) -> Result<(), SubjectKeysError> {
        Ok(())
    }

    fn kek(&self) -> Result<KekId, SubjectKeysError> {
        self.kek_of(&mut self.lock())
    }

    fn may_destroy(&self, _: &[SubjectKeyId]) -> Result<(), SubjectKeysError> {
        Ok(())
    }

    fn destroy(
        &self,
        keys: &[SubjectKeyId],
        requested_under: KekId,
    ) -> Result<KekId, SubjectKeysError> {
        let mut held = self.lock();
        let current = self.kek_of(&mut held)?;
        let done = keys.iter().all(|key| held.destroyed.contains(key));
        if done && current != requested_under {
            return Ok(current);
        }
        let next = KekId::from_bytes(**self.random::<16>()?);
        // Dropping them wipes them.
        held.in_use.retain(|_, (id, _)| !keys.contains(id));
        held.destroyed.extend(keys);
        held.kek = Some(next);
        Ok(next)
    }

    fn known_up_to(&self) -> Result<Option<KnownUpTo>, SubjectKeysError> {
        Ok(self.lock().known)
    }

    fn note_known_up_to(&self, known: KnownUpTo) -> Result<(), SubjectKeysError> {
        self.lock().known = Some(known);
        Ok(())
    }
}

impl fmt::Debug for MemorySubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.lock();
        f.debug_struct("MemorySubjectKeys")
            .field("log", &self.log)
            .field("in_use", &held.in_use.len())
            .field("destroyed", &held.destroyed.len())
            .finish_non_exhaustive()
    }
}

/// Keeps the subject keys of all logs of a ledger in memory.
///
/// ```
/// # use ai_audit_store::{Random, RandomError};
/// # struct Os;
/// # impl Random for Os {
/// #     fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> { out.fill(7); Ok(()) }
/// # }
/// use ai_audit_store::{LedgerConfig, MemoryKeys, SystemClock};
/// use std::sync::Arc;
///
/// let keys = Arc::new(MemoryKeys::new(Arc::new(Os)));
/// let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Os), "example 1.0");
/// config.subject_keys = Some(keys);
/// ```
pub struct MemoryKeys {
    random: Arc<dyn Random>,
    logs: Mutex<BTreeMap<LogId, Arc<MemorySubjectKeys>>>,
}

impl MemoryKeys {
    /// None yet.
    #[must_use]
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self {
            random,
            logs: Mutex::default(),
        }
    }

    /// The keeper of a log's keys, which begins now where there is none.
    #[must_use]
    pub fn of(&self, log: LogId) -> Arc<MemorySubjectKeys> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = logs
            .entry(log)
            .or_insert_with(|| Arc::new(MemorySubjectKeys::new(log, Arc::clone(&self.random))));
        Arc::clone(keys)
    }
}

impl SubjectKeysSource for MemoryKeys {
    fn subject_keys(&self, _: &LogName, id: LogId) -> Result<Arc<dyn SubjectKeys>, String> {
        Ok(self.of(id))
    }

    fn opened(&self, _: &LogName, _: LogId) -> Option<Arc<dyn SubjectKeys>> {
        // Nothing of them has to be made durable.
        None
    }
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeys").finish_non_exhaustive()
    }
}
