//! Jensen-Shannon divergence of two sets of counts, with what contributes to it.

use crate::walk::real;
use crate::{Categories, Significance};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// How far a window is from a baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// Jensen-Shannon divergence in bits: 0 where both have the same frequencies, 1 where they have no
    /// category in common. J. Lin, IEEE Transactions on Information Theory 37 (1991).
    pub bits: f64,
    /// Whether chance does that.
    pub significance: Significance,
    /// Observations of the baseline.
    pub baseline: u64,
    /// Observations of the window.
    pub window: u64,
    /// The categories, those that contribute most first.
    pub contributions: Vec<Contribution>,
}

/// A category's part in a divergence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The category.
    pub category: String,
    /// Its part, in bits; all together are the divergence.
    pub bits: f64,
    /// Its frequency in the baseline, 0 to 1.
    pub baseline: f64,
    /// Its frequency in the window, 0 to 1.
    pub window: f64,
}

impl Divergence {
    /// Compares a window with a baseline; none where one of them is empty.
    ///
    /// ```
    /// use ai_audit_analytics::{Categories, Divergence};
    ///
    /// let (mut baseline, mut window) = (Categories::new(), Categories::new());
    /// baseline.add("allow", 980);
    /// baseline.add("reject", 20);
    /// window.add("allow", 85);
    /// window.add("reject", 15);
    /// let divergence = Divergence::of(&baseline, &window).ok_or("empty")?;
    /// assert!(divergence.bits > 0.02 && divergence.significance.p < 1e-6);
    /// assert_eq!(divergence.contributions[0].category, "reject");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn of(baseline: &Categories, window: &Categories) -> Option<Self> {
        if baseline.total() == 0 || window.total() == 0 {
            return None;
        }
        let names: BTreeSet<&str> = baseline.iter().chain(window.iter()).map(|c| c.0).collect();
        let rows: Vec<(u64, u64)> = names
            .iter()
            .map(|name| (baseline.count(name), window.count(name)))
            .collect();
        let (b, w) = (real(baseline.total()), real(window.total()));
        let mut contributions: Vec<Contribution> = names
            .iter()
            .zip(&rows)
            .map(|(name, &(in_baseline, in_window))| {
                let (p, q) = (real(in_baseline) / b, real(in_window) / w);
                Contribution {
                    category: String::from(*name),
                    bits: part(p, q),
                    baseline: p,
                    window: q,
                }
            })
            .collect();
        let bits: f64 = contributions.iter().map(|part| part.bits).sum();
        contributions.sort_by(|a, b| b.bits.total_cmp(&a.bits));
        Some(Self {
            bits: bits.clamp(0.0, 1.0),
            significance: Significance::of(&rows),
            baseline: baseline.total(),
            window: window.total(),
            contributions,
        })
    }
}

/// One category's part, in bits. It is never negative: x·log₂ x is convex.
fn part(p: f64, q: f64) -> f64 {
    let m = 0.5 * (p + q);
    let one = |x: f64| {
        if x > 0.0 {
            0.5 * x * libm::log2(x / m)
        } else {
            0.0
        }
    };
    (one(p) + one(q)).max(0.0)
}
