//! A trace of a million nodes that branches and joins.

use ai_audit_agentic::{Node, NodeSort, TraceBuilder, TraceGraph};
use ai_audit_core::LeafHash;

/// Nodes of the trace.
pub const NODES: u64 = 1_000_000;
/// Every so many nodes one joins two branches.
const JOIN: u64 = 4;

/// The parents of a node: the one before it, and every fourth time the one four before that.
fn parents(number: u64) -> impl Iterator<Item = u64> {
    let before = number.checked_sub(1);
    let other = number.is_multiple_of(JOIN).then(|| number.checked_sub(4));
    before.into_iter().chain(other.flatten())
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

/// The first so many nodes.
#[must_use]
pub fn nodes(count: u64) -> Vec<Node<'static>> {
    let agents = ["planner", "researcher", "writer"];
    let hashes: Vec<_> = (0..count).map(|n| LeafHash::of(&n.to_be_bytes())).collect();
    (0..count)
        .map(|number| Node {
            agent: agents[at(number % 3)].into(),
            label: "tool".into(),
            duration_us: Some(number % 97),
            parents: parents(number).map(|parent| hashes[at(parent)]).collect(),
            ..Node::new(hashes[at(number)], number, NodeSort::ToolIntent)
        })
        .collect()
}

/// Their edges, from parent to child.
#[must_use]
pub fn edges(count: u64) -> Vec<(u32, u32)> {
    (0..count)
        .flat_map(|child| parents(child).map(move |parent| (parent, child)))
        .map(|(parent, child)| {
            (
                u32::try_from(parent).unwrap(),
                u32::try_from(child).unwrap(),
            )
        })
        .collect()
}

/// The graph of the nodes.
#[must_use]
pub fn graph(nodes: &[Node<'_>]) -> TraceGraph {
    let mut builder = TraceBuilder::new("t");
    for node in nodes {
        builder.add(node).unwrap();
    }
    builder.finish()
}

/// Asks the graph everything: critical path, lineage of the last node, descendants of the first, depth,
/// totals.
#[must_use]
pub fn ask(graph: &TraceGraph) -> (u64, usize) {
    let (first, last) = (graph.nodes().next(), graph.nodes().next_back());
    let lineage = last.map_or(0, |last| graph.lineage(last).len());
    let descendants = first.map_or(0, |first| graph.descendants(first).len());
    let path = graph.critical_path().duration_us;
    (
        path,
        lineage + descendants + graph.totals().len() + at(graph.depth().into()),
    )
}

/// Depths alone, into a plain vector: one pass over the edges.
#[must_use]
pub fn bare_depths(count: u64, edges: &[(u32, u32)]) -> Vec<u32> {
    let mut depths = vec![1u32; at(count)];
    for (parent, child) in edges {
        let above = depths[*parent as usize] + 1;
        let depth = &mut depths[*child as usize];
        *depth = above.max(*depth);
    }
    depths
}
