//! What a log's receipts and its subject keys say against each other: the file of keys is an older copy, or another copy of the
//! directory makes keys of its own. A second key of a subject beside one that is in use could be erased by neither, so none is
//! made before the receipts were looked at.

use crate::{LogName, Store, StoreError, StoreReader};
use ai_audit_core::{
    Decision, DecodeBody as _, Head, Kind, NodeHash, SubjectKeyId, UnverifiedReceipt,
};
use ai_audit_shredding::{
    ErasureCompleted, ErasureRequested, HeldKey, KnownUpTo, SubjectKeys, SubjectKeysError,
};
use core::fmt;
use std::collections::BTreeMap;

/// After how many receipts that had to be read it is noted that they were. Fewer are read again by the next process, which
/// takes less than a commit.
const NOTE_AFTER: u64 = 1024;
/// After how many of its own receipts a writer notes it.
const NOTE_EVERY: u64 = 1 << 16;

/// A key of which a log's receipts say something else than its keeper of subject keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConflict {
    /// The log.
    pub log: LogName,
    /// The first receipt that was found to say so.
    pub seq: u64,
    /// The key.
    pub key: SubjectKeyId,
    /// What both say.
    pub kind: KeyConflictKind,
}

/// What a receipt and a keeper of subject keys say of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyConflictKind {
    /// A text is encrypted under it, and it never was here.
    Unknown,
    /// A text is encrypted under it, and it is destroyed here; no erasure in the log says so.
    DestroyedHere,
    /// An erasure says that it is destroyed, and it is in use here.
    InUseHere,
}

impl fmt::Display for KeyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, seq, key, .. } = self;
        match self.kind {
            KeyConflictKind::Unknown => write!(
                f,
                "log {log}: receipt {seq} is encrypted under key {key}, which is not among the keys of subjects here \
                 (keys/subjects.db): they are an older copy, or another copy of the directory makes keys of its own, and a second \
                 key of a person could not be erased. Bring back the newest copy of that file. If it is lost, no text under such \
                 keys can be read again: record that with `ai-audit shred DIR --lost-keys`; new keys are made after it"
            ),
            KeyConflictKind::DestroyedHere => write!(
                f,
                "log {log}: receipt {seq} is encrypted under key {key}, which is destroyed, and no erasure in the log says so: the \
                 log was restored from before it. Record it with `ai-audit shred DIR --lost-keys`; a new key is made after it"
            ),
            KeyConflictKind::InUseHere => write!(
                f,
                "log {log}: receipt {seq} says that key {key} is destroyed, and it is among the keys of subjects here \
                 (keys/subjects.db): they are an older copy. Bring back the newest copy of that file. If it is lost, erase the \
                 subject of that key again with `ai-audit shred --lost-keys`; new keys are made after it"
            ),
        }
    }
}

/// Why receipts could not be looked at.
#[derive(Debug)]
pub(crate) enum LookError {
    Store(StoreError),
    Keys(SubjectKeysError),
}

impl From<StoreError> for LookError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SubjectKeysError> for LookError {
    fn from(error: SubjectKeysError) -> Self {
        Self::Keys(error)
    }
}

/// What was found in the receipts of a log that were looked at.
#[derive(Debug, Default)]
pub(crate) struct KeyConflicts {
    /// How many receipts were looked at; none before the first time.
    read: Option<u64>,
    /// Up to where it was noted.
    noted: u64,
    /// Receipts without bytes among them.
    without_bytes: u64,
    /// Whether the store could not be read, and is not asked again.
    given_up: bool,
    /// With the subjects.
    found: BTreeMap<SubjectKeyId, (String, KeyConflict)>,
}

impl KeyConflicts {
    /// Looks at a log's receipts up to `end`, from where it was noted that the keeper knows them, or from where this looked
    /// before. The memory that it takes grows with the keys that are not held alone. A look that breaks off has found nothing:
    /// what erases a key stands behind what uses it.
    pub(crate) fn look(
        &mut self,
        store: &dyn Store,
        log: &LogName,
        keys: &dyn SubjectKeys,
        end: u64,
    ) -> Result<(), LookError> {
        let before = (self.found.clone(), self.without_bytes);
        let looked = self.look_through(store, log, keys, end);
        if looked.is_err() {
            (self.found, self.without_bytes) = before;
        }
        looked
    }

    fn look_through(
        &mut self,
        store: &dyn Store,
        log: &LogName,
        keys: &dyn SubjectKeys,
        end: u64,
    ) -> Result<(), LookError> {
        let from = match self.read {
            Some(read) => read,
            None => known(store, log, keys, end)?,
        };
        if self.read.is_none() {
            self.noted = from;
        }
        let mut reader = StoreReader::range(store, log, from..end.max(from));
        // Records of one subject come together.
        let mut last = None;
        while let Some(stored) = reader.read_receipt()? {
            // So that a look which is broken off, as by a supervisor that waits no longer, goes on there.
            if self.found.is_empty()
                && self.without_bytes == 0
                && stored.seq.saturating_sub(self.noted) >= NOTE_EVERY
                && let Some(last) = leaf(store, log, stored.seq)?
            {
                self.note_at(keys, stored.seq, last)?;
            }
            let Some(sealed) = stored.sealed() else {
                self.without_bytes += 1;
                continue;
            };
            // What is no receipt is for `verify` to say.
            let Ok(receipt) = UnverifiedReceipt::parse(sealed) else {
                continue;
            };
            match receipt.header().kind {
                Kind::DECISION => {
                    let Ok(decision) = Decision::decode(&receipt) else {
                        continue;
                    };
                    for (_, field) in decision.encrypted() {
                        if last != Some(field.key) {
                            self.used(log, stored.seq, keys, &decision.subject, field.key)?;
                            last = Some(field.key);
                        }
                    }
                }
                Kind::ERASURE_COMPLETED => {
                    if let Ok(done) = ErasureCompleted::decode(&receipt) {
                        for key in done.keys.iter() {
                            self.gone(log, stored.seq, keys, *key)?;
                        }
                    }
                }
                Kind::ERASURE_REQUESTED => {
                    // Once it is requested it is finished before anything else is recorded of these subjects.
                    if let Ok(request) = ErasureRequested::decode(&receipt) {
                        for key in request.keys() {
                            self.found.remove(&key);
                        }
                    }
                }
                _ => {}
            }
        }
        self.read = Some(end.max(from));
        Ok(())
    }

    /// A key under which a text of a subject is encrypted.
    fn used(
        &mut self,
        log: &LogName,
        seq: u64,
        keys: &dyn SubjectKeys,
        subject: &str,
        key: SubjectKeyId,
    ) -> Result<(), SubjectKeysError> {
        // Opening one may be a question to a service.
        if self.found.contains_key(&key) || keys.find(subject)? == Some(key) {
            return Ok(());
        }
        let kind = match keys.held(key)? {
            HeldKey::InUse { .. } => return Ok(()),
            HeldKey::Destroyed => KeyConflictKind::DestroyedHere,
            _ => KeyConflictKind::Unknown,
        };
        self.add(log, seq, key, subject.to_owned(), kind);
        Ok(())
    }

    /// A key of which a completion says that it is destroyed.
    fn gone(
        &mut self,
        log: &LogName,
        seq: u64,
        keys: &dyn SubjectKeys,
        key: SubjectKeyId,
    ) -> Result<(), SubjectKeysError> {
        if let HeldKey::InUse { subject, .. } = keys.held(key)? {
            self.add(log, seq, key, subject, KeyConflictKind::InUseHere);
        }
        Ok(())
    }

    fn add(
        &mut self,
        log: &LogName,
        seq: u64,
        key: SubjectKeyId,
        subject: String,
        kind: KeyConflictKind,
    ) {
        let log = log.clone();
        let conflict = KeyConflict {
            log,
            seq,
            key,
            kind,
        };
        self.found.insert(key, (subject, conflict));
    }

    /// Notes how far was read, where that is much and nothing was found.
    pub(crate) fn note(
        &mut self,
        store: &dyn Store,
        log: &LogName,
        keys: &dyn SubjectKeys,
    ) -> Result<(), LookError> {
        let Some(size) = self
            .read
            .filter(|read| self.found.is_empty() && read.saturating_sub(self.noted) >= NOTE_AFTER)
        else {
            return Ok(());
        };
        if let Some(last) = leaf(store, log, size)? {
            self.note_at(keys, size, last)?;
        }
        Ok(())
    }

    fn note_at(
        &mut self,
        keys: &dyn SubjectKeys,
        size: u64,
        last: NodeHash,
    ) -> Result<(), SubjectKeysError> {
        keys.note_known_up_to(KnownUpTo { size, last })?;
        self.noted = size;
        Ok(())
    }

    /// Goes on past receipts that this writer appended, which use no other keys than those that are held.
    pub(crate) fn advance(
        &mut self,
        keys: &dyn SubjectKeys,
        head: &Head,
    ) -> Result<(), SubjectKeysError> {
        let size = head.size();
        if self.read.is_none()
            || !self.found.is_empty()
            || size.saturating_sub(self.noted) < NOTE_EVERY
        {
            return Ok(());
        }
        self.note_at(keys, size, NodeHash::from_leaf(head.hash()))
    }

    /// Whether so many were appended since it was noted that whoever hands out keys looks at them, and notes it. Where a writer
    /// noted it meanwhile, there is nothing to do.
    pub(crate) fn is_behind(
        &mut self,
        keys: &dyn SubjectKeys,
        size: u64,
    ) -> Result<bool, SubjectKeysError> {
        if let (Some(read), Some(known)) = (self.read, keys.known_up_to()?)
            && known.size > read
        {
            (self.read, self.noted) = (Some(known.size), known.size);
        }
        Ok(size.saturating_sub(self.noted) >= NOTE_EVERY)
    }

    pub(crate) const fn was_read(&self) -> bool {
        self.read.is_some()
    }

    pub(crate) const fn give_up(&mut self) {
        self.given_up = true;
    }

    pub(crate) const fn was_given_up(&self) -> bool {
        self.given_up
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether receipts were met whose bytes are not there, so that nobody can tell which keys they use.
    pub(crate) const fn met_without_bytes(&self) -> bool {
        self.without_bytes > 0
    }

    /// All.
    pub(crate) fn all(&self) -> impl Iterator<Item = &KeyConflict> {
        self.found.values().map(|(_, conflict)| conflict)
    }

    /// Those that are about this subject, who may have a key that came back beside one that is not here (A132).
    pub(crate) fn of(&self, subject: &str) -> impl Iterator<Item = &KeyConflict> {
        let found = self.found.values();
        found.filter_map(move |(of, conflict)| (of == subject).then_some(conflict))
    }

    /// The first that shows the keys here to be an older copy, or not the only one: of whom else there are keys is not known.
    pub(crate) fn of_another_copy(&self) -> Option<&KeyConflict> {
        self.all()
            .filter(|conflict| conflict.kind != KeyConflictKind::DestroyedHere)
            .min_by_key(|conflict| conflict.seq)
    }
}

/// Up to where the keeper knows the receipts: from the beginning where the log is not the one any more of which that was noted.
fn known(
    store: &dyn Store,
    log: &LogName,
    keys: &dyn SubjectKeys,
    end: u64,
) -> Result<u64, LookError> {
    match keys.known_up_to()? {
        Some(known) if known.size <= end && leaf(store, log, known.size)? == Some(known.last) => {
            Ok(known.size)
        }
        _ => Ok(0),
    }
}

/// The leaf of the last of so many receipts.
fn leaf(store: &dyn Store, log: &LogName, size: u64) -> Result<Option<NodeHash>, StoreError> {
    let Some(seq) = size.checked_sub(1) else {
        return Ok(None);
    };
    let mut leaf = Vec::with_capacity(1);
    store.hashes(log, 0, seq..size, &mut leaf)?;
    Ok(leaf.first().copied())
}
