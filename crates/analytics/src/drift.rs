//! A sliding window of categories against a baseline.

use crate::categories::{MAX_CATEGORIES, REST, kept};
use crate::{AnalyticsError, Categories, Divergence};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The longest window, in observations.
pub const MAX_WINDOW: u32 = 1 << 20;

/// What a window is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The first so many observations, for ever.
    Frozen(u32),
    /// All that has left the window; old observations count less: whenever there are more than so many,
    /// every count is halved.
    Slow(u32),
}

/// Follows categories and says how far the newest are from the baseline.
///
/// Memory: the window's places, and at most [`MAX_CATEGORIES`](crate::MAX_CATEGORIES) names. An
/// observation takes constant time but for finding its name.
///
/// ```
/// use ai_audit_analytics::{Baseline, DriftMonitor};
///
/// let mut monitor = DriftMonitor::new(100, Baseline::Frozen(900))?;
/// for n in 0..1_000 {
///     monitor.push(if n % 50 == 0 { "reject" } else { "allow" });
/// }
/// assert!(monitor.report().is_some_and(|report| report.significance.p > 0.5));
/// for _ in 0..50 {
///     monitor.push("escalate");
/// }
/// let report = monitor.report().ok_or("too few")?;
/// assert!(report.significance.p < 1e-9);
/// assert_eq!(report.contributions[0].category, "escalate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct DriftMonitor {
    size: u32,
    baseline: Baseline,
    /// By number of category.
    names: Vec<String>,
    numbers: BTreeMap<String, u16>,
    counted: Vec<u64>,
    counted_total: u64,
    window: VecDeque<u16>,
}

/// A monitor as it is written.
#[derive(Serialize, Deserialize)]
struct State {
    size: u32,
    baseline: Baseline,
    names: Vec<String>,
    counted: Vec<u64>,
    window: Vec<u16>,
}

impl From<DriftMonitor> for State {
    fn from(monitor: DriftMonitor) -> Self {
        Self {
            size: monitor.size,
            baseline: monitor.baseline,
            names: monitor.names,
            counted: monitor.counted,
            window: monitor.window.into(),
        }
    }
}

impl TryFrom<State> for DriftMonitor {
    type Error = AnalyticsError;
    fn try_from(state: State) -> Result<Self, AnalyticsError> {
        let refuse = |field, expected| Err(AnalyticsError::State { field, expected });
        let mut monitor = Self::new(state.size, state.baseline)?;
        for name in state.names {
            if monitor.names.len() > MAX_CATEGORIES || name != kept(&name) {
                return refuse("names", "at most 1024 short names and the rest");
            }
            let number = u16::try_from(monitor.names.len()).unwrap_or(u16::MAX);
            if monitor.numbers.insert(name.clone(), number).is_some() {
                return refuse("names", "each name once");
            }
            monitor.names.push(name);
        }
        if monitor.names.len() > MAX_CATEGORIES && !monitor.numbers.contains_key(REST) {
            return refuse("names", "at most 1024 short names and the rest");
        }
        let total = state
            .counted
            .iter()
            .try_fold(0u64, |sum, &count| sum.checked_add(count));
        let (Some(total), true) = (total, state.counted.len() == monitor.names.len()) else {
            return refuse("counted", "a count for each name, not too large together");
        };
        let most = match state.baseline {
            Baseline::Frozen(most) | Baseline::Slow(most) => u64::from(most),
        };
        let full = matches!(state.baseline, Baseline::Slow(_)) || total == most;
        if total > most || (!full && !state.window.is_empty()) {
            return refuse("counted", "no more than the baseline holds");
        }
        let known = |number: &u16| usize::from(*number) < monitor.names.len();
        if state.window.len() > state.size as usize || !state.window.iter().all(known) {
            return refuse("window", "numbers of names, no more than the window holds");
        }
        monitor.counted = state.counted;
        monitor.counted_total = total;
        monitor.window = state.window.into();
        Ok(monitor)
    }
}

impl DriftMonitor {
    /// Before the first observation, with a window of `size` observations.
    ///
    /// # Errors
    ///
    /// When window or baseline are empty, or the window is longer than [`MAX_WINDOW`].
    pub fn new(size: u32, baseline: Baseline) -> Result<Self, AnalyticsError> {
        if size == 0 || size > MAX_WINDOW {
            return Err(AnalyticsError::Parameter {
                name: "window",
                value: f64::from(size),
                expected: "from 1 to 1048576 observations",
            });
        }
        if matches!(baseline, Baseline::Frozen(0) | Baseline::Slow(0)) {
            return Err(AnalyticsError::Parameter {
                name: "baseline",
                value: 0.0,
                expected: "at least 1 observation",
            });
        }
        Ok(Self {
            size,
            baseline,
            names: Vec::new(),
            numbers: BTreeMap::new(),
            counted: Vec::new(),
            counted_total: 0,
            window: VecDeque::new(),
        })
    }

    /// Takes an observation.
    pub fn push(&mut self, category: &str) {
        let number = self.number(category);
        match self.baseline {
            Baseline::Frozen(most) if self.counted_total < u64::from(most) => self.count(number),
            Baseline::Frozen(_) => {
                if self.window.len() >= self.size as usize {
                    self.window.pop_front();
                }
                self.window.push_back(number);
            }
            Baseline::Slow(most) => {
                if self.window.len() >= self.size as usize
                    && let Some(left) = self.window.pop_front()
                {
                    self.count(left);
                    if self.counted_total > u64::from(most) {
                        self.counted.iter_mut().for_each(|count| *count /= 2);
                        self.counted_total = self.counted.iter().sum();
                    }
                }
                self.window.push_back(number);
            }
        }
    }

    fn number(&mut self, category: &str) -> u16 {
        let name = kept(category);
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let name = if self.names.len() < MAX_CATEGORIES {
            name
        } else {
            REST.into()
        };
        let next = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.names.push(name);
            self.counted.push(0);
        }
        number
    }

    fn count(&mut self, number: u16) {
        if let Some(count) = self.counted.get_mut(usize::from(number)) {
            *count += 1;
            self.counted_total += 1;
        }
    }

    /// How far the window is from the baseline; none before both are full. A slow baseline is full
    /// enough when it holds as much as the window, or half of what it can.
    #[must_use]
    pub fn report(&self) -> Option<Divergence> {
        let enough = match self.baseline {
            Baseline::Frozen(most) => u64::from(most),
            Baseline::Slow(most) => u64::from(self.size.min(most / 2)).max(1),
        };
        if self.window.len() < self.size as usize || self.counted_total < enough {
            return None;
        }
        let (mut baseline, mut window) = (Categories::new(), Categories::new());
        for (name, &count) in self.names.iter().zip(&self.counted) {
            if count > 0 {
                baseline.add(name, count);
            }
        }
        for &number in &self.window {
            if let Some(name) = self.names.get(usize::from(number)) {
                window.add(name, 1);
            }
        }
        Divergence::of(&baseline, &window)
    }
}
