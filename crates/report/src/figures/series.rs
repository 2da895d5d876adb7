//! Decisions by action and scores of checks, over time.

use super::data::{ActionBucket, ActionFigure, CheckBucket, CheckFigure, FARTHEST_SCORE, Scores};
use super::mark::{Ends, Mark};
use super::names::cut;
use super::timeline::{Merge, Timeline};
use ai_audit_analytics::Quantiles;
use ai_audit_core::{Action, Check, Decision};

/// The most buckets of decisions that are held, and about how many are shown.
const ACTION_BUCKETS: (usize, usize) = (400, 100);
/// The same for scores, whose buckets hold digests.
const CHECK_BUCKETS: (usize, usize) = (200, 60);
/// The most checks that have a figure.
const MAX_CHECKS: usize = 32;

struct Counts {
    counts: [u64; 6],
    ends: Ends,
}

impl Merge for Counts {
    fn merge(&mut self, later: Self) {
        for (sum, more) in self.counts.iter_mut().zip(later.counts) {
            *sum += more;
        }
        self.ends.merge(later.ends);
    }
}

/// Decisions by action.
pub(super) struct Actions(Timeline<Counts>);

impl Actions {
    pub(super) const fn new() -> Self {
        Self(Timeline::new(ACTION_BUCKETS.0))
    }

    pub(super) fn push(&mut self, mark: &Mark, action: Action) {
        let counts = Action::ALL.map(|known| u64::from(known == action));
        let ends = Ends::of(*mark);
        self.0.add(mark.time(), Counts { counts, ends });
    }

    pub(super) fn finish(self) -> (ActionFigure, Vec<Mark>) {
        let (unit, buckets) = self.0.finish(ACTION_BUCKETS.1);
        let mut named = Vec::new();
        let buckets = buckets.into_iter().map(|(from, to, held)| {
            named.extend([held.ends.first, held.ends.last]);
            ActionBucket {
                from,
                to,
                counts: held.counts,
                receipts: held.ends.between(),
            }
        });
        let buckets = buckets.collect();
        (ActionFigure { unit, buckets }, named)
    }
}

struct Runs {
    runs: u64,
    fired: u64,
    /// Single scores are not put into a digest before there is another one.
    one: Option<f64>,
    scores: Option<Box<Quantiles>>,
    thresholds: Option<(f64, f64)>,
    ends: Ends,
}

impl Runs {
    fn of(check: &Check<'_>, mark: &Mark) -> Self {
        Self {
            runs: 1,
            fired: u64::from(check.fired),
            one: check.score.map(near),
            scores: None,
            thresholds: check
                .threshold
                .map(|threshold| (near(threshold), near(threshold))),
            ends: Ends::of(*mark),
        }
    }

    fn score(&mut self, score: f64) {
        let digest = self.scores.get_or_insert_default();
        // Bodies with other numbers do not decode.
        let _ = digest.push(score);
    }

    fn quantiles(&mut self) -> Option<Scores> {
        if let Some(one) = self.one.take() {
            self.score(one);
        }
        let digest = self.scores.as_ref()?;
        let at = |q: f64| digest.quantile(q);
        Some(Scores {
            count: digest.count(),
            least: at(0.0)?,
            quarter: at(0.25)?,
            median: at(0.5)?,
            three_quarters: at(0.75)?,
            high: at(0.95)?,
            greatest: at(1.0)?,
        })
    }
}

impl Merge for Runs {
    fn merge(&mut self, later: Self) {
        self.runs += later.runs;
        self.fired += later.fired;
        for one in [self.one.take(), later.one].into_iter().flatten() {
            self.score(one);
        }
        if let Some(scores) = later.scores {
            self.scores.get_or_insert_default().merge(*scores);
        }
        self.thresholds = match (self.thresholds, later.thresholds) {
            (Some(own), Some(more)) => Some((own.0.min(more.0), own.1.max(more.1))),
            (own, more) => own.or(more),
        };
        self.ends.merge(later.ends);
    }
}

/// Scores by check.
pub(super) struct Checks {
    known: Vec<(String, Timeline<Runs>)>,
    left_out: u64,
}

impl Checks {
    pub(super) const fn new() -> Self {
        Self {
            known: Vec::new(),
            left_out: 0,
        }
    }

    pub(super) fn push(&mut self, mark: &Mark, decision: &Decision<'_>) {
        for check in decision.checks.iter() {
            let name = cut(&check.name);
            let line = match self.known.iter().position(|known| known.0 == name) {
                Some(place) => self.known.get_mut(place),
                None if self.known.len() < MAX_CHECKS => {
                    let line = Timeline::new(CHECK_BUCKETS.0);
                    self.known.push((name.into_owned(), line));
                    self.known.last_mut()
                }
                None => None,
            };
            match line {
                Some((_, line)) => line.add(mark.time(), Runs::of(check, mark)),
                None => self.left_out += 1,
            }
        }
    }

    /// The figures, how many results have none, and the receipts that the figures name.
    pub(super) fn finish(self) -> (Vec<CheckFigure>, u64, Vec<Mark>) {
        let mut named = Vec::new();
        let figures = self.known.into_iter().map(|(name, line)| {
            let (unit, held) = line.finish(CHECK_BUCKETS.1);
            let mut figure = CheckFigure {
                name,
                runs: 0,
                scores: 0,
                fired: 0,
                unit,
                buckets: Vec::with_capacity(held.len()),
            };
            for (from, to, mut runs) in held {
                let scores = runs.quantiles();
                figure.runs += runs.runs;
                figure.fired += runs.fired;
                figure.scores += scores.map_or(0, |scores| scores.count);
                named.extend([runs.ends.first, runs.ends.last]);
                figure.buckets.push(CheckBucket {
                    from,
                    to,
                    runs: runs.runs,
                    fired: runs.fired,
                    scores,
                    thresholds: runs.thresholds,
                    receipts: runs.ends.between(),
                });
            }
            figure
        });
        let figures = figures.collect();
        (figures, self.left_out, named)
    }
}

/// A score or a threshold that means and differences of can be made: 1.7e308 is one as well.
const fn near(number: f64) -> f64 {
    number.clamp(-FARTHEST_SCORE, FARTHEST_SCORE)
}
