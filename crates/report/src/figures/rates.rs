//! The paths of the two tests of a rate.

use super::data::{Alarm, Between, CusumFigure, SprtFigure, Stretch, rows};
use super::mark::{Ends, Mark};
use super::names::cut;
use ai_audit_analytics::{AnalyticsError, Cusum, CusumPlan, Shift, Sprt, SprtDecision, SprtPlan};

/// The most stretches of a path.
const MAX_STRETCHES: usize = 600;
/// The most alarms that are listed.
const MAX_ALARMS: usize = 100;

/// A path of so many stretches at most: whenever there are too many, two become one. Nothing that
/// reached a boundary is lost, since a stretch keeps its least and greatest value.
#[derive(Debug, Clone)]
struct Path {
    stride: u64,
    count: u64,
    stretches: Vec<Stretch>,
    /// The receipts of each.
    ends: Vec<Ends>,
}

impl Path {
    const fn new() -> Self {
        Self {
            stride: 1,
            count: 0,
            stretches: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push(&mut self, value: f64, mark: &Mark) {
        let seq = mark.seq;
        let full = self.count.is_multiple_of(self.stride);
        self.count += 1;
        let one = Stretch {
            from: self.count,
            to: self.count,
            least: value,
            greatest: value,
            last: value,
            receipts: Between {
                first: seq,
                last: seq,
            },
        };
        match (self.stretches.last_mut(), self.ends.last_mut()) {
            (Some(last), Some(ends)) if !full => {
                join(last, &one);
                ends.last = *mark;
            }
            _ => {
                self.stretches.push(one);
                self.ends.push(Ends::of(*mark));
            }
        }
        // Only where the last stretch is whole: else the next ones would be cut in the wrong places.
        if self.stretches.len() >= MAX_STRETCHES && self.count.is_multiple_of(self.stride) {
            self.stride *= 2;
            self.stretches = self
                .stretches
                .chunks(2)
                .filter_map(|pair| {
                    let mut first = *pair.first()?;
                    if let Some(second) = pair.get(1) {
                        join(&mut first, second);
                    }
                    Some(first)
                })
                .collect();
            let pairs = self.ends.chunks(2).filter_map(|pair| {
                Some(Ends {
                    first: pair.first()?.first,
                    last: pair.last()?.last,
                })
            });
            self.ends = pairs.collect();
        }
    }

    /// The receipts that the rows of the table behind it name.
    fn named(&self) -> Vec<Mark> {
        let mut ends = self.ends.iter();
        let mut named = Vec::new();
        for row in rows(&self.stretches) {
            let all: Vec<&Ends> = ends.by_ref().take(row.len()).collect();
            named.extend(all.first().map(|ends| ends.first));
            named.extend(all.last().map(|ends| ends.last));
        }
        named
    }
}

fn join(first: &mut Stretch, second: &Stretch) {
    first.to = second.to;
    first.least = first.least.min(second.least);
    first.greatest = first.greatest.max(second.greatest);
    first.last = second.last;
    first.receipts.last = second.receipts.last;
}

/// Which decisions led to where a test stands.
#[derive(Debug, Clone, Default)]
struct Led {
    since: Option<Mark>,
    observations: u64,
    events: u64,
}

impl Led {
    fn observe(&mut self, mark: &Mark, event: bool) {
        self.since.get_or_insert(*mark);
        self.observations += 1;
        self.events += u64::from(event);
    }

    fn alarm(&self, at: &Mark, observation: u64) -> Alarm {
        Alarm {
            observation,
            seq: at.seq,
            sealed_at: at.sealed_at,
            imported_of: at.imported_of,
            since: self.since.map_or(at.seq, |since| since.seq),
            observations: self.observations,
            events: self.events,
        }
    }
}

/// Both tests over one event.
#[derive(Debug, Clone)]
pub(super) struct Rates {
    event: String,
    alpha: f64,
    beta: f64,
    run_length: f64,
    sprt: (Sprt, Path, Led, Vec<Alarm>),
    cusum: (Cusum, Path, Led, Vec<Alarm>),
    plans: (SprtPlan, CusumPlan),
    observations: u64,
    events: u64,
    ends: Option<(Mark, Mark)>,
    /// Receipts that alarms name.
    named: Vec<Mark>,
}

impl Rates {
    pub(super) fn new(
        event: String,
        (p0, p1): (f64, f64),
        (alpha, beta): (f64, f64),
        run_length: f64,
    ) -> Result<Self, AnalyticsError> {
        let shift = Shift::new(p0, p1)?;
        let plans = (
            SprtPlan::new(shift, alpha, beta)?,
            CusumPlan::for_run_length(shift, run_length)?,
        );
        Ok(Self {
            event: cut(&event).into_owned(),
            alpha,
            beta,
            run_length,
            sprt: (Sprt::new(plans.0), Path::new(), Led::default(), Vec::new()),
            cusum: (Cusum::new(plans.1), Path::new(), Led::default(), Vec::new()),
            plans,
            observations: 0,
            events: 0,
            ends: None,
            named: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, mark: &Mark, event: bool) {
        self.observations += 1;
        self.events += u64::from(event);
        self.ends = Some((self.ends.map_or(*mark, |ends| ends.0), *mark));
        let at = self.observations;
        let step = self.plans.0.shift().weight(event);

        let (test, path, led, alarms) = &mut self.sprt;
        let before = test.ratio();
        led.observe(mark, event);
        let decision = test.push(event);
        // After a decision the test stands at 0 again: the path shows where it got to.
        let value = match decision {
            SprtDecision::Continue => test.ratio(),
            _ => before + step,
        };
        path.push(value, mark);
        if decision == SprtDecision::Reject && alarms.len() < MAX_ALARMS {
            alarms.push(led.alarm(mark, at));
            self.named.extend(led.since.into_iter().chain([*mark]));
        }
        if decision != SprtDecision::Continue {
            *led = Led::default();
        }

        let (sum, path, led, alarms) = &mut self.cusum;
        let before = sum.sum();
        led.observe(mark, event);
        let alarm = sum.push(event);
        path.push(if alarm { before + step } else { sum.sum() }, mark);
        if alarm && alarms.len() < MAX_ALARMS {
            alarms.push(led.alarm(mark, at));
            self.named.extend(led.since.into_iter().chain([*mark]));
        }
        if sum.since_zero() == 0 {
            *led = Led::default();
        }
    }

    /// The two figures, and the receipts that they name.
    pub(super) fn finish(self) -> (SprtFigure, CusumFigure, Vec<Mark>) {
        let shift = *self.plans.0.shift();
        let mut named = self.named;
        let receipts = self.ends.map(|(first, last)| Between {
            first: first.seq,
            last: last.seq,
        });
        named.extend(self.sprt.1.named());
        named.extend(self.cusum.1.named());
        named.extend(
            self.ends
                .into_iter()
                .flat_map(|(first, last)| [first, last]),
        );
        let sprt = SprtFigure {
            event: self.event.clone(),
            p0: shift.p0(),
            p1: shift.p1(),
            alpha: self.alpha,
            beta: self.beta,
            lower: self.plans.0.lower(),
            upper: self.plans.0.upper(),
            observations: self.observations,
            events: self.events,
            accepted: self.sprt.0.accepted(),
            rejected: self.sprt.0.rejected(),
            path: self.sprt.1.stretches,
            alarms: self.sprt.3,
            receipts,
        };
        let cusum = CusumFigure {
            event: self.event,
            p0: shift.p0(),
            p1: shift.p1(),
            run_length: self.run_length,
            threshold: self.plans.1.threshold(),
            observations: self.observations,
            events: self.events,
            alarm_count: self.cusum.0.alarms(),
            path: self.cusum.1.stretches,
            alarms: self.cusum.3,
            receipts,
        };
        (sprt, cusum, named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_short_and_keeps_its_extremes() {
        let mut path = Path::new();
        for n in 0..100_000u64 {
            let value = if n == 77_777 { 9.0 } else { 0.5 };
            path.push(value, &Mark::at(n));
            assert!(path.stretches.len() <= MAX_STRETCHES);
        }
        let greatest = path
            .stretches
            .iter()
            .map(|s| s.greatest)
            .fold(0.0, f64::max);
        assert!((greatest - 9.0).abs() < f64::EPSILON);
        assert!(path.stretches.len() >= MAX_STRETCHES / 2);
        let joined = path.stretches.windows(2).all(|p| p[0].to + 1 == p[1].from);
        assert!(joined && path.stretches.last().is_some_and(|s| s.to == 100_000));
    }
}
