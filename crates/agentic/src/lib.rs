//! What agents do, as receipts: tool intents before a call, outcomes after it; contracts that take
//! effect and states that are held against them.
//!
//! Arguments and results enter as digests over their RFC 8785 form ([`JsonDigest`]). An intent
//! whose outcome never came is found by [`OpenIntents`]. Which receipt of a trace followed from
//! which is a [`TraceGraph`]; its further steps are [`TraceNode`]s. Where the information came from is
//! [`Provenance`], and where mistrust of it leads to is [`Taint`]. An [`Incident`] goes from its opening
//! to its closing, and [`IncidentDeadlines`] tells by when it had to be reported.
//!
//! # Example
//!
//! ```
//! use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome, ToolStatus};
//! use ai_audit_core::LeafHash;
//!
//! let intent = ToolIntent {
//!     tool: "cancel_reservation".into(),
//!     call_id: "call_1".into(),
//!     arguments: Some(JsonDigest::of_json(r#"{"id": "A7X", "refund": true}"#, None)?),
//!     ..ToolIntent::new()
//! };
//! // The digest does not depend on how the JSON was written.
//! assert_eq!(intent.arguments, Some(JsonDigest::of_json(r#"{"refund":true,"id":"A7X"}"#, None)?));
//!
//! let sealed = LeafHash::of(b"the intent's payload");
//! let outcome = ToolOutcome {
//!     intent: Some(sealed),
//!     status: ToolStatus::Ok,
//!     result: Some(JsonDigest::of_text("cancelled", None)),
//!     ..ToolOutcome::new()
//! };
//! # let _ = outcome;
//! # Ok::<(), ai_audit_json::Error>(())
//! ```
#![cfg_attr(not(any(test, feature = "draw")), no_std)]

extern crate alloc;

mod approvals;
mod contract;
mod contract_audit;
mod digest;
mod incident;
mod incident_deadlines;
mod open;
mod provenance;
mod review;
mod tool;
mod tracegraph;

pub use approvals::{
    APPROVALS_POLICY, ApprovalAudit, ApprovalError, ApprovalRule, ApprovalRuleError, ApprovalRules,
    MAX_RULE_KEYS, MAX_RULES, Standing, WaitingIntent,
};
pub use contract::{ContractActivation, ContractState, ContractVerdict};
pub use contract_audit::{Changed, ContractAudit, ContractError, MAX_CONTRACTS};
pub use digest::JsonDigest;
pub use incident::{Incident, IncidentClass, IncidentStage};
pub use incident_deadlines::{
    IncidentDeadlines, IncidentFinding, IncidentProblem, IncidentReported, IncidentState,
    IncidentTimeline, MAX_INCIDENT_RECEIPTS, MAX_INCIDENTS,
};
pub use open::{MAX_OPEN, MAX_OPEN_TEXT, OpenIntent, OpenIntents};
pub use provenance::{
    Finding, MAX_PATH, MAX_SOURCES, PathStep, Provenance, Source, SourceOrigin, SourceProof,
    SourceProofError, StatedSources, Taint, TaintPolicy, Trust, TrustError, TrustSummary,
};
pub use review::{Attestation, HumanReview, Review, ReviewVerdict, Statement};
pub use tool::{ToolIntent, ToolOutcome, ToolStatus};
#[cfg(feature = "draw")]
pub use tracegraph::MAX_DRAWN;
pub use tracegraph::{
    AgentTotals, CriticalPath, Elsewhere, MAX_METADATA, MAX_NODES, MAX_PARENTS, Metadata, Node,
    NodeIndex, NodeSort, Outside, Problem, TraceBuilder, TraceError, TraceGraph, TraceNode,
    TraceStep,
};
