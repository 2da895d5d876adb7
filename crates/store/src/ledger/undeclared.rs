//! What is lost of a log and declared nowhere, for whoever writes to it next.

use ai_audit_core::Timestamp;

/// Records that did not come into a log that was let go of, without a gap receipt that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// How many.
    pub records: u64,
    /// When the first one was lost.
    pub from: Timestamp,
    /// When the last one was.
    pub to: Timestamp,
    /// Why, as the gap receipt would have said.
    pub reason: String,
    /// Whether they are surely lost. Otherwise the store failed while it wrote them, and was not asked since: they
    /// may be in the log.
    pub sure: bool,
}
