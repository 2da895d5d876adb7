//! Drift of scores: two samples of numbers compared.

use crate::walk::real;
use crate::{AnalyticsError, kolmogorov};
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most scores in a baseline and in a window.
pub const MAX_SCORES: u32 = 1 << 20;
/// Classes of the population stability index.
const CLASSES: usize = 10;

/// How far the scores of a window are from those of a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreDrift {
    /// The Kolmogorov-Smirnov statistic: the greatest distance of the two empirical distributions, 0
    /// to 1.
    pub distance: f64,
    /// Its p-value. It holds for one look.
    pub p: f64,
    /// Whether the p-value is exact; else it is that of the limiting distribution.
    pub exact: bool,
    /// The population stability index over the baseline's deciles. 0.1 and 0.25 are the usual marks of
    /// "some" and "much"; they are habits, not tests.
    pub stability_index: f64,
    /// Scores in the baseline.
    pub baseline: u64,
    /// Scores in the window.
    pub window: u64,
}

impl ScoreDrift {
    /// Compares two samples; none where one of them is empty.
    ///
    /// # Errors
    ///
    /// When a score is NaN or infinite: in which sample, and at which place.
    ///
    /// ```
    /// use ai_audit_analytics::ScoreDrift;
    ///
    /// let baseline: Vec<f64> = (0..200).map(|n| f64::from(n) / 200.0).collect();
    /// let window: Vec<f64> = baseline.iter().map(|score| score * score).collect();
    /// let drift = ScoreDrift::of(&baseline, &window)?.ok_or("empty")?;
    /// assert!(drift.distance > 0.2 && drift.p < 0.001 && drift.stability_index > 0.25);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(baseline: &[f64], window: &[f64]) -> Result<Option<Self>, AnalyticsError> {
        finite("baseline", baseline)?;
        finite("window", window)?;
        Ok(Self::of_finite(baseline.to_vec(), window.to_vec()))
    }

    fn of_finite(mut baseline: Vec<f64>, mut window: Vec<f64>) -> Option<Self> {
        if baseline.is_empty() || window.is_empty() {
            return None;
        }
        baseline.sort_by(f64::total_cmp);
        window.sort_by(f64::total_cmp);
        let gap = kolmogorov::gap(&baseline, &window);
        let (n, m) = (baseline.len() as u64, window.len() as u64);
        let (p, exact) = kolmogorov::p_value(gap, n, m);
        Some(Self {
            distance: real(gap) / (real(n) * real(m)),
            p,
            exact,
            stability_index: stability_index(&baseline, &window),
            baseline: n,
            window: m,
        })
    }
}

fn finite(what: &str, values: &[f64]) -> Result<(), AnalyticsError> {
    let mut places = values.iter().zip(0u64..);
    match places.find(|(value, _)| !value.is_finite()) {
        Some((&value, place)) => Err(AnalyticsError::NotFinite {
            what: String::from(what),
            place,
            value,
        }),
        None => Ok(()),
    }
}

/// Of sorted samples that are not empty.
fn stability_index(baseline: &[f64], window: &[f64]) -> f64 {
    // Each decile is the greatest value of its class. Equal ones bound no class.
    let mut bounds: Vec<f64> = (1..CLASSES)
        .filter_map(|i| baseline.get((i * baseline.len()).div_ceil(CLASSES) - 1))
        .copied()
        .collect();
    bounds.dedup();
    let below = |sample: &[f64], bound: f64| sample.partition_point(|&value| value <= bound) as u64;
    let classes = bounds.len() as u64 + 1;
    let share =
        |count: u64, all: usize| (real(count) + 0.5) / (real(all as u64) + 0.5 * real(classes));
    let (mut index, mut before) = (0.0, (0, 0));
    let ends = bounds
        .iter()
        .map(|&bound| (below(baseline, bound), below(window, bound)))
        .chain([(baseline.len() as u64, window.len() as u64)]);
    for end in ends {
        let b = share(end.0 - before.0, baseline.len());
        let w = share(end.1 - before.1, window.len());
        index += (w - b) * libm::log(w / b);
        before = end;
    }
    index.max(0.0)
}

/// Follows the scores of a check: the first ones are the baseline, the newest the window.
///
/// Memory: the scores of both. An observation takes constant time; a report sorts the window.
///
/// ```
/// use ai_audit_analytics::ScoreMonitor;
///
/// let mut monitor = ScoreMonitor::new("toxicity", 200, 100)?;
/// for n in 0..300u32 {
///     monitor.push(f64::from(n * 7 % 100) / 100.0)?;
/// }
/// assert!(monitor.report().is_some_and(|drift| drift.p > 0.5));
/// let error = monitor.push(f64::NAN).unwrap_err();
/// assert_eq!(error.to_string(), "toxicity: value 300 is NaN: expected a finite number");
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "State")]
pub struct ScoreMonitor {
    name: String,
    baseline_size: u32,
    window_size: u32,
    baseline: Vec<f64>,
    window: VecDeque<f64>,
    seen: u64,
}

#[derive(Deserialize)]
struct State {
    name: String,
    baseline_size: u32,
    window_size: u32,
    baseline: Vec<f64>,
    window: VecDeque<f64>,
    seen: u64,
}

impl TryFrom<State> for ScoreMonitor {
    type Error = AnalyticsError;
    fn try_from(state: State) -> Result<Self, AnalyticsError> {
        let mut monitor = Self::new(&state.name, state.baseline_size, state.window_size)?;
        let full = state.baseline.len() == state.baseline_size as usize;
        let fits = state.baseline.len() <= state.baseline_size as usize
            && state.window.len() <= state.window_size as usize
            && (full || state.window.is_empty());
        let held = state.baseline.len() as u64 + state.window.len() as u64;
        if !fits || state.seen < held {
            return Err(AnalyticsError::State {
                field: "window",
                expected: "no more scores than fit and were seen, after a full baseline",
            });
        }
        let all = state.baseline.iter().chain(&state.window);
        if let Some(bad) = all.copied().find(|score| !score.is_finite()) {
            return Err(monitor.refused(bad));
        }
        monitor.baseline = state.baseline;
        monitor.window = state.window;
        monitor.seen = state.seen;
        Ok(monitor)
    }
}

impl ScoreMonitor {
    /// Before the first score of the check `name`.
    ///
    /// # Errors
    ///
    /// When a size is 0 or above [`MAX_SCORES`].
    pub fn new(name: &str, baseline: u32, window: u32) -> Result<Self, AnalyticsError> {
        for (name, size) in [("baseline", baseline), ("window", window)] {
            if size == 0 || size > MAX_SCORES {
                return Err(AnalyticsError::Parameter {
                    name,
                    value: f64::from(size),
                    expected: "from 1 to 1048576 scores",
                });
            }
        }
        Ok(Self {
            name: name.into(),
            baseline_size: baseline,
            window_size: window,
            baseline: Vec::new(),
            window: VecDeque::new(),
            seen: 0,
        })
    }

    fn refused(&self, value: f64) -> AnalyticsError {
        AnalyticsError::NotFinite {
            what: self.name.clone(),
            place: self.seen,
            value,
        }
    }

    /// Takes a score.
    ///
    /// # Errors
    ///
    /// When it is NaN or infinite; it is not counted then.
    pub fn push(&mut self, score: f64) -> Result<(), AnalyticsError> {
        if !score.is_finite() {
            return Err(self.refused(score));
        }
        self.seen = self.seen.saturating_add(1);
        if self.baseline.len() < self.baseline_size as usize {
            self.baseline.push(score);
            return Ok(());
        }
        if self.window.len() >= self.window_size as usize {
            self.window.pop_front();
        }
        self.window.push_back(score);
        Ok(())
    }

    /// How far the window is from the baseline; none before both are full.
    #[must_use]
    pub fn report(&self) -> Option<ScoreDrift> {
        if self.window.len() < self.window_size as usize {
            return None;
        }
        let window = self.window.iter().copied().collect();
        ScoreDrift::of_finite(self.baseline.clone(), window)
    }
}
