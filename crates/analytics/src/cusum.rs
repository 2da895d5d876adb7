//! Page's cumulative sum for a change of a rate.

use crate::walk::ends;
use crate::{AnalyticsError, Shift};
use serde::{Deserialize, Serialize};

/// Longest average run length that can be asked for, in observations.
const MAX_RUN_LENGTH: f64 = 1e9;

/// The plan of a cumulative sum: two rates and a threshold.
///
/// E. S. Page, *Continuous Inspection Schemes*, Biometrika 41 (1954); formulas in
/// `docs/spec/statistics.md`. Among all rules with the same average run length to a false alarm it has
/// the least delay in the worst case (Lorden 1971, Moustakides 1986).
///
/// ```
/// use ai_audit_analytics::{CusumPlan, Shift};
///
/// let plan = CusumPlan::for_run_length(Shift::new(0.01, 0.05)?, 10_000.0)?;
/// assert!(plan.run_length(0.01)? >= 10_000.0);
/// assert!(plan.run_length(0.05)? < 150.0);
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct CusumPlan {
    shift: Shift,
    threshold: f64,
}

#[derive(Deserialize)]
struct Raw {
    shift: Shift,
    threshold: f64,
}

impl TryFrom<Raw> for CusumPlan {
    type Error = AnalyticsError;
    fn try_from(raw: Raw) -> Result<Self, AnalyticsError> {
        Self::new(raw.shift, raw.threshold)
    }
}

impl CusumPlan {
    /// A plan with this threshold, in nats.
    ///
    /// # Errors
    ///
    /// When the threshold is not a finite number above 0.
    pub fn new(shift: Shift, threshold: f64) -> Result<Self, AnalyticsError> {
        if !(threshold.is_finite() && threshold > 0.0) {
            return Err(AnalyticsError::Parameter {
                name: "threshold",
                value: threshold,
                expected: "a finite number above 0",
            });
        }
        Ok(Self { shift, threshold })
    }

    /// A plan whose false alarms are at least `run_length` observations apart on average, at the usual
    /// rate. The threshold is found by the exact run length.
    ///
    /// # Errors
    ///
    /// When the run length is not from 2 to 10⁹, or the rates are so close that it takes too long.
    pub fn for_run_length(shift: Shift, run_length: f64) -> Result<Self, AnalyticsError> {
        if !(2.0..=MAX_RUN_LENGTH).contains(&run_length) {
            return Err(AnalyticsError::Parameter {
                name: "average run length",
                value: run_length,
                expected: "from 2 to 1000000000 observations",
            });
        }
        // Lorden 1971: the run length is at least e^threshold.
        let (mut low, mut high) = (0.0, libm::log(run_length));
        while high - low > 1e-9 {
            let middle = 0.5 * (low + high);
            if Self::new(shift, middle)?.run_length(shift.p0())? < run_length {
                low = middle;
            } else {
                high = middle;
            }
        }
        Self::new(shift, high)
    }

    /// The two rates.
    #[must_use]
    pub const fn shift(&self) -> &Shift {
        &self.shift
    }

    /// The sum at which there is an alarm, in nats.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The average number of observations to an alarm, from a sum of 0, where events have the rate
    /// `p`; exact to rounding. At p1 it is the mean delay in the worst case.
    ///
    /// # Errors
    ///
    /// When `p` is not from 0 to 1, or the rates are so close that it takes too long. A rate at which
    /// there never is an alarm has an infinite run length.
    pub fn run_length(&self, p: f64) -> Result<f64, AnalyticsError> {
        if !(0.0..=1.0).contains(&p) {
            return Err(AnalyticsError::Parameter {
                name: "p",
                value: p,
                expected: "a number from 0 to 1",
            });
        }
        let never = (p == 0.0 && self.shift.weight(true) > 0.0)
            || (p == 1.0 && self.shift.weight(false) > 0.0);
        if never {
            return Ok(f64::INFINITY);
        }
        let what = "the average run length";
        let ends = ends(&self.shift, 0.0, self.threshold, p, what)?;
        Ok(ends.observations / ends.upper)
    }
}

/// A running cumulative sum, which begins anew after each alarm.
///
/// ```
/// use ai_audit_analytics::{Cusum, CusumPlan, Shift};
///
/// let plan = CusumPlan::for_run_length(Shift::new(0.01, 0.05)?, 10_000.0)?;
/// let mut cusum = Cusum::new(plan);
/// assert!((0..1_000).all(|_| !cusum.push(false)));
/// assert!((0..20).any(|_| cusum.push(true)));
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCusum")]
pub struct Cusum {
    plan: CusumPlan,
    /// Since the sum was last 0.
    observations: u64,
    events: u64,
    alarms: u64,
}

#[derive(Deserialize)]
struct RawCusum {
    plan: CusumPlan,
    observations: u64,
    events: u64,
    alarms: u64,
}

impl TryFrom<RawCusum> for Cusum {
    type Error = AnalyticsError;
    fn try_from(raw: RawCusum) -> Result<Self, AnalyticsError> {
        let cusum = Self {
            plan: raw.plan,
            observations: raw.observations,
            events: raw.events,
            alarms: raw.alarms,
        };
        let sum = cusum.sum();
        let begun = raw.observations == 0 || sum > 0.0;
        if raw.events > raw.observations || !begun || sum >= raw.plan.threshold {
            return Err(AnalyticsError::State {
                field: "events",
                expected: "at most the observations, with a sum above 0 and below the threshold",
            });
        }
        Ok(cusum)
    }
}

impl Cusum {
    /// Before the first observation.
    #[must_use]
    pub const fn new(plan: CusumPlan) -> Self {
        Self {
            plan,
            observations: 0,
            events: 0,
            alarms: 0,
        }
    }

    /// Takes an observation, and says whether it raises an alarm.
    pub fn push(&mut self, event: bool) -> bool {
        self.observations = self.observations.saturating_add(1);
        self.events = self.events.saturating_add(u64::from(event));
        let sum = self.sum();
        let alarm = sum >= self.plan.threshold;
        if alarm || sum <= 0.0 {
            (self.observations, self.events) = (0, 0);
        }
        self.alarms = self.alarms.saturating_add(u64::from(alarm));
        alarm
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &CusumPlan {
        &self.plan
    }

    /// The sum, in nats.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.plan.shift.ratio(self.observations, self.events)
    }

    /// Observations since the sum was last 0: where it is high, how long ago the change may have come.
    #[must_use]
    pub const fn since_zero(&self) -> u64 {
        self.observations
    }

    /// How many alarms there were.
    #[must_use]
    pub const fn alarms(&self) -> u64 {
        self.alarms
    }
}
