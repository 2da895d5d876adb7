//! Bounds on the times of receipts, as few as say the same.

use ai_audit_core::Timestamp;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The most bounds of a kind that are kept. Above it every second is dropped, never the widest.
const MAX_BOUNDS: usize = 1024;

/// What somebody whom the policy trusts says of when receipts were sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeBound {
    /// Which side it is on.
    pub kind: TimeBoundKind,
    /// `seq` of the first receipt that it holds for.
    pub first: u64,
    /// `seq` of the last; absent where it holds for all that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// The time.
    pub time: Timestamp,
    /// What it rests on.
    pub source: TimeSource,
    /// Who: the quorum's name in the policy, or the authority's in its certificate.
    pub by: String,
    /// Size of the checkpoint that was signed.
    pub checkpoint: u64,
    /// `seq` of the anchor that brought it into the log, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<u64>,
}

/// The side of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeBoundKind {
    /// Sealed at the time or before it.
    NotLater,
    /// Sealed at the time or after it.
    NotBefore,
}

/// What a bound rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// Cosignatures of the policy's quorum of witnesses.
    Quorum,
    /// A timestamp token of an authority that the policy trusts.
    Timestamp,
}

impl TimeSource {
    /// Who did what, in words.
    pub(crate) fn did(self, by: &str) -> String {
        match self {
            Self::Quorum => format!("the quorum {by} cosigned"),
            Self::Timestamp => format!("{by} stamped"),
        }
    }
}

/// All that trusted third parties say of when a log's receipts were sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeBounds {
    /// Ascending in receipts and in time: what another one says better is left out.
    not_later: Vec<TimeBound>,
    /// The same.
    not_before: Vec<TimeBound>,
}

impl TimeBound {
    /// One above the last receipt that it holds for.
    pub(crate) fn end(&self) -> u64 {
        self.last.map_or(u64::MAX, |last| last.saturating_add(1))
    }
}

impl TimeBounds {
    /// The earliest time by which a receipt was in the log, if that lies before `time`: for telling
    /// what had been sealed before a key was stolen.
    #[must_use]
    pub fn anchored_before(&self, seq: u64, time: Timestamp) -> Option<Timestamp> {
        let covering = self.not_later.iter().find(|bound| seq < bound.end())?;
        Some(covering.time).filter(|bound| *bound < time)
    }

    /// How many receipts, from the log's beginning on, were in it before `time`.
    #[must_use]
    pub fn size_before(&self, time: Timestamp) -> u64 {
        let before = self.not_later.partition_point(|bound| bound.time < time);
        let last = before
            .checked_sub(1)
            .and_then(|last| self.not_later.get(last));
        last.map_or(0, TimeBound::end)
    }

    /// The bounds, "not later" first, each kind ascending.
    pub fn iter(&self) -> impl Iterator<Item = &TimeBound> {
        self.not_later.iter().chain(&self.not_before)
    }

    /// The "not later" bound of most receipts.
    pub(crate) fn widest(&self) -> Option<&TimeBound> {
        self.not_later.last()
    }

    /// The "not before" bound of the latest time.
    pub(crate) fn latest_not_before(&self) -> Option<&TimeBound> {
        self.not_before.last()
    }

    pub(crate) fn add_not_later(&mut self, bound: TimeBound) {
        if let Some(place) = room(&mut self.not_later, &bound, |other| other) {
            self.not_later.insert(place, bound);
            thin(&mut self.not_later);
        }
    }

    /// Bounds come in ascending order of their receipts.
    pub(crate) fn add_not_before(&mut self, bound: TimeBound) {
        if self
            .latest_not_before()
            .is_none_or(|last| last.time < bound.time)
        {
            self.not_before.push(bound);
            thin(&mut self.not_before);
        }
    }
}

/// The place of a "not later" bound among those that ascend in receipts and in time, without what it
/// says better. `None` where another one says it better, or as well.
pub(super) fn room<T>(
    all: &mut Vec<T>,
    bound: &TimeBound,
    of: impl Fn(&T) -> &TimeBound,
) -> Option<usize> {
    let (end, time) = (bound.end(), bound.time);
    let known = all
        .iter()
        .rev()
        .take_while(|other| of(other).end() >= end)
        .any(|other| of(other).time <= time);
    if known {
        return None;
    }
    all.retain(|other| of(other).end() > end || of(other).time < time);
    Some(all.partition_point(|other| of(other).end() < end))
}

/// Drops every second bound where there are too many, but not the last.
fn thin(bounds: &mut Vec<TimeBound>) {
    if bounds.len() <= MAX_BOUNDS {
        return;
    }
    let last = bounds.len() - 1;
    let mut place = 0;
    bounds.retain(|_| {
        let kept = (last - place).is_multiple_of(2);
        place += 1;
        kept
    });
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::time) fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    pub(in crate::time) fn bound(end: u64, seconds: u64) -> TimeBound {
        TimeBound {
            kind: TimeBoundKind::NotLater,
            first: 0,
            last: Some(end - 1),
            time: at(seconds),
            source: TimeSource::Quorum,
            by: "q".into(),
            checkpoint: end,
            anchor: None,
        }
    }

    #[test]
    fn the_best_bounds_are_kept_and_answer() {
        let mut bounds = TimeBounds::default();
        for (end, seconds) in [
            (10, 100),
            (20, 300),
            (15, 200),
            (5, 150),
            (12, 250),
            (20, 280),
        ] {
            bounds.add_not_later(bound(end, seconds));
        }
        let kept: Vec<_> = bounds
            .iter()
            .map(|bound| (bound.end(), bound.time))
            .collect();
        assert_eq!(kept, [(10, at(100)), (15, at(200)), (20, at(280))]);
        assert_eq!(bounds.size_before(at(100)), 0);
        assert_eq!(bounds.size_before(at(101)), 10);
        assert_eq!(bounds.size_before(at(280)), 15);
        assert_eq!(bounds.size_before(Timestamp::MAX), 20);
        assert_eq!(bounds.anchored_before(9, at(101)), Some(at(100)));
        assert_eq!(bounds.anchored_before(9, at(100)), None);
        assert_eq!(bounds.anchored_before(10, at(201)), Some(at(200)));
        assert_eq!(bounds.anchored_before(20, Timestamp::MAX), None);
    }

    #[test]
    fn however_many_there_are_the_widest_stays() {
        let mut bounds = TimeBounds::default();
        for n in 1..=10_000 {
            bounds.add_not_later(bound(n, n));
            let mut before = bound(n, n);
            before.kind = TimeBoundKind::NotBefore;
            bounds.add_not_before(before);
        }
        assert!(bounds.iter().count() <= 2 * MAX_BOUNDS);
        assert_eq!(bounds.widest().unwrap().end(), 10_000);
        assert_eq!(bounds.latest_not_before().unwrap().time, at(10_000));
        // Fewer bounds say less, never something else.
        for n in 1..10_000 {
            assert!(bounds.size_before(at(n)) < n);
        }
    }
}
