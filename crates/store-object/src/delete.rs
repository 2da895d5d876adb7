//! Deleting receipts' bytes so that they are gone, and putting them back.

use crate::beside::Beside;
use crate::codec::count;
use crate::root::{Entry, Name, Root};
use crate::segment::Segment;
use crate::store::ObjectStore;
use crate::tree::Go;
use ai_audit_core::Kind;
use ai_audit_store::{LogName, Sealed, StoreError};
use core::ops::RangeInclusive;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Bytes of objects of one change that are kept until they are written.
pub(crate) const PIECE: usize = 32 << 20;

/// What is to be written anew.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) root: Root,
    /// Of the names of its objects.
    pub(crate) nonce: u64,
    /// Names of its objects.
    pub(crate) made: HashSet<String>,
    /// Names of what was written for it and for the tries before it.
    pub(crate) written: HashSet<String>,
    /// Objects that were doomed before.
    doomed: usize,
    /// Objects that are not written yet, and bytes of them. Nothing names them before the root does.
    objects: Vec<(String, Vec<u8>)>,
    bytes: usize,
    is_empty: bool,
    /// Entries of segments that are written anew, by their first receipt.
    pub(crate) replaced: BTreeMap<u64, Entry>,
    /// What they are found by, where that changed.
    pub(crate) filters: BTreeMap<u64, Vec<u8>>,
}

impl Change {
    /// Nothing yet, behind this root, for which so much was written before.
    pub(crate) fn new(root: &Arc<Root>, nonce: u64, written: HashSet<String>) -> Self {
        let mut root = Root::clone(root);
        root.revision += 1;
        Self {
            doomed: root.doomed.len(),
            root,
            nonce,
            made: HashSet::new(),
            written,
            objects: Vec::new(),
            bytes: 0,
            is_empty: true,
            replaced: BTreeMap::new(),
            filters: BTreeMap::new(),
        }
    }

    /// The first object that it replaces. Not to be asked behind [`Root::spill`].
    pub(crate) fn first_doomed(&self) -> Option<String> {
        self.root.doomed.get(self.doomed).cloned()
    }

    /// Whether nothing is replaced by it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// An object to write.
    pub(crate) fn put(&mut self, name: String, content: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(content.len());
        self.made.insert(name.clone());
        self.objects.push((name, content));
    }

    /// Another segment in the place of an entry's.
    fn segment(&mut self, log: &LogName, old: &Entry, was: u64, segment: &Segment) {
        let content = segment.put();
        let object = Name::of(self.nonce, &content);
        self.is_empty = false;
        self.root.doomed.push(old.path(log, 0));
        let made = segment.entry(object, None);
        let entry = self.replaced.entry(old.from).or_insert_with(|| old.clone());
        entry.object = object;
        entry.deleted = made.deleted;
        let name = entry.path(log, 0);
        self.put(name, content);
        self.weigh(log, was, segment.bytes());
    }

    /// Other ciphertexts beside an entry's receipts, where there are any.
    pub(crate) fn beside(&mut self, log: &LogName, old: &Entry, was: u64, beside: &Beside) {
        self.is_empty = false;
        self.root.doomed.extend(old.beside_path(log));
        let entry = self.replaced.entry(old.from).or_insert_with(|| old.clone());
        entry.ciphertexts = count(beside.0.len());
        entry.beside = None;
        if !beside.0.is_empty() {
            let content = beside.put();
            entry.beside = Some(Name::of(self.nonce, &content));
            if let Some(name) = entry.beside_path(log) {
                self.put(name, content);
            }
        }
        self.weigh(log, was, beside.bytes());
    }

    fn weigh(&mut self, log: &LogName, was: u64, is: u64) {
        if let Some(state) = self.root.logs.get_mut(log) {
            state.bytes = state.bytes.saturating_sub(was).saturating_add(is);
        }
    }
}

impl ObjectStore {
    /// Writes the objects of a change that no earlier try wrote, where there are more bytes of them than these.
    pub(crate) fn write(&self, change: &mut Change, more_than: usize) -> Result<(), StoreError> {
        if change.bytes > more_than {
            change.bytes = 0;
            let mut objects = core::mem::take(&mut change.objects);
            objects.retain(|(name, _)| !change.written.contains(name));
            let names: Vec<String> = objects.iter().map(|(name, _)| name.clone()).collect();
            self.objects.create_all(objects)?;
            change.written.extend(names);
        }
        Ok(())
    }

    pub(crate) fn delete_bytes(
        &self,
        log: &LogName,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.changing(log, |root, change| {
            let held = root.head(log).size();
            if *range.end() >= held {
                let (log, seq) = (log.clone(), *range.end());
                return Err(StoreError::NoSuchReceipt { log, seq, held });
            }
            let (Some(state), false) = (root.logs.get(log), range.is_empty()) else {
                return Ok(0);
            };
            let mut deleted = 0;
            let wanted = |entry: &Entry| entry.from <= *range.end();
            self.walk(log, state, *range.start(), &wanted, None, &mut |entry| {
                let mut segment = Segment::clone(&*self.segment(log, entry)?);
                let was = segment.bytes();
                let mut gone = 0;
                let receipts = segment.sealed.iter_mut().zip(&segment.rows);
                for ((sealed, row), seq) in receipts.zip(entry.from..) {
                    let goes = range.contains(&seq) && !Kind::new(row.kind).is_control();
                    if goes && !sealed.is_empty() {
                        *sealed = Vec::new();
                        gone += 1;
                    }
                }
                if gone == 0 {
                    return Ok(Go::On);
                }
                deleted += gone;
                let mut beside = Beside::clone(&*self.beside(log, entry)?);
                let (before, weight) = (beside.0.len(), beside.bytes());
                beside.0.retain(|(seq, _)| {
                    let place = segment.place(*seq);
                    let sealed = place.and_then(|place| segment.sealed.get(place));
                    sealed.is_some_and(|sealed| !sealed.is_empty())
                });
                if beside.0.len() < before {
                    change.beside(log, entry, weight, &beside);
                }
                change.segment(log, entry, was, &segment);
                let filter = segment.filter(log, &beside)?;
                change.filters.insert(entry.from, filter);
                self.write(change, PIECE)?;
                Ok(Go::On)
            })?;
            self.rewrite(log, change)?;
            // What was read may have had versions that what was written has not.
            self.deletes()?;
            Ok(deleted)
        })
    }

    pub(crate) fn restore_bytes(
        &self,
        log: &LogName,
        receipts: &[Sealed],
    ) -> Result<u64, StoreError> {
        self.changing(log, |root, change| {
            let held = root.head(log).size();
            // By the segment that each is in; all are looked at before anything is put back.
            let mut places = BTreeMap::<u64, (Entry, Vec<(usize, u64, &Sealed)>)>::new();
            for sealed in receipts {
                let mut found = None;
                let receipt = sealed.parse_restored(log, held, |seq| {
                    let Some(state) = root.logs.get(log) else {
                        return Ok(None);
                    };
                    found = self.locate(log, state, seq)?;
                    let at = found.as_ref().and_then(|(_, segment)| {
                        let place = segment.place(seq)?;
                        segment.leaf(place)
                    });
                    Ok(at)
                })?;
                let seq = receipt.header().seq;
                if let Some((entry, segment)) = found
                    && let Some(place) = segment.place(seq)
                {
                    let of = places.entry(entry.from);
                    let (_, all) = of.or_insert_with(|| (entry, Vec::new()));
                    all.push((place, seq, sealed));
                }
            }
            let mut restored = 0;
            for (entry, all) in places.values() {
                let mut segment = Segment::clone(&*self.segment(log, entry)?);
                let was = segment.bytes();
                let mut beside = Beside::clone(&*self.beside(log, entry)?);
                let (before, weight, mut back) = (beside.0.len(), beside.bytes(), 0);
                for (place, seq, sealed) in all {
                    let Some(bytes) = segment.sealed.get_mut(*place) else {
                        continue;
                    };
                    if !bytes.is_empty() {
                        continue;
                    }
                    *bytes = sealed.as_bytes().to_vec();
                    let with = sealed.ciphertexts().iter().cloned();
                    beside.0.extend(with.map(|one| (*seq, one)));
                    back += 1;
                }
                if back == 0 {
                    continue;
                }
                restored += back;
                if beside.0.len() > before {
                    // Stable: those of one receipt stay in their order.
                    beside.0.sort_by_key(|(seq, _)| *seq);
                    change.beside(log, entry, weight, &beside);
                }
                change.segment(log, entry, was, &segment);
                let filter = segment.filter(log, &beside)?;
                change.filters.insert(entry.from, filter);
                self.write(change, PIECE)?;
            }
            self.rewrite(log, change)?;
            Ok(restored)
        })
    }

    pub(crate) fn count_empty(
        &self,
        log: &LogName,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        self.reading(|root| {
            let Some(state) = root.logs.get(log) else {
                return Ok(0);
            };
            let mut all = 0_u64;
            for (level, entry) in state.entries() {
                all = all.saturating_add(self.count_in(log, level, entry, range)?);
            }
            Ok(all)
        })
    }

    fn count_in(
        &self,
        log: &LogName,
        level: usize,
        entry: &Entry,
        range: &RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        let last = entry.end() - 1;
        if entry.deleted == 0
            || range.is_empty()
            || last < *range.start()
            || entry.from > *range.end()
        {
            return Ok(0);
        }
        if range.contains(&entry.from) && range.contains(&last) {
            return Ok(entry.deleted);
        }
        let Some(below) = level.checked_sub(1) else {
            let segment = self.segment(log, entry)?;
            let found = segment.sealed.iter().zip(entry.from..);
            let found = found.filter(|(sealed, seq)| sealed.is_empty() && range.contains(seq));
            return Ok(count(found.count()));
        };
        let index = self.index(log, level, entry)?;
        let counts = index.entries.iter();
        let mut counts = counts.map(|entry| self.count_in(log, below, entry, range));
        counts.try_fold(0_u64, |sum, count| Ok(sum.saturating_add(count?)))
    }
}
