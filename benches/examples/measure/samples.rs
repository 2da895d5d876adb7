//! Latencies of one run and their exact quantiles.

use std::time::Duration;

use serde_json::{Value, json};

/// All latencies that were taken. A run has a million at most, eight megabytes: sorting them is exact,
/// where a histogram has the width of its classes.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<u64>);

impl Samples {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(nanos(latency));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// p50, p99, p99.9 and the largest, in nanoseconds.
    pub(crate) fn quantiles(&mut self) -> Value {
        self.0.sort_unstable();
        json!({
            "count": self.0.len(),
            "p50": self.permille(500),
            "p99": self.permille(990),
            "p999": self.permille(999),
            "max": self.0.last(),
        })
    }

    /// The smallest value that so many in a thousand do not exceed.
    fn permille(&self, permille: usize) -> Option<u64> {
        let rank = (self.0.len() * permille).div_ceil(1000);
        self.0.get(rank.saturating_sub(1)).copied()
    }

    pub(crate) fn median(&mut self) -> u64 {
        self.0.sort_unstable();
        self.permille(500).unwrap_or(0)
    }
}

/// A time in nanoseconds; they last for 584 years.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The middle one; of two, the one above.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// So many in a time, a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    real(count) / time.as_secs_f64()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of measurements are below 2^53"
)]
pub(crate) const fn real(count: usize) -> f64 {
    count as f64
}
