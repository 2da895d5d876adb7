//! Provenance: which sources went into a decision, and where mistrust of one of them leads to.
//!
//! It shows what was recorded, not that no injection happened.

mod body;
mod flow;
mod proof;
mod source;
mod summary;
mod taint;

pub use body::{MAX_SOURCES, Provenance};
pub use proof::{SourceProof, SourceProofError};
pub use source::{Source, SourceOrigin, Trust, TrustError};
pub use summary::{StatedSources, TrustSummary};
pub use taint::{Finding, MAX_PATH, PathStep, Taint, TaintPolicy};
