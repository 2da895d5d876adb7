//! How trust flows through a graph: from parents to children, never growing.

use super::{TaintPolicy, Trust};
use crate::{NodeIndex, NodeSort, TraceGraph};
use ai_audit_core::LeafHash;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Why a node has its trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It brings nothing in, and nobody before it does.
    Nothing,
    /// Sources that a provenance receipt states.
    Sources(NodeIndex),
    /// A tool's result, of which the reader or a source says so.
    Tool,
    /// A tool's result of which nobody says anything.
    UnstatedTool,
    /// A decision's input of which nobody says anything.
    Input,
    /// A parent has it.
    Parent(NodeIndex),
}

/// Trust and reason of each node.
pub(super) struct Flow {
    pub(super) nodes: Vec<(Trust, Why)>,
    pub(super) unstated_inputs: u64,
}

impl Flow {
    pub(super) fn new(graph: &TraceGraph, policy: &TaintPolicy) -> Self {
        let said = Said::new(graph);
        let mut flow = Self {
            nodes: Vec::with_capacity(graph.len()),
            unstated_inputs: 0,
        };
        // Parents come first, so one pass does it.
        for node in graph.nodes() {
            let mut best = said.own(graph, node, policy);
            if best.1 == Why::Nothing
                && graph.sort(node) == Some(NodeSort::Decision)
                && graph.parents(node).is_empty()
            {
                flow.unstated_inputs += 1;
                if let Some(trust) = policy.inputs {
                    best = (trust, Why::Input);
                }
            }
            for parent in graph.parents(node) {
                if let Some((trust, _)) = flow.nodes.get(parent.as_usize())
                    && *trust < best.0
                {
                    best = (*trust, Why::Parent(*parent));
                }
            }
            flow.nodes.push(best);
        }
        flow
    }
}

/// What provenance receipts say of others, wherever in the trace they stand.
struct Said {
    /// By the receipt that the sources went into.
    of: BTreeMap<LeafHash, (Trust, NodeIndex)>,
    /// By the receipt that is a source.
    sources: BTreeMap<LeafHash, Trust>,
}

impl Said {
    fn new(graph: &TraceGraph) -> Self {
        let mut said = Self {
            of: BTreeMap::new(),
            sources: BTreeMap::new(),
        };
        for (node, stated) in graph.stated() {
            if let Some(of) = stated.of {
                let lowest = said.of.entry(of).or_insert((stated.lowest, node));
                if stated.lowest < lowest.0 {
                    *lowest = (stated.lowest, node);
                }
            }
            for (receipt, trust) in &stated.said {
                let lowest = said.sources.entry(*receipt).or_insert(*trust);
                *lowest = (*lowest).min(*trust);
            }
        }
        said
    }

    /// What a node brings in itself.
    fn own(&self, graph: &TraceGraph, node: NodeIndex, policy: &TaintPolicy) -> (Trust, Why) {
        let hash = graph.hash(node);
        let of = hash.and_then(|hash| self.of.get(&hash).copied());
        let of = of.map(|(trust, statement)| (trust, Why::Sources(statement)));
        let own = match graph.sort(node) {
            Some(NodeSort::Provenance) => graph
                .stated_at(node)
                .filter(|stated| stated.of.is_none())
                .map(|stated| (stated.lowest, Why::Sources(node))),
            Some(NodeSort::ToolOutcome) => {
                let source = hash.and_then(|hash| self.sources.get(&hash).copied());
                let reader = policy.tools.get(graph.label(node)).copied();
                match [source, reader].into_iter().flatten().min() {
                    Some(trust) => Some((trust, Why::Tool)),
                    None if of.is_some() => None,
                    None => Some((policy.other_tools, Why::UnstatedTool)),
                }
            }
            _ => None,
        };
        [own, of]
            .into_iter()
            .flatten()
            .min_by_key(|(trust, _)| *trust)
            .unwrap_or((Trust::FULL, Why::Nothing))
    }
}
