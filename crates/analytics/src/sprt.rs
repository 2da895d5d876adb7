//! Wald's sequential probability ratio test for a rate.

use crate::error::open_unit;
use crate::walk::ends;
use crate::{AnalyticsError, Shift};
use serde::{Deserialize, Serialize};

/// The plan of a test: two rates and two risks.
///
/// Boundaries, operating characteristic and expected sample numbers are in `docs/spec/statistics.md`,
/// after A. Wald, *Sequential Analysis*, 1947.
///
/// ```
/// use ai_audit_analytics::{Shift, SprtPlan};
///
/// let plan = SprtPlan::new(Shift::new(0.1, 0.3)?, 0.02, 0.03)?;
/// let exact = plan.exact(0.1)?;
/// // Wald's limits are conservative: the risk is below the one asked for.
/// assert!(exact.reject < 0.02);
/// assert!((exact.accept + exact.reject - 1.0).abs() < 1e-9);
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct SprtPlan {
    shift: Shift,
    alpha: f64,
    beta: f64,
    limits: SprtLimits,
    #[serde(skip_serializing)]
    upper: f64,
    #[serde(skip_serializing)]
    lower: f64,
}

/// Which limits a plan has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SprtLimits {
    /// Wald's: ln(beta/(1 − alpha)) and ln((1 − beta)/alpha). Short tests; the risks are about alpha
    /// and beta, usually below, and one of them may be a little above.
    #[default]
    Wald,
    /// ln(beta) and ln(1/alpha). Longer tests, whose risks are at most alpha and beta for certain
    /// (Ville's inequality).
    Strict,
}

#[derive(Deserialize)]
struct Raw {
    shift: Shift,
    alpha: f64,
    beta: f64,
    #[serde(default)]
    limits: SprtLimits,
}

impl TryFrom<Raw> for SprtPlan {
    type Error = AnalyticsError;
    fn try_from(raw: Raw) -> Result<Self, AnalyticsError> {
        Ok(Self::new(raw.shift, raw.alpha, raw.beta)?.with_limits(raw.limits))
    }
}

/// What a test does at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SprtBehaviour {
    /// Probability that it accepts p0: the operating characteristic.
    pub accept: f64,
    /// Probability that it rejects p0.
    pub reject: f64,
    /// Expected number of observations to a decision.
    pub observations: f64,
}

impl SprtPlan {
    /// A plan that rejects p0 wrongly in a part `alpha` of all tests, and accepts it wrongly in a part
    /// `beta`, both about.
    ///
    /// # Errors
    ///
    /// When one of them is not between 0 and 1, or they add up to 1 or more.
    pub fn new(shift: Shift, alpha: f64, beta: f64) -> Result<Self, AnalyticsError> {
        let (alpha, beta) = (open_unit("alpha", alpha)?, open_unit("beta", beta)?);
        if alpha + beta >= 1.0 {
            return Err(AnalyticsError::Parameter {
                name: "alpha + beta",
                value: alpha + beta,
                expected: "less than 1",
            });
        }
        let plan = Self {
            shift,
            alpha,
            beta,
            limits: SprtLimits::Wald,
            upper: 0.0,
            lower: 0.0,
        };
        Ok(plan.with_limits(SprtLimits::Wald))
    }

    /// The same plan with other limits; a new one has Wald's.
    #[must_use]
    pub fn with_limits(self, limits: SprtLimits) -> Self {
        let (alpha, beta) = (self.alpha, self.beta);
        let (upper, lower) = match limits {
            SprtLimits::Wald => ((1.0 - beta) / alpha, beta / (1.0 - alpha)),
            SprtLimits::Strict => (1.0 / alpha, beta),
        };
        Self {
            limits,
            upper: libm::log(upper),
            lower: libm::log(lower),
            ..self
        }
    }

    /// The two rates.
    #[must_use]
    pub const fn shift(&self) -> &Shift {
        &self.shift
    }

    /// The log-likelihood ratio at and above which p0 is rejected, in nats: ln((1 − beta)/alpha), or
    /// ln(1/alpha) where limits are strict.
    #[must_use]
    pub const fn upper(&self) -> f64 {
        self.upper
    }

    /// The log-likelihood ratio at and below which p0 is accepted, in nats: ln(beta/(1 − alpha)), or
    /// ln(beta) where limits are strict.
    #[must_use]
    pub const fn lower(&self) -> f64 {
        self.lower
    }

    /// The lines of the plan in events: after n observations p0 is accepted at `slope` · n − `accept`
    /// events or fewer, and rejected at `slope` · n + `reject` or more (the other way round where p1 is
    /// the lower rate). Wald 1947, section 5.3.
    #[must_use]
    pub fn lines(&self) -> SprtLines {
        let (event, other) = (self.shift.weight(true), self.shift.weight(false));
        let unit = event - other;
        SprtLines {
            slope: -other / unit,
            accept: -self.lower() / unit,
            reject: self.upper() / unit,
        }
    }

    /// What the test does where events have the rate `p`, by Wald's approximations, which neglect that
    /// the walk steps over its limits. Wald 1947, sections 3.4 and 3.5.
    ///
    /// # Errors
    ///
    /// When `p` is not between 0 and 1.
    pub fn wald(&self, p: f64) -> Result<SprtBehaviour, AnalyticsError> {
        let p = open_unit("p", p)?;
        let (event, other) = (self.shift.weight(true), self.shift.weight(false));
        let (upper, lower) = (self.upper(), self.lower());
        let drift = p * event + (1.0 - p) * other;
        let h = self.root(p, drift);
        // With h near 0 both powers are near 1 and only their slopes count.
        let accept = if libm::fabs(h) < 1e-9 {
            upper / (upper - lower)
        } else if h > 0.0 {
            // Divided by e^(h·upper), which may be too large to be written.
            libm::expm1(-h * upper) / libm::expm1(h * (lower - upper))
        } else {
            libm::expm1(h * upper) / (libm::expm1(h * upper) - libm::expm1(h * lower))
        };
        let mean_end = accept * lower + (1.0 - accept) * upper;
        let observations = if libm::fabs(drift) < 1e-12 {
            -upper * lower / (p * event * event + (1.0 - p) * other * other)
        } else {
            mean_end / drift
        };
        Ok(SprtBehaviour {
            accept,
            reject: 1.0 - accept,
            observations,
        })
    }

    /// The number h other than 0 with p·e^(h·event) + (1 − p)·e^(h·other) = 1; 0 where the walk has no
    /// drift.
    fn root(&self, p: f64, drift: f64) -> f64 {
        if drift == 0.0 {
            return 0.0;
        }
        let (event, other) = (self.shift.weight(true), self.shift.weight(false));
        let excess = |h: f64| p * libm::expm1(h * event) + (1.0 - p) * libm::expm1(h * other);
        // The excess is convex and 0 at 0; the other root lies where it first falls, against the drift.
        let away = if drift > 0.0 { -1.0 } else { 1.0 };
        let mut far = away;
        while excess(far) < 0.0 && libm::fabs(far) < 1e6 {
            far *= 2.0;
        }
        let mut near = 0.0;
        for _ in 0..200 {
            let middle = 0.5 * (near + far);
            if excess(middle) < 0.0 {
                near = middle;
            } else {
                far = middle;
            }
        }
        0.5 * (near + far)
    }

    /// What the test does where events have the rate `p`, exactly to rounding.
    ///
    /// # Errors
    ///
    /// When `p` is not between 0 and 1, or the rates are so close that it takes too long.
    pub fn exact(&self, p: f64) -> Result<SprtBehaviour, AnalyticsError> {
        let p = open_unit("p", p)?;
        let what = "the exact risks of the test";
        let ends = ends(&self.shift, self.lower(), self.upper(), p, what)?;
        Ok(SprtBehaviour {
            accept: ends.lower,
            reject: ends.upper,
            observations: ends.observations,
        })
    }
}

/// The lines of a plan, in events; see [`SprtPlan::lines`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SprtLines {
    /// Events for each observation, along both lines.
    pub slope: f64,
    /// How far the line of acceptance is below, in events.
    pub accept: f64,
    /// How far the line of rejection is above, in events.
    pub reject: f64,
}

/// What an observation brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SprtDecision {
    /// The rate is p0; the test begins anew with the next observation.
    Accept,
    /// The rate is p1; the test begins anew with the next observation.
    Reject,
    /// Not known yet.
    Continue,
}

/// A running test, which begins anew after each decision.
///
/// ```
/// use ai_audit_analytics::{Shift, Sprt, SprtDecision, SprtPlan};
///
/// let mut test = Sprt::new(SprtPlan::new(Shift::new(0.01, 0.05)?, 0.01, 0.01)?);
/// let decisions: Vec<_> = (0..3).map(|_| test.push(true)).collect();
/// assert_eq!(decisions, [SprtDecision::Continue, SprtDecision::Continue, SprtDecision::Reject]);
/// assert_eq!((test.rejected(), test.observations()), (1, 0));
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSprt")]
pub struct Sprt {
    plan: SprtPlan,
    observations: u64,
    events: u64,
    accepted: u64,
    rejected: u64,
}

#[derive(Deserialize)]
struct RawSprt {
    plan: SprtPlan,
    observations: u64,
    events: u64,
    accepted: u64,
    rejected: u64,
}

impl TryFrom<RawSprt> for Sprt {
    type Error = AnalyticsError;
    fn try_from(raw: RawSprt) -> Result<Self, AnalyticsError> {
        let test = Self {
            plan: raw.plan,
            observations: raw.observations,
            events: raw.events,
            accepted: raw.accepted,
            rejected: raw.rejected,
        };
        let open = test.ratio() < test.plan.upper() && test.ratio() > test.plan.lower();
        if raw.events > raw.observations || !open {
            return Err(AnalyticsError::State {
                field: "events",
                expected: "at most the observations, and no decision by them",
            });
        }
        Ok(test)
    }
}

impl Sprt {
    /// Before the first observation.
    #[must_use]
    pub const fn new(plan: SprtPlan) -> Self {
        Self {
            plan,
            observations: 0,
            events: 0,
            accepted: 0,
            rejected: 0,
        }
    }

    /// Takes an observation.
    pub fn push(&mut self, event: bool) -> SprtDecision {
        self.observations = self.observations.saturating_add(1);
        self.events = self.events.saturating_add(u64::from(event));
        let ratio = self.ratio();
        let decision = if ratio >= self.plan.upper() {
            self.rejected = self.rejected.saturating_add(1);
            SprtDecision::Reject
        } else if ratio <= self.plan.lower() {
            self.accepted = self.accepted.saturating_add(1);
            SprtDecision::Accept
        } else {
            return SprtDecision::Continue;
        };
        (self.observations, self.events) = (0, 0);
        decision
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &SprtPlan {
        &self.plan
    }

    /// The log-likelihood ratio of the test that is open, in nats.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.plan.shift.ratio(self.observations, self.events)
    }

    /// Observations of the test that is open.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.observations
    }

    /// Events among them.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// How many tests accepted p0.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many tests rejected p0.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }
}
