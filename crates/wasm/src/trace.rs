//! The graph of a trace: a picture, and the same in words.

use crate::examine::State;
use crate::index::{Index, Row};
use crate::receipt::CHANGED;
use ai_audit_agentic::{Elsewhere, MAX_DRAWN, TraceBuilder, TraceGraph};
use ai_audit_core::UnverifiedReceipt;
use ai_audit_export::archive::ReadAt;
use ai_audit_export::{PackageReceipts, TraceStepText, trace_value};
use serde_json::Value;
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
    let rows: HashMap<u64, &Row> = index.rows().iter().map(|row| (row.seq, row)).collect();
    let mut value = trace_value(&graph, &view, |seq| {
        rows.get(&seq).map(|row| TraceStepText {
            kind: crate::index::kind_name(row),
            says: index.says(row).to_owned(),
        })
    });
    if let Value::Object(fields) = &mut value {
        fields.insert("svg".into(), graph.svg(&view).into());
    }
    Ok(value)
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
