//! What `cargo xtask calibrate` runs: how often the statistics are wrong, by simulation, beside exact values.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is what it is for"
)]

mod changes;
mod drift;

use std::env;

use ai_audit_analytics::SplitMix64;
use anyhow::{Result, bail, ensure};

/// How much is simulated.
#[derive(Clone, Copy)]
struct Size {
    /// Tests of the SPRT, alarms of the CUSUM, logs of the confidence sequence.
    runs: u32,
    /// Logs with windows.
    logs: u32,
}

/// The form whose figures are in docs/performance.md.
const FULL: Size = Size {
    runs: 20_000,
    logs: 2_000,
};
/// The form that CI runs.
const SHORT: Size = Size {
    runs: 1_500,
    logs: 150,
};

/// How many standard deviations a simulated rate may be beyond its bound.
const DEVIATIONS: f64 = 4.0;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let size = match &args[..] {
        [] => FULL,
        [flag] if flag == "--short" => SHORT,
        _ => bail!("expected --short or nothing"),
    };
    // In the form in which they stand in the document.
    changes::sprt(size)?;
    changes::cusum(size)?;
    changes::rate(size)?;
    drift::categories(size)?;
    drift::scores(size)
}

/// A share of simulated cases.
#[derive(Clone, Copy)]
struct Share {
    hits: u32,
    of: u32,
}

impl Share {
    fn value(self) -> f64 {
        f64::from(self.hits) / f64::from(self.of.max(1))
    }

    /// Standard deviation of a share whose true value is `p`.
    fn deviation(self, p: f64) -> f64 {
        (p * (1.0 - p) / f64::from(self.of.max(1))).sqrt()
    }

    fn at_most(self, bound: f64, what: &str) -> Result<()> {
        let value = self.value();
        let limit = bound + DEVIATIONS * self.deviation(bound);
        ensure!(value <= limit, "{what}: {value} is more than {bound}");
        Ok(())
    }

    fn near(self, exact: f64, what: &str) -> Result<()> {
        let value = self.value();
        let far = (value - exact).abs() > DEVIATIONS * self.deviation(exact) + 1e-12;
        ensure!(!far, "{what}: {value} simulated, {exact} exactly");
        Ok(())
    }
}

/// Whether a simulated mean agrees with the exact one. What is averaged deviates by about its mean.
fn mean_near(mean: f64, exact: f64, runs: u32, what: &str) -> Result<()> {
    let limit = 1.5 * DEVIATIONS * exact / f64::from(runs).sqrt();
    ensure!(
        (mean - exact).abs() <= limit,
        "{what}: {mean} simulated, {exact} exactly"
    );
    Ok(())
}

/// A generator for one row of a table, so that rows do not depend on each other.
fn random(table: u64, row: usize) -> SplitMix64 {
    SplitMix64::new(table * 1_000 + row as u64)
}
