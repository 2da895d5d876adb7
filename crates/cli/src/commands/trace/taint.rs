//! `ai-audit trace taint`

use super::load::{graph, graphs};
use crate::cli::TaintTrace;
use crate::failure::usage;
use crate::open::{directory, log_name};
use crate::output::{Output, Tone, counted, short};
use ai_audit_agentic::{Finding, PathStep, Taint, TaintPolicy, TraceGraph, Trust, TrustSummary};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What the answer is worth; it stands below each one.
const HONESTLY: &str =
    "This is what was recorded. It does not show that nothing else was injected.";

pub(crate) fn run(args: &TaintTrace, output: Output) -> anyhow::Result<ExitCode> {
    let policy = policy(args)?;
    let directory = directory(&args.dir)?;
    let log = log_name(&args.log)?;
    let graphs = match &args.trace {
        Some(trace) => vec![graph(&directory, &log, trace)?],
        None => graphs(&directory, &log)?,
    };
    let mut told = Told::default();
    for graph in &graphs {
        told.add(graph, &Taint::new(graph, &policy), output)?;
    }
    if output.json {
        output.json(&told.as_json(&policy))?;
    } else {
        told.print(&policy, output)?;
    }
    Ok(ExitCode::from(u8::from(told.findings > 0)))
}

fn policy(args: &TaintTrace) -> anyhow::Result<TaintPolicy> {
    if args.privileged.is_empty() && args.privileged_tag.is_empty() {
        return Err(usage(
            "expected what is privileged: --privileged TOOL or --privileged-tag TAG",
        ));
    }
    let mut tools = BTreeMap::new();
    for pair in &args.trust {
        // A tool's name may hold the sign itself.
        let (tool, trust) = pair
            .rsplit_once('=')
            .ok_or_else(|| usage(format!("--trust {}: expected TOOL=TRUST", short(pair, 60))))?;
        let trust: Trust = trust
            .parse()
            .map_err(|error| usage(format!("--trust {}: {error}", short(pair, 60))))?;
        tools.insert(tool.to_owned(), trust);
    }
    Ok(TaintPolicy {
        threshold: args.threshold,
        privileged_tools: args.privileged.iter().cloned().collect(),
        privileged_tags: args.privileged_tag.iter().cloned().collect(),
        tools,
        other_tools: args.tool_trust,
        inputs: args.input_trust,
    })
}

/// What was found so far.
#[derive(Default)]
struct Told {
    traces: u64,
    tainted: u64,
    privileged: u64,
    findings: u64,
    unstated_inputs: u64,
    /// Parents that are no receipts of their trace: trust is not followed beyond them.
    outside: u64,
    summary: TrustSummary,
    values: Vec<Value>,
}

impl Told {
    fn add(&mut self, graph: &TraceGraph, taint: &Taint, output: Output) -> anyhow::Result<()> {
        self.traces += 1;
        self.tainted += u64::from(!taint.findings().is_empty());
        self.privileged += taint.privileged();
        self.findings += taint.findings().len() as u64;
        self.unstated_inputs += taint.unstated_inputs();
        self.outside += (graph.missing().len() + graph.outside().len()) as u64;
        self.summary.merge(&graph.trust_summary());
        if output.json {
            let found = taint.findings().iter();
            self.values
                .extend(found.map(|finding| finding_json(graph, finding)));
            return Ok(());
        }
        if !taint.findings().is_empty() {
            let title = format!("Trace {}", short(graph.trace_id(), 70));
            output.line(output.paint(Tone::Bold, &title))?;
        }
        for finding in taint.findings() {
            let label = format!(
                "  receipt {}, trust {}: ",
                graph.seq(finding.node),
                finding.trust
            );
            output.line(output.sentence(&label, Tone::Bad, &finding.words(graph)))?;
        }
        Ok(())
    }

    fn print(&self, policy: &TaintPolicy, output: Output) -> anyhow::Result<()> {
        if self.findings > 0 {
            output.line("")?;
        }
        let tone = if self.findings > 0 {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let found = format!(
            "{} of {} in {} {} from trust below {}.",
            self.findings,
            counted(self.privileged, "privileged step", "privileged steps"),
            counted(self.traces, "trace", "traces"),
            if self.findings == 1 {
                "follows"
            } else {
                "follow"
            },
            policy.threshold
        );
        output.line(output.sentence("", tone, &found))?;
        let summary = &self.summary;
        if summary.sources + summary.elsewhere > 0 {
            let origins: Vec<String> = summary
                .origins
                .iter()
                .map(|(origin, count)| format!("{count} {}", origin.name()))
                .collect();
            let mut said = format!(
                "{} ({})",
                counted(summary.sources, "recorded source", "recorded sources"),
                origins.join(", ")
            );
            if let (Some(lowest), Some(mean)) = (summary.lowest, summary.mean()) {
                said += &format!(": least trust {lowest}, mean {mean:.1}");
            }
            if summary.elsewhere > 0 {
                said += &format!("; {} more are kept elsewhere", summary.elsewhere);
            }
            output.line(output.sentence("", Tone::Plain, &format!("{said}.")))?;
        }
        if self.unstated_inputs > 0 && policy.inputs.is_none() {
            let said = format!(
                "{} without recorded sources: what came in there is passed over (--input-trust).",
                counted(
                    self.unstated_inputs,
                    "first decision is",
                    "first decisions are"
                )
            );
            output.line(output.sentence("", Tone::Plain, &said))?;
        }
        if self.outside > 0 {
            let said = format!(
                "{} outside of its trace: trust is not followed there (`ai-audit trace show`).",
                counted(self.outside, "parent is", "parents are")
            );
            output.line(output.sentence("", Tone::Open, &said))?;
        }
        output.line(output.sentence("", Tone::Dim, HONESTLY))
    }

    fn as_json(&self, policy: &TaintPolicy) -> Value {
        let summary = &self.summary;
        let origins: Map<String, Value> = summary
            .origins
            .iter()
            .map(|(origin, count)| (origin.name().to_owned(), json!(count)))
            .collect();
        json!({
            "traces": self.traces,
            "tainted_traces": self.tainted,
            "privileged": self.privileged,
            "threshold": policy.threshold,
            "findings": self.values,
            "unstated_inputs": self.unstated_inputs,
            "parents_outside": self.outside,
            "sources": {
                "recorded": summary.sources,
                "elsewhere": summary.elsewhere,
                "origins": origins,
                "lowest": summary.lowest,
                "mean": summary.mean(),
                "system_grounded": summary.system_grounded(),
                "unknown_sources": summary.unknown_sources(),
            },
            "note": HONESTLY,
        })
    }
}

fn finding_json(graph: &TraceGraph, finding: &Finding) -> Value {
    let path: Vec<Value> = finding
        .path
        .iter()
        .map(|step| match step {
            PathStep::Source { name, node } => {
                json!({ "source": name, "receipt": graph.seq(*node) })
            }
            PathStep::Node(node) => json!({
                "receipt": graph.seq(*node),
                "sort": graph.sort(*node).map(|sort| sort.to_string()),
                "agent": graph.agent(*node),
                "label": graph.label(*node),
            }),
        })
        .collect();
    json!({
        "trace": graph.trace_id(),
        "receipt": graph.seq(finding.node),
        "trust": finding.trust,
        "way": finding.words(graph),
        "left_out": finding.left_out,
        "path": path,
    })
}
