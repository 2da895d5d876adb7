//! The form of an overview: how a log is, in figures.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How a log is, by its keeper's own word: nothing is verified for it, but in `verdict` what was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// Its name in the directory.
    pub log: String,
    /// Its global name, which commits to its keys.
    pub origin: String,
    /// When this was made, RFC 3339 in UTC, as all times here.
    pub now: String,
    /// How many receipts it has.
    pub size: u64,
    /// How many of them, from the first one on, the figures count. Where it is less than `size`, the next
    /// request counts more.
    pub looked_at: u64,
    /// Receipts among those whose bytes are deleted.
    pub deleted: u64,
    /// Receipts among those that cannot be read.
    pub unreadable: u64,
    /// Whether the writer has it open. One that it has not is opened with its first record, where nothing
    /// is in the way.
    pub writing: bool,
    /// When the last receipt was sealed.
    pub last_sealed_at: Option<String>,
    /// Starts of a writer behind one that did not stop in order.
    pub unclean_starts: u64,
    /// Times at which the writer's clock went back.
    pub clock_anomalies: u64,
    /// The largest checkpoint; none where there is none.
    pub checkpoint: Option<CheckpointState>,
    /// The last verdict that was made since the service started; none where none was.
    pub verdict: Option<MadeVerdict>,
    /// How much is recorded.
    pub flow: Flow,
    /// Decisions by action.
    pub actions: BTreeMap<String, u64>,
    /// How often decisions are `reject` or `escalate`.
    pub rate: EventRate,
    /// Tool intents without an outcome.
    pub open_intents: OpenIntentList,
    /// Losses and outages that the log declares.
    pub gaps: GapList,
    /// Escalated decisions that nobody reviewed.
    pub reviews_due: DueReviewList,
    /// Incidents of which the log shows no report in time.
    pub incidents_due: DueIncidentList,
}

/// What a checkpoint covers. The note itself tells no time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckpointState {
    /// How many receipts it covers.
    pub size: u64,
    /// When the last of those was sealed: the checkpoint is not older.
    pub covers_until: Option<String>,
    /// Receipts behind it.
    pub behind: u64,
    /// When the first of those was sealed.
    pub behind_since: Option<String>,
}

/// A verdict of the keeper's own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeVerdict {
    /// When it was made.
    pub made_at: String,
    /// How many receipts were read for it.
    pub receipts: u64,
    /// What `ai-audit verify` would have ended with: 0 verified, 1 failed, 3 unverified.
    pub exit: u8,
    /// Each question's answer: `verified`, `failed`, `unverified`, `not_applicable`.
    pub answers: BTreeMap<String, String>,
}

/// How much is recorded, by the times at which it was sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// Receipts of the last 60 seconds.
    pub receipts_last_minute: u64,
    /// Decisions of the last 60 seconds.
    pub decisions_last_minute: u64,
    /// Receipts of each of the last 60 minutes of the clock, the one that runs last.
    pub receipts_by_minute: Vec<u64>,
    /// Decisions, likewise.
    pub decisions_by_minute: Vec<u64>,
}

/// How often an event occurs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct EventRate {
    /// What counts as one.
    pub event: String,
    /// Decisions.
    pub observations: u64,
    /// Events among them.
    pub events: u64,
    /// How often the bounds may be wrong.
    pub alpha: f64,
    /// The lower bound, 0 to 1.
    pub lower: f64,
    /// The upper bound, 0 to 1.
    pub upper: f64,
}

/// Tool intents without an outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OpenIntentList {
    /// How many there are.
    pub count: u64,
    /// Intents that came while too many were open; whether they have an outcome is unknown.
    pub not_followed: u64,
    /// Outcomes that name no open intent.
    pub unmatched: u64,
    /// The first 100, in the order of the log.
    pub listed: Vec<OpenIntentEntry>,
}

/// A tool intent without an outcome. Texts are cut to 64 bytes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenIntentEntry {
    /// Its place.
    pub seq: u64,
    /// The tool.
    pub tool: String,
    /// The call's id; may be empty.
    pub call_id: String,
    /// Its trace; may be empty.
    pub trace_id: String,
}

/// Losses and outages that the log declares.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct GapList {
    /// How many there are.
    pub count: u64,
    /// Records that were lost in those of which that is known.
    pub lost: u64,
    /// The last 100, in the order of the log.
    pub listed: Vec<GapEntry>,
}

/// A loss or an outage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GapEntry {
    /// Its place.
    pub seq: u64,
    /// Since when.
    pub from: String,
    /// Until when.
    pub to: String,
    /// How many records were lost, where that is known.
    pub lost: Option<u64>,
    /// Why; cut to 256 characters.
    pub reason: String,
}

/// Escalated decisions that no human review names.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DueReviewList {
    /// How many there are.
    pub count: u64,
    /// Decisions that came while too many were due; whether they were reviewed is unknown.
    pub not_followed: u64,
    /// The first 100, in the order of the log.
    pub listed: Vec<DueReview>,
}

/// An escalated decision that nobody reviewed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DueReview {
    /// Its place.
    pub seq: u64,
    /// When it was sealed.
    pub sealed_at: String,
}

/// Incidents of which the log shows no report in time.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DueIncidentList {
    /// How many there are.
    pub count: u64,
    /// Receipts of incidents that came while too many were followed; what is due of those is unknown.
    pub not_followed: u64,
    /// The first 100: those that are overdue first, then by their deadlines.
    pub listed: Vec<DueIncident>,
}

/// An incident of which the log shows no report in time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DueIncident {
    /// The place of its first receipt.
    pub seq: u64,
    /// Its category as told last, cut to 64 bytes; may be empty.
    pub category: String,
    /// By when it had to be reported, at the latest.
    pub deadline: String,
    /// `open`, `overdue`, or `cannot_tell` where nobody said when the operator became aware of it.
    pub state: String,
}
