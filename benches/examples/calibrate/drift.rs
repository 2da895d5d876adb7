//! Windows against a baseline: categories and scores.

use ai_audit_analytics::{Baseline, DriftMonitor, ScoreMonitor, SplitMix64};
use anyhow::Result;

use super::{Share, Size, random};

/// The level of each look.
const ALPHA: f64 = 0.01;
const WINDOWS: [u32; 4] = [50, 200, 500, 2_000];
const BASELINE: u32 = 2_000;
/// Windows after a change, at most, until it counts as missed.
const PATIENCE: u32 = 20;

/// Cumulated frequencies of allow, reject, escalate, bypass: as usual, with twice as many rejected, and
/// with a few of a kind that was never seen.
const ACTIONS: [&str; 4] = ["allow", "reject", "escalate", "bypass"];
const USUAL: [f64; 4] = [0.95, 0.99, 1.0, 1.0];
const TWICE: [f64; 4] = [0.91, 0.99, 1.0, 1.0];
const BYPASS: [f64; 4] = [0.94, 0.98, 0.99, 1.0];

/// What a monitor does in many logs.
#[derive(Default)]
struct Found {
    /// First windows after the baseline, without a change, that are flagged.
    flagged: u32,
    /// First whole windows after a change that are flagged.
    found: u32,
    /// Observations from a change, at any place in a window, to the end of the first flagged one.
    delay: u64,
    missed: u32,
}

/// One look: the p-value of the window that is full.
type Look<'a> = &'a mut dyn FnMut(&mut SplitMix64, bool) -> Result<Option<f64>>;

impl Found {
    /// Runs one log: baseline, a clean window, then a change somewhere in the next.
    fn run(&mut self, window: u32, random: &mut SplitMix64, push: Look<'_>) -> Result<()> {
        let mut p = None;
        for _ in 0..BASELINE + window {
            p = push(random, false)?;
        }
        let flags = |p: Option<f64>| p.is_some_and(|p| p <= ALPHA);
        self.flagged += u32::from(flags(p));
        let change = u32::try_from(random.below(window.into())).unwrap_or(0);
        let (mut since, mut delay) = (0u64, None);
        for n in 0..PATIENCE {
            for i in 0..window {
                let changed = n > 0 || i >= change;
                since += u64::from(changed);
                p = push(random, changed)?;
            }
            // The window behind the change is the one that counts for the power.
            self.found += u32::from(n == 1 && flags(p));
            if flags(p) {
                delay.get_or_insert(since);
            }
            if n >= 1 && delay.is_some() {
                break;
            }
        }
        match delay {
            Some(delay) => self.delay += delay,
            None => self.missed += 1,
        }
        Ok(())
    }

    fn print(&self, name: &str, window: u32, logs: u32) -> Result<()> {
        let share = |hits| Share { hits, of: logs };
        share(self.flagged).at_most(ALPHA, &format!("{name}, window {window}"))?;
        let delay = self.delay as f64 / f64::from((logs - self.missed).max(1));
        println!(
            "| {name} | {window} | {:.4} | {:.3} | {delay:.0} | {:.3} |",
            share(self.flagged).value(),
            share(self.found).value(),
            share(self.missed).value()
        );
        Ok(())
    }
}

fn head(title: &str) {
    println!("\n{title}\n");
    println!(
        "| change | window | flagged without one | flagged with it | delay | missed after {PATIENCE} windows |"
    );
    println!("|{}", "---|".repeat(6));
}

pub(super) fn categories(size: Size) -> Result<()> {
    head("Drift of actions, baseline of 2,000, each look at p ≤ 0.01");
    let changes = [("rejected 4 % to 8 %", TWICE), ("new: bypass 1 %", BYPASS)];
    for (row, (name, after)) in changes.iter().enumerate() {
        for (column, window) in WINDOWS.into_iter().enumerate() {
            let mut random = random(4, 10 * row + column);
            let mut found = Found::default();
            for _ in 0..size.logs {
                let mut monitor = DriftMonitor::new(window, Baseline::Frozen(BASELINE))?;
                let mut pushed = 0;
                found.run(window, &mut random, &mut |random, changed| {
                    let ends = if changed { after } else { &USUAL };
                    let u = random.unit();
                    let at = ends.iter().position(|&end| u < end).unwrap_or(0);
                    monitor.push(ACTIONS.get(at).copied().unwrap_or("allow"));
                    pushed += 1;
                    if pushed < BASELINE + window || !(pushed - BASELINE).is_multiple_of(window) {
                        return Ok(None);
                    }
                    Ok(monitor.report().map(|report| report.significance.p))
                })?;
            }
            found.print(name, window, size.logs)?;
        }
    }
    Ok(())
}

pub(super) fn scores(size: Size) -> Result<()> {
    head("Drift of scores (Kolmogorov-Smirnov), baseline of 2,000, each look at p ≤ 0.01");
    // An exact p-value takes as long as the product of both sizes.
    let logs = size.logs / 10;
    for (column, window) in WINDOWS.into_iter().enumerate() {
        let mut random = random(5, column);
        let mut found = Found::default();
        for _ in 0..logs {
            let mut monitor = ScoreMonitor::new("score", BASELINE, window)?;
            let mut pushed = 0;
            found.run(window, &mut random, &mut |random, changed| {
                let score = random.unit().powi(3);
                monitor.push(if changed { 0.9 * score + 0.05 } else { score })?;
                pushed += 1;
                if pushed < BASELINE + window || !(pushed - BASELINE).is_multiple_of(window) {
                    return Ok(None);
                }
                Ok(monitor.report().map(|report| report.p))
            })?;
        }
        found.print("0.9 x + 0.05", window, logs)?;
    }
    Ok(())
}
