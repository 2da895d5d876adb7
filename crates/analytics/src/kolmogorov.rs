//! The Kolmogorov-Smirnov test of two samples.

use crate::walk::real;
use alloc::vec;

/// Products of the sizes up to which the p-value is exact.
const EXACT: u64 = 4_000_000;

/// The greatest distance of the empirical distributions of two sorted samples, times both sizes.
pub(crate) fn gap(first: &[f64], second: &[f64]) -> u64 {
    let (n, m) = (first.len() as u64, second.len() as u64);
    let (mut i, mut j, mut greatest) = (0usize, 0usize, 0u64);
    while let (Some(&a), Some(&b)) = (first.get(i), second.get(j)) {
        // Values that are equal count at once in both.
        let at = a.min(b);
        while first.get(i).is_some_and(|&value| value <= at) {
            i += 1;
        }
        while second.get(j).is_some_and(|&value| value <= at) {
            j += 1;
        }
        greatest = greatest.max((i as u64 * m).abs_diff(j as u64 * n));
    }
    greatest
}

/// The probability of a gap as great, where both samples come from one continuous distribution, and
/// whether it is exact.
pub(crate) fn p_value(gap: u64, n: u64, m: u64) -> (f64, bool) {
    if gap == 0 {
        return (1.0, true);
    }
    if n.saturating_mul(m) <= EXACT {
        (exact(gap, n, m), true)
    } else {
        (limiting(gap, n, m), false)
    }
}

/// All orders of the two samples are equally likely: paths in a lattice from (0, 0) to (n, m). For each
/// point, `reached` is the part of the paths to it that have touched the limit; the step before comes
/// from the first sample in a part i/(i + j) of them.
fn exact(gap: u64, n: u64, m: u64) -> f64 {
    let mut reached = vec![0.0f64; usize::try_from(m).unwrap_or(0) + 1];
    for i in 0..=n {
        // The value to the left in the row, which is the one of (i, j − 1).
        let mut left = 0.0;
        for (value, j) in reached.iter_mut().zip(0u64..) {
            let now = if (i * m).abs_diff(j * n) >= gap {
                1.0
            } else if i + j == 0 {
                0.0
            } else {
                (real(i) * *value + real(j) * left) / real(i + j)
            };
            *value = now;
            left = now;
        }
    }
    reached.last().copied().unwrap_or(1.0).min(1.0)
}

/// Kolmogorov's distribution with the correction of M. A. Stephens, Journal of the Royal Statistical
/// Society B 32 (1970).
fn limiting(gap: u64, n: u64, m: u64) -> f64 {
    let (n, m) = (real(n), real(m));
    let root = libm::sqrt(n * m / (n + m));
    let x = (root + 0.12 + 0.11 / root) * real(gap) / (n * m);
    // Below this the series is 1 to all places, and converges slowly.
    if x < 0.2 {
        return 1.0;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for k in 1..=100u32 {
        let k = f64::from(k);
        let term = libm::exp(-2.0 * k * k * x * x);
        sum += sign * term;
        sign = -sign;
        if term < 1e-18 * sum {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}
