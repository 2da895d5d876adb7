//! From receipts in the order of the log to a graph.

use super::graph::{Edges, Problem, Rare, Record, TraceGraph};
use super::places::Places;
use super::{Node, NodeIndex, NodeSort};
use ai_audit_core::{DecodeError, LeafHash, UnverifiedReceipt};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The most nodes of a graph: some 3 GiB of memory.
pub const MAX_NODES: usize = 1 << 24;

/// Why a node was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceError {
    /// The body of a receipt does not decode.
    Body {
        /// The receipt's `seq`.
        seq: u64,
        /// What does not hold.
        error: DecodeError,
    },
    /// The trace has more than [`MAX_NODES`] nodes, or more edges than 2^32 − 1.
    TooMany,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body { seq, error } => write!(f, "receipt {seq}: {error}"),
            Self::TooMany => write!(
                f,
                "the trace is too large for a graph; expected at most {MAX_NODES} nodes"
            ),
        }
    }
}

impl core::error::Error for TraceError {}

/// Collects the nodes of one trace, in the order of the log.
///
/// ```
/// use ai_audit_agentic::{Node, NodeSort, TraceBuilder};
/// use ai_audit_core::LeafHash;
/// let [asked, answered] = [LeafHash::of(b"asked"), LeafHash::of(b"answered")];
/// let mut builder = TraceBuilder::new("trace");
/// builder.add(&Node::new(asked, 1, NodeSort::ToolIntent))?;
/// builder.add(&Node { parents: vec![asked], ..Node::new(answered, 2, NodeSort::ToolOutcome) })?;
/// let graph = builder.finish();
/// assert_eq!((graph.len(), graph.edges()), (2, 1));
/// # Ok::<(), ai_audit_agentic::TraceError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TraceBuilder {
    trace_id: String,
    records: Vec<Record>,
    names: Vec<String>,
    known: BTreeMap<String, u32>,
    /// Parents of all nodes, one node after the other, and where each node's begin.
    parents: Vec<LeafHash>,
    starts: Vec<u32>,
}

impl TraceBuilder {
    /// For the trace of this id.
    #[must_use]
    pub fn new(trace_id: &str) -> Self {
        Self {
            trace_id: trace_id.to_owned(),
            ..Self::default()
        }
    }

    /// Takes the next receipt of a log; those of other traces are passed over. Whether one was
    /// taken.
    ///
    /// # Errors
    ///
    /// When its body does not decode, or there are too many.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<bool, TraceError> {
        let header = receipt.header();
        if header.trace_id != self.trace_id {
            return Ok(false);
        }
        let seq = header.seq;
        let node = Node::of(receipt).map_err(|error| TraceError::Body { seq, error })?;
        self.add(&node)?;
        Ok(true)
    }

    /// Takes the next node. Its parents are to be taken before it.
    ///
    /// # Errors
    ///
    /// [`TraceError::TooMany`].
    pub fn add(&mut self, node: &Node<'_>) -> Result<(), TraceError> {
        let start = u32::try_from(self.parents.len()).map_err(|_| TraceError::TooMany)?;
        let end = self.parents.len().checked_add(node.parents.len());
        if self.records.len() >= MAX_NODES || end.is_none_or(|end| u32::try_from(end).is_err()) {
            return Err(TraceError::TooMany);
        }
        let record = Record {
            hash: node.hash,
            seq: node.seq,
            sealed_at: node.sealed_at,
            sort: node.sort,
            agent: self.name(&node.agent),
            label: self.name(&node.label),
            to: self.name(&node.to),
            status: node.status,
            alarm: node.alarm,
            duration_us: node.duration_us,
            input_tokens: node.input_tokens,
            output_tokens: node.output_tokens,
            rare: Rare::of(node),
        };
        self.starts.push(start);
        self.parents.extend_from_slice(&node.parents);
        self.records.push(record);
        Ok(())
    }

    /// The graph of what was taken.
    #[must_use]
    pub fn finish(mut self) -> TraceGraph {
        let mut problems = Vec::new();
        let mut places = self.places();
        let mut doubles: Vec<NodeIndex> = places.doubles().collect();
        if !doubles.is_empty() {
            doubles.sort_unstable();
            self.drop_doubles(&doubles, &mut problems);
            places = self.places();
        }
        let parents = self.edges(&places, &mut problems);
        self.name_outcomes(&parents);
        let children = parents.reversed();
        TraceGraph::from_parts(
            self.trace_id,
            self.records,
            self.names,
            parents,
            children,
            problems,
        )
    }

    /// An outcome that does not say its tool has that of its intent.
    fn name_outcomes(&mut self, parents: &Edges) {
        let nameless = self.known.get("").copied();
        for place in 0..self.records.len() {
            let own = self.records.get(place);
            let is_nameless = own.is_some_and(|record| {
                record.sort == NodeSort::ToolOutcome && Some(record.label) == nameless
            });
            let Some(number) = u32::try_from(place).ok().filter(|_| is_nameless) else {
                continue;
            };
            let intent = parents.of(NodeIndex(number)).iter().find_map(|parent| {
                let parent = self.records.get(parent.as_usize())?;
                (parent.sort == NodeSort::ToolIntent).then_some(parent.label)
            });
            if let (Some(label), Some(record)) = (intent, self.records.get_mut(place)) {
                record.label = label;
            }
        }
    }

    fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.known.get(name) {
            return *number;
        }
        // Three a node at most, and nodes are bounded.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.known.insert(name.to_owned(), number);
        number
    }

    fn places(&self) -> Places {
        Places::new(self.records.iter().map(|record| record.hash))
    }

    fn parents_of(&self, node: usize) -> &[LeafHash] {
        let start = self.starts.get(node).map_or(0, |start| *start as usize);
        let end = self.starts.get(node + 1);
        let end = end.map_or(self.parents.len(), |end| *end as usize);
        self.parents.get(start..end).unwrap_or(&[])
    }

    /// Of nodes with one hash the first stays. `doubles` is in ascending order.
    fn drop_doubles(&mut self, doubles: &[NodeIndex], problems: &mut Vec<Problem>) {
        let mut kept = Self {
            trace_id: core::mem::take(&mut self.trace_id),
            names: core::mem::take(&mut self.names),
            ..Self::default()
        };
        for (node, record) in (0..).map(NodeIndex).zip(&self.records) {
            if doubles.binary_search(&node).is_ok() {
                problems.push(Problem::DuplicateNode {
                    hash: record.hash,
                    seq: record.seq,
                });
                continue;
            }
            let start = u32::try_from(kept.parents.len()).unwrap_or(u32::MAX);
            kept.starts.push(start);
            kept.parents
                .extend_from_slice(self.parents_of(node.as_usize()));
            kept.records.push(record.clone());
        }
        *self = kept;
    }

    /// The edges that hold: to a node that is there and comes before, each once.
    fn edges(&self, places: &Places, problems: &mut Vec<Problem>) -> Edges {
        let mut edges = Edges::with_capacity(self.records.len(), self.parents.len());
        let mut sorted: Vec<LeafHash> = Vec::new();
        for (place, (child, record)) in (0..).map(NodeIndex).zip(&self.records).enumerate() {
            let parents = self.parents_of(place);
            // Hashes, not places: a parent that is missing can be named twice, too.
            sorted.clear();
            if parents.len() > 1 {
                sorted.extend_from_slice(parents);
                sorted.sort_unstable();
                for pair in sorted.chunk_by(|one, two| one == two) {
                    if let [parent, _, ..] = pair {
                        problems.push(Problem::DuplicateParent {
                            child,
                            parent: *parent,
                        });
                    }
                }
                sorted.dedup();
            }
            let whole = sorted.len() == parents.len() || parents.len() <= 1;
            let distinct = if whole { parents } else { sorted.as_slice() };
            for parent in distinct {
                let parent = *parent;
                if parent == record.hash {
                    problems.push(Problem::SelfParent { child });
                    continue;
                }
                match places.find(&parent) {
                    None => problems.push(Problem::MissingParent { child, parent }),
                    Some(found) if found > child => {
                        problems.push(Problem::LaterParent { child, parent });
                    }
                    Some(found) => edges.push(found),
                }
            }
            edges.end_node();
        }
        edges
    }
}
