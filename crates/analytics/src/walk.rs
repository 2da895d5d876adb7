//! The log-likelihood ratio of two rates, and where its walk ends, exactly.

use crate::AnalyticsError;
use crate::error::open_unit;
use alloc::collections::VecDeque;
use serde::{Deserialize, Serialize};

/// Steps after which an exact computation is given up.
const MAX_STEPS: u64 = 200_000_000;
/// What may be left of the probability, as a part of the smaller sum.
const LEFT: f64 = 1e-13;

/// A usual rate and another one that is to be noticed.
///
/// ```
/// use ai_audit_analytics::Shift;
///
/// let shift = Shift::new(0.01, 0.05)?;
/// // An event speaks for the higher rate, anything else a little for the lower one.
/// assert!(shift.ratio(1, 1) > 1.6 && shift.ratio(1, 0) > -0.05);
/// assert!(Shift::new(0.01, 0.01).is_err());
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Rates")]
pub struct Shift {
    p0: f64,
    p1: f64,
    #[serde(skip_serializing)]
    event: f64,
    #[serde(skip_serializing)]
    other: f64,
}

#[derive(Deserialize)]
struct Rates {
    p0: f64,
    p1: f64,
}

impl TryFrom<Rates> for Shift {
    type Error = AnalyticsError;
    fn try_from(rates: Rates) -> Result<Self, AnalyticsError> {
        Self::new(rates.p0, rates.p1)
    }
}

impl Shift {
    /// From the rate `p0`, as usual, to `p1`; either may be the higher one.
    ///
    /// # Errors
    ///
    /// When one of them is not between 0 and 1, or both are so close that no observation tells them
    /// apart.
    pub fn new(p0: f64, p1: f64) -> Result<Self, AnalyticsError> {
        let (p0, p1) = (open_unit("p0", p0)?, open_unit("p1", p1)?);
        let event = libm::log(p1 / p0);
        let other = libm::log1p(-p1) - libm::log1p(-p0);
        if event == 0.0 || other == 0.0 || !event.is_finite() || !other.is_finite() {
            return Err(AnalyticsError::Parameter {
                name: "p1",
                value: p1,
                expected: "a rate that differs from p0",
            });
        }
        Ok(Self {
            p0,
            p1,
            event,
            other,
        })
    }

    /// The usual rate.
    #[must_use]
    pub const fn p0(&self) -> f64 {
        self.p0
    }

    /// The rate that is to be noticed.
    #[must_use]
    pub const fn p1(&self) -> f64 {
        self.p1
    }

    /// What one observation adds to the log-likelihood ratio, in nats.
    #[must_use]
    pub const fn weight(&self, event: bool) -> f64 {
        if event { self.event } else { self.other }
    }

    /// The log-likelihood ratio of p1 against p0 after `observations` of which `events` were events,
    /// in nats. More events than observations count as all of them.
    #[must_use]
    pub fn ratio(&self, observations: u64, events: u64) -> f64 {
        let others = observations.saturating_sub(events);
        real(events) * self.event + real(others) * self.other
    }
}

/// A count as a real number; exact below 2^53.
#[allow(
    clippy::cast_precision_loss,
    reason = "counts above 2^53 are rounded, and nobody has counted so far"
)]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

/// Where a walk between two limits ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ends {
    /// Probability that it reaches the upper limit first.
    pub(crate) upper: f64,
    /// Probability that it reaches the lower limit first.
    pub(crate) lower: f64,
    /// Expected number of observations.
    pub(crate) observations: f64,
}

/// Follows the walk from 0 to where it is at most `lower` or at least `upper`, where events have the
/// rate `p`. `spec/statistics.md`, "Absorbing walk, exactly".
pub(crate) fn ends(
    shift: &Shift,
    lower: f64,
    upper: f64,
    p: f64,
    what: &'static str,
) -> Result<Ends, AnalyticsError> {
    let mut sums = Ends {
        upper: 0.0,
        lower: 0.0,
        observations: 0.0,
    };
    // The probabilities of `least`, `least` + 1 … events, with the walk still between its limits.
    let mut left = VecDeque::from([1.0]);
    let (mut least, mut n, mut steps) = (0u64, 0u64, 0u64);
    loop {
        let alive: f64 = left.iter().sum();
        let smaller = sums.upper.min(sums.lower);
        if alive <= LEFT * smaller || alive < f64::MIN_POSITIVE {
            return Ok(sums);
        }
        sums.observations += alive;
        n += 1;
        let mut carried = 0.0;
        for probability in &mut left {
            let now = *probability;
            *probability = now * (1.0 - p) + carried;
            carried = now * p;
        }
        left.push_back(carried);
        // The ratio is monotone in the number of events, so what ended lies at the two ends.
        let mut ended = |events: u64, probability: f64| {
            let ratio = shift.ratio(n, events);
            if ratio >= upper {
                sums.upper += probability;
            } else if ratio <= lower {
                sums.lower += probability;
            } else {
                return false;
            }
            true
        };
        while let Some(&first) = left.front() {
            if !ended(least, first) {
                break;
            }
            left.pop_front();
            least += 1;
        }
        while let Some(&last) = left.back() {
            if !ended(least + left.len() as u64 - 1, last) {
                break;
            }
            left.pop_back();
        }
        steps += left.len() as u64 + 1;
        if steps > MAX_STEPS {
            return Err(AnalyticsError::TooLong { what, steps });
        }
    }
}
