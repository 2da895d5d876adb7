//! Taint: privileged effects that follow from what is trusted too little, and the way there.

use super::flow::{Flow, Why};
use super::{Trust, TrustSummary};
use crate::{NodeIndex, NodeSort, TraceGraph};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// What a reader holds for privileged, and whom he trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaintPolicy {
    /// Below it a privileged effect is a finding.
    pub threshold: Trust,
    /// Tools whose calls are privileged.
    pub privileged_tools: BTreeSet<String>,
    /// Tags that make a decision privileged.
    pub privileged_tags: BTreeSet<String>,
    /// How far results of these tools are trusted at most.
    pub tools: BTreeMap<String, Trust>,
    /// How far results are trusted of which nobody says anything.
    pub other_tools: Trust,
    /// How far inputs are trusted of which nobody says anything; none passes them over.
    pub inputs: Option<Trust>,
}

impl Default for TaintPolicy {
    /// A threshold of 50; nothing is privileged; tools of which nobody speaks are not trusted.
    fn default() -> Self {
        Self {
            threshold: Trust::new(50).unwrap_or(Trust::FULL),
            privileged_tools: BTreeSet::new(),
            privileged_tags: BTreeSet::new(),
            tools: BTreeMap::new(),
            other_tools: Trust::NONE,
            inputs: None,
        }
    }
}

/// A privileged effect that follows from what is trusted too little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The tool intent or decision.
    pub node: NodeIndex,
    /// Its trust.
    pub trust: Trust,
    /// The way from the source to it; of a long one the source and its last [`MAX_PATH`] nodes.
    pub path: Vec<PathStep>,
    /// Nodes between that are left out of it.
    pub left_out: u64,
}

/// The most nodes of a path that are kept.
pub const MAX_PATH: usize = 64;

/// A step of the way that taint takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// Where it begins: a source, in the words of the record.
    Source {
        /// The source's name, the tool, or what is not known.
        name: String,
        /// The node that states it, or that brings it in.
        node: NodeIndex,
    },
    /// A node that it goes through.
    Node(NodeIndex),
}

/// How trust flows through a trace, and what follows from too little of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    trust: Vec<Trust>,
    findings: Vec<Finding>,
    unstated_inputs: u64,
    privileged: u64,
}

impl Taint {
    /// Follows trust through a trace.
    #[must_use]
    pub fn new(graph: &TraceGraph, policy: &TaintPolicy) -> Self {
        let flow = Flow::new(graph, policy);
        let mut taint = Self {
            trust: Vec::with_capacity(graph.len()),
            findings: Vec::new(),
            unstated_inputs: flow.unstated_inputs,
            privileged: 0,
        };
        let origins = origins(graph, &flow);
        for (node, (trust, _)) in graph.nodes().zip(&flow.nodes) {
            taint.trust.push(*trust);
            if !is_privileged(graph, node, policy) {
                continue;
            }
            taint.privileged += 1;
            if *trust < policy.threshold {
                let (path, left_out) = path(graph, &flow, &origins, node);
                taint.findings.push(Finding {
                    node,
                    trust: *trust,
                    path,
                    left_out,
                });
            }
        }
        taint
    }

    /// The trust of a node; none where it is of another graph.
    #[must_use]
    pub fn trust(&self, node: NodeIndex) -> Option<Trust> {
        self.trust.get(node.as_usize()).copied()
    }

    /// The privileged effects that follow from too little trust, in the order of the log.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many privileged effects there are.
    #[must_use]
    pub const fn privileged(&self) -> u64 {
        self.privileged
    }

    /// How many decisions have neither parents nor sources: taint says nothing of their inputs,
    /// unless the policy does.
    #[must_use]
    pub const fn unstated_inputs(&self) -> u64 {
        self.unstated_inputs
    }
}

impl TraceGraph {
    /// The summary of all sources that the trace's provenance receipts state.
    #[must_use]
    pub fn trust_summary(&self) -> TrustSummary {
        let mut summary = TrustSummary::default();
        for (_, stated) in self.stated() {
            summary.merge(&stated.summary);
        }
        summary
    }
}

impl Finding {
    /// The way in words, as `web page → researcher → payment`: the source, then whoever passes it
    /// on, then the effect. Steps of the same name in a row are one.
    #[must_use]
    pub fn words(&self, graph: &TraceGraph) -> String {
        let mut words: Vec<String> = Vec::new();
        let nodes = self.path.len().saturating_sub(MAX_PATH);
        for (place, step) in self.path.iter().enumerate() {
            if self.left_out > 0 && place == nodes {
                words.push(alloc::format!("({} more)", self.left_out));
            }
            let name: &str = match step {
                PathStep::Source { name, .. } => name,
                PathStep::Node(node) => match graph.sort(*node) {
                    Some(NodeSort::ToolIntent) if *node == self.node => graph.label(*node),
                    // What a tool was asked and said is passed on by whoever calls it.
                    Some(NodeSort::ToolOutcome | NodeSort::Provenance) => continue,
                    _ if !graph.agent(*node).is_empty() => graph.agent(*node),
                    _ => graph.label(*node),
                },
            };
            if words.last().is_none_or(|last| last != name) && !name.is_empty() {
                words.push(name.into());
            }
        }
        words.join(" → ")
    }
}

fn is_privileged(graph: &TraceGraph, node: NodeIndex, policy: &TaintPolicy) -> bool {
    match graph.sort(node) {
        Some(NodeSort::ToolIntent) => policy.privileged_tools.contains(graph.label(node)),
        Some(NodeSort::Decision) => {
            let mut tags = graph.tags(node).iter();
            tags.any(|tag| policy.privileged_tags.contains(tag))
        }
        _ => false,
    }
}

/// Where the trust of each node comes from, and how many nodes before it: parents come first.
fn origins(graph: &TraceGraph, flow: &Flow) -> Vec<(NodeIndex, u64)> {
    let mut origins: Vec<(NodeIndex, u64)> = Vec::with_capacity(flow.nodes.len());
    for (node, (_, why)) in graph.nodes().zip(&flow.nodes) {
        let before = match why {
            Why::Parent(parent) => origins.get(parent.as_usize()).copied(),
            _ => None,
        };
        let own = (node, 0);
        origins.push(before.map_or(own, |(origin, steps)| (origin, steps + 1)));
    }
    origins
}

/// Back from a node to where its trust comes from; then in the order of the log. Also how many nodes
/// are left out.
fn path(
    graph: &TraceGraph,
    flow: &Flow,
    origins: &[(NodeIndex, u64)],
    end: NodeIndex,
) -> (Vec<PathStep>, u64) {
    let mut path = alloc::vec![PathStep::Node(end)];
    let mut node = end;
    let mut left_out = 0;
    while let Some((_, why)) = flow.nodes.get(node.as_usize()) {
        if path.len() == MAX_PATH
            && let Some((origin, steps)) = origins.get(node.as_usize())
            && *steps > 1
        {
            left_out = steps - 1;
            node = *origin;
            path.push(PathStep::Node(node));
            continue;
        }
        let source = match why {
            Why::Parent(parent) => {
                node = *parent;
                path.push(PathStep::Node(node));
                continue;
            }
            Why::Nothing => break,
            Why::Sources(statement) => {
                let weakest = graph.stated_at(*statement);
                let weakest = weakest.map_or("", |stated| &stated.weakest);
                PathStep::Source {
                    name: weakest.into(),
                    node: *statement,
                }
            }
            Why::Tool => PathStep::Source {
                name: alloc::format!("result of {}", graph.label(node)),
                node,
            },
            Why::UnstatedTool => PathStep::Source {
                name: alloc::format!("unstated result of {}", graph.label(node)),
                node,
            },
            Why::Input => PathStep::Source {
                name: String::from("unstated input"),
                node,
            },
        };
        path.push(source);
        break;
    }
    path.reverse();
    (path, left_out)
}
