//! Whether two rows of counts come from one distribution: a G-test where counts are large, exact tests
//! for what is rare.

use crate::walk::real;
use alloc::vec::Vec;
use serde::Serialize;
use statrs::function::gamma::checked_gamma_ur;

/// The least expected count for which chi-square is good enough (Cochran 1954).
const EXPECTED: f64 = 5.0;

/// How likely chance alone is to make two rows differ as much.
///
/// The tests of which it is made, and why, are in `docs/spec/statistics.md`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Significance {
    /// The p-value: where both rows come from one distribution it is at most x in at most a part x of
    /// all cases, about. It holds for one look.
    pub p: f64,
    /// The statistic G of the table of frequent categories, with its degrees of freedom; none where
    /// fewer than two categories are frequent.
    pub g: Option<G>,
    /// How many rare categories were tested, each by itself, exactly.
    pub rare: u64,
}

/// A G-test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct G {
    /// 2 Σ O ln(O/E).
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: u64,
    /// The upper tail of chi-square.
    pub p: f64,
}

impl Significance {
    /// Of the categories' counts in the two rows.
    #[must_use]
    pub fn of(rows: &[(u64, u64)]) -> Self {
        // Counts so large that a double does not hold their sum are rounded.
        let all = rows.iter().fold(0u128, |sum, row| {
            sum + u128::from(row.0) + u128::from(row.1)
        });
        let excess = (128 - all.leading_zeros()).saturating_sub(53).min(63);
        let rows: Vec<(u64, u64)> = rows
            .iter()
            .map(|row| (row.0 >> excess, row.1 >> excess))
            .collect();
        let sum = |pick: fn(&(u64, u64)) -> u64| rows.iter().map(pick).fold(0, u64::saturating_add);
        let (first, second) = (sum(|row| row.0), sum(|row| row.1));
        let all = first + second;
        let expected =
            |row: (u64, u64)| real(row.0 + row.1) * real(first.min(second)) / real(all.max(1));
        let seen = rows.iter().copied().filter(|row| row.0 + row.1 > 0);
        let (mut frequent, mut alone): (Vec<_>, Vec<_>) =
            seen.partition(|&row| expected(row) >= EXPECTED);
        let pooled = alone
            .iter()
            .fold((0, 0), |pool, row| (pool.0 + row.0, pool.1 + row.1));
        // All that is rare together may be frequent; else it is tested like one rare category more.
        if expected(pooled) >= EXPECTED {
            frequent.push(pooled);
        } else if alone.len() > 1 && !frequent.is_empty() {
            alone.push(pooled);
        }
        let g = g_test(&frequent);
        let mut least = g.map_or(1.0, |g| g.p);
        for row in &alone {
            least = least.min(fisher(row.0, row.1, first, second));
        }
        // Bonferroni over all tests that were made.
        let tests = alone.len() as u64 + u64::from(g.is_some());
        Self {
            p: (least * real(tests.max(1))).min(1.0),
            g,
            rare: alone.len() as u64,
        }
    }
}

/// The G-test of a table with two rows; none with fewer than two categories or an empty row.
fn g_test(table: &[(u64, u64)]) -> Option<G> {
    let first: f64 = table.iter().map(|row| real(row.0)).sum();
    let second: f64 = table.iter().map(|row| real(row.1)).sum();
    if table.len() < 2 || first == 0.0 || second == 0.0 {
        return None;
    }
    let term = |observed: f64, expected: f64| {
        if observed > 0.0 {
            observed * libm::log(observed / expected)
        } else {
            0.0
        }
    };
    let mut sum = 0.0;
    for row in table {
        let both = real(row.0) + real(row.1);
        let share = both / (first + second);
        sum += term(real(row.0), share * first) + term(real(row.1), share * second);
    }
    let statistic = (2.0 * sum).max(0.0);
    let freedom = table.len() as u64 - 1;
    Some(G {
        statistic,
        freedom,
        p: chi_square_tail(statistic, freedom),
    })
}

/// The probability that chi-square with this many degrees of freedom is at least `x`.
///
/// ```
/// // The usual mark for one degree of freedom.
/// let p = ai_audit_analytics::chi_square_tail(3.841_458_820_694_124, 1);
/// assert!((p - 0.05).abs() < 1e-12);
/// ```
#[must_use]
pub fn chi_square_tail(x: f64, freedom: u64) -> f64 {
    if freedom == 0 || x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    // It fails for an infinite x only, which nothing reaches.
    checked_gamma_ur(0.5 * real(freedom), 0.5 * x).map_or(0.0, |p| p.clamp(0.0, 1.0))
}

/// Fisher's exact test of one category's counts against the rest of both rows: twice the smaller tail
/// of the hypergeometric distribution.
fn fisher(in_first: u64, in_second: u64, first: u64, second: u64) -> f64 {
    let (drawn, row) = if first <= second {
        (in_first, first)
    } else {
        (in_second, second)
    };
    let both = in_first + in_second;
    let all = first + second;
    let ln_choose =
        |n: u64, k: u64| ln_factorial(n) - ln_factorial(k) - ln_factorial(n.saturating_sub(k));
    let at = libm::exp(
        ln_choose(both, drawn) + ln_choose(all.saturating_sub(both), row.saturating_sub(drawn))
            - ln_choose(all, row),
    );
    let others = all.saturating_sub(both);
    let least = row.saturating_sub(others);
    let most = both.min(row);
    // Each probability from the one beside it.
    let (mut up, mut term) = (at, at);
    for k in drawn..most {
        term *= real(both - k) * real(row - k) / (real(k + 1) * real(others + k + 1 - row));
        up += term;
        if term < up * 1e-18 {
            break;
        }
    }
    let (mut down, mut term) = (at, at);
    for k in (least..drawn).rev() {
        term *= real(k + 1) * real(others + k + 1 - row) / (real(both - k) * real(row - k));
        down += term;
        if term < down * 1e-18 {
            break;
        }
    }
    (2.0 * up.min(down)).min(1.0)
}

fn ln_factorial(n: u64) -> f64 {
    libm::lgamma(real(n) + 1.0)
}
