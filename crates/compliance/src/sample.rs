//! Which receipts a number is shown with: the first, the last, and a spread sample between them.

use crate::result::Pointer;
use ai_audit_core::{Kind, LeafHash, ReceiptId, Said, Timestamp, UnverifiedReceipt};

/// The most receipts of a sample between the first and the last.
const MAX_BETWEEN: usize = 6;

/// A receipt that may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) seq: u64,
    pub(crate) hash: LeafHash,
    pub(crate) id: ReceiptId,
    pub(crate) kind: Kind,
    pub(crate) sealed_at: Timestamp,
    /// When what it says was: of an imported record the time that it gives itself.
    pub(crate) time: Timestamp,
}

impl Named {
    pub(crate) fn of(receipt: &UnverifiedReceipt<'_>, said: &Said<'_>) -> Self {
        let header = receipt.header();
        Self {
            seq: header.seq,
            hash: receipt.hash(),
            id: header.id,
            kind: header.kind,
            sealed_at: header.sealed_at,
            time: said.time,
        }
    }

    pub(crate) const fn of_pointer(pointer: &Pointer) -> Self {
        Self {
            seq: pointer.seq,
            hash: pointer.hash,
            id: pointer.id,
            kind: pointer.kind,
            sealed_at: pointer.sealed_at,
            time: pointer.sealed_at,
        }
    }

    pub(crate) const fn pointer(self) -> Pointer {
        Pointer {
            seq: self.seq,
            hash: self.hash,
            id: self.id,
            kind: self.kind,
            sealed_at: self.sealed_at,
            path: None,
        }
    }
}

/// The first, the last and every k-th between them, where k is the smallest power of two that
/// leaves at most six.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    first: Option<Named>,
    last: Option<Named>,
    /// Those whose number, counted from 0, is a multiple of `stride`, but for the first.
    between: Vec<(u64, Named)>,
    stride: u64,
    count: u64,
}

impl Sample {
    pub(crate) fn push(&mut self, named: Named) {
        let number = self.count;
        self.count += 1;
        self.first.get_or_insert(named);
        self.last = Some(named);
        let stride = self.stride.max(1);
        if number == 0 || !number.is_multiple_of(stride) {
            return;
        }
        self.between.push((number, named));
        if self.between.len() > MAX_BETWEEN + 1 {
            self.stride = stride * 2;
            let stride = self.stride;
            self.between
                .retain(|(number, _)| number.is_multiple_of(stride));
        }
    }

    /// In ascending order of their places, none twice.
    pub(crate) fn named(&self) -> Vec<Named> {
        let mut all: Vec<Named> = self.first.into_iter().collect();
        all.extend(self.between.iter().map(|(_, named)| *named));
        all.extend(self.last);
        all.dedup_by_key(|named| named.seq);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(count: u64) -> Vec<u64> {
        let mut sample = Sample::default();
        for seq in 0..count {
            sample.push(Named {
                seq,
                hash: LeafHash::of(&seq.to_be_bytes()),
                id: ReceiptId::from_bytes([0; 16]),
                kind: Kind::DECISION,
                sealed_at: Timestamp::from_micros(seq),
                time: Timestamp::from_micros(seq),
            });
        }
        sample.named().iter().map(|named| named.seq).collect()
    }

    #[test]
    fn few_are_all_named() {
        assert_eq!(sampled(0), [0; 0]);
        assert_eq!(sampled(1), [0]);
        assert_eq!(sampled(2), [0, 1]);
        assert_eq!(sampled(8), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn many_are_spread_evenly_with_both_ends() {
        for count in [9, 100, 1_000, 65_537] {
            let sample = sampled(count);
            assert_eq!(sample.first(), Some(&0));
            assert_eq!(sample.last(), Some(&(count - 1)));
            assert!(sample.len() <= MAX_BETWEEN + 3, "{sample:?}");
            assert!(sample.len() >= 5, "{sample:?}");
            let inner: Vec<u64> = sample.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let strides = &inner[..inner.len() - 1];
            assert!(
                strides.iter().all(|stride| *stride == strides[0]),
                "{sample:?}"
            );
        }
    }
}
