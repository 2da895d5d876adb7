//! `ai-audit analyze rate`, `sprt` and `cusum`.

use super::event::Event;
use super::{Found, Names, Place, Seen, each, percent, wrong};
use crate::cli::analyze::{CusumArgs, Rate, SprtArgs};
use crate::failure::usage;
use crate::output::{Output, Tone, counted};
use ai_audit_analytics::{
    ConfidenceSequence, Cusum, CusumPlan, Shift, Sprt, SprtBehaviour, SprtDecision, SprtLimits,
    SprtPlan,
};
use ai_audit_core::Decision;
use serde::Serialize;
use serde_json::json;

/// How many alarms are listed in JSON.
const MAX_ALARMS: usize = 1_000;
/// How many alarms are listed for people.
const SHOWN: usize = 10;

/// An alarm.
#[derive(Debug, Serialize)]
struct Alarm {
    #[serde(flatten)]
    at: Place,
    /// The first decision of those that led to it.
    since: u64,
    observations: u64,
    events: u64,
}

/// Follows the decisions that led to where a test is.
#[derive(Debug, Default)]
struct Alarms {
    listed: Vec<Alarm>,
    since: Option<u64>,
    observations: u64,
    events: u64,
}

impl Alarms {
    fn observe(&mut self, place: Place, event: bool) {
        self.since.get_or_insert(place.seq);
        self.observations += 1;
        self.events += u64::from(event);
    }

    fn alarm(&mut self, at: Place) {
        if self.listed.len() < MAX_ALARMS {
            self.listed.push(Alarm {
                at,
                since: self.since.unwrap_or(at.seq),
                observations: self.observations,
                events: self.events,
            });
        }
    }

    /// The test stands where it began.
    fn begin(&mut self) {
        (self.since, self.observations, self.events) = (None, 0, 0);
    }

    fn print(&self, all: u64, output: Output) -> anyhow::Result<()> {
        let tone = if all == 0 { Tone::Good } else { Tone::Bad };
        let count = counted(all, "alarm", "alarms");
        output.line(output.paint(tone, &count))?;
        for alarm in self.listed.iter().take(SHOWN) {
            let time = alarm.at.time().to_string();
            output.line(format!(
                "  receipt {} at {}Z: {} in {} since receipt {}",
                alarm.at.seq,
                time.get(..19).unwrap_or(&time),
                counted(alarm.events, "event", "events"),
                alarm.observations,
                alarm.since
            ))?;
        }
        let more = all.saturating_sub(SHOWN as u64);
        if more > 0 {
            output.line(format!("  and {more} more"))?;
        }
        Ok(())
    }
}

/// Tells a test each decision, and whether it is an event.
fn events(
    observed: &crate::cli::analyze::Observed,
    event: &str,
    output: Output,
    mut push: impl FnMut(Place, bool),
) -> anyhow::Result<Seen> {
    let (event, told) = (Event::parse(event)?, event);
    let mut names = Names::default();
    let mut is_there = false;
    let mut seen = each(observed, output, |place, decision: &Decision<'_>| {
        if let Event::Check(name) = &event {
            is_there |= decision
                .checks
                .iter()
                .any(|check| check.name == *name.as_str());
            names.see(decision.checks.iter().map(|check| check.name.as_str()));
        }
        push(place, event.is(decision));
        Ok(())
    })?;
    // One that is misspelt would never fire; and who records only those that fired has none so far.
    if matches!(event, Event::Check(_)) && !is_there && seen.decisions > 0 {
        seen.unknown = Some(format!(
            "no decision that was looked at has the check of --event {told}; {}",
            names.told("none has checks", "checks")
        ));
    }
    Ok(seen)
}

pub(super) fn rate(args: &Rate, output: Output) -> anyhow::Result<Found> {
    let mut rate = ConfidenceSequence::new(args.alpha).map_err(wrong)?;
    if let Some(max) = args.max
        && !(0.0..1.0).contains(&max)
    {
        return Err(usage(format!(
            "--max {max}: expected a rate from 0 to 1, 1 excluded"
        )));
    }
    let seen = events(&args.observed, &args.event, output, |_, event| {
        rate.push(event)
    })?;
    let interval = rate.interval();
    let alarm = args.max.is_some_and(|max| interval.lower > max);
    let found = Found::of(alarm, seen.tests());
    if output.json {
        output.json(&json!({
            "seen": seen,
            "event": args.event,
            "observations": rate.observations(),
            "events": rate.events(),
            "rate": rate.rate(),
            "alpha": args.alpha,
            "lower": interval.lower,
            "upper": interval.upper,
            "max": args.max,
            "alarm": alarm,
        }))?;
        return Ok(found);
    }
    seen.print(output)?;
    let Some(mean) = rate.rate() else {
        output.line("no observation: the rate may be anything")?;
        return Ok(found);
    };
    output.line(format!(
        "{}: {} of {}, {}",
        args.event,
        rate.events(),
        rate.observations(),
        percent(mean)
    ))?;
    let sure = percent(1.0 - args.alpha);
    let (lower, upper) = (percent(interval.lower), percent(interval.upper));
    let bounds = format!("between {lower} and {upper}, whenever one looks, with {sure}");
    output.line(output.sentence("", Tone::Plain, &bounds))?;
    if let Some(max) = args.max {
        let max = percent(max);
        let (tone, text) = if alarm {
            (Tone::Bad, format!("ALARM: above {max}"))
        } else if interval.upper <= args.max.unwrap_or_default() {
            (Tone::Good, format!("not above {max}"))
        } else {
            (Tone::Open, format!("not known yet whether above {max}"))
        };
        output.line(output.paint(tone, &text))?;
    }
    Ok(found)
}

pub(super) fn sprt(args: &SprtArgs, output: Output) -> anyhow::Result<Found> {
    let shift = Shift::new(args.p0, args.p1).map_err(wrong)?;
    let limits = if args.strict {
        SprtLimits::Strict
    } else {
        SprtLimits::Wald
    };
    let plan = SprtPlan::new(shift, args.alpha, args.beta).map_err(wrong)?;
    let plan = plan.with_limits(limits);
    let (at_p0, at_p1) = (plan.exact(args.p0), plan.exact(args.p1));
    let (at_p0, at_p1) = (at_p0.map_err(wrong)?, at_p1.map_err(wrong)?);
    let (mut test, mut alarms) = (Sprt::new(plan), Alarms::default());
    let seen = events(&args.observed, &args.event, output, |place, event| {
        alarms.observe(place, event);
        let decision = test.push(event);
        if decision == SprtDecision::Reject {
            alarms.alarm(place);
        }
        if decision != SprtDecision::Continue {
            alarms.begin();
        }
    })?;
    let alarm = test.rejected() > 0;
    let found = Found::of(alarm, seen.tests());
    if output.json {
        output.json(&json!({
            "seen": seen,
            "event": args.event,
            "plan": plan,
            "lines": plan.lines(),
            "exact": { "p0": at_p0, "p1": at_p1 },
            "accepted": test.accepted(),
            "rejected": test.rejected(),
            "open": {
                "observations": test.observations(),
                "events": test.events(),
                "ratio": test.ratio(),
                "lower": plan.lower(),
                "upper": plan.upper(),
            },
            "alarm": alarm,
            "alarms": alarms.listed,
        }))?;
        return Ok(found);
    }
    seen.print(output)?;
    output.line(format!(
        "{}: {} or {}?",
        args.event,
        percent(args.p0),
        percent(args.p1)
    ))?;
    let behaviour = |name: &str, risk: f64, asked: f64, does: &SprtBehaviour| {
        output.line(format!(
            "  at {name}: wrong in {} of the tests (asked for {}), {:.0} decisions each",
            percent(risk),
            percent(asked),
            does.observations
        ))
    };
    behaviour("p0", at_p0.reject, args.alpha, &at_p0)?;
    behaviour("p1", at_p1.accept, args.beta, &at_p1)?;
    output.line(format!(
        "p0 accepted in {}, rejected in {}; open: {} in {}",
        counted(test.accepted(), "test", "tests"),
        test.rejected(),
        counted(test.events(), "event", "events"),
        test.observations()
    ))?;
    alarms.print(test.rejected(), output)?;
    Ok(found)
}

pub(super) fn cusum(args: &CusumArgs, output: Output) -> anyhow::Result<Found> {
    let shift = Shift::new(args.p0, args.p1).map_err(wrong)?;
    let plan = CusumPlan::for_run_length(shift, args.run_length).map_err(wrong)?;
    let length = plan.run_length(args.p0).map_err(wrong)?;
    let delay = plan.run_length(args.p1).map_err(wrong)?;
    let (mut cusum, mut alarms) = (Cusum::new(plan), Alarms::default());
    let seen = events(&args.observed, &args.event, output, |place, event| {
        alarms.observe(place, event);
        if cusum.push(event) {
            alarms.alarm(place);
        }
        if cusum.since_zero() == 0 {
            alarms.begin();
        }
    })?;
    let alarm = cusum.alarms() > 0;
    let found = Found::of(alarm, seen.tests());
    if output.json {
        output.json(&json!({
            "seen": seen,
            "event": args.event,
            "plan": plan,
            "run_length": length,
            "delay": delay,
            "sum": cusum.sum(),
            "alarm_count": cusum.alarms(),
            "alarm": alarm,
            "alarms": alarms.listed,
        }))?;
        return Ok(found);
    }
    seen.print(output)?;
    output.line(format!(
        "{}: from {} to {}?",
        args.event,
        percent(args.p0),
        percent(args.p1)
    ))?;
    output.line(format!(
        "  threshold {:.3}: a false alarm every {length:.0} decisions, a delay of {delay:.0}",
        plan.threshold()
    ))?;
    output.line(format!("the sum is now {:.3}", cusum.sum()))?;
    alarms.print(cusum.alarms(), output)?;
    Ok(found)
}
