//! Tool intents and tool outcomes.

use crate::JsonDigest;
use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// What an agent is about to do with a tool. Sealed before the call.
///
/// Build one from [`ToolIntent::new`] with struct update syntax.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ToolIntent<'a> {
    /// When the agent asked for it, if that is not when it was sealed.
    pub occurred_at: Option<Timestamp>,
    /// The tool's name.
    pub tool: Text<'a>,
    /// The call's id, as the agent's framework gave it; may be empty.
    pub call_id: Text<'a>,
    /// Digest of the arguments.
    pub arguments: Option<JsonDigest>,
    /// Hashes of the receipts that this one follows from.
    pub parents: List<'a, LeafHash>,
}

/// What came of a tool intent. Sealed after the call.
///
/// Build one from [`ToolOutcome::new`] with struct update syntax.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ToolOutcome<'a> {
    /// When the result came, if that is not when it was sealed.
    pub occurred_at: Option<Timestamp>,
    /// The tool's name.
    pub tool: Text<'a>,
    /// The call's id; may be empty.
    pub call_id: Text<'a>,
    /// Hash of the intent's receipt; none where the call had no intent.
    pub intent: Option<LeafHash>,
    /// How it ended.
    pub status: ToolStatus,
    /// Digest of the result.
    pub result: Option<JsonDigest>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// The class of the error, such as `timeout` or `HTTP 503`; empty where there was none. It should
    /// name nobody.
    pub error: Text<'a>,
    /// Hashes of further receipts that this one follows from.
    pub parents: List<'a, LeafHash>,
}

/// How a tool call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// Nobody said.
    #[default]
    Unknown,
    /// It gave a result.
    Ok,
    /// It gave an error.
    Error,
    /// It was not allowed to run.
    Denied,
    /// It did not end in time.
    TimedOut,
}

impl ToolIntent<'_> {
    /// An intent that says nothing yet. It needs a tool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ToolOutcome<'_> {
    /// An outcome that says nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Body for ToolIntent<'_> {
    const KIND: Kind = Kind::TOOL_INTENT;

    fn check(&self) -> Result<(), BodyError> {
        if self.tool.is_empty() {
            return Err(BodyError {
                field: "tool",
                expected: "the tool's name",
            });
        }
        Ok(())
    }
}

impl Body for ToolOutcome<'_> {
    const KIND: Kind = Kind::TOOL_OUTCOME;
}
