//! Trace graphs of a million nodes, beside a bare pass over the same edges.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use ai_audit_benches::traces::{self, NODES};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn graphs(c: &mut Criterion) {
    let (nodes, edges) = (traces::nodes(NODES), traces::edges(NODES));
    let graph = traces::graph(&nodes);
    assert_eq!((graph.len(), graph.edges()), (nodes.len(), edges.len()));

    let mut group = c.benchmark_group("trace-graph-1m");
    group.sample_size(10);
    group.bench_function("build", |b| b.iter(|| traces::graph(black_box(&nodes))));
    group.bench_function("measures", |b| b.iter(|| traces::ask(black_box(&graph))));
    group.bench_function("bare-pass", |b| {
        b.iter(|| traces::bare_depths(NODES, black_box(&edges)));
    });
    group.finish();
}

criterion_group!(benches, graphs);
criterion_main!(benches);
