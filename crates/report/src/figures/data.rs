//! What figures show: numbers, each with the receipts that it rests on.

use super::Unit;
use ai_audit_compliance::{Period, Pointer};
use ai_audit_core::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Scores and thresholds farther from 0 count as this: sums of them stay finite.
pub(crate) const FARTHEST_SCORE: f64 = 1e15;

/// The first and the last receipt of those that a number rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Between {
    /// `seq` of the first.
    pub first: u64,
    /// `seq` of the last.
    pub last: u64,
}

/// All figures of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureData {
    /// Which receipts were looked at.
    pub period: Period,
    /// Verified decisions of the period.
    pub decisions: u64,
    /// Those of them that were imported from another system.
    pub imported: u64,
    /// Those of the imported ones without a signature of their own that was found to hold.
    pub unproven: u64,
    /// Decisions whose body does not decode; they count nowhere.
    pub unreadable: u64,
    /// Decisions over time.
    pub actions: ActionFigure,
    /// Each check's scores, in the order in which checks first ran.
    pub checks: Vec<CheckFigure>,
    /// Results of checks beyond the first 32, which have no figure.
    pub checks_left_out: u64,
    /// Wald's test between two rates.
    pub sprt: SprtFigure,
    /// Page's sum for a change of the rate.
    pub cusum: CusumFigure,
    /// How far windows are from the first decisions.
    pub drift: DriftFigure,
    /// One case.
    pub case: Option<CaseFigure>,
    /// The trace that was asked for, where no receipt of the period has it; cut as its id is.
    pub case_not_found: Option<String>,
    /// The receipts that are named above, by their places; without inclusion proofs.
    pub receipts: BTreeMap<u64, Pointer>,
}

/// Decisions over time by action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionFigure {
    /// How wide buckets are.
    pub unit: Unit,
    /// Buckets in which something was decided, in their order.
    pub buckets: Vec<ActionBucket>,
}

/// Decisions of one bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionBucket {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Counts by action, in the order of the actions' numbers, with zeros.
    pub counts: [u64; 6],
    /// The receipts.
    pub receipts: Between,
}

/// Scores of one check over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckFigure {
    /// The check's name, cut to 128 bytes.
    pub name: String,
    /// How often it ran.
    pub runs: u64,
    /// How often it had a score.
    pub scores: u64,
    /// How often it fired.
    pub fired: u64,
    /// How wide buckets are.
    pub unit: Unit,
    /// Buckets in which it ran.
    pub buckets: Vec<CheckBucket>,
}

/// One bucket of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckBucket {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// How often the check ran.
    pub runs: u64,
    /// How often it fired.
    pub fired: u64,
    /// Quantiles of its scores; none where it had none.
    pub scores: Option<Scores>,
    /// The least and the greatest threshold that it was run with, cut to ±10^15 as scores are; none
    /// where none was recorded.
    pub thresholds: Option<(f64, f64)>,
    /// The receipts.
    pub receipts: Between,
}

/// Quantiles of scores: approximate (t-digest), but the least and the greatest are exact. Scores beyond
/// ±10^15 count as that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    /// How many.
    pub count: u64,
    /// The least.
    pub least: f64,
    /// A quarter is below it.
    pub quarter: f64,
    /// Half are below it.
    pub median: f64,
    /// Three quarters are below it.
    pub three_quarters: f64,
    /// 95 % are below it.
    pub high: f64,
    /// The greatest.
    pub greatest: f64,
}

/// A stretch of a path: what a sum did over some observations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stretch {
    /// The first observation, from 1.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// The least value, before a test begins anew.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The last.
    pub last: f64,
    /// The receipts.
    pub receipts: Between,
}

/// The rows of a table behind a path: stretches that stand together, 24 rows at most.
pub(crate) fn rows(path: &[Stretch]) -> std::slice::Chunks<'_, Stretch> {
    path.chunks(path.len().div_ceil(24).max(1))
}

/// Where a test alarmed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alarm {
    /// At which observation, from 1.
    pub observation: u64,
    /// The decision that completed it.
    pub seq: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Where it was imported, when its record says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_of: Option<Timestamp>,
    /// The first decision of those that led to it.
    pub since: u64,
    /// How many led to it.
    pub observations: u64,
    /// How many of them were events.
    pub events: u64,
}

/// The path of Wald's sequential probability ratio test; it begins anew after each decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SprtFigure {
    /// What counts as an event, cut to 128 bytes.
    pub event: String,
    /// The rate as usual.
    pub p0: f64,
    /// The rate that is to be noticed.
    pub p1: f64,
    /// How often p0 may be rejected wrongly, about.
    pub alpha: f64,
    /// How often p0 may be accepted wrongly, about.
    pub beta: f64,
    /// At and below this log-likelihood ratio p0 is accepted, in nats.
    pub lower: f64,
    /// At and above this one it is rejected.
    pub upper: f64,
    /// Decisions that were looked at.
    pub observations: u64,
    /// Events among them.
    pub events: u64,
    /// Tests that accepted p0.
    pub accepted: u64,
    /// Tests that rejected it: alarms.
    pub rejected: u64,
    /// The path, in 600 stretches at most.
    pub path: Vec<Stretch>,
    /// The first 100 alarms.
    pub alarms: Vec<Alarm>,
    /// The first and the last decision.
    pub receipts: Option<Between>,
}

/// The path of Page's cumulative sum; it begins anew after each alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CusumFigure {
    /// What counts as an event, cut to 128 bytes.
    pub event: String,
    /// The rate as usual.
    pub p0: f64,
    /// The rate that is to be noticed.
    pub p1: f64,
    /// Decisions between two false alarms, on average, at p0.
    pub run_length: f64,
    /// The sum at which there is an alarm, in nats.
    pub threshold: f64,
    /// Decisions that were looked at.
    pub observations: u64,
    /// Events among them.
    pub events: u64,
    /// How many alarms there were.
    pub alarm_count: u64,
    /// The path, in 600 stretches at most.
    pub path: Vec<Stretch>,
    /// The first 100 alarms.
    pub alarms: Vec<Alarm>,
    /// The first and the last decision.
    pub receipts: Option<Between>,
}

/// How far windows of decisions are from a baseline, the first ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftFigure {
    /// What is counted: `action`, `model` or `checks`.
    pub over: &'static str,
    /// Decisions in the baseline.
    pub baseline: u32,
    /// Decisions in a window.
    pub window: u32,
    /// How often a log without drift may have a window that is flagged.
    pub alpha: f64,
    /// What a p-value must not exceed: alpha divided by the number of windows.
    pub level: f64,
    /// How many whole windows there were.
    pub windows: u64,
    /// The windows; where there are more than 200, the least likely one of every so many.
    pub shown: Vec<DriftWindow>,
    /// Decisions behind the last whole window.
    pub left_over: u64,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftWindow {
    /// How many windows it stands for.
    pub of: u64,
    /// Jensen-Shannon divergence in bits, 0 to 1.
    pub bits: f64,
    /// The probability that chance alone does that.
    pub p: f64,
    /// Whether that is at or below the level.
    pub flagged: bool,
    /// The category that contributes most; cut to 128 bytes.
    pub most: String,
    /// Its frequency in the baseline, 0 to 1.
    pub before: f64,
    /// Its frequency in the window, 0 to 1.
    pub within: f64,
    /// When its last decision was sealed.
    pub sealed_at: Timestamp,
    /// Where that was imported, when its record says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_of: Option<Timestamp>,
    /// The receipts.
    pub receipts: Between,
}

/// One case: the receipts of a trace, and what followed from what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseFigure {
    /// The trace's id; of one longer than 128 bytes the beginning, and the SHA-256 of all of it.
    pub trace_id: String,
    /// Why this one.
    pub why: CaseReason,
    /// Receipts of the trace that were looked at.
    pub nodes: u64,
    /// How many of those have a parent among them: edges.
    pub edges: u64,
    /// What does not hold in how the receipts refer to each other, a sentence each; 20 at most.
    pub problems: Vec<String>,
    /// Whether receipts of the trace, or parents beyond the first 32 of one, were left out.
    pub cut: bool,
    /// The receipts that are drawn.
    pub steps: Vec<CaseStep>,
    /// The drawing, in colours that a report replaces.
    #[serde(skip)]
    pub(crate) svg: String,
}

/// Why a case was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseReason {
    /// It was asked for.
    Asked,
    /// It has the first incident receipt or escalated decision.
    FirstIncident,
    /// It has the most receipts among those that were held.
    Largest,
}

/// A receipt of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseStep {
    /// Its place.
    pub seq: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Of a record that was imported, when it says that it was made; none of any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_of: Option<Timestamp>,
    /// What it is.
    pub sort: String,
    /// Who acted, cut to 128 bytes; may be empty.
    pub agent: String,
    /// The model, the tool, the step's name, cut to 128 bytes; may be empty.
    pub label: String,
    /// How it ended; may be empty.
    pub status: String,
    /// Whether that is worth a look.
    pub alarm: bool,
    /// Places of the receipts that it follows from, as far as they are drawn.
    pub parents: Vec<u64>,
}
