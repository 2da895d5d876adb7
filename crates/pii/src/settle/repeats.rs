//! Where found values occur again, byte for byte.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::candidate::{Candidate, PLACEHOLDER_RANK, sure};

/// Values that are shorter are not looked for again: they are parts of too many words.
const MIN_VALUE: usize = 4;

/// The same for what has a colon, the shortest addresses of IPv6.
const MIN_WITH_COLON: usize = 3;

/// Up to so many values are each searched on their own.
const FEW: usize = 12;

/// A piece up to this length is searched without preparation.
const SHORT: usize = 512;

/// Distinct values, sorted, each with the rank of its kind.
pub(super) struct Values<'a> {
    sorted: Vec<(&'a [u8], u8)>,
    /// The longest other value that begins this one.
    shorter: Vec<Option<usize>>,
    /// Which hashes of three bytes begin a value.
    begins: Option<Box<[u64]>>,
}

impl<'a> Values<'a> {
    /// The values of findings.
    pub(super) fn of(text: &'a [u8], found: &[Candidate]) -> Self {
        let mut sorted: Vec<(&[u8], u8)> = found
            .iter()
            .filter(|one| one.rank != PLACEHOLDER_RANK)
            .map(|one| (&text[one.start..one.end], one.rank))
            .filter(|(value, _)| {
                value.len() >= MIN_VALUE || (value.len() >= MIN_WITH_COLON && value.contains(&b':'))
            })
            .collect();
        sorted.sort_unstable();
        sorted.dedup_by_key(|(value, _)| *value);
        let mut begins = None;
        let mut shorter = Vec::new();
        if sorted.len() > FEW {
            let mut table = vec![0_u64; 1024].into_boxed_slice();
            let mut chain: Vec<usize> = Vec::new();
            for (index, (value, _)) in sorted.iter().enumerate() {
                if let [a, b, c, ..] = **value {
                    let (slot, bit) = place(a, b, c);
                    table[slot] |= bit;
                }
                while chain
                    .last()
                    .is_some_and(|&last| !value.starts_with(sorted[last].0))
                {
                    chain.pop();
                }
                shorter.push(chain.last().copied());
                chain.push(index);
            }
            begins = Some(table);
        }
        Self {
            sorted,
            shorter,
            begins,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Where values occur in a piece: from the left, of those that begin at a place the longest.
    pub(super) fn find(&self, piece: &[u8], out: &mut Vec<Candidate>) {
        let Some(begins) = &self.begins else {
            return self.find_each(piece, out);
        };
        let mut at = 0;
        while let Some(&[a, b, c]) = piece.get(at..at + 3) {
            let (slot, bit) = place(a, b, c);
            match (begins[slot] & bit != 0)
                .then(|| self.longest_at(&piece[at..]))
                .flatten()
            {
                Some(index) => {
                    let (value, rank) = self.sorted[index];
                    out.push(repeat(at, at + value.len(), rank));
                    at += value.len();
                }
                None => at += 1,
            }
        }
    }

    /// The longest value that `rest` begins with: the last one that is not greater, or one that begins
    /// that one.
    fn longest_at(&self, rest: &[u8]) -> Option<usize> {
        let mut at = self
            .sorted
            .partition_point(|(value, _)| *value <= rest)
            .checked_sub(1);
        while let Some(index) = at {
            if rest.starts_with(self.sorted[index].0) {
                return Some(index);
            }
            at = self.shorter[index];
        }
        None
    }

    fn find_each(&self, piece: &[u8], out: &mut Vec<Candidate>) {
        let mut hits: Vec<Candidate> = Vec::new();
        for (value, rank) in &self.sorted {
            let hit = |at| repeat(at, at + value.len(), *rank);
            if let [first, ..] = **value
                && piece.len() <= SHORT
            {
                let places = memchr::memchr_iter(first, piece);
                hits.extend(places.filter(|&at| piece[at..].starts_with(value)).map(hit));
            } else {
                hits.extend(memchr::memmem::find_iter(piece, value).map(hit));
            }
        }
        hits.sort_by_key(|hit| (hit.start, core::cmp::Reverse(hit.end)));
        let mut end = 0;
        for hit in hits {
            if hit.start >= end {
                end = hit.end;
                out.push(hit);
            }
        }
    }
}

fn repeat(start: usize, end: usize, rank: u8) -> Candidate {
    Candidate {
        start,
        end,
        rank,
        confidence: sure::REPEAT,
    }
}

/// The place of three bytes in a table of 65,536 bits.
fn place(a: u8, b: u8, c: u8) -> (usize, u64) {
    let hash =
        (u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16).wrapping_mul(0x9e37_79b1) >> 16;
    let slot = usize::try_from(hash >> 6).unwrap_or(0);
    (slot, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_find_the_same() {
        let text: &[u8] = b"abcd abcdef bcde zzzz yyyy abcdefgh q000q001q002q003q004q005q006q007";
        let more = (0..8).map(|n| (36 + 4 * n, 40 + 4 * n));
        let all: Vec<Candidate> = [(0, 4), (5, 11), (12, 16), (17, 21), (22, 26), (27, 35)]
            .into_iter()
            .chain(more)
            .map(|(start, end)| Candidate {
                start,
                end,
                rank: 70,
                confidence: 1.0,
            })
            .collect();
        let piece = b"xabcdefx abcdefghi bcdezzzz abc";
        let many = Values::of(text, &all);
        assert!(many.begins.is_some());
        let mut found = Vec::new();
        many.find(piece, &mut found);
        let spans: Vec<_> = found.iter().map(|hit| (hit.start, hit.end)).collect();
        assert_eq!(spans, [(1, 7), (9, 17), (19, 23), (23, 27)]);
        let mut each = Vec::new();
        many.find_each(piece, &mut each);
        assert_eq!(found, each);
    }
}
