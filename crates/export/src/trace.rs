//! The graph of a trace in words: for pages that show it beside its drawing.

use ai_audit_agentic::{Elsewhere, NodeIndex, TraceGraph};
use serde_json::{Value, json};

/// How a step of a trace is called and what it says, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceStepText {
    /// The kind of its receipt.
    pub kind: String,
    /// Its line, such as [`says`](crate::says) makes it.
    pub says: String,
}

/// What a graph shows, as JSON for a page: `trace` its id, `all` the number of its steps, `steps` those of
/// `view`, `problems` and `outside` in words. Places are texts, since JavaScript rounds large numbers.
/// What a step says comes from `text`, by its `seq`.
///
/// ```
/// use ai_audit_agentic::{Node, NodeSort, TraceBuilder};
/// use ai_audit_core::LeafHash;
/// use ai_audit_export::{TraceStepText, trace_value};
/// let mut builder = TraceBuilder::new("t");
/// builder.add(&Node::new(LeafHash::of(b"a"), 7, NodeSort::ToolIntent))?;
/// let graph = builder.finish();
/// let text = |_| Some(TraceStepText { kind: "tool_intent".into(), says: "search".into() });
/// let value = trace_value(&graph, &graph.nodes().collect::<Vec<_>>(), text);
/// assert_eq!((&value["all"], &value["steps"][0]["seq"]), (&1.into(), &"7".into()));
/// # Ok::<(), ai_audit_agentic::TraceError>(())
/// ```
#[must_use]
pub fn trace_value(
    graph: &TraceGraph,
    view: &[NodeIndex],
    text: impl Fn(u64) -> Option<TraceStepText>,
) -> Value {
    let critical = graph.critical_path().nodes;
    let step = |node: &NodeIndex| {
        let seq = graph.seq(*node);
        let text = text(seq);
        let parents = graph.parents(*node).iter();
        json!({
            "seq": seq.to_string(),
            "kind": text.as_ref().map(|text| &text.kind),
            "says": text.as_ref().map(|text| &text.says),
            "agent": graph.agent(*node),
            "alarm": graph.alarm(*node),
            "critical": critical.contains(node),
            "duration_us": graph.duration_us(*node),
            "parents": parents.map(|parent| graph.seq(*parent).to_string()).collect::<Vec<_>>(),
        })
    };
    let problems = graph.problems().iter();
    json!({
        "trace": graph.trace_id(),
        "all": graph.len(),
        "steps": view.iter().map(step).collect::<Vec<_>>(),
        "problems": problems.map(|problem| problem.describe(graph)).collect::<Vec<_>>(),
        "outside": graph.outside().iter().map(|outside| {
            let place = place(&outside.place);
            format!("receipt {} follows from {place}", graph.seq(outside.child))
        }).collect::<Vec<_>>(),
    })
}

fn place(elsewhere: &Elsewhere) -> String {
    match elsewhere {
        Elsewhere::OtherTrace { seq, trace_id } if trace_id.is_empty() => {
            format!("receipt {seq}, which is of no trace")
        }
        Elsewhere::OtherTrace { seq, trace_id } => format!("receipt {seq} of trace {trace_id}"),
        Elsewhere::Deleted { seq } => format!("receipt {seq}, whose bytes are deleted"),
    }
}
