//! Counts over one log: what was logged, and nothing of what was not.

mod counting;
mod running;

pub use running::RunningStatistics;

use crate::{DirectoryError, LogDirectory};
use ai_audit_analytics::GroupReport;
use ai_audit_store::LogName;
use serde::Serialize;
use std::collections::BTreeMap;

/// The counts, and what the decisions say in figures.
#[derive(Debug, Serialize)]
pub struct Statistics {
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// All decisions in figures.
    pub decisions: GroupReport,
    /// Those of each tenant.
    pub by_tenant: BTreeMap<String, GroupReport>,
    /// Those of each model.
    pub by_model: BTreeMap<String, GroupReport>,
    /// Those of each day.
    pub by_day: BTreeMap<String, GroupReport>,
}

/// Counts of receipts.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// All of them.
    pub receipts: u64,
    /// Those whose bytes are deleted; nothing below counts them.
    pub deleted: u64,
    /// Sealed bytes.
    pub bytes: u64,
    /// When the first was sealed.
    pub first_sealed_at: Option<String>,
    /// When the last was sealed.
    pub last_sealed_at: Option<String>,
    /// By kind.
    pub kinds: BTreeMap<String, u64>,
    /// Decisions by action.
    pub actions: BTreeMap<String, u64>,
    /// Decisions by model.
    pub models: BTreeMap<String, u64>,
    /// Checks that fired, by name.
    pub checks_fired: BTreeMap<String, u64>,
    /// By the time of what receipts say: of imported records the time that they give themselves.
    pub days: BTreeMap<String, u64>,
    /// How many came from elsewhere.
    pub imported: ImportedCounts,
}

/// How many of the counts were imported from another system.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ImportedCounts {
    /// Decisions.
    pub decisions: u64,
    /// Tool outcomes.
    pub tool_outcomes: u64,
    /// Those of both without a signature of their own that was found to hold.
    pub unproven: u64,
}

impl Statistics {
    /// Counts a log, telling `progress` how many receipts it went through, of how many. Nothing is
    /// verified.
    ///
    /// # Errors
    ///
    /// When the log is not there, or cannot be read.
    pub fn of(
        directory: &LogDirectory,
        log: &LogName,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, DirectoryError> {
        RunningStatistics::new().catch_up(directory, log, progress)
    }
}
