//! `ai-audit analyze drift` and `scores`: windows one after the other, against a baseline.

use super::{Found, Names, Place, Seen, each, percent, wrong};
use crate::cli::analyze::{Drift, Over, Scores, Windows};
use crate::failure::usage;
use crate::output::{Output, Tone, counted, short};
use ai_audit_analytics::{Baseline, Divergence, DriftMonitor, ScoreDrift, ScoreMonitor};
use ai_audit_core::Decision;
use serde::Serialize;
use std::collections::BTreeSet;

/// How many categories of a window are kept: there may be many windows.
const CONTRIBUTIONS: usize = 10;

/// A window and what was found in it.
#[derive(Debug, Serialize)]
struct Window<T> {
    /// The first and the last decision.
    first: Place,
    last: Place,
    /// Whether chance alone does that too rarely.
    flagged: bool,
    #[serde(flatten)]
    found: T,
}

/// All windows.
#[derive(Debug, Serialize)]
struct Report<'a, T> {
    seen: Seen,
    /// What is counted, or the check.
    over: &'a str,
    alpha: f64,
    /// What a p-value must not exceed: alpha divided by the number of windows.
    level: f64,
    /// Observations that the baseline takes before the first window, and in a window.
    baseline: u32,
    window: u32,
    /// Observations behind the last whole window.
    left_over: u64,
    /// Whether there were enough for one window: else no alarm says nothing.
    tested: bool,
    alarm: bool,
    windows: Vec<Window<T>>,
}

/// Cuts observations into windows behind what fills the baseline.
struct Cut<T> {
    /// Observations to the next look.
    to_go: u64,
    window: u64,
    /// Observations since the last look.
    since: u64,
    first: Option<Place>,
    windows: Vec<Window<T>>,
}

impl<T> Cut<T> {
    fn new(before: u32, window: u32) -> Self {
        Self {
            to_go: u64::from(before) + u64::from(window),
            window: window.into(),
            since: 0,
            first: None,
            windows: Vec::new(),
        }
    }

    /// Takes the place of an observation that the monitor has, and looks when a window is full.
    fn observe(&mut self, place: Place, look: impl FnOnce() -> Option<T>) {
        self.to_go -= 1;
        if self.to_go >= self.window {
            return;
        }
        self.since += 1;
        let first = *self.first.get_or_insert(place);
        if self.to_go > 0 {
            return;
        }
        if let Some(found) = look() {
            self.windows.push(Window {
                first,
                last: place,
                flagged: false,
                found,
            });
        }
        (self.to_go, self.since, self.first) = (self.window, 0, None);
    }

    /// With what was found held against the level.
    fn report<'a>(
        self,
        seen: Seen,
        over: &'a str,
        (lengths, alpha): (&Windows, f64),
        p: impl Fn(&T) -> f64,
    ) -> Report<'a, T> {
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 windows")]
        let level = alpha / self.windows.len().max(1) as f64;
        let mut windows = self.windows;
        for window in &mut windows {
            window.flagged = p(&window.found) <= level;
        }
        Report {
            seen,
            over,
            alpha,
            level,
            baseline: lengths.baseline,
            window: lengths.window,
            left_over: self.since,
            tested: !windows.is_empty(),
            alarm: windows.iter().any(|window| window.flagged),
            windows,
        }
    }
}

impl<T: Serialize> Report<'_, T> {
    fn found(&self) -> Found {
        Found::of(self.alarm, self.tested)
    }

    fn print(
        &self,
        lengths: &Windows,
        output: Output,
        head: &str,
        line: impl Fn(&T) -> String,
    ) -> anyhow::Result<()> {
        if output.json {
            return output.json(self);
        }
        self.seen.print(output)?;
        if self.windows.is_empty() {
            let (baseline, window) = (lengths.baseline, lengths.window);
            let few = format!(
                "too few observations for a baseline of {baseline} and a window of {window}: \
                 choose shorter ones by --baseline and --window"
            );
            return output.line(output.sentence("", Tone::Open, &few));
        }
        output.line(format!("{:>10} {:>10}  {head}", "FROM", "TO"))?;
        for window in &self.windows {
            let text = line(&window.found);
            let text = if window.flagged {
                output.paint(Tone::Bad, &format!("{text}  DRIFT"))
            } else {
                text
            };
            output.line(format!(
                "{:>10} {:>10}  {text}",
                window.first.seq, window.last.seq
            ))?;
        }
        let flagged = self.windows.iter().filter(|window| window.flagged).count() as u64;
        let tone = if flagged == 0 { Tone::Good } else { Tone::Bad };
        output.line(output.paint(
            tone,
            &format!(
                "{} of {} flagged, at p of at most {:.2e}",
                flagged,
                counted(self.windows.len() as u64, "window", "windows"),
                self.level
            ),
        ))?;
        if self.left_over > 0 {
            let rest = counted(self.left_over, "observation", "observations");
            output.line(format!("{rest} behind the last whole window"))?;
        }
        Ok(())
    }
}

fn alpha(windows: &Windows) -> anyhow::Result<f64> {
    if windows.alpha > 0.0 && windows.alpha < 1.0 {
        return Ok(windows.alpha);
    }
    Err(usage(format!(
        "--alpha {}: expected a number between 0 and 1, both excluded",
        windows.alpha
    )))
}

/// The category of a decision.
fn category(over: Over, decision: &Decision<'_>) -> String {
    match over {
        Over::Action => decision.action.name().into(),
        Over::Model if decision.model.is_empty() => "(none)".into(),
        Over::Model => decision.model.to_string(),
        Over::Checks => {
            let fired = decision.checks.iter().filter(|check| check.fired);
            let names: BTreeSet<&str> = fired.map(|check| check.name.as_str()).collect();
            if names.is_empty() {
                return "(none)".into();
            }
            names.into_iter().collect::<Vec<_>>().join("+")
        }
    }
}

pub(super) fn drift(args: &Drift, output: Output) -> anyhow::Result<Found> {
    let (windows, alpha) = (&args.windows, alpha(&args.windows)?);
    let (baseline, before) = if args.slow {
        // What left the window is the baseline: one window must have passed, or half of what the
        // baseline holds where that is less.
        let least = windows.window.min(windows.baseline / 2).max(1);
        (Baseline::Slow(windows.baseline), least)
    } else {
        (Baseline::Frozen(windows.baseline), windows.baseline)
    };
    let mut monitor = DriftMonitor::new(windows.window, baseline).map_err(wrong)?;
    let mut cut = Cut::new(before, windows.window);
    let seen = each(&args.observed, output, |place, decision| {
        monitor.push(&category(args.over, decision));
        cut.observe(place, || {
            let mut report = monitor.report()?;
            report.contributions.truncate(CONTRIBUTIONS);
            Some(report)
        });
        Ok(())
    })?;
    let over = match args.over {
        Over::Action => "action",
        Over::Model => "model",
        Over::Checks => "checks",
    };
    let p = |found: &Divergence| found.significance.p;
    let report = cut.report(seen, over, (windows, alpha), p);
    let head = format!("{:>7} {:>9}  MOST", "BITS", "P");
    report.print(windows, output, &head, |found| {
        let most = found
            .contributions
            .first()
            .map_or_else(String::new, |most| {
                let (from, to) = (percent(most.baseline), percent(most.window));
                format!("{} {from} to {to}", short(&most.category, 16))
            });
        format!("{:>7.4} {:>9.2e}  {most}", found.bits, p(found))
    })?;
    Ok(report.found())
}

pub(super) fn scores(args: &Scores, output: Output) -> anyhow::Result<Found> {
    let (windows, alpha) = (&args.windows, alpha(&args.windows)?);
    let mut monitor =
        ScoreMonitor::new(&args.check, windows.baseline, windows.window).map_err(wrong)?;
    let mut cut = Cut::new(windows.baseline, windows.window);
    let (mut known, mut any) = (Names::default(), false);
    let seen = each(&args.observed, output, |place, decision| {
        for check in decision.checks.iter() {
            let Some(score) = check.score else { continue };
            if check.name != args.check.as_str() {
                known.see([check.name.as_str()]);
                continue;
            }
            any = true;
            monitor.push(score)?;
            cut.observe(place, || monitor.report());
        }
        Ok(())
    })?;
    if !any {
        return Err(usage(format!(
            "--check {}: no decision that was looked at has a score of it; {}",
            args.check,
            known.told("no check has scores", "checks with scores")
        )));
    }
    let p = |found: &ScoreDrift| found.p;
    let report = cut.report(seen, &args.check, (windows, alpha), p);
    let head = format!("{:>7} {:>9} {:>7}", "KS", "P", "PSI");
    report.print(windows, output, &head, |found| {
        format!(
            "{:>7.4} {:>9.2e} {:>7.4}",
            found.distance, found.p, found.stability_index
        )
    })?;
    Ok(report.found())
}
