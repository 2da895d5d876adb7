//! Ours and what it stands beside, by turns in one process: ratios that hold where others use the machine.

mod row;

pub use row::Row;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Each work once, to see that it runs.
    Once,
    /// A table in a few minutes.
    Quick,
    /// The table that is published.
    Full,
}

/// What a work may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// What one side runs for before the other has its turn.
    slice: Duration,
    /// Rounds at least and at most.
    rounds: (usize, usize),
    /// After so long no further round begins.
    budget: Duration,
}

impl Effort {
    /// One of three, by the effort: of sizes and numbers that depend on it.
    #[must_use]
    pub const fn of<T: Copy>(self, once: T, quick: T, full: T) -> T {
        match self {
            Self::Once => once,
            Self::Quick => quick,
            Self::Full => full,
        }
    }

    const fn limits(self) -> Limits {
        let (micros, rounds, millis) = self.of(
            (0, (1, 1), 0),
            (1000, (5, 151), 700),
            (1000, (9, 601), 4000),
        );
        Limits {
            slice: Duration::from_micros(micros),
            rounds,
            budget: Duration::from_millis(millis),
        }
    }
}

/// Measures the rows that a filter lets through, and prints each as a line of JSON.
#[derive(Debug)]
pub struct Runner {
    effort: Effort,
    filter: Vec<String>,
}

impl Runner {
    /// `--once` and `--quick` as the effort, what has no dash as a filter; everything else is for others.
    #[must_use]
    pub fn from_args(args: &[String]) -> Self {
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        Self {
            effort: match (has("--once"), has("--quick")) {
                (true, _) => Effort::Once,
                (_, true) => Effort::Quick,
                _ => Effort::Full,
            },
            filter: args
                .iter()
                .filter(|arg| !arg.starts_with('-'))
                .map(|arg| arg.to_lowercase())
                .collect(),
        }
    }

    #[must_use]
    pub const fn effort(&self) -> Effort {
        self.effort
    }

    /// Whether a row of this group and name is asked for.
    #[must_use]
    pub fn wants(&self, group: &str, work: &str) -> bool {
        let name = format!("{group} {work}").to_lowercase();
        self.filter.iter().all(|word| name.contains(word))
    }

    /// Whether any of these is.
    #[must_use]
    pub fn wants_any(&self, group: &str, works: &[&str]) -> bool {
        works.iter().any(|work| self.wants(group, work))
    }

    /// Times both by turns, each call doing so many items; the ratio is held to the row's bar.
    pub fn pair<A, B>(
        &self,
        row: Row,
        items: u64,
        ours: impl FnMut() -> A,
        bare: impl FnMut() -> B,
    ) {
        self.pair_of(row, (items, ours), (items, bare));
    }

    /// The same where a call of one side does other than as many items as one of the other.
    pub fn pair_of<A, B>(
        &self,
        row: Row,
        (our_items, mut ours): (u64, impl FnMut() -> A),
        (bare_items, mut bare): (u64, impl FnMut() -> B),
    ) {
        if !self.wants(row.group(), row.work()) {
            return;
        }
        let limits = self.effort.limits();
        let (our_calls, bare_calls) = if self.effort == Effort::Once {
            (1, 1)
        } else {
            let (one, other) = (once(&mut ours), once(&mut bare));
            // Equally long slices: others take the same share of both.
            let slice = limits.slice.max(one).max(other);
            (calls(slice, one), calls(slice, other))
        };
        let mut rounds = Vec::new();
        let start = Instant::now();
        while more(&limits, rounds.len(), start) {
            // Each goes first every other time, so that neither always finds what the other left.
            let (our, their);
            if rounds.len() % 2 == 0 {
                our = time(our_calls, our_items, &mut ours);
                their = time(bare_calls, bare_items, &mut bare);
            } else {
                their = time(bare_calls, bare_items, &mut bare);
                our = time(our_calls, our_items, &mut ours);
            }
            rounds.push((our, their));
        }
        row.print_pair(&rounds);
    }

    /// Says that a row cannot be measured here, and why.
    #[allow(clippy::print_stdout, reason = "the caller reads it")]
    pub fn skip(&self, group: &str, work: &str, why: &str) {
        if self.wants(group, work) {
            let line = format!("SKIPPED: {group}, {work}: {why}");
            println!("{}", serde_json::json!({ "skipped": line }));
        }
    }

    /// Two figures that were not timed here; their ratio is held to the row's bar.
    pub fn proportion(&self, row: Row, (ours, bare): (f64, f64), unit: &str) {
        if self.wants(row.group(), row.work()) {
            row.print_proportion(ours, bare, unit);
        }
    }

    /// Times ours alone; nanoseconds an item are held to the row's bar.
    pub fn single<A>(&self, row: Row, items: u64, ours: impl FnMut() -> A) {
        if self.wants(row.group(), row.work()) {
            row.print_figure(self.median_nanos(items, ours), "ns");
        }
    }

    /// Times ours alone; megabytes (10^6) a second are held to the row's bar.
    pub fn rate<A>(&self, row: Row, bytes: u64, ours: impl FnMut() -> A) {
        if self.wants(row.group(), row.work()) {
            row.print_figure(1e3 / self.median_nanos(bytes, ours), "MB/s");
        }
    }

    /// A figure that was not timed here.
    pub fn figure(&self, row: Row, figure: f64, unit: &str) {
        if self.wants(row.group(), row.work()) {
            row.print_figure(figure, unit);
        }
    }

    /// The median of several rounds, in nanoseconds an item.
    pub fn median_nanos<A>(&self, items: u64, mut ours: impl FnMut() -> A) -> f64 {
        let limits = self.effort.limits();
        let calls = if self.effort == Effort::Once {
            1
        } else {
            calls(limits.slice, once(&mut ours))
        };
        let mut rounds = Vec::new();
        let start = Instant::now();
        while more(&limits, rounds.len(), start) {
            rounds.push(time(calls, items, &mut ours));
        }
        quantile(&mut rounds, 0.5)
    }
}

/// What a call takes, judged by the second one: the first meets cold caches.
fn once<A>(work: &mut impl FnMut() -> A) -> Duration {
    black_box(work());
    let start = Instant::now();
    black_box(work());
    start.elapsed().max(Duration::from_nanos(20))
}

/// How many calls fill a slice.
fn calls(slice: Duration, once: Duration) -> u32 {
    let calls = slice.as_nanos() / once.as_nanos();
    u32::try_from(calls).unwrap_or(u32::MAX).max(1)
}

fn more(limits: &Limits, rounds: usize, start: Instant) -> bool {
    let (least, most) = limits.rounds;
    rounds < least || rounds < most && start.elapsed() < limits.budget
}

/// Nanoseconds an item.
#[allow(
    clippy::cast_precision_loss,
    reason = "durations and counts here are far below 2^53"
)]
fn time<A>(calls: u32, items: u64, work: &mut impl FnMut() -> A) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(work());
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls) / items as f64
}

/// The smallest value that so large a part does not exceed; sorts. Zero where there is none.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index into a slice, from a part between 0 and 1"
)]
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (part * last as f64).round() as usize;
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&mut [4.0, 1.0, 2.0, 3.0, 5.0], 0.25), 2.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn a_filter_is_in_the_group_or_the_work() {
        let runner = Runner::from_args(&["--quick".into(), "Seal".into()]);
        assert_eq!(runner.effort(), Effort::Quick);
        assert!(runner.wants("Core", "seal"));
        assert!(!runner.wants("Core", "verify"));
        assert!(runner.wants_any("Core", &["verify", "sealed size"]));
        assert!(Runner::from_args(&[]).wants("Core", "verify"));
    }

    #[test]
    fn once_is_once() {
        let runner = Runner::from_args(&["--once".into()]);
        let (mut ours, mut bare) = (0, 0);
        runner.pair(Row::new("g", "w"), 1, || ours += 1, || bare += 1);
        assert_eq!((ours, bare), (1, 1));
    }
}
