//! The forms of what is sent and answered, as the OpenAPI document tells them.
//!
//! Records and traces are read by `ai-audit-ingest`, which is stricter than any schema; their forms here
//! are for those who generate clients.

mod overview;

pub use overview::{
    CheckpointState, DueIncident, DueIncidentList, DueReview, DueReviewList, EventRate, Flow,
    GapEntry, GapList, MadeVerdict, OpenIntentEntry, OpenIntentList, Overview,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What came of an append.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Appended {
    /// The receipts, in the order of what was sent.
    pub receipts: Vec<AppendedReceipt>,
}

/// A receipt of what was sent. It is durable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AppendedReceipt {
    /// Its place in the log.
    pub seq: u64,
    /// Its id, a UUIDv7.
    pub id: String,
    /// Its hash, in hexadecimal digits: what other records refer to.
    pub hash: String,
    /// When it was sealed, RFC 3339 in UTC.
    pub sealed_at: String,
    /// Whether it was in the log already.
    pub duplicate: bool,
}

/// The logs that a token may see.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Logs {
    /// By name.
    pub logs: Vec<LogEntry>,
}

/// A log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Its name in the directory.
    pub name: String,
    /// Its global name, which commits to its keys.
    pub origin: String,
    /// The hash of its genesis.
    pub log_id: String,
    /// How many receipts it has.
    pub size: u64,
    /// How many receipts its last checkpoint covers; none where it has none.
    pub checkpoint: Option<u64>,
    /// Whether the writer has it open. One that it has not is opened with its first record, where nothing
    /// is in the way.
    pub writing: bool,
    /// When its last receipt was sealed, RFC 3339; none where its bytes are deleted.
    pub last_sealed_at: Option<String>,
}

/// A page of receipts. It is read by no code of ours: it is written in the JSON view, line by line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReceiptPage {
    /// Receipts in their JSON view, ascending by `seq`.
    #[schema(value_type = Vec<Object>)]
    pub receipts: Vec<serde_json::Value>,
    /// The `from` of the next page; none where there is none.
    pub next: Option<u64>,
    /// How many receipts the log has.
    pub size: u64,
}

/// A decision to be sealed, or several.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DecisionRecords {
    /// Several, which go into the log together or not at all.
    Many {
        /// 1 to 1,024 of them.
        #[schema(min_items = 1, max_items = 1024)]
        records: Vec<DecisionRecord>,
    },
    /// One.
    One(Box<DecisionRecord>),
}

/// A decision of an AI system. All fields are optional; unknown ones are refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionRecord {
    /// A text, digested as it is; or any JSON, digested in its canonical form.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
    /// Likewise.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<serde_json::Value>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What was asked of it, such as `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What was checked, and what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<CheckRecord>>,
    /// `allow` where it is left out; `reject`, `fail_retry`, `cache_hit`, `escalate`, `bypass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Why, as codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_codes: Option<Vec<String>>,
    /// Words of the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Who acted, as a pseudonym or a system's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whom it is about, as a pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The log's name, or left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Any JSON, of which the digest is kept.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
    /// Any JSON, of which the digest is kept.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
    /// Texts, of which one digest is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Vec<String>>,
    /// Tokens read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Milliseconds that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// When it was decided, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Hashes of the receipts that it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<String>>,
    /// The receipt's id, a UUIDv7: with it the record can be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A check of a decision.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// From where on it fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether it fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired: Option<bool>,
    /// More, as any JSON.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

/// A trace to be sealed, or several.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TraceRecords {
    /// Several, which go into the log together or not at all.
    Many {
        /// 1 to 1,024 of them.
        #[schema(min_items = 1, max_items = 1024)]
        records: Vec<TraceRecord>,
    },
    /// One.
    One(TraceRecord),
}

/// What agents did in one trace, in the order in which it happened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceRecord {
    /// The trace.
    pub trace_id: String,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The log's name, or left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Steps. Each has a `kind`: `decision`, `tool_intent`, `tool_outcome`, `step`, `delegation`,
    /// `hand_off`, `parallel`, `join` or `provenance`; it may have an `id`, a `ref` by which later steps
    /// name it, `parents` and an `actor`. The other fields are those of its kind, as for
    /// `ai-audit record --format traces`.
    #[schema(value_type = Vec<Object>, min_items = 1)]
    pub steps: Vec<serde_json::Value>,
}

/// What is said of an incident.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentRecord {
    /// `opened`, `updated`, `reported` or `closed`.
    pub stage: String,
    /// Which one, by the hash of the receipt that opened it; left out where this one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// `not_serious`, `serious`, `death` or `widespread`; what is left out is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// A code of the caller's, which names nobody.
    #[serde(default)]
    pub category: String,
    /// When the operator became aware of it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aware_at: Option<String>,
    /// When it happened, or began, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<String>,
    /// Hashes of the receipts that it is about.
    #[serde(default)]
    pub receipts: Vec<String>,
    /// A text of which the digest is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// To whom it was reported, where it was.
    #[serde(default)]
    pub authority: String,
    /// Under which reference.
    #[serde(default)]
    pub reference: String,
    /// When it was reported, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<String>,
    /// Who records this, as a pseudonym or a system's name.
    #[serde(default)]
    pub actor: String,
    /// The receipt's id, a UUIDv7: with it the record can be sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A signed review, as `ai-audit review sign` writes it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewFile {
    /// `ai-audit/review/v1`.
    pub review: String,
    /// The log's id, in hexadecimal digits.
    pub log: String,
    /// The receipt that was reviewed, by its hash, as the body has it.
    pub receipt: String,
    /// `approved`, `rejected` or `noted`, as the body has it.
    pub verdict: String,
    /// The body of the receipt to be, in hexadecimal digits. It alone is signed and sealed.
    pub body: String,
}
