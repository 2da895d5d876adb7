//! What the verification of a source tells.

use ai_audit_core::{Exit, Question, Timestamp, Verdict, VerifyingKey};
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

use crate::RecordKind;
use crate::finding::{ClassCount, Finding};

/// The outcome of verifying records of the Python library: the verdict, and what was seen on the way.
///
/// `PythonReport::verdict.time` is never verified: the times are those of whoever wrote the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PythonReport {
    /// The five answers.
    pub verdict: Verdict,
    /// How many records were read.
    pub counts: RecordCounts,
    /// The chains, in the order of the tenants as they come in the source; the first 100.
    pub chains: Vec<PythonChain>,
    /// How many chains there are.
    pub chain_count: u64,
    /// What does not hold, the gravest class first: the first 100, and of each class at least the
    /// first five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings there are, by class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// Which keys were tried, and how many records each signed.
    pub keys: Vec<SigningKeyCount>,
    /// What is worth knowing and changes no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// How many records were read, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RecordCounts {
    /// Decision receipts.
    pub decisions: u64,
    /// Tool-call receipts.
    pub tool_calls: u64,
    /// Batch seals.
    pub batch_seals: u64,
    /// Epoch seals.
    pub epoch_seals: u64,
    /// What could not be read as a record.
    pub unread: u64,
}

impl RecordCounts {
    /// All records that could be read.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.decisions + self.tool_calls + self.batch_seals + self.epoch_seals
    }

    /// Decision and tool-call receipts.
    #[must_use]
    pub const fn receipts(&self) -> u64 {
        self.decisions + self.tool_calls
    }

    pub(crate) const fn count(&mut self, kind: RecordKind) {
        match kind {
            RecordKind::Decision => self.decisions += 1,
            RecordKind::ToolCall => self.tool_calls += 1,
            RecordKind::BatchSeal => self.batch_seals += 1,
            RecordKind::EpochSeal => self.epoch_seals += 1,
        }
    }
}

/// One chain of records: linked to each other without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PythonChain {
    /// Whose records they are; may be empty. Whoever wrote the records chose it. Its first 128
    /// characters, with `…` behind them where there are more; `SHA-256` and its hash where there are more
    /// tenants than can be named.
    pub tenant: String,
    /// Which records: `decision`, `tool_call`, `batch_seal` or `epoch_seal`.
    pub kind: &'static str,
    /// How many.
    pub receipts: u64,
    /// How it begins.
    pub begins: ChainBegins,
    /// The line of its first record.
    pub line: u64,
    /// The earliest time that a record of it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_time: Option<Timestamp>,
    /// The latest time that a record of it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_time: Option<Timestamp>,
}

/// How a chain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainBegins {
    /// With a record that names none before it.
    First,
    /// With a record that names one before it, which is not here.
    Continues,
}

/// A key, and what it signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SigningKeyCount {
    /// The key.
    pub key: VerifyingKey,
    /// Whether the verifier brought it; the other is the key that stands in the package.
    pub pinned: bool,
    /// How many records it signed.
    pub records: u64,
}

impl PythonReport {
    /// What it comes to when these questions are asked. A failure counts even where its question was
    /// not asked.
    #[must_use]
    pub fn exit(&self, asked: &[Question]) -> Exit {
        self.verdict.exit(asked)
    }
}

/// What a kind is called in reports.
pub(crate) const fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Decision => "decision",
        RecordKind::ToolCall => "tool_call",
        RecordKind::BatchSeal => "batch_seal",
        RecordKind::EpochSeal => "epoch_seal",
    }
}
