//! The graph: nodes in the order of the log, edges that only go forward.

use super::{Node, NodeSort};
use crate::StatedSources;
use ai_audit_core::{LeafHash, Timestamp};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A node's place in its graph, from 0 in the order of the log. A parent has a lower one than its
/// children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub(super) u32);

impl NodeIndex {
    /// The place as a number.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// What a graph keeps of a node; texts are numbers of its names.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) hash: LeafHash,
    pub(super) seq: u64,
    pub(super) sealed_at: Timestamp,
    pub(super) sort: NodeSort,
    pub(super) agent: u32,
    pub(super) label: u32,
    pub(super) to: u32,
    pub(super) status: &'static str,
    pub(super) alarm: bool,
    pub(super) duration_us: Option<u64>,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) rare: Option<Box<Rare>>,
}

/// What only few nodes have.
#[derive(Debug, Clone)]
pub(super) struct Rare {
    tags: Vec<String>,
    sources: Option<Box<StatedSources>>,
    imported_of: Option<Timestamp>,
}

impl Rare {
    pub(super) fn of(node: &Node<'_>) -> Option<Box<Self>> {
        let common = node.tags.is_empty() && node.sources.is_none();
        if common && node.imported_of.is_none() {
            return None;
        }
        Some(Box::new(Self {
            tags: node.tags.clone(),
            sources: node.sources.clone(),
            imported_of: node.imported_of,
        }))
    }
}

/// What does not hold, and was left out of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A parent that is no node of the trace.
    MissingParent {
        /// Who names it.
        child: NodeIndex,
        /// What is missing.
        parent: LeafHash,
    },
    /// A parent that is named more than once.
    DuplicateParent {
        /// Who names it.
        child: NodeIndex,
        /// What is named.
        parent: LeafHash,
    },
    /// A node that names itself.
    SelfParent {
        /// The node.
        child: NodeIndex,
    },
    /// A parent that comes after its child.
    LaterParent {
        /// Who names it.
        child: NodeIndex,
        /// What comes later.
        parent: LeafHash,
    },
    /// A second node of one hash.
    DuplicateNode {
        /// The hash.
        hash: LeafHash,
        /// `seq` of the second.
        seq: u64,
    },
}

impl Problem {
    /// The name of the specification.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MissingParent { .. } => "missing_parent",
            Self::DuplicateParent { .. } => "duplicate_parent",
            Self::SelfParent { .. } => "self_parent",
            Self::LaterParent { .. } => "later_parent",
            Self::DuplicateNode { .. } => "duplicate_node",
        }
    }

    /// In words, with the receipts of `graph`.
    #[must_use]
    pub fn describe(&self, graph: &TraceGraph) -> String {
        let seq = |child: &NodeIndex| graph.seq(*child);
        match self {
            Self::MissingParent { child, parent } => alloc::format!(
                "receipt {} names the parent {parent}, which is nowhere in the log: removed, or changed",
                seq(child)
            ),
            Self::DuplicateParent { child, parent } => {
                alloc::format!("receipt {} names the parent {parent} twice", seq(child))
            }
            Self::SelfParent { child } => {
                alloc::format!("receipt {} names itself as a parent", seq(child))
            }
            Self::LaterParent { child, parent } => alloc::format!(
                "receipt {} names the parent {parent}, which comes after it",
                seq(child)
            ),
            Self::DuplicateNode { hash, seq } => {
                alloc::format!("receipt {seq} has the hash {hash}, which an earlier one has")
            }
        }
    }
}

/// Where a parent is that is no node of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// In another trace of the log, or in none.
    OtherTrace {
        /// Its `seq`.
        seq: u64,
        /// The trace's id; may be empty.
        trace_id: String,
    },
    /// Its bytes are deleted; of which trace it was is not known.
    Deleted {
        /// Its `seq`.
        seq: u64,
    },
}

/// A parent outside of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Who names it.
    pub child: NodeIndex,
    /// Its hash.
    pub parent: LeafHash,
    /// Where it is.
    pub place: Elsewhere,
}

/// Lists of nodes, one a node, in one piece of memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    ends: Vec<u32>,
    nodes: Vec<NodeIndex>,
}

impl Edges {
    pub(super) fn with_capacity(nodes: usize, edges: usize) -> Self {
        Self {
            ends: Vec::with_capacity(nodes),
            nodes: Vec::with_capacity(edges),
        }
    }

    pub(super) fn push(&mut self, node: NodeIndex) {
        self.nodes.push(node);
    }

    pub(super) fn end_node(&mut self) {
        // The builder takes no more edges than this can count.
        self.ends
            .push(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn of(&self, node: NodeIndex) -> &[NodeIndex] {
        let place = node.as_usize();
        let before = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = before.map_or(0, |start| *start as usize);
        let end = self.ends.get(place).map_or(start, |end| *end as usize);
        self.nodes.get(start..end).unwrap_or(&[])
    }

    /// The same edges the other way round, by counting.
    pub(super) fn reversed(&self) -> Self {
        let mut next = alloc::vec![0u32; self.ends.len()];
        for node in &self.nodes {
            if let Some(count) = next.get_mut(node.as_usize()) {
                *count += 1;
            }
        }
        let mut ends = Vec::with_capacity(next.len());
        let mut sum = 0;
        for count in &mut next {
            let start = sum;
            sum += *count;
            ends.push(sum);
            *count = start;
        }
        let mut nodes = alloc::vec![NodeIndex(0); self.nodes.len()];
        for child in (0..).map(NodeIndex).take(self.ends.len()) {
            for parent in self.of(child) {
                let Some(place) = next.get_mut(parent.as_usize()) else {
                    continue;
                };
                if let Some(slot) = nodes.get_mut(*place as usize) {
                    *slot = child;
                }
                *place += 1;
            }
        }
        Self { ends, nodes }
    }
}

/// The graph of one trace. Made by a [`TraceBuilder`](super::TraceBuilder).
#[derive(Debug, Clone)]
pub struct TraceGraph {
    trace_id: String,
    pub(super) records: Vec<Record>,
    names: Vec<String>,
    parents: Edges,
    children: Edges,
    problems: Vec<Problem>,
    outside: Vec<Outside>,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $type:ty = |$graph:ident, $record:ident| $value:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self, node: NodeIndex) -> $type {
            let $graph = self;
            self.records.get(node.as_usize()).map_or_else(Default::default, |$record| $value)
        }
    )*};
}

impl TraceGraph {
    pub(super) const fn from_parts(
        trace_id: String,
        records: Vec<Record>,
        names: Vec<String>,
        parents: Edges,
        children: Edges,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            trace_id,
            records,
            names,
            parents,
            children,
            problems,
            outside: Vec::new(),
        }
    }

    /// The trace's id.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// Number of nodes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has no nodes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Number of edges.
    #[must_use]
    pub const fn edges(&self) -> usize {
        self.parents.nodes.len()
    }

    /// The nodes, in the order of the log.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeIndex> + use<> {
        // The builder takes no more nodes than this can count.
        (0..u32::try_from(self.records.len()).unwrap_or(u32::MAX)).map(NodeIndex)
    }

    /// The node of a receipt's `seq`.
    #[must_use]
    pub fn node_at(&self, seq: u64) -> Option<NodeIndex> {
        self.nodes().find(|node| self.seq(*node) == seq)
    }

    /// The node of a hash.
    #[must_use]
    pub fn node_of(&self, hash: &LeafHash) -> Option<NodeIndex> {
        let mut nodes = self.nodes().zip(&self.records);
        let found = nodes.find(|(_, record)| record.hash == *hash);
        found.map(|(node, _)| node)
    }

    /// What a node follows from.
    #[must_use]
    pub fn parents(&self, node: NodeIndex) -> &[NodeIndex] {
        self.parents.of(node)
    }

    /// What follows from a node.
    #[must_use]
    pub fn children(&self, node: NodeIndex) -> &[NodeIndex] {
        self.children.of(node)
    }

    /// The hash of a node's receipt; none where the node is of another graph.
    #[must_use]
    pub fn hash(&self, node: NodeIndex) -> Option<LeafHash> {
        self.records.get(node.as_usize()).map(|record| record.hash)
    }

    /// What a node is; none where the node is of another graph.
    #[must_use]
    pub fn sort(&self, node: NodeIndex) -> Option<NodeSort> {
        self.records.get(node.as_usize()).map(|record| record.sort)
    }

    fields! {
        /// The `seq` of a node's receipt.
        seq: u64 = |_graph, record| record.seq;
        /// When a node's receipt was sealed, in microseconds since 1970.
        sealed_us: u64 = |_graph, record| record.sealed_at.as_micros();
        /// Who acted; may be empty.
        agent: &str = |graph, record| graph.text(record.agent);
        /// The model, the tool or the step's name; may be empty.
        label: &str = |graph, record| graph.text(record.label);
        /// To whom it goes on; empty but in a delegation and a hand-off.
        to: &str = |graph, record| graph.text(record.to);
        /// How it ended; may be empty.
        status: &'static str = |_graph, record| record.status;
        /// Whether how it ended is worth a look.
        alarm: bool = |_graph, record| record.alarm;
        /// How long it took, in microseconds.
        duration_us: Option<u64> = |_graph, record| record.duration_us;
    }

    /// Of a record that was imported, when it says that it was made, in microseconds since 1970; when
    /// it was imported where it does not say. None of any other.
    #[must_use]
    pub fn imported_of_us(&self, node: NodeIndex) -> Option<u64> {
        Some(self.rare(node)?.imported_of?.as_micros())
    }

    /// A decision's tags.
    #[must_use]
    pub fn tags(&self, node: NodeIndex) -> &[String] {
        self.rare(node).map_or(&[], |rare| &rare.tags)
    }

    pub(crate) fn stated_at(&self, node: NodeIndex) -> Option<&StatedSources> {
        self.rare(node).and_then(|rare| rare.sources.as_deref())
    }

    /// The nodes that state sources, and what they state.
    pub(crate) fn stated(&self) -> impl Iterator<Item = (NodeIndex, &StatedSources)> {
        self.nodes()
            .filter_map(|node| Some((node, self.stated_at(node)?)))
    }

    fn rare(&self, node: NodeIndex) -> Option<&Rare> {
        self.records.get(node.as_usize())?.rare.as_deref()
    }

    /// What does not hold. A parent that is missing stays here until
    /// [`resolve`](TraceGraph::resolve) says where it is.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Parents that are elsewhere in the log.
    #[must_use]
    pub fn outside(&self) -> &[Outside] {
        &self.outside
    }

    /// Hashes of the parents that are missing, each once.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<LeafHash> {
        let missing = self.problems.iter().filter_map(|problem| match problem {
            Problem::MissingParent { parent, .. } => Some(*parent),
            _ => None,
        });
        missing.collect()
    }

    /// Says where missing parents were found in the log.
    pub fn resolve(&mut self, found: &BTreeMap<LeafHash, Elsewhere>) {
        let outside = &mut self.outside;
        self.problems.retain(|problem| {
            let Problem::MissingParent { child, parent } = problem else {
                return true;
            };
            let Some(place) = found.get(parent) else {
                return true;
            };
            outside.push(Outside {
                child: *child,
                parent: *parent,
                place: place.clone(),
            });
            false
        });
    }

    fn text(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
