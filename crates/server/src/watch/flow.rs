//! Counts of the last while, by second and by minute.

use ai_audit_core::Timestamp;

/// How many steps are kept.
const STEPS: usize = 60;

/// Counts of the last 60 steps of a clock. What is older when it comes, or from the future, counts as
/// little as anything else that is not of this time.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    /// Length of a step in microseconds.
    step: u64,
    /// The last step that something came in.
    last: u64,
    counts: [u64; STEPS],
}

impl Recent {
    pub(super) const fn of_seconds(seconds: u64) -> Self {
        Self {
            step: seconds * 1_000_000,
            last: 0,
            counts: [0; STEPS],
        }
    }

    fn step_of(&self, time: Timestamp) -> u64 {
        time.as_micros() / self.step
    }

    fn place(step: u64) -> usize {
        usize::try_from(step % STEPS as u64).unwrap_or(0)
    }

    /// Counts one of this time.
    pub(super) fn add(&mut self, time: Timestamp) {
        let step = self.step_of(time);
        // What lies between is empty, all of it where a whole round went by.
        let passed = step.saturating_sub(self.last).min(STEPS as u64);
        for back in 0..passed {
            if let Some(count) = self.counts.get_mut(Self::place(step - back)) {
                *count = 0;
            }
        }
        self.last = self.last.max(step);
        if self.last - step < STEPS as u64
            && let Some(count) = self.counts.get_mut(Self::place(step))
        {
            *count += 1;
        }
    }

    /// The counts of the 60 steps up to the one of `now`, the oldest first. `now` should not lie before
    /// what came last ([`moment`]).
    pub(super) fn at(&self, now: Timestamp) -> Vec<u64> {
        let now = self.step_of(now);
        let steps = (0..STEPS as u64).rev();
        let known = |step: u64| step <= self.last && self.last - step < STEPS as u64;
        steps
            .map(|back| match now.checked_sub(back) {
                Some(step) if known(step) => self
                    .counts
                    .get(Self::place(step))
                    .copied()
                    .unwrap_or_default(),
                _ => 0,
            })
            .collect()
    }
}

/// Up to when is counted: until now, or until the last receipt was sealed. A clock that jumped forward and
/// was corrected lies behind that for a while, in which receipts keep the later time.
pub(super) fn moment(now: Timestamp, last: Option<Timestamp>) -> Timestamp {
    last.map_or(now, |last| last.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumped_and_was_corrected_hides_nothing() {
        let mut recent = Recent::of_seconds(1);
        for _ in 0..3 {
            recent.add(second(50_000));
        }
        let now = moment(second(1_000), Some(second(50_000)));
        assert_eq!(recent.at(now).iter().sum::<u64>(), 3);
        let now = moment(second(50_100), Some(second(50_000)));
        assert_eq!(recent.at(now).iter().sum::<u64>(), 0);
        assert_eq!(moment(second(7), None), second(7));
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000 + 5)
    }

    #[test]
    fn what_is_old_falls_out_and_the_rest_keeps_its_place() {
        let mut recent = Recent::of_seconds(1);
        for time in [1_000, 1_000, 1_030, 1_059] {
            recent.add(second(time));
        }
        let at = recent.at(second(1_059));
        assert_eq!((at[0], at[30], at[59]), (2, 1, 1));
        assert_eq!(at.iter().sum::<u64>(), 4);
        let later = recent.at(second(1_070));
        assert_eq!((later[19], later[48]), (1, 1));
        assert_eq!(later.iter().sum::<u64>(), 2);
        assert_eq!(recent.at(second(9_000)).iter().sum::<u64>(), 0);
    }

    #[test]
    fn a_pause_empties_what_lies_between_and_what_comes_late_counts_where_it_belongs() {
        let mut recent = Recent::of_seconds(1);
        recent.add(second(100));
        recent.add(second(165));
        recent.add(second(160));
        // Sixty steps before the last one: no longer of this time.
        recent.add(second(105));
        let at = recent.at(second(165));
        assert_eq!((at[54], at[59], at.iter().sum::<u64>()), (1, 1, 2));
        recent.add(second(10_000));
        assert_eq!(recent.at(second(10_000)).iter().sum::<u64>(), 1);
    }
}
