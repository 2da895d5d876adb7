//! Bounds of a probability after n trials: Clopper and Pearson, Biometrika 26 (1934), 404-413.

use serde::Serialize;
use statrs::function::beta::beta_reg;

/// How sure both bounds together are.
pub const CONFIDENCE: f64 = 0.95;

/// An interval that has the probability in it, whatever it is, with at least [`CONFIDENCE`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// The least, 0 to 1.
    pub lower: f64,
    /// The most, 0 to 1.
    pub upper: f64,
}

impl Bounds {
    /// The bounds after `successes` of `trials`, where `open` more trials have no outcome yet: the
    /// lower bound takes them for failures, the upper one for successes.
    ///
    /// The trials have to be independent and alike, and their number fixed before. More successes than
    /// trials count as trials. Of no trials nothing is known: 0 to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_contracts::Bounds;
    ///
    /// let bounds = Bounds::of(72, 0, 72);
    /// assert!(bounds.lower > 0.95 && bounds.upper == 1.0);
    /// ```
    #[must_use]
    pub fn of(successes: u64, open: u64, trials: u64) -> Self {
        let best = successes.saturating_add(open).min(trials);
        let alpha = (1.0 - CONFIDENCE) / 2.0;
        let (n, x, y) = (float(trials), float(successes.min(trials)), float(best));
        Self {
            lower: match x > 0.0 {
                true => quantile(x, n - x + 1.0, alpha),
                false => 0.0,
            },
            upper: match y < n {
                true => quantile(y + 1.0, n - y, 1.0 - alpha),
                false => 1.0,
            },
        }
    }
}

/// Counts of states and sessions, which stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

/// The quantile of Beta(a, b), by halving the interval: `beta_reg` grows with its last argument.
fn quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // Each step gives one bit; below 2^-70 nothing changes any more.
    for _ in 0..70 {
        let middle = f64::midpoint(low, high);
        match beta_reg(a, b, middle) < probability {
            true => low = middle,
            false => high = middle,
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::Bounds;

    /// From scipy 1.17: `binomtest(x, n).proportion_ci(0.95, "exact")`, as x, n, lower, upper.
    const EXACT: [(u64, u64, f64, f64); 11] = [
        (0, 1, 0.0, 0.975),
        (1, 1, 0.025000000000000022, 1.0),
        (0, 10, 0.0, 0.30849710781876294),
        (5, 10, 0.1870860284474045, 0.8129139715525955),
        (9, 10, 0.5549838829718047, 0.9974714214555375),
        (71, 71, 0.9493705920455962, 1.0),
        (72, 72, 0.9500559162941441, 1.0),
        (95, 100, 0.887165088894537, 0.9835681208182717),
        (999, 1000, 0.9944410757201502, 0.9999746825125083),
        (1, 1000000, 2.5317805139113815e-08, 5.571630655512304e-06),
        (987654, 1000000, 0.9874356536865658, 0.9878695148331536),
    ];

    #[test]
    fn equal_to_scipy() {
        for (x, n, lower, upper) in EXACT {
            let bounds = Bounds::of(x, 0, n);
            for (ours, theirs) in [(bounds.lower, lower), (bounds.upper, upper)] {
                let error: f64 = ours - theirs;
                assert!(
                    error.abs() < 1e-10,
                    "{x} of {n}: {bounds:?} {lower} {upper}"
                );
            }
        }
    }

    #[test]
    fn open_trials_widen_the_bounds_on_both_sides() {
        let (open, failed, kept) = (
            Bounds::of(8, 2, 10),
            Bounds::of(8, 0, 10),
            Bounds::of(10, 0, 10),
        );
        assert_eq!((open.lower, open.upper), (failed.lower, kept.upper));
        assert_eq!(
            Bounds::of(0, 0, 0),
            Bounds {
                lower: 0.0,
                upper: 1.0
            }
        );
        assert_eq!(Bounds::of(9, 9, 3), Bounds::of(3, 0, 3));
    }
}
