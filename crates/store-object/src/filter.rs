//! Filters that tell which segments do not have a name, so that they need not be read.

use crate::codec::count;
use ai_audit_core::{Digest, Header, ReceiptId, SubjectKeyId};

/// Bits set of an item.
const SET: u64 = 4;
/// Bits for each receipt, and in all.
const PER_RECEIPT: usize = 32;
const LEAST: usize = 64;
const MOST: usize = 1 << 17;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(u64, u64);

impl Mark {
    fn of(field: &str, value: &[u8]) -> Self {
        let digest = Digest::of(&[field.as_bytes(), b":", value].concat());
        let (mut a, mut b) = ([0; 8], [0; 8]);
        let (first, rest) = digest.as_bytes().split_at(8);
        a.copy_from_slice(first);
        b.copy_from_slice(rest.get(..8).unwrap_or(&[0; 8]));
        Self(u64::from_be_bytes(a), u64::from_be_bytes(b))
    }

    pub(crate) fn id(id: &ReceiptId) -> Self {
        Self::of("id", id.as_bytes())
    }

    pub(crate) fn trace(name: &str) -> Self {
        Self::of("trace", name.as_bytes())
    }

    pub(crate) fn session(name: &str) -> Self {
        Self::of("session", name.as_bytes())
    }

    pub(crate) fn key(key: &SubjectKeyId) -> Self {
        Self::of("key", key.as_bytes())
    }

    /// Those by which a receipt is found.
    pub(crate) fn of_header(header: &Header<'_>) -> impl Iterator<Item = Self> {
        let named = |name: &str, mark: fn(&str) -> Self| (!name.is_empty()).then(|| mark(name));
        let names = [
            Some(Self::id(&header.id)),
            named(header.trace_id, Self::trace),
            named(header.session_id, Self::session),
        ];
        names.into_iter().flatten()
    }

    fn bits(self, len: usize) -> impl Iterator<Item = (usize, u8)> {
        let bits = count(len).saturating_mul(8).max(1);
        (0..SET).map(move |turn| {
            let bit = self.0.wrapping_add(turn.wrapping_mul(self.1)) % bits;
            let byte = usize::try_from(bit / 8).unwrap_or(usize::MAX);
            (byte, 1 << (bit % 8))
        })
    }
}

/// A filter of so many receipts with these marks.
pub(crate) fn make(receipts: usize, marks: impl Iterator<Item = Mark>) -> Vec<u8> {
    let bits = receipts
        .saturating_mul(PER_RECEIPT)
        .clamp(LEAST, MOST)
        .next_power_of_two();
    let mut filter = vec![0; bits / 8];
    for mark in marks {
        for (byte, bit) in mark.bits(bits / 8) {
            if let Some(byte) = filter.get_mut(byte) {
                *byte |= bit;
            }
        }
    }
    filter
}

/// Whether the mark may be there. An empty filter, which nobody makes, excludes nothing.
pub(crate) fn may_have(filter: &[u8], mark: Mark) -> bool {
    filter.is_empty()
        || mark
            .bits(filter.len())
            .all(|(byte, bit)| filter.get(byte).is_some_and(|found| found & bit != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_most_of_the_rest_is_not() {
        let mark = |n: u32| Mark::trace(&n.to_string());
        let filter = make(1000, (0..3000).map(mark));
        assert!((0..3000).all(|n| may_have(&filter, mark(n))));
        let wrong = (3000..13_000)
            .filter(|n| may_have(&filter, mark(*n)))
            .count();
        assert!(wrong < 600, "{wrong} of 10,000");
        assert!(!may_have(
            &make(1, [mark(1)].into_iter()),
            Mark::session("1")
        ));
    }
}
