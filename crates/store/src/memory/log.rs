//! One log in memory: receipts in chunks, the tree's nodes, what receipts are found by.

use crate::Ciphertext;
use ai_audit_core::{
    Head, Header, Kind, LeafHash, NodeHash, ReceiptId, SubjectKeyId, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::{Frontier, TILE_HEIGHT, TreeSize};
use core::ops::RangeInclusive;
use std::collections::{BTreeMap, BTreeSet};

/// Receipts lie one behind the other in chunks of this many bytes: a vector for each would cost
/// more than its length, and one for all would be copied whenever it grows.
const CHUNK_LEN: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Log {
    pub(super) head: Head,
    pub(super) frontier: Frontier,
    chunks: Vec<Vec<u8>>,
    /// Chunk and offset of each receipt; it ends where the next begins, or its chunk ends. One
    /// whose bytes were deleted is empty.
    places: Vec<(u32, u32)>,
    kinds: Vec<u16>,
    /// Nodes of the tile levels, leaves first.
    pub(super) levels: Vec<Vec<NodeHash>>,
    /// A fingerprint of an id, trace or session, and a receipt that has it. Whether it really has
    /// is looked up, so fingerprints may collide.
    pub(super) index: BTreeSet<Entry>,
    pub(super) checkpoints: BTreeMap<TreeSize, String>,
    /// What stays known of receipts whose bytes were deleted.
    deleted: BTreeMap<u64, Deleted>,
    /// Bytes that were deleted and put back.
    restored: BTreeMap<u64, Vec<u8>>,
    /// Those of each receipt that has any.
    pub(super) ciphertexts: BTreeMap<u64, Vec<Ciphertext>>,
}

#[derive(Debug, Clone, Copy)]
struct Deleted {
    id: ReceiptId,
    sealed_at: Timestamp,
}

/// What a receipt is found by.
pub(super) struct Found<'a> {
    pub(super) id: ReceiptId,
    pub(super) trace_id: &'a str,
    pub(super) session_id: &'a str,
}

/// Four bytes of a fingerprint and six of a `seq`, so that entries sort by both: three of them for each
/// receipt are most of what finding it takes. No memory holds 2^48 receipts.
pub(super) type Entry = [u8; 10];

pub(super) fn entry(fingerprint: u64, seq: u64) -> Entry {
    let mut entry = [0; 10];
    let (high, low) = entry.split_at_mut(4);
    high.copy_from_slice(&fingerprint.to_be_bytes()[..4]);
    low.copy_from_slice(&seq.min(LAST).to_be_bytes()[2..]);
    entry
}

/// The last `seq` that an entry can name.
const LAST: u64 = (1 << 48) - 1;

fn seq_of(entry: &Entry) -> u64 {
    entry[4..]
        .iter()
        .fold(0, |seq, byte| seq << 8 | u64::from(*byte))
}

/// Which field a fingerprint is of.
#[derive(Hash, Clone, Copy)]
pub(super) enum Field {
    Id,
    Trace,
    Session,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            head: Head::EMPTY,
            frontier: Frontier::new(),
            chunks: Vec::new(),
            places: Vec::new(),
            kinds: Vec::new(),
            levels: Vec::new(),
            index: BTreeSet::new(),
            checkpoints: BTreeMap::new(),
            deleted: BTreeMap::new(),
            restored: BTreeMap::new(),
            ciphertexts: BTreeMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Vec::len).sum();
        let restored: usize = self.restored.values().map(Vec::len).sum();
        let beside = self.ciphertexts.values().flatten();
        chunks + restored + beside.map(|one| one.bytes.len()).sum::<usize>()
    }

    /// A receipt's bytes, unless they were deleted.
    pub(super) fn sealed(&self, index: usize) -> Option<&[u8]> {
        let (chunk, start) = *self.places.get(index)?;
        let bytes = self.chunks.get(usize::try_from(chunk).ok()?)?;
        let end = match self.places.get(index + 1) {
            Some((next, end)) if *next == chunk => usize::try_from(*end).ok()?,
            _ => bytes.len(),
        };
        let sealed = bytes.get(usize::try_from(start).ok()?..end)?;
        if sealed.is_empty() {
            let seq = u64::try_from(index).ok()?;
            return self.restored.get(&seq).map(Vec::as_slice);
        }
        Some(sealed)
    }

    /// A receipt's hash.
    pub(super) fn leaf(&self, index: usize) -> Option<LeafHash> {
        let node = self.levels.first()?.get(index)?;
        Some(LeafHash::from_bytes(*node.as_bytes()))
    }

    fn receipt(&self, seq: u64) -> Option<UnverifiedReceipt<'_>> {
        UnverifiedReceipt::parse(self.sealed(usize::try_from(seq).ok()?)?).ok()
    }

    fn push_bytes(&mut self, sealed: &[u8]) -> Option<()> {
        let room = |chunk: &Vec<u8>| chunk.len() + sealed.len() <= CHUNK_LEN;
        if !self.chunks.last().is_some_and(room) {
            self.chunks.push(Vec::with_capacity(CHUNK_LEN));
        }
        let number = u32::try_from(self.chunks.len() - 1).ok()?;
        let chunk = self.chunks.last_mut()?;
        self.places.push((number, u32::try_from(chunk.len()).ok()?));
        chunk.extend_from_slice(sealed);
        Some(())
    }

    pub(super) fn push(&mut self, receipt: &UnverifiedReceipt<'_>, sealed: &[u8]) -> Option<()> {
        self.push_bytes(sealed)?;
        self.kinds.push(receipt.header().kind.number());
        let levels = &mut self.levels;
        self.frontier
            .push_with(receipt.hash(), |level, _, node| {
                if level % TILE_HEIGHT == 0 {
                    match usize::try_from(level / TILE_HEIGHT)
                        .ok()
                        .and_then(|level| levels.get_mut(level))
                    {
                        Some(nodes) => nodes.push(node),
                        None => levels.push(vec![node]),
                    }
                }
            })
            .ok()?;
        Some(())
    }

    /// Deletes the bytes of those in the range that are no control receipts, and returns of how
    /// many. `fingerprints` are those that go with them.
    pub(super) fn delete(
        &mut self,
        range: RangeInclusive<u64>,
        fingerprints: impl Fn(&Header<'_>) -> [Option<u64>; 2],
    ) -> u64 {
        let mut gone = BTreeMap::new();
        let mut unnamed = Vec::new();
        for seq in range {
            let Some(receipt) = self.receipt(seq) else {
                continue;
            };
            let header = receipt.header();
            if !header.kind.is_control() {
                let (id, sealed_at) = (header.id, header.sealed_at);
                let named = fingerprints(header).into_iter().flatten();
                unnamed.extend(named.map(|fingerprint| entry(fingerprint, seq)));
                gone.insert(seq, Deleted { id, sealed_at });
            }
        }
        for entry in &unnamed {
            self.index.remove(entry);
        }
        let chunks: BTreeSet<u32> = gone
            .keys()
            .filter_map(|seq| self.places.get(usize::try_from(*seq).ok()?))
            .map(|(chunk, _)| *chunk)
            .collect();
        for chunk in chunks {
            self.rewrite(chunk, |seq| gone.contains_key(&seq));
        }
        let count = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        for seq in gone.keys() {
            self.restored.remove(seq);
            self.ciphertexts.remove(seq);
        }
        self.deleted.extend(gone);
        count
    }

    /// Keeps the ciphertexts beside a receipt.
    pub(super) fn keep(&mut self, seq: u64, ciphertexts: &[Ciphertext]) {
        if !ciphertexts.is_empty() {
            self.ciphertexts.insert(seq, ciphertexts.to_vec());
        }
    }

    /// Removes the ciphertexts under these keys, and returns how many they were.
    pub(super) fn delete_ciphertexts(&mut self, keys: &[SubjectKeyId]) -> u64 {
        let keys: BTreeSet<&SubjectKeyId> = keys.iter().collect();
        let mut count = 0;
        self.ciphertexts.retain(|_, all| {
            let before = all.len();
            all.retain(|one| !keys.contains(&one.key));
            count += before - all.len();
            !all.is_empty()
        });
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Makes a chunk anew, without the bytes of some of its receipts.
    fn rewrite(&mut self, chunk: u32, gone: impl Fn(u64) -> bool) {
        let start = self.places.partition_point(|place| place.0 < chunk);
        let end = self.places.partition_point(|place| place.0 <= chunk);
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(end - start);
        for index in start..end {
            // An offset in a chunk fits, or it would not have come to be one.
            places.push((chunk, u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
            let seq = u64::try_from(index).unwrap_or(u64::MAX);
            if !gone(seq)
                && !self.restored.contains_key(&seq)
                && let Some(sealed) = self.sealed(index)
            {
                bytes.extend_from_slice(sealed);
            }
        }
        if let Some(places_of_chunk) = self.places.get_mut(start..end) {
            places_of_chunk.copy_from_slice(&places);
        }
        if let Some(old) = usize::try_from(chunk)
            .ok()
            .and_then(|chunk| self.chunks.get_mut(chunk))
        {
            *old = bytes;
        }
    }

    /// Puts a receipt's bytes back, where they had been deleted.
    pub(super) fn restore(&mut self, seq: u64, sealed: &[u8]) -> bool {
        let deleted = self.deleted.remove(&seq).is_some();
        if deleted {
            self.restored.insert(seq, sealed.to_vec());
        }
        deleted
    }

    /// How many receipts of the range have no bytes.
    pub(super) fn count_deleted(&self, range: RangeInclusive<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        u64::try_from(self.deleted.range(range).count()).unwrap_or(u64::MAX)
    }

    fn sealed_at(&self, seq: u64) -> Option<Timestamp> {
        match self.deleted.get(&seq) {
            Some(deleted) => Some(deleted.sealed_at),
            None => self.receipt(seq).map(|receipt| receipt.header().sealed_at),
        }
    }

    /// The first receipt sealed at `time` or later: times never run backwards.
    pub(super) fn first_at(&self, time: Timestamp) -> u64 {
        let (mut low, mut high) = (0, self.head.size());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self
                .sealed_at(middle)
                .is_some_and(|sealed_at| sealed_at < time);
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(super) fn find_indexed(
        &self,
        fingerprint: u64,
        start: u64,
        limit: usize,
        fits: impl Fn(&Found<'_>) -> bool,
    ) -> Vec<u64> {
        let fits = |seq: u64| match (self.deleted.get(&seq), self.receipt(seq)) {
            (Some(deleted), _) => fits(&Found {
                id: deleted.id,
                trace_id: "",
                session_id: "",
            }),
            (None, Some(receipt)) => fits(&Found {
                id: receipt.header().id,
                trace_id: receipt.header().trace_id,
                session_id: receipt.header().session_id,
            }),
            (None, None) => false,
        };
        self.index
            .range(entry(fingerprint, start)..=entry(fingerprint, LAST))
            .map(seq_of)
            .filter(|seq| fits(*seq))
            .take(limit)
            .collect()
    }

    pub(super) fn find_kind(&self, kind: Kind, start: u64, limit: usize) -> Vec<u64> {
        let skip = usize::try_from(start).unwrap_or(usize::MAX);
        (0..)
            .zip(&self.kinds)
            .skip(skip)
            .filter(|(_, number)| **number == kind.number())
            .map(|(seq, _)| seq)
            .take(limit)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_sort_by_fingerprint_and_then_by_place() {
        let all = [
            entry(0, 0),
            entry(0, 255),
            entry(0, 256),
            entry(0, LAST),
            entry(1 << 32, 0),
            entry(u64::MAX, 7),
        ];
        assert!(all.is_sorted());
        let places = all.map(|entry| seq_of(&entry));
        assert_eq!(places, [0, 255, 256, LAST, 0, 7]);
    }
}
