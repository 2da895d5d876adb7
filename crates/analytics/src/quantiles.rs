//! Quantiles of a stream of numbers, in constant memory.

use crate::AnalyticsError;
use crate::walk::real;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use tdigest::{Centroid, TDigest};

/// Centroids of a digest: the rank of a quantile is good to about 1 % in the middle, better at the ends.
const CENTROIDS: usize = 100;
/// Values that are collected before they go into the digest.
const BUFFER: usize = 500;

/// Approximate quantiles: a t-digest (T. Dunning and O. Ertl 2019). Count, least and greatest are exact.
///
/// ```
/// use ai_audit_analytics::Quantiles;
///
/// let mut latency = Quantiles::new();
/// for milliseconds in 1..=1_000 {
///     latency.push(f64::from(milliseconds))?;
/// }
/// let median = latency.quantile(0.5).ok_or("empty")?;
/// assert!((median - 500.0).abs() < 10.0);
/// assert_eq!(latency.quantile(1.0), Some(1_000.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct Quantiles {
    digest: TDigest,
    /// What is not in the digest yet. Kept apart from the digest's own, so that it can be written.
    buffer: Vec<f64>,
    count: u64,
}

/// A digest as it is written.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    /// Mean and weight, in ascending order of means.
    centroids: Vec<(f64, f64)>,
    buffer: Vec<f64>,
    count: u64,
    /// Of what is in the centroids.
    least: Option<f64>,
    greatest: Option<f64>,
}

impl From<Quantiles> for State {
    fn from(quantiles: Quantiles) -> Self {
        Self::from(&quantiles)
    }
}

impl From<&Quantiles> for State {
    fn from(quantiles: &Quantiles) -> Self {
        let digest = &quantiles.digest;
        let pair = |centroid: &Centroid| (centroid.mean(), centroid.weight());
        Self {
            centroids: digest.centroids().iter().map(pair).collect(),
            buffer: quantiles.buffer.clone(),
            count: quantiles.count,
            least: digest.min(),
            greatest: digest.max(),
        }
    }
}

impl PartialEq for Quantiles {
    fn eq(&self, other: &Self) -> bool {
        State::from(self) == State::from(other)
    }
}

impl TryFrom<State> for Quantiles {
    type Error = AnalyticsError;
    fn try_from(state: State) -> Result<Self, AnalyticsError> {
        let refuse = |field, expected| Err(AnalyticsError::State { field, expected });
        let weight: f64 = state.centroids.iter().map(|centroid| centroid.1).sum();
        let (least, greatest) = (state.least, state.greatest);
        let empty = state.centroids.is_empty();
        let ends = match (least, greatest) {
            (Some(least), Some(greatest)) => {
                !empty && least.is_finite() && greatest.is_finite() && least <= greatest
            }
            (None, None) => empty,
            _ => false,
        };
        if !ends {
            return refuse("least", "finite ends in order, where there are centroids");
        }
        let within = |mean: f64| least.is_some_and(|end| end <= mean) && greatest >= Some(mean);
        let sorted = state.centroids.is_sorted_by(|a, b| a.0 <= b.0);
        let good = |&(mean, weight): &(f64, f64)| within(mean) && weight > 0.0;
        if state.centroids.len() > CENTROIDS || !sorted || !state.centroids.iter().all(good) {
            return refuse("centroids", "at most 100 in order, with weights above 0");
        }
        if state.buffer.len() >= BUFFER || !state.buffer.iter().all(|value| value.is_finite()) {
            return refuse("buffer", "fewer than 500 finite numbers");
        }
        let held = weight + real(state.buffer.len() as u64);
        let count = real(state.count);
        // Weights are whole numbers, added in another order.
        if !(held.is_finite() && libm::fabs(held - count) <= 1e-9 * count) {
            return refuse("count", "as many as centroids and buffer hold");
        }
        let centroids: Vec<Centroid> = state
            .centroids
            .iter()
            .map(|&(mean, weight)| Centroid::new(mean, weight))
            .collect();
        let sum = state.centroids.iter().map(|c| c.0 * c.1).sum();
        Ok(Self {
            digest: TDigest::new(centroids, sum, weight, greatest, least, CENTROIDS),
            buffer: state.buffer,
            count: state.count,
        })
    }
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::new()
    }
}

impl Quantiles {
    /// Of no numbers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            digest: TDigest::new_with_size(CENTROIDS),
            buffer: Vec::new(),
            count: 0,
        }
    }

    /// Takes a number.
    ///
    /// # Errors
    ///
    /// When it is NaN or infinite; it is not counted then.
    pub fn push(&mut self, value: f64) -> Result<(), AnalyticsError> {
        if !value.is_finite() {
            return Err(AnalyticsError::NotFinite {
                what: String::from("numbers"),
                place: self.count,
                value,
            });
        }
        self.buffer.push(value);
        self.count = self.count.saturating_add(1);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.buffer.is_empty() {
            self.digest = self
                .digest
                .merge_unsorted(core::mem::take(&mut self.buffer));
        }
    }

    /// Takes over the numbers of others.
    pub fn merge(&mut self, mut others: Self) {
        if others.count == 0 {
            return;
        }
        self.flush();
        others.flush();
        self.count = self.count.saturating_add(others.count);
        self.digest = if self.digest.is_empty() {
            others.digest
        } else {
            TDigest::merge_digests(alloc::vec![
                core::mem::take(&mut self.digest),
                others.digest
            ])
        };
    }

    /// How many numbers there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// About how many bytes of memory it takes beside its own.
    pub(crate) fn held(&self) -> usize {
        let centroids = size_of_val(self.digest.centroids());
        centroids + self.buffer.capacity() * size_of::<f64>()
    }

    /// The number below which a part `q` of all numbers are, `q` from 0 (the least) to 1 (the greatest);
    /// none where there were no numbers, or `q` is outside.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        if self.buffer.is_empty() {
            return self.digest.estimate_quantile(q);
        }
        let all = self.digest.merge_unsorted(self.buffer.clone());
        all.estimate_quantile(q)
    }
}
