//! Figures of a report: collected in one pass over verified receipts, in bounded memory.

mod case;
mod data;
mod drift;
mod event;
mod mark;
mod names;
mod paths;
mod rates;
mod series;
mod timeline;

pub use data::{
    ActionBucket, ActionFigure, Alarm, Between, CaseFigure, CaseReason, CaseStep, CheckBucket,
    CheckFigure, CusumFigure, DriftFigure, DriftWindow, FigureData, Scores, SprtFigure, Stretch,
};
pub(crate) use data::{FARTHEST_SCORE, rows};
pub use drift::DriftOver;
pub use event::{Event, EventError};
pub use paths::{PathData, Paths};
pub use timeline::Unit;

use ai_audit_agentic::Incident;
use ai_audit_analytics::AnalyticsError;
use ai_audit_compliance::Period;
use ai_audit_core::{Action, Decision, DecodeBody as _, Kind};
use ai_audit_verify::{Observed, Observer, VerifiedReceipt};
use case::Cases;
use drift::Drift;
use mark::Mark;
use rates::Rates;
use series::{Actions, Checks};
use std::fmt;

/// What figures are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureOptions {
    /// Which receipts are looked at: by `sealed_at`, imported records by the time that they give
    /// themselves.
    pub period: Period,
    /// What counts as an event of the rate.
    pub event: Event,
    /// The rate as usual, between 0 and 1.
    pub p0: f64,
    /// The rate that is to be noticed, between 0 and 1.
    pub p1: f64,
    /// How often p0 may be rejected wrongly, by one test.
    pub alpha: f64,
    /// How often p0 may be accepted wrongly, by one test.
    pub beta: f64,
    /// Decisions between two false alarms of the cumulative sum, on average, at p0.
    pub run_length: f64,
    /// What is counted for drift.
    pub drift_over: DriftOver,
    /// Decisions of the baseline: the first ones.
    pub drift_baseline: u32,
    /// Decisions of a window.
    pub drift_window: u32,
    /// How often a log without drift may have a window that is flagged.
    pub drift_alpha: f64,
    /// The trace that is drawn; without one, [`Figures`] chooses.
    pub trace_id: Option<String>,
}

impl Default for FigureOptions {
    fn default() -> Self {
        Self {
            period: Period::default(),
            event: Event::Actions(vec![Action::Reject]),
            p0: 0.01,
            p1: 0.05,
            alpha: 0.01,
            beta: 0.01,
            run_length: 10_000.0,
            drift_over: DriftOver::Action,
            drift_baseline: 1_000,
            drift_window: 500,
            drift_alpha: 0.01,
            trace_id: None,
        }
    }
}

/// Collects figures from verified receipts, in the order of the log: with [`Figures::push`], or as an
/// [`Observer`] of a verification. Memory is bounded whatever the
/// receipts say: some 40 MB where 32 checks have scores in 160 buckets each, else far less;
/// at most 16 MiB of that are for the case.
///
/// ```
/// use ai_audit_report::{FigureOptions, Figures};
/// let figures = Figures::new(&FigureOptions::default())?;
/// // figures.push(&receipt) for each receipt that a verifier gives back.
/// let data = figures.finish();
/// assert_eq!((data.decisions, data.sprt.observations), (0, 0));
/// assert!(Figures::new(&FigureOptions { p0: 2.0, ..Default::default() }).is_err());
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
pub struct Figures {
    period: Period,
    event: Event,
    decisions: u64,
    imported: u64,
    unproven: u64,
    unreadable: u64,
    actions: Actions,
    checks: Checks,
    rates: Rates,
    drift: Drift,
    cases: Cases,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures")
            .field("period", &self.period)
            .field("decisions", &self.decisions)
            .finish_non_exhaustive()
    }
}

impl Figures {
    /// Before the first receipt.
    ///
    /// # Errors
    ///
    /// When a rate, a risk or a length is outside its range; the error names it.
    pub fn new(options: &FigureOptions) -> Result<Self, AnalyticsError> {
        Ok(Self {
            period: options.period,
            event: options.event.clone(),
            decisions: 0,
            imported: 0,
            unproven: 0,
            unreadable: 0,
            actions: Actions::new(),
            checks: Checks::new(),
            rates: Self::rates(options)?,
            drift: Self::drift(options)?,
            cases: Cases::new(options.trace_id.as_deref()),
        })
    }

    fn rates(options: &FigureOptions) -> Result<Rates, AnalyticsError> {
        Rates::new(
            options.event.to_string(),
            (options.p0, options.p1),
            (options.alpha, options.beta),
            options.run_length,
        )
    }

    fn drift(options: &FigureOptions) -> Result<Drift, AnalyticsError> {
        Drift::new(
            options.drift_over,
            options.drift_baseline,
            options.drift_window,
            options.drift_alpha,
        )
    }

    /// Takes the next receipt of the log. One that brings a decision of another system counts as the
    /// decision.
    pub fn push(&mut self, receipt: &VerifiedReceipt<'_>) {
        let said = receipt.said();
        if !self.period.contains(said.time) {
            return;
        }
        let mark = Mark::of(receipt, &said);
        let mut alarm = said.kind == Kind::INCIDENT;
        if alarm && let Ok(incident) = Incident::decode(receipt) {
            self.cases.incident(&incident.receipts);
        }
        if said.kind == Kind::DECISION {
            match Decision::decode_said(&said) {
                Ok(decision) => {
                    self.imported += u64::from(said.imported);
                    self.unproven += u64::from(said.unproven);
                    alarm = decision.action == Action::Escalate;
                    self.decision(&mark, &decision);
                }
                Err(_) => self.unreadable += 1,
            }
        }
        self.cases.push(receipt, &mark, alarm);
    }

    fn decision(&mut self, mark: &Mark, decision: &Decision<'_>) {
        self.decisions += 1;
        self.actions.push(mark, decision.action);
        self.checks.push(mark, decision);
        self.rates.push(mark, self.event.is(decision));
        self.drift.push(mark, decision);
    }

    /// The figures of what was taken.
    #[must_use]
    pub fn finish(self) -> FigureData {
        let (actions, by_action) = self.actions.finish();
        let (checks, checks_left_out, by_check) = self.checks.finish();
        let (sprt, cusum, by_rate) = self.rates.finish();
        let (drift, by_drift) = self.drift.finish();
        let (case, by_case, case_not_found) = self.cases.finish();
        let named = [by_action, by_check, by_rate, by_drift, by_case];
        let named = named.iter().flatten();
        FigureData {
            period: self.period,
            decisions: self.decisions,
            imported: self.imported,
            unproven: self.unproven,
            unreadable: self.unreadable,
            actions,
            checks,
            checks_left_out,
            sprt,
            cusum,
            drift,
            case,
            case_not_found,
            receipts: named.map(|mark| (mark.seq, mark.pointer())).collect(),
        }
    }
}

impl Observer for Figures {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        if let Observed::Verified { receipt, .. } = seen {
            self.push(receipt);
        }
    }
}
