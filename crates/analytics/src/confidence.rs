//! A confidence sequence for a rate: an interval at which one may look at any time.

use crate::error::open_unit;
use crate::walk::real;
use crate::{AnalyticsError, Interval};
use serde::{Deserialize, Serialize};

/// Both parameters of the mixing beta distribution: Jeffreys'.
const MIXING: f64 = 0.5;

/// A rate with bounds that hold at all times at once.
///
/// The beta-binomial mixture: H. Robbins, Annals of Mathematical Statistics 41 (1970); Howard, Ramdas,
/// McAuliffe and Sekhon, Annals of Statistics 49 (2021). Whoever looks again and again, and stops
/// because of what he saw, is still wrong in at most a part alpha of all cases, where the rate does not
/// change. The state does not depend on the order of observations.
///
/// ```
/// use ai_audit_analytics::ConfidenceSequence;
///
/// let mut rate = ConfidenceSequence::new(0.05)?;
/// for n in 0..1_000 {
///     rate.push(n % 10 == 0);
/// }
/// let interval = rate.interval();
/// assert!(interval.lower > 0.06 && interval.lower < 0.1);
/// assert!(interval.upper > 0.1 && interval.upper < 0.14);
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct ConfidenceSequence {
    alpha: f64,
    observations: u64,
    events: u64,
}

#[derive(Deserialize)]
struct Raw {
    alpha: f64,
    observations: u64,
    events: u64,
}

impl TryFrom<Raw> for ConfidenceSequence {
    type Error = AnalyticsError;
    fn try_from(raw: Raw) -> Result<Self, AnalyticsError> {
        if raw.events > raw.observations {
            return Err(AnalyticsError::State {
                field: "events",
                expected: "at most the observations",
            });
        }
        Ok(Self {
            observations: raw.observations,
            events: raw.events,
            ..Self::new(raw.alpha)?
        })
    }
}

impl ConfidenceSequence {
    /// Before the first observation, for bounds that are all true with probability 1 − `alpha`.
    ///
    /// # Errors
    ///
    /// When `alpha` is not between 0 and 1.
    pub fn new(alpha: f64) -> Result<Self, AnalyticsError> {
        Ok(Self {
            alpha: open_unit("alpha", alpha)?,
            observations: 0,
            events: 0,
        })
    }

    /// Takes an observation.
    pub const fn push(&mut self, event: bool) {
        self.observations = self.observations.saturating_add(1);
        if event {
            self.events = self.events.saturating_add(1);
        }
    }

    /// Takes over what another sequence has seen, which this one has not.
    pub const fn merge(&mut self, other: &Self) {
        self.observations = self.observations.saturating_add(other.observations);
        self.events = self.events.saturating_add(other.events);
    }

    /// How many observations there were.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.observations
    }

    /// How many of them were events.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Events for each observation; none before the first.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.observations > 0).then(|| real(self.events) / real(self.observations))
    }

    /// The evidence against the rate `p`, in nats: the logarithm of the mixture's likelihood ratio
    /// against it. If `p` is the rate, it ever reaches ln(1/alpha) with probability at most alpha.
    #[must_use]
    pub fn evidence(&self, p: f64) -> f64 {
        let (events, others) = (
            real(self.events),
            real(self.observations.saturating_sub(self.events)),
        );
        let times_ln = |count: f64, ln: f64| if count == 0.0 { 0.0 } else { count * ln };
        ln_beta(events + MIXING, others + MIXING)
            - ln_beta(MIXING, MIXING)
            - times_ln(events, libm::log(p))
            - times_ln(others, libm::log1p(-p))
    }

    /// The interval now.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let Some(rate) = self.rate() else {
            return Interval {
                lower: 0.0,
                upper: 1.0,
            };
        };
        let limit = -libm::log(self.alpha);
        // The evidence is convex in p with its least value, below the limit, at the rate.
        let bound = |end: f64| {
            if self.evidence(end) < limit {
                return end;
            }
            let (mut inside, mut outside) = (rate, end);
            for _ in 0..200 {
                let middle = 0.5 * (inside + outside);
                if self.evidence(middle) < limit {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            // Outwards, so that rounding never makes the interval too short.
            outside
        };
        Interval {
            lower: bound(0.0),
            upper: bound(1.0),
        }
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}
