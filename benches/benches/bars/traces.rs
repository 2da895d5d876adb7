//! A trace graph of a million nodes: built, and asked everything.

use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::traces::{NODES, ask, graph, nodes};
use std::hint::black_box;

const GROUP: &str = "Trace graph";
const WORK: &str = "10^6 nodes, all queries";

pub(crate) fn rows(runner: &Runner) {
    if runner.wants(GROUP, WORK) {
        let nodes = nodes(runner.effort().of(5_000, NODES, NODES));
        let row = Row::new(GROUP, WORK).most(2e9);
        runner.single(row, 1, || ask(&graph(black_box(&nodes))));
    }
}
