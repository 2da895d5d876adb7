//! An interval of rates.

use serde::Serialize;

/// From a lower to an upper bound, both between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

impl Interval {
    /// Whether a rate lies in it.
    #[must_use]
    pub fn contains(&self, rate: f64) -> bool {
        (self.lower..=self.upper).contains(&rate)
    }
}
