//! The writer's times of the receipts that went by, in memory that grows with the logarithm of
//! their number.

use ai_audit_core::Timestamp;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// How many are kept of each level.
const PER_LEVEL: usize = 1024;

/// The last receipts' times exactly, of those before every second, then every fourth, and so on,
/// and some that were asked for. Times ascend with receipts, so what lies between two is bounded.
#[derive(Debug, Default)]
pub(super) struct SealedTimes {
    /// From the newest to the oldest; each holds every 2^level-th that was recorded.
    levels: Vec<VecDeque<Entry>>,
    kept: BTreeMap<u64, Option<Timestamp>>,
    count: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    seq: u64,
    time: Timestamp,
    /// How many were recorded before it.
    number: u64,
}

impl SealedTimes {
    /// The time of this receipt will be asked for.
    pub(super) fn keep(&mut self, seq: u64) {
        self.kept.entry(seq).or_default();
    }

    /// Takes the next receipt: above the last in `seq`, not before it in time.
    pub(super) fn record(&mut self, seq: u64, time: Timestamp) {
        if let Some(kept) = self.kept.get_mut(&seq) {
            *kept = Some(time);
        }
        let mut moving = Entry {
            seq,
            time,
            number: self.count,
        };
        self.count += 1;
        for level in 0..u64::BITS {
            let place = usize::try_from(level).unwrap_or(usize::MAX);
            let Some(entries) = self.levels.get_mut(place) else {
                self.levels.push(VecDeque::from([moving]));
                return;
            };
            entries.push_back(moving);
            if entries.len() <= PER_LEVEL {
                return;
            }
            let Some(oldest) = entries.pop_front() else {
                return;
            };
            if oldest.number >> level & 1 == 1 {
                return;
            }
            moving = oldest;
        }
    }

    /// The first receipt, of those at hand, with a time after this one.
    pub(super) fn first_after(&self, time: Timestamp) -> Option<(u64, Timestamp)> {
        let of_level = |entries: &VecDeque<Entry>| {
            let place = entries.partition_point(|entry| entry.time <= time);
            entries.get(place).map(|entry| (entry.seq, entry.time))
        };
        let kept = self.kept.iter().find_map(|(seq, kept)| match kept {
            Some(at) if *at > time => Some((*seq, *at)),
            _ => None,
        });
        self.levels.iter().filter_map(of_level).chain(kept).min()
    }

    /// The first receipt, of those at hand, that is not below this one.
    pub(super) fn first_from(&self, seq: u64) -> Option<(u64, Timestamp)> {
        let of_level = |entries: &VecDeque<Entry>| {
            let below = entries.partition_point(|entry| entry.seq < seq);
            entries.get(below).map(|entry| (entry.seq, entry.time))
        };
        let mut kept = self.kept.range(seq..);
        let kept = kept.find_map(|(seq, kept)| Some((*seq, (*kept)?)));
        self.levels.iter().filter_map(of_level).chain(kept).min()
    }

    /// So much of a size that all receipts below it are known to have a time not after `limit`:
    /// one that has, behind the size even, speaks for all before it.
    pub(super) fn known_up_to(&self, size: u64, limit: Timestamp) -> u64 {
        let mut known = 0;
        let exact = self
            .kept
            .iter()
            .filter_map(|(seq, kept)| Some((*seq, (*kept)?)));
        let sampled = self.levels.iter().flat_map(|entries| {
            let within = entries.partition_point(|entry| entry.time <= limit);
            let last = within.checked_sub(1).and_then(|last| entries.get(last));
            last.map(|entry| (entry.seq, entry.time))
        });
        for (seq, time) in sampled.chain(exact) {
            if time <= limit {
                known = known.max(seq.saturating_add(1).min(size));
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_last_are_exact_and_the_others_bounded() {
        let mut times = SealedTimes::default();
        times.keep(7);
        times.keep(1_000_000);
        for seq in 0..100_000 {
            times.record(seq, at(seq));
        }
        assert!(times.levels.len() < 10);
        for (after, expected) in [(0, 7), (6, 7), (99_000, 99_001), (99_998, 99_999)] {
            assert_eq!(times.first_after(at(after)).unwrap().0, expected);
        }
        assert_eq!(times.first_after(at(99_999)), None);
        for seq in [7, 99_000, 99_999] {
            assert_eq!(times.first_from(seq), Some((seq, at(seq))));
        }
        assert_eq!(times.first_from(100_000), None);
        assert!((50_000..50_256).contains(&times.first_from(50_000).unwrap().0));
        // Never above the truth, and not much below it.
        for size in (1..100_000).step_by(977) {
            for limit in [size - 1, size / 2, size, 99_999] {
                let known = times.known_up_to(size, at(limit));
                let truth = size.min(limit + 1);
                assert!(known <= truth, "{size} {limit}: {known}");
                assert!(
                    known + (100_000 - truth) / 256 + 2 >= truth,
                    "{size} {limit}: {known}"
                );
            }
        }
        assert_eq!(times.known_up_to(99_500, at(99_499)), 99_500);
        assert_eq!(times.known_up_to(8, at(7)), 8);
    }

    #[test]
    fn nothing_recorded_nothing_known() {
        let times = SealedTimes::default();
        assert_eq!(times.first_after(at(0)), None);
        assert_eq!(times.first_from(0), None);
        assert_eq!(times.known_up_to(9, Timestamp::MAX), 0);
    }
}
