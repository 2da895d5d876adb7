//! Trace graphs of a million nodes, beside a bare pass over the same edges.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_agentic::{Node, NodeSort, TraceBuilder, TraceGraph};
use ai_audit_core::LeafHash;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const NODES: u64 = 1_000_000;
/// Every so many nodes one joins two branches.
const JOIN: u64 = 4;

/// The parents of a node: the one before it, and every fourth time the one three before that.
fn parents(number: u64) -> impl Iterator<Item = u64> {
    let before = number.checked_sub(1);
    let other = number.is_multiple_of(JOIN).then(|| number.checked_sub(4));
    before.into_iter().chain(other.flatten())
}

fn built(nodes: &[Node<'_>]) -> TraceGraph {
    let mut builder = TraceBuilder::new("t");
    for node in nodes {
        builder.add(node).unwrap();
    }
    builder.finish()
}

fn graphs(c: &mut Criterion) {
    let agents = ["planner", "researcher", "writer"];
    let hashes: Vec<_> = (0..NODES).map(|n| LeafHash::of(&n.to_be_bytes())).collect();
    let at = |number: u64| usize::try_from(number).unwrap();
    let nodes: Vec<_> = (0..NODES)
        .map(|number| Node {
            agent: agents[at(number % 3)].into(),
            label: "tool".into(),
            duration_us: Some(number % 97),
            parents: parents(number).map(|parent| hashes[at(parent)]).collect(),
            ..Node::new(hashes[at(number)], number, NodeSort::ToolIntent)
        })
        .collect();
    let edges: Vec<(u32, u32)> = (0..NODES)
        .flat_map(|child| parents(child).map(move |parent| (parent, child)))
        .map(|(parent, child)| {
            (
                u32::try_from(parent).unwrap(),
                u32::try_from(child).unwrap(),
            )
        })
        .collect();
    let graph = built(&nodes);
    assert_eq!((graph.len(), graph.edges()), (at(NODES), edges.len()));
    let last = graph.nodes().next_back().unwrap();
    let first = graph.nodes().next().unwrap();

    let mut group = c.benchmark_group("trace-graph-1m");
    group.sample_size(10);
    group.bench_function("build", |b| b.iter(|| built(black_box(&nodes))));
    group.bench_function("measures", |b| {
        b.iter(|| {
            let path = black_box(&graph).critical_path();
            let sets = graph.lineage(last).len() + graph.descendants(first).len();
            (path.duration_us, sets, graph.depth(), graph.totals().len())
        });
    });
    group.bench_function("bare-pass", |b| {
        // Depths alone, into a plain vector.
        b.iter(|| {
            let mut depths = vec![1u32; nodes.len()];
            for (parent, child) in black_box(&edges) {
                let above = depths[*parent as usize] + 1;
                let depth = &mut depths[*child as usize];
                *depth = above.max(*depth);
            }
            depths
        });
    });
    group.finish();
}

criterion_group!(benches, graphs);
criterion_main!(benches);
