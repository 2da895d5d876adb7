//! The objects of a log as a tree: segments below, indexes above, the newest entries of each level in the root.

use crate::beside::Beside;
use crate::codec::corrupt;
use crate::delete::Change;
use crate::filter::{Mark, may_have};
use crate::index::{Index, UPPER};
use crate::root::{Entry, LogState, Name, WIDTH};
use crate::segment::{Nodes, Segment};
use crate::store::ObjectStore;
use ai_audit_store::{LogName, StoreError};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, PoisonError};

/// Bytes of objects that are kept in memory.
const CACHE: usize = 64 << 20;

/// Objects that were read lately; none of them ever changes.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    segments: HashMap<String, Arc<Segment>>,
    indexes: HashMap<String, Arc<Index>>,
    order: VecDeque<(String, usize)>,
    bytes: usize,
    /// The ciphertexts that were read last.
    pub(crate) beside: Option<(String, Arc<Beside>)>,
}

impl Cache {
    /// Makes room for one more, the oldest first.
    fn enter(&mut self, name: &str, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.order.push_back((name.to_owned(), bytes));
        while self.bytes > CACHE && self.order.len() > 1 {
            if let Some((name, bytes)) = self.order.pop_front() {
                self.bytes = self.bytes.saturating_sub(bytes);
                self.segments.remove(&name);
                self.indexes.remove(&name);
            }
        }
    }
}

/// What an index needs of segments that are in none yet, by their names, so that they are not read again for it.
pub(crate) type Tails = HashMap<String, Tail>;

/// What an index has of a segment.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    filter: Vec<u8>,
    upper: Vec<(u32, Vec<ai_audit_core::NodeHash>)>,
}

impl Tail {
    pub(crate) fn of(
        log: &LogName,
        segment: &Segment,
        beside: &Beside,
    ) -> Result<Self, StoreError> {
        let nodes = segment.nodes.0.iter();
        Ok(Self {
            filter: segment.filter(log, beside)?,
            upper: nodes
                .filter(|(level, _)| *level >= UPPER)
                .cloned()
                .collect(),
        })
    }
}

/// Whether a walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// A walk over segments.
struct Walk<'w> {
    log: &'w LogName,
    from: u64,
    want: &'w dyn Fn(&Entry) -> bool,
    mark: Option<Mark>,
}

impl ObjectStore {
    pub(crate) fn segment(&self, log: &LogName, entry: &Entry) -> Result<Arc<Segment>, StoreError> {
        let name = entry.path(log, 0);
        let cached = |cache: &Cache| cache.segments.get(&name).cloned();
        if let Some(found) = cached(&self.cache.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let content = self.fetch(&name, &entry.object.hash)?;
        let segment = Arc::new(Segment::parse(&name, &content)?);
        if segment.from != entry.from || segment.end() != entry.end() {
            return Err(corrupt(format!(
                "object {name} has other receipts than its entry says"
            )));
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.enter(&name, content.len());
        cache.segments.insert(name, Arc::clone(&segment));
        Ok(segment)
    }

    pub(crate) fn index(
        &self,
        log: &LogName,
        level: usize,
        entry: &Entry,
    ) -> Result<Arc<Index>, StoreError> {
        let name = entry.path(log, level);
        let cached = |cache: &Cache| cache.indexes.get(&name).cloned();
        if let Some(found) = cached(&self.cache.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let content = self.fetch(&name, &entry.object.hash)?;
        let index = Arc::new(Index::parse(&name, &content, level, entry)?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.enter(&name, content.len());
        cache.indexes.insert(name, Arc::clone(&index));
        Ok(index)
    }

    /// Goes over the segments with receipts from `from` on, in order: over those alone whose entries, and those
    /// above, are wanted, and whose filter may have the mark.
    pub(crate) fn walk(
        &self,
        log: &LogName,
        state: &LogState,
        from: u64,
        want: &dyn Fn(&Entry) -> bool,
        mark: Option<Mark>,
        take: &mut dyn FnMut(&Entry) -> Result<Go, StoreError>,
    ) -> Result<(), StoreError> {
        let walk = Walk {
            log,
            from,
            want,
            mark,
        };
        for (level, entry) in state.entries() {
            if self.walk_entry(&walk, level, entry, take)? == Go::Stop {
                break;
            }
        }
        Ok(())
    }

    fn walk_entry(
        &self,
        walk: &Walk<'_>,
        level: usize,
        entry: &Entry,
        take: &mut dyn FnMut(&Entry) -> Result<Go, StoreError>,
    ) -> Result<Go, StoreError> {
        if entry.end() <= walk.from || !(walk.want)(entry) {
            return Ok(Go::On);
        }
        let Some(below) = level.checked_sub(1) else {
            return take(entry);
        };
        let index = self.index(walk.log, level, entry)?;
        for (place, entry) in index.entries.iter().enumerate() {
            let excluded = |mark| {
                let filter = index.filters.get(place);
                filter.is_some_and(|filter| !may_have(filter, mark))
            };
            if walk.mark.is_some_and(excluded) {
                continue;
            }
            if self.walk_entry(walk, below, entry, take)? == Go::Stop {
                return Ok(Go::Stop);
            }
        }
        Ok(Go::On)
    }

    /// The segment that has a receipt.
    pub(crate) fn locate(
        &self,
        log: &LogName,
        state: &LogState,
        seq: u64,
    ) -> Result<Option<(Entry, Arc<Segment>)>, StoreError> {
        let mut found = None;
        self.walk(log, state, seq, &|_| true, None, &mut |entry| {
            if entry.from <= seq {
                found = Some((entry.clone(), self.segment(log, entry)?));
            }
            Ok(Go::Stop)
        })?;
        Ok(found)
    }

    /// Adds the entry of a new segment, and makes the indexes that it completes.
    pub(crate) fn push(
        &self,
        log: &LogName,
        state: &mut LogState,
        entry: Entry,
        nonce: u64,
        objects: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let (mut level, mut entry) = (0, entry);
        loop {
            if state.levels.len() == level {
                state.levels.push(Vec::new());
            }
            let Some(entries) = state.levels.get_mut(level) else {
                return Ok(());
            };
            entries.push(entry);
            if entries.len() < WIDTH {
                return Ok(());
            }
            let entries = core::mem::take(entries);
            level += 1;
            let index = self.make_index(log, level, entries)?;
            let content = index.put();
            let name = Name::of(nonce, &content);
            let Some(above) = Entry::of_all(&index.entries, name) else {
                return Ok(());
            };
            objects.push((above.path(log, level), content));
            entry = above;
        }
    }

    fn make_index(
        &self,
        log: &LogName,
        level: usize,
        entries: Vec<Entry>,
    ) -> Result<Index, StoreError> {
        let (mut filters, mut nodes) = (Vec::new(), Nodes::default());
        if level == 1 {
            for entry in &entries {
                let tail = self.tail(log, entry)?;
                filters.push(tail.filter);
                for (level, upper) in tail.upper {
                    nodes.extend(level, &upper);
                }
            }
        }
        Ok(Index {
            level,
            entries,
            filters,
            nodes,
        })
    }

    fn tail(&self, log: &LogName, entry: &Entry) -> Result<Tail, StoreError> {
        let known = {
            let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
            tails.remove(&entry.path(log, 0))
        };
        match known {
            Some(tail) => Ok(tail),
            None => Tail::of(log, &*self.segment(log, entry)?, &*self.beside(log, entry)?),
        }
    }

    /// Puts the entries that a change replaces in their places, and writes the indexes above anew.
    pub(crate) fn rewrite(&self, log: &LogName, change: &mut Change) -> Result<(), StoreError> {
        let replaced = core::mem::take(&mut change.replaced);
        let Some(mut state) = change.root.logs.remove(log) else {
            return Ok(());
        };
        for (level, entries) in state.levels.iter_mut().enumerate() {
            for entry in entries {
                self.replace(log, level, entry, &replaced, change)?;
            }
        }
        change.root.logs.insert(log.clone(), state);
        Ok(())
    }

    fn replace(
        &self,
        log: &LogName,
        level: usize,
        entry: &mut Entry,
        replaced: &BTreeMap<u64, Entry>,
        change: &mut Change,
    ) -> Result<(), StoreError> {
        let Some((_, first)) = replaced.range(entry.from..entry.end()).next() else {
            return Ok(());
        };
        let Some(below) = level.checked_sub(1) else {
            *entry = first.clone();
            return Ok(());
        };
        let mut index = Index::clone(&*self.index(log, level, entry)?);
        for (place, entry) in index.entries.iter_mut().enumerate() {
            self.replace(log, below, entry, replaced, change)?;
            if let (Some(new), Some(filter)) = (
                change.filters.remove(&entry.from),
                index.filters.get_mut(place),
            ) {
                *filter = new;
            }
        }
        let content = index.put();
        let name = Name::of(change.nonce, &content);
        if let Some(new) = Entry::of_all(&index.entries, name) {
            change.root.doomed.push(entry.path(log, level));
            change.put(new.path(log, level), content);
            *entry = new;
        }
        Ok(())
    }
}
