//! What no "not before" bound reaches: an upper bound alone fits a log that was sealed long after the
//! times that it claims (attack A130).

use super::bounds::room;
use super::{SealedTimes, TimeBound};
use ai_audit_core::Timestamp;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

/// A bound that lies so many microseconds behind what a receipt claims is told with both times: a day.
const LONG: u64 = 24 * 60 * 60 * 1_000_000;

/// The most steps that are kept. Above it the older half is measured and let go.
const MAX_STEPS: usize = 1024;

/// `seq` of a receipt, and the time that it claims.
type Sealed = (u64, Timestamp);

/// Follows how far the earliest upper bounds lie behind the times that receipts claim.
///
/// Receipts with the same earliest upper bound are a step. Times ascend with receipts, so the first of
/// a step has its widest gap, however true the times are with which the step ends. Gaps are measured
/// here and not on the bounds that a report lists: those are thinned, and without the bounds between
/// them receipts would seem to wait for a day that did not.
#[derive(Debug, Default)]
pub(super) struct Below {
    /// Whether the receipts are a part of a log, whose anchors may be elsewhere.
    part: bool,
    /// Whether a receipt came before the first "not before" bound.
    open: bool,
    /// Where the first such bound stands.
    first_bound: Option<u64>,
    /// The first measured receipt from there on.
    from_bound: Option<Sealed>,
    /// The newest anchor.
    anchor: Option<u64>,
    /// Receipts that are measured: all but anchors, and in a part no control receipts.
    sealed: SealedTimes,
    /// The first measured receipt that is not below a size, once there is one: of sizes that are asked
    /// about perhaps long after it went by.
    expected: BTreeMap<u64, Option<Sealed>>,
    /// The first receipt of the first step that is kept.
    start: Option<Sealed>,
    /// Ascending in receipts and in time.
    steps: Vec<Step>,
    /// The widest gaps of the steps before those.
    widest: Widest,
    /// Below this `seq` they were.
    settled: u64,
}

#[derive(Debug)]
struct Step {
    bound: TimeBound,
    /// The first measured receipt that the bound does not hold for, once there is one.
    next: Option<Sealed>,
}

/// The widest gaps before the first "not before" bound and behind it.
#[derive(Debug, Clone, Default)]
struct Widest {
    below: Option<Gap>,
    behind: Option<Gap>,
}

#[derive(Debug, Clone)]
struct Gap {
    first: Sealed,
    bound: TimeBound,
}

impl Below {
    /// The receipts are a part of a log.
    pub(super) const fn part(&mut self) {
        self.part = true;
    }

    /// A checkpoint of this size will be asked about.
    pub(super) fn expect(&mut self, size: u64) {
        self.expected.entry(size).or_default();
    }

    /// The next receipt is an anchor. It is not measured: what it brings never reaches itself, so of a
    /// log that rests for days behind it nothing would be told but this.
    pub(super) const fn anchor(&mut self, seq: u64) {
        self.anchor = Some(seq);
    }

    /// A "not before" bound stands at this receipt, which was not taken yet.
    pub(super) fn bound(&mut self, seq: u64) {
        self.first_bound.get_or_insert(seq);
    }

    /// Takes the next receipt.
    pub(super) fn see(&mut self, seq: u64, sealed_at: Timestamp) {
        self.pass();
        if self.anchor == Some(seq) {
            return;
        }
        let this = (seq, sealed_at);
        self.sealed.record(seq, sealed_at);
        self.start.get_or_insert(this);
        if self.first_bound.is_some() {
            self.from_bound.get_or_insert(this);
        }
        // Those that wait are the last ones: whatever was taken fits all smaller ones.
        let expected = self.expected.range_mut(..=seq).rev();
        for (_, first) in expected.take_while(|(_, first)| first.is_none()) {
            *first = Some(this);
        }
        let steps = self.steps.iter_mut().rev();
        for step in steps.take_while(|step| step.next.is_none()) {
            step.next = Some(this);
        }
    }

    /// The next receipt is not measured.
    pub(super) const fn pass(&mut self) {
        if self.first_bound.is_none() {
            self.open = true;
        }
    }

    /// Takes a "not later" bound of receipts that went by.
    pub(super) fn add(&mut self, bound: &TimeBound) {
        let end = bound.end();
        // What comes so late narrows nothing any more: that the receipts were there at the time that
        // is told stays true.
        if end <= self.settled {
            return;
        }
        let Some(place) = room(&mut self.steps, bound, |step| &step.bound) else {
            return;
        };
        let next = match self.expected.get(&end) {
            Some(first) => *first,
            None => self.sealed.first_from(end),
        };
        let bound = bound.clone();
        self.steps.insert(place, Step { bound, next });
        if self.steps.len() > MAX_STEPS {
            self.settle();
        }
    }

    /// Measures the older half of the steps and lets go of it.
    fn settle(&mut self) {
        let kept = self.steps.split_off(MAX_STEPS / 2);
        let old = mem::replace(&mut self.steps, kept);
        let mut widest = mem::take(&mut self.widest);
        self.start = self.measure(&old, &mut widest);
        self.widest = widest;
        self.settled = old.last().map_or(self.settled, |step| step.bound.end());
    }

    /// Measures steps from the start on, and returns where the next one starts.
    fn measure(&self, steps: &[Step], widest: &mut Widest) -> Option<Sealed> {
        let mut start = self.start;
        for step in steps {
            if let Some(first) = start {
                if self.first_bound.is_none_or(|bound| first.0 < bound) {
                    widen(&mut widest.below, first, &step.bound);
                }
                // A step may begin below the first "not before" bound and end behind it.
                if let Some(from) = self.from_bound {
                    widen(&mut widest.behind, first.max(from), &step.bound);
                }
            }
            start = step.next;
        }
        start
    }

    /// What to tell where something is bounded from above.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.steps.is_empty() {
            return remarks;
        }
        let mut widest = self.widest.clone();
        self.measure(&self.steps, &mut widest);
        let shows = if self.part {
            "nothing here shows"
        } else {
            "nothing shows"
        };
        let said =
            |whose: &str| format!("{shows} that {whose} were not sealed later than they say");
        if self.open {
            let whose = match self.first_bound {
                Some(first) => format!("receipts below {first}"),
                None => "the receipts".into(),
            };
            let mut remark = said(&whose);
            if let Some(gap) = widest.below.filter(Gap::is_long) {
                remark.push_str(&gap.told());
            }
            remarks.push(remark);
        }
        // What follows a bound from below can hang on one that is as old as the times are false.
        if let Some(gap) = widest.behind.filter(Gap::is_long) {
            let last = gap.bound.end().saturating_sub(1);
            let whose = format!("receipts {} to {last}", gap.first.0);
            remarks.push(said(&whose) + &gap.told());
        }
        remarks
    }
}

/// Takes the gap of a receipt, where the bound holds for it and the gap is the widest so far.
fn widen(widest: &mut Option<Gap>, first: Sealed, bound: &TimeBound) {
    let after = width(first, bound);
    if first.0 < bound.end() && widest.as_ref().is_none_or(|gap| gap.width() < after) {
        let bound = bound.clone();
        *widest = Some(Gap { first, bound });
    }
}

/// How far a bound lies behind the time that a receipt claims.
const fn width((_, sealed_at): Sealed, bound: &TimeBound) -> u64 {
    bound.time.as_micros().saturating_sub(sealed_at.as_micros())
}

impl Gap {
    const fn width(&self) -> u64 {
        width(self.first, &self.bound)
    }

    const fn is_long(&self) -> bool {
        self.width() >= LONG
    }

    /// Both times.
    fn told(&self) -> String {
        let (seq, sealed_at) = self.first;
        format!(
            ": receipt {seq} says {sealed_at}, and it was {} when {} a checkpoint with it",
            self.bound.time,
            self.bound.source.did(&self.bound.by)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::bounds::tests::{at, bound};
    use super::*;

    const HOUR: u64 = 60 * 60;
    const DAYS: u64 = 48 * HOUR;

    fn said(whose: &str) -> String {
        format!("nothing shows that {whose} were not sealed later than they say")
    }

    fn told(seq: u64, sealed_at: u64, time: u64) -> String {
        format!(
            ": receipt {seq} says {}, and it was {} when the quorum q cosigned a checkpoint with it",
            at(sealed_at),
            at(time)
        )
    }

    /// A log with an anchor and another receipt each hour. What an hour from `late` on says is right,
    /// but it was two days later than that before the witness saw it.
    fn hourly(hours: u64, late: u64) -> Below {
        let mut below = Below::default();
        below.see(0, at(0));
        for hour in 1..=hours {
            let (anchor, mut now) = (2 * hour - 1, hour * HOUR);
            if hour >= late {
                now += DAYS;
            }
            below.anchor(anchor);
            below.bound(anchor);
            below.add(&bound(anchor, now));
            below.see(anchor, at(now));
            below.see(anchor + 1, at(now + 1));
        }
        assert!(below.steps.len() <= MAX_STEPS);
        below
    }

    #[test]
    fn however_many_bounds_there_are_none_of_them_is_missed() {
        let below_first = said("receipts below 1");
        assert_eq!(
            hourly(3_000, u64::MAX).remarks(),
            *std::slice::from_ref(&below_first)
        );
        // Told whether the bounds are kept or not, and of the one receipt that waited.
        for late in [2, 50, 513, 1_024, 2_000, 3_000] {
            let waited = 2 * late - 2;
            let gap = said(&format!("receipts {waited} to {waited}"))
                + &told(waited, (late - 1) * HOUR + 1, late * HOUR + DAYS);
            assert_eq!(
                hourly(3_000, late).remarks(),
                [below_first.clone(), gap],
                "{late}"
            );
        }
    }

    #[test]
    fn a_true_time_at_the_end_hides_nothing() {
        let mut below = Below::default();
        for seq in 0..9 {
            below.see(seq, at(seq));
        }
        below.see(9, at(DAYS));
        assert!(below.remarks().is_empty());
        below.add(&bound(10, DAYS));
        assert_eq!(below.remarks(), [said("the receipts") + &told(0, 0, DAYS)]);
        // A bound that comes later and says it better.
        below.add(&bound(9, HOUR));
        assert_eq!(below.remarks(), [said("the receipts")]);
        below.add(&bound(3, 5));
        assert_eq!(below.remarks(), [said("the receipts")]);
        below.add(&bound(10, 2 * DAYS));
        assert_eq!(below.remarks(), [said("the receipts")]);
    }

    #[test]
    fn a_step_over_the_first_bound_from_below_is_told_on_both_sides() {
        let mut below = Below::default();
        for seq in 0..5 {
            below.see(seq, at(seq));
        }
        below.anchor(5);
        below.bound(5);
        below.add(&bound(3, HOUR));
        below.see(5, at(HOUR));
        below.see(6, at(HOUR + 1));
        below.see(7, at(DAYS * 2));
        below.add(&bound(8, DAYS * 2));
        assert_eq!(
            below.remarks(),
            [
                said("receipts below 5") + &told(3, 3, DAYS * 2),
                said("receipts 6 to 7") + &told(6, HOUR + 1, DAYS * 2)
            ]
        );
    }

    #[test]
    fn what_is_asked_about_late_was_kept() {
        let mut below = Below::default();
        below.expect(7);
        for seq in 0..100_000 {
            // One that no bound reaches in time, between others that seem to be in order.
            below.see(seq, at(if seq < 8 { seq } else { DAYS }));
        }
        below.add(&bound(7, 60));
        below.add(&bound(100_000, DAYS));
        assert_eq!(below.remarks(), [said("the receipts") + &told(7, 7, DAYS)]);
    }

    #[test]
    fn a_rest_behind_an_anchor_is_none_of_its_receipts() {
        let mut below = Below::default();
        below.see(0, at(0));
        below.anchor(1);
        below.bound(1);
        below.add(&bound(1, 60));
        below.see(1, at(61));
        below.see(2, at(DAYS));
        below.add(&bound(3, DAYS + 60));
        assert_eq!(below.remarks(), [said("receipts below 1")]);
    }

    #[test]
    fn a_part_says_that_it_is_one() {
        let mut below = Below::default();
        below.part();
        below.pass();
        below.see(7, at(HOUR));
        below.add(&bound(8, HOUR + DAYS));
        let here = "nothing here shows that the receipts were not sealed later than they say";
        assert_eq!(
            below.remarks(),
            [here.to_owned() + &told(7, HOUR, HOUR + DAYS)]
        );
    }
}
