//! Drift of what is decided, window by window, against the first decisions.

use super::data::{DriftFigure, DriftWindow};
use super::mark::{Ends, Mark};
use ai_audit_analytics::{AnalyticsError, Baseline, DriftMonitor};
use ai_audit_core::Decision;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The most windows that are kept.
const MAX_WINDOWS: usize = 200;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftOver {
    /// The action.
    #[default]
    Action,
    /// The model.
    Model,
    /// The set of checks that fired.
    Checks,
}

impl DriftOver {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Model => "model",
            Self::Checks => "checks",
        }
    }

    fn category<'d>(self, decision: &'d Decision<'_>) -> Cow<'d, str> {
        match self {
            Self::Action => decision.action.name().into(),
            Self::Model if decision.model.is_empty() => "(none)".into(),
            Self::Model => decision.model.as_str().into(),
            Self::Checks => {
                let fired = decision.checks.iter().filter(|check| check.fired);
                let names: BTreeSet<&str> = fired.map(|check| check.name.as_str()).collect();
                if names.is_empty() {
                    return "(none)".into();
                }
                names.into_iter().collect::<Vec<_>>().join("+").into()
            }
        }
    }
}

/// A window, and how many it stands for.
#[derive(Debug, Clone)]
struct Kept {
    window: DriftWindow,
    ends: Ends,
}

#[derive(Debug, Clone)]
pub(super) struct Drift {
    over: DriftOver,
    monitor: DriftMonitor,
    baseline: u32,
    window: u32,
    alpha: f64,
    /// Decisions until the baseline is full.
    before: u32,
    /// Decisions of the window that is being filled.
    since: u32,
    ends: Option<Ends>,
    windows: u64,
    /// Windows that one kept one stands for.
    stride: u64,
    kept: Vec<Kept>,
}

impl Drift {
    pub(super) fn new(
        over: DriftOver,
        baseline: u32,
        window: u32,
        alpha: f64,
    ) -> Result<Self, AnalyticsError> {
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(AnalyticsError::Parameter {
                name: "alpha of the drift",
                value: alpha,
                expected: "between 0 and 1, both excluded",
            });
        }
        Ok(Self {
            over,
            monitor: DriftMonitor::new(window, Baseline::Frozen(baseline))?,
            baseline,
            window,
            alpha,
            before: baseline,
            since: 0,
            ends: None,
            windows: 0,
            stride: 1,
            kept: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, mark: &Mark, decision: &Decision<'_>) {
        self.monitor.push(&self.over.category(decision));
        if self.before > 0 {
            self.before -= 1;
            return;
        }
        self.since += 1;
        let ends = self.ends.get_or_insert(Ends::of(*mark));
        ends.last = *mark;
        if self.since < self.window {
            return;
        }
        let ends = *ends;
        (self.since, self.ends) = (0, None);
        let Some(report) = self.monitor.report() else {
            return;
        };
        let most = report.contributions.into_iter().next();
        let (most, before, within) =
            most.map_or_else(Default::default, |m| (m.category, m.baseline, m.window));
        let window = DriftWindow {
            of: 1,
            bits: report.bits,
            p: report.significance.p,
            flagged: false,
            most,
            before,
            within,
            sealed_at: mark.sealed_at,
            imported_of: mark.imported_of,
            receipts: ends.between(),
        };
        self.keep(Kept { window, ends });
    }

    fn keep(&mut self, new: Kept) {
        let whole = self.windows.is_multiple_of(self.stride);
        self.windows += 1;
        match self.kept.last_mut() {
            Some(last) if !whole => join(last, new),
            _ => self.kept.push(new),
        }
        if self.kept.len() >= MAX_WINDOWS && self.windows.is_multiple_of(self.stride) {
            self.stride *= 2;
            let mut joined: Vec<Kept> = Vec::with_capacity(MAX_WINDOWS);
            for (place, kept) in std::mem::take(&mut self.kept).into_iter().enumerate() {
                match joined.last_mut() {
                    Some(last) if place % 2 == 1 => join(last, kept),
                    _ => joined.push(kept),
                }
            }
            self.kept = joined;
        }
    }

    pub(super) fn finish(self) -> (DriftFigure, Vec<Mark>) {
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 windows")]
        let level = self.alpha / self.windows.max(1) as f64;
        let mut named = Vec::new();
        let shown = self.kept.into_iter().map(|mut kept| {
            named.extend([kept.ends.first, kept.ends.last]);
            kept.window.flagged = kept.window.p <= level;
            kept.window
        });
        let figure = DriftFigure {
            over: self.over.name(),
            baseline: self.baseline,
            window: self.window,
            alpha: self.alpha,
            level,
            windows: self.windows,
            shown: shown.collect(),
            left_over: self.since.into(),
        };
        (figure, named)
    }
}

/// The less likely one of two stands for both, so that no window that would be flagged is lost.
fn join(first: &mut Kept, second: Kept) {
    let of = first.window.of + second.window.of;
    let (one, two) = (&first.window, &second.window);
    if two.p < one.p || (two.p <= one.p && two.bits > one.bits) {
        *first = second;
    }
    first.window.of = of;
}
