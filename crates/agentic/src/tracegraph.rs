//! Trace graphs: which receipt of a trace followed from which.

mod body;
mod build;
#[cfg(feature = "draw")]
mod draw;
mod graph;
mod measures;
mod node;
mod places;
mod text;

pub use body::{MAX_METADATA, MAX_PARENTS, Metadata, TraceNode, TraceStep};
pub(crate) use body::{check_hashes, check_parents};
pub use build::{MAX_NODES, TraceBuilder, TraceError};
#[cfg(feature = "draw")]
pub use draw::MAX_DRAWN;
pub use graph::{Elsewhere, NodeIndex, Outside, Problem, TraceGraph};
pub use measures::{AgentTotals, CriticalPath};
pub use node::{Node, NodeSort};
