//! The graph of a trace: a picture, and the same in words.

use crate::examine::State;
use crate::index::{Index, Row};
use crate::receipt::CHANGED;
use ai_audit_agentic::{Elsewhere, MAX_DRAWN, NodeIndex, TraceBuilder, TraceGraph};
use ai_audit_core::UnverifiedReceipt;
use ai_audit_export::PackageReceipts;
use ai_audit_export::archive::ReadAt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Steps that are shown around a receipt.
const SHOWN: usize = if MAX_DRAWN < 120 { MAX_DRAWN } else { 120 };

/// The graph of the trace of `row`, around it: `svg`, `steps`, `problems` and `outside` in words, and how many steps
/// it has in all.
///
/// # Errors
///
/// When the receipt is of no trace, or the trace cannot be read.
pub(crate) fn shown<R: ReadAt>(
    row: &Row,
    index: &Index,
    mut receipts: PackageReceipts<'_, R>,
) -> Result<Value, String> {
    let id = index.name(row.trace);
    if id.is_empty() {
        return Err("the receipt is of no trace".into());
    }
    let mut builder = TraceBuilder::new(id);
    for of in index.rows() {
        let next = receipts.read_next().map_err(|error| error.to_string())?;
        let Some(receipt) = next else {
            return Err(CHANGED.into());
        };
        if of.trace != row.trace {
            continue;
        }
        if !of.is_of(&receipt) {
            return Err(format!("receipt {}: {CHANGED}", of.seq));
        }
        if let Ok(Ok(receipt)) = receipt.sealed.map(UnverifiedReceipt::parse) {
            builder.push(&receipt).map_err(|error| error.to_string())?;
        }
    }
    let mut graph = builder.finish();
    resolve(&mut graph, index);
    let view = match graph.node_at(row.seq) {
        // What is near is joined to it; of a small trace the rest is shown as well.
        Some(node) if graph.len() > SHOWN => graph.around(node, SHOWN),
        _ => graph.nodes().take(SHOWN).collect(),
    };
    Ok(json!({
        "trace": id,
        "steps": steps(&graph, &view, index),
        "all": graph.len(),
        "svg": graph.svg(&view),
        "problems": graph.problems().iter().map(|problem| problem.describe(&graph)).collect::<Vec<_>>(),
        "outside": graph.outside().iter().map(|outside| {
            let place = match &outside.place {
                Elsewhere::OtherTrace { seq, trace_id } if trace_id.is_empty() => {
                    format!("receipt {seq}, which is of no trace")
                }
                Elsewhere::OtherTrace { seq, trace_id } => format!("receipt {seq} of trace {trace_id}"),
                Elsewhere::Deleted { seq } => format!("receipt {seq}, whose bytes are deleted"),
            };
            format!("receipt {} follows from {place}", graph.seq(outside.child))
        }).collect::<Vec<_>>(),
    }))
}

/// Says where parents are that are no receipts of the trace.
fn resolve(graph: &mut TraceGraph, index: &Index) {
    let missing = graph.missing();
    if missing.is_empty() {
        return;
    }
    let mut found = BTreeMap::new();
    for row in index.rows() {
        let Some(hash) = row.hash.filter(|hash| missing.contains(hash)) else {
            continue;
        };
        let seq = row.seq;
        let place = match row.state {
            State::Deleted => Elsewhere::Deleted { seq },
            _ => Elsewhere::OtherTrace {
                seq,
                trace_id: index.name(row.trace).to_owned(),
            },
        };
        found.insert(hash, place);
    }
    graph.resolve(&found);
}

fn steps(graph: &TraceGraph, view: &[NodeIndex], index: &Index) -> Vec<Value> {
    let rows: HashMap<u64, usize> = (0..)
        .zip(index.rows())
        .map(|(place, row)| (row.seq, place))
        .collect();
    let critical = graph.critical_path().nodes;
    view.iter()
        .map(|node| {
            let seq = graph.seq(*node);
            let parents = graph.parents(*node).iter();
            let parents: Vec<String> = parents
                .map(|parent| graph.seq(*parent).to_string())
                .collect();
            let row = rows.get(&seq).copied();
            json!({
                "row": row,
                "seq": seq.to_string(),
                "says": row.and_then(|row| index.rows().get(row)).map(|row| index.says(row)),
                "kind": row.and_then(|row| index.rows().get(row)).map(crate::index::kind_name),
                "agent": graph.agent(*node),
                "alarm": graph.alarm(*node),
                "critical": critical.contains(node),
                "duration_us": graph.duration_us(*node),
                "parents": parents,
            })
        })
        .collect()
}
