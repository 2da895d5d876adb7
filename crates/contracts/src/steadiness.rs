//! Drift between the first and the last states of a run.

use crate::bounds::float;
use crate::{Drift, Verdict};
use std::collections::VecDeque;

/// Keeps the first and the last window of states.
#[derive(Debug)]
pub(crate) struct Steadiness {
    config: Drift,
    states: u64,
    first: Vec<Seen>,
    last: VecDeque<Seen>,
}

/// A state's verdict, and the share of rules that hold in it.
type Seen = (Verdict, f64);

impl Steadiness {
    pub(crate) const fn new(config: Drift) -> Self {
        Self {
            config,
            states: 0,
            first: Vec::new(),
            last: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, verdict: Verdict, holding: f64) {
        self.states += 1;
        let seen = (verdict, holding);
        if (self.first.len() as u64) < self.config.window {
            self.first.push(seen);
        }
        self.last.push_back(seen);
        if self.last.len() as u64 > self.config.window {
            self.last.pop_front();
        }
    }

    /// 0 to 1; 0 where there are no two states to compare.
    pub(crate) fn drift(&self) -> f64 {
        let width = self.config.window.min(self.states / 2);
        let Ok(width @ 1..) = usize::try_from(width) else {
            return 0.0;
        };
        let first = Window::of(self.first.iter().take(width));
        let last = Window::of(self.last.iter().rev().take(width));
        let Drift {
            compliance,
            distributional,
            ..
        } = self.config;
        let loss = (first.holding - last.holding).max(0.0);
        let divergence = jensen_shannon(&first.verdicts, &last.verdicts);
        (compliance * loss + distributional * divergence) / (compliance + distributional)
    }
}

/// Frequencies of verdicts, and the mean share of rules that hold.
struct Window {
    verdicts: [f64; 3],
    holding: f64,
}

impl Window {
    fn of<'s>(states: impl ExactSizeIterator<Item = &'s Seen>) -> Self {
        let share = 1.0 / float(states.len() as u64);
        let mut window = Self {
            verdicts: [0.0; 3],
            holding: 0.0,
        };
        for (verdict, holding) in states {
            if let Some(frequency) = window.verdicts.get_mut(*verdict as usize) {
                *frequency += share;
            }
            window.holding += holding * share;
        }
        window
    }
}

/// In bits: 0 where both are alike, 1 where they have nothing in common (Lin, IEEE Trans. Inf. Theory
/// 37 (1991), 145-151).
fn jensen_shannon(p: &[f64; 3], q: &[f64; 3]) -> f64 {
    let towards = |from: f64, middle: f64| match from > 0.0 {
        true => from * (from / middle).log2(),
        false => 0.0,
    };
    let parts = p.iter().zip(q).map(|(p, q)| {
        let middle = f64::midpoint(*p, *q);
        f64::midpoint(towards(*p, middle), towards(*q, middle))
    });
    parts.sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Steadiness, jensen_shannon};
    use crate::{Drift, Verdict};

    #[test]
    fn divergence_in_bits() {
        assert_eq!(jensen_shannon(&[1.0, 0.0, 0.0], &[1.0, 0.0, 0.0]), 0.0);
        assert_eq!(jensen_shannon(&[1.0, 0.0, 0.0], &[0.0, 0.0, 1.0]), 1.0);
        // scipy 1.17: jensenshannon([.5, .5, 0], [.25, .25, .5], base=2) ** 2
        let found = jensen_shannon(&[0.5, 0.5, 0.0], &[0.25, 0.25, 0.5]);
        assert!((found - JSD).abs() < 1e-12, "{found}");
    }

    const JSD: f64 = 0.3112781244591328;

    #[test]
    fn windows_do_not_overlap() {
        let config = Drift {
            window: 4,
            ..Drift::default()
        };
        let mut run = Steadiness::new(config);
        assert_eq!(run.drift(), 0.0);
        for _ in 0..3 {
            run.push(Verdict::Compliant, 1.0);
        }
        for _ in 0..3 {
            run.push(Verdict::HardBreach, 0.0);
        }
        // Three and three, all different: 0.6 * 1 + 0.4 * 1.
        assert!((run.drift() - 1.0).abs() < 1e-12);
        for _ in 0..4 {
            run.push(Verdict::Compliant, 1.0);
        }
        // The first four have one breach, the last four none: only the verdicts differ.
        let expected = 0.4 * jensen_shannon(&[0.75, 0.0, 0.25], &[1.0, 0.0, 0.0]);
        assert!((run.drift() - expected).abs() < 1e-12);
    }
}
