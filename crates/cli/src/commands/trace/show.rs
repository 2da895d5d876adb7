//! `ai-audit trace show`

use super::load::graph;
use super::tree::{lines, time};
use crate::cli::ShowTrace;
use crate::failure::usage;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, counted, short, shown_path};
use crate::save::save;
use ai_audit_agentic::{Elsewhere, NodeIndex, Outside, Problem, TraceGraph};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// What lines have where no terminal says otherwise.
const WIDTH: usize = 80;

pub(crate) fn run(args: &ShowTrace, output: Output) -> anyhow::Result<ExitCode> {
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let graph = graph(&directory, &log, &args.trace)?;
    let view = view(args, &graph)?;
    let files = write(args, &graph, &view)?;
    if output.json {
        output.json(&as_json(&graph))?;
    } else if files.is_empty() {
        print(&graph, &view, output)?;
    } else {
        for file in files {
            output.note(format!("wrote {}", shown_path(file)))?;
        }
        said_in_part(&graph, &view, output)?;
    }
    if output.json {
        return Ok(code(&graph));
    }
    for outside in graph.outside() {
        output.warn(said_outside(&graph, outside));
    }
    for problem in graph.problems() {
        output.complain(problem.describe(&graph));
    }
    Ok(code(&graph))
}

fn code(graph: &TraceGraph) -> ExitCode {
    ExitCode::from(u8::from(!graph.problems().is_empty()))
}

/// The nodes to show.
fn view(args: &ShowTrace, graph: &TraceGraph) -> anyhow::Result<Vec<NodeIndex>> {
    let limit = usize::from(args.limit);
    let Some(seq) = args.around else {
        return Ok(graph.nodes().take(limit).collect());
    };
    let node = graph.node_at(seq).ok_or_else(|| {
        usage(format!(
            "--around {seq}: receipt {seq} is not of trace {}",
            short(graph.trace_id(), 40)
        ))
    })?;
    Ok(graph.around(node, limit))
}

/// Writes the files that were asked for; their names.
fn write<'a>(
    args: &'a ShowTrace,
    graph: &TraceGraph,
    view: &[NodeIndex],
) -> anyhow::Result<Vec<&'a Path>> {
    let mut files = Vec::new();
    let mut put = |path: Option<&'a Path>, text: &dyn Fn() -> String| -> anyhow::Result<()> {
        if let Some(path) = path {
            save(path, args.force, &text())?;
            files.push(path);
        }
        Ok(())
    };
    put(args.svg.as_deref(), &|| graph.svg(view))?;
    put(args.dot.as_deref(), &|| graph.dot(view))?;
    put(args.mermaid.as_deref(), &|| graph.mermaid(view))?;
    Ok(files)
}

fn print(graph: &TraceGraph, view: &[NodeIndex], output: Output) -> anyhow::Result<()> {
    let path = graph.critical_path();
    let title = format!("Trace {}", short(graph.trace_id(), 70));
    output.line(output.paint(Tone::Bold, &title))?;
    let mut facts = format!(
        "{}, {}, {} deep",
        counted(graph.len() as u64, "step", "steps"),
        counted(graph.edges() as u64, "edge", "edges"),
        graph.depth()
    );
    if path.duration_us > 0 {
        facts += &format!("; critical path {}", time(path.duration_us));
    }
    output.line(facts)?;
    output.line("")?;
    for line in lines(graph, view, WIDTH) {
        let tone = if line.alarm { Tone::Bad } else { Tone::Plain };
        output.line(output.paint(tone, &line.text))?;
    }
    output.line("")?;
    said_in_part(graph, view, output)?;
    let mut table = output.table([
        "AGENT",
        "STEPS",
        "DECISIONS",
        "CALLS",
        "ALARMS",
        "TIME",
        "TOKENS",
    ]);
    for (agent, totals) in graph.totals() {
        let tokens = totals.input_tokens.saturating_add(totals.output_tokens);
        let zero = |text: String, none: bool| if none { "-".into() } else { text };
        table.add_row([
            if agent.is_empty() {
                "-".into()
            } else {
                short(agent, 24)
            },
            totals.nodes.to_string(),
            totals.decisions.to_string(),
            totals.tool_intents.to_string(),
            totals.alarms.to_string(),
            zero(time(totals.duration_us), totals.duration_us == 0),
            zero(tokens.to_string(), tokens == 0),
        ]);
    }
    output.print_table(&table)
}

fn said_in_part(graph: &TraceGraph, view: &[NodeIndex], output: Output) -> anyhow::Result<()> {
    if view.len() == graph.len() {
        return Ok(());
    }
    output.line(format!(
        "{} of {} steps are shown; --around and --limit show others\n",
        view.len(),
        graph.len()
    ))
}

fn said_outside(graph: &TraceGraph, outside: &Outside) -> String {
    let child = graph.seq(outside.child);
    match &outside.place {
        Elsewhere::OtherTrace { seq, trace_id } if trace_id.is_empty() => {
            format!("receipt {child} follows from receipt {seq}, which is of no trace")
        }
        Elsewhere::OtherTrace { seq, trace_id } => format!(
            "receipt {child} follows from receipt {seq} of trace {}",
            short(trace_id, 40)
        ),
        Elsewhere::Deleted { seq } => {
            format!("receipt {child} follows from receipt {seq}, whose bytes are deleted")
        }
    }
}

fn as_json(graph: &TraceGraph) -> Value {
    let depths = graph.depths();
    let seqs =
        |nodes: &[NodeIndex]| -> Vec<u64> { nodes.iter().map(|node| graph.seq(*node)).collect() };
    let nodes: Vec<Value> = graph
        .nodes()
        .map(|node| {
            json!({
                "seq": graph.seq(node),
                "hash": graph.hash(node),
                "sealed_us": graph.sealed_us(node),
                "imported_of_us": graph.imported_of_us(node),
                "sort": graph.sort(node).map(|sort| sort.to_string()),
                "agent": graph.agent(node),
                "label": graph.label(node),
                "to": graph.to(node),
                "status": graph.status(node),
                "alarm": graph.alarm(node),
                "duration_us": graph.duration_us(node),
                "depth": depths.get(node.as_usize()),
                "parents": seqs(graph.parents(node)),
            })
        })
        .collect();
    let outside: Vec<Value> = graph
        .outside()
        .iter()
        .map(|outside| {
            let (seq, place) = match &outside.place {
                Elsewhere::OtherTrace { seq, trace_id } => (seq, json!({ "trace": trace_id })),
                Elsewhere::Deleted { seq } => (seq, json!("deleted")),
            };
            json!({ "receipt": graph.seq(outside.child), "parent": seq, "hash": outside.parent, "place": place })
        })
        .collect();
    let problems: Vec<Value> = graph
        .problems()
        .iter()
        .map(|problem| problem_json(graph, problem))
        .collect();
    let path = graph.critical_path();
    json!({
        "trace": graph.trace_id(),
        "steps": graph.len(),
        "edges": graph.edges(),
        "depth": graph.depth(),
        "critical_path": { "duration_us": path.duration_us, "receipts": seqs(&path.nodes) },
        "agents": graph.totals(),
        "nodes": nodes,
        "outside": outside,
        "problems": problems,
    })
}

fn problem_json(graph: &TraceGraph, problem: &Problem) -> Value {
    let (receipt, parent) = match problem {
        Problem::MissingParent { child, parent }
        | Problem::DuplicateParent { child, parent }
        | Problem::LaterParent { child, parent } => (graph.seq(*child), Some(*parent)),
        Problem::SelfParent { child } => (graph.seq(*child), graph.hash(*child)),
        Problem::DuplicateNode { hash, seq } => (*seq, Some(*hash)),
    };
    json!({
        "problem": problem.name(),
        "receipt": receipt,
        "parent": parent,
        "text": problem.describe(graph),
    })
}
