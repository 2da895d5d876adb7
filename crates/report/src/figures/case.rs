//! The case that is drawn: which trace it is, found while receipts pass by, in bounded memory.

use super::data::{CaseFigure, CaseReason, CaseStep};
use super::mark::Mark;
use ai_audit_agentic::{NodeIndex, TraceBuilder, TraceGraph};
use ai_audit_core::{LeafHash, Timestamp};
use ai_audit_verify::VerifiedReceipt;
use std::collections::{BTreeMap, VecDeque};

/// How many traces are held beside each other.
const MAX_HELD: usize = 512;
/// The most receipts of one that is held, and of the chosen one.
const MAX_NODES: (usize, usize) = (200, 2_000);
/// The most receipts that are drawn.
const MAX_DRAWN: usize = 48;
/// The most problems that are told.
const MAX_PROBLEMS: usize = 20;
/// The most bytes of a text of a step.
const MAX_TEXT: usize = 200;

/// One trace.
#[derive(Default)]
struct Held {
    builder: TraceBuilder,
    marks: Vec<Mark>,
    cut: bool,
    /// The receipt for which it was chosen.
    trigger: Option<u64>,
}

impl Held {
    fn push(&mut self, receipt: &VerifiedReceipt<'_>, mark: &Mark, most: usize) {
        if self.marks.len() >= most {
            self.cut = true;
            return;
        }
        // A receipt whose body does not decode is no node; its verdict says so.
        if matches!(self.builder.push(receipt), Ok(true)) {
            self.marks.push(*mark);
        }
    }
}

/// Looks for the case.
///
/// It is the trace that was asked for; else the one with the first incident receipt or escalated
/// decision, or with a receipt that an incident before that is about; else the one with the most receipts. Of those that are not chosen yet, the 512 that began
/// last are held, with their first 200 receipts, and the largest of those that went.
pub(super) struct Cases {
    asked: bool,
    chosen: Option<(String, Held)>,
    held: BTreeMap<String, Held>,
    order: VecDeque<String>,
    largest: Option<(String, Held)>,
}

impl Cases {
    pub(super) fn new(asked: Option<&str>) -> Self {
        let chosen = asked.map(|id| (id.to_owned(), begin(id)));
        Self {
            asked: asked.is_some(),
            chosen,
            held: BTreeMap::new(),
            order: VecDeque::new(),
            largest: None,
        }
    }

    /// Takes the next receipt; `alarm` is whether it is an incident or an escalated decision.
    pub(super) fn push(&mut self, receipt: &VerifiedReceipt<'_>, mark: &Mark, alarm: bool) {
        let id = receipt.header().trace_id;
        if let Some((chosen, held)) = &mut self.chosen {
            if chosen == id {
                held.push(receipt, mark, MAX_NODES.1);
            }
            return;
        }
        if id.is_empty() {
            return;
        }
        if !self.held.contains_key(id) {
            self.let_go();
            self.held.insert(id.to_owned(), begin(id));
            self.order.push_back(id.to_owned());
        }
        if let Some(held) = self.held.get_mut(id) {
            // The receipt for which a trace is chosen is never left out.
            let most = if alarm { MAX_NODES.1 } else { MAX_NODES.0 };
            held.push(receipt, mark, most);
        }
        if alarm {
            self.choose(id, mark.seq);
        }
    }

    /// Chooses the trace of a receipt that an incident is about; the first that is still held.
    pub(super) fn incident(&mut self, receipts: &[LeafHash]) {
        if self.chosen.is_some() {
            return;
        }
        let found = receipts.iter().find_map(|hash| {
            self.held.iter().find_map(|(id, held)| {
                let mark = held.marks.iter().find(|mark| mark.hash == *hash)?;
                Some((id.clone(), mark.seq))
            })
        });
        if let Some((id, seq)) = found {
            self.choose(&id, seq);
        }
    }

    fn choose(&mut self, id: &str, seq: u64) {
        if let Some(mut held) = self.held.remove(id) {
            held.trigger = Some(seq);
            self.chosen = Some((id.to_owned(), held));
            (self.held, self.order, self.largest) = Default::default();
        }
    }

    /// Makes room; the largest that goes is kept.
    fn let_go(&mut self) {
        while self.order.len() >= MAX_HELD
            && let Some(id) = self.order.pop_front()
        {
            if let Some(held) = self.held.remove(&id) {
                self.compare(id, held);
            }
        }
    }

    fn compare(&mut self, id: String, held: Held) {
        let most = self
            .largest
            .as_ref()
            .map_or(0, |(_, held)| held.marks.len());
        if held.marks.len() > most {
            self.largest = Some((id, held));
        }
    }

    /// The case, and the receipts that it names.
    pub(super) fn finish(mut self) -> (Option<CaseFigure>, Vec<Mark>) {
        let why = match (&self.chosen, self.asked) {
            (Some(_), true) => CaseReason::Asked,
            (Some(_), false) => CaseReason::FirstIncident,
            (None, _) => CaseReason::Largest,
        };
        while let Some(id) = self.order.pop_front() {
            if let Some(held) = self.held.remove(&id) {
                self.compare(id, held);
            }
        }
        match self.chosen.or(self.largest) {
            Some((_, held)) if held.marks.is_empty() => (None, Vec::new()),
            Some((id, held)) => {
                let (figure, named) = draw(id, held, why);
                (Some(figure), named)
            }
            None => (None, Vec::new()),
        }
    }
}

fn begin(id: &str) -> Held {
    Held {
        builder: TraceBuilder::new(id),
        ..Held::default()
    }
}

fn draw(trace_id: String, held: Held, why: CaseReason) -> (CaseFigure, Vec<Mark>) {
    let graph = held.builder.finish();
    let all: Vec<NodeIndex> = graph.nodes().collect();
    let view = match held.trigger.and_then(|seq| graph.node_at(seq)) {
        Some(node) if all.len() > MAX_DRAWN => {
            let mut view = graph.around(node, MAX_DRAWN);
            view.sort_unstable();
            view
        }
        _ => all.into_iter().take(MAX_DRAWN).collect(),
    };
    let steps: Vec<CaseStep> = view.iter().map(|node| step(&graph, *node, &view)).collect();
    let drawn = |mark: &&Mark| steps.iter().any(|step| step.seq == mark.seq);
    let named = held.marks.iter().filter(drawn).copied().collect();
    let problems = graph.problems().iter().take(MAX_PROBLEMS);
    let figure = CaseFigure {
        trace_id,
        why,
        nodes: graph.len() as u64,
        edges: graph.edges() as u64,
        problems: problems.map(|problem| problem.describe(&graph)).collect(),
        cut: held.cut,
        svg: graph.svg(&view),
        steps,
    };
    (figure, named)
}

fn step(graph: &TraceGraph, node: NodeIndex, view: &[NodeIndex]) -> CaseStep {
    let parents = graph.parents(node).iter();
    let drawn = parents.filter(|parent| view.binary_search(parent).is_ok());
    let mut label = cut(graph.label(node));
    if !graph.to(node).is_empty() {
        label = format!("{label} → {}", cut(graph.to(node)));
    }
    CaseStep {
        seq: graph.seq(node),
        sealed_at: Timestamp::from_micros(graph.sealed_us(node)),
        sort: graph
            .sort(node)
            .map(|sort| sort.to_string())
            .unwrap_or_default(),
        agent: cut(graph.agent(node)),
        label,
        status: graph.status(node).to_owned(),
        alarm: graph.alarm(node),
        parents: drawn.map(|parent| graph.seq(*parent)).collect(),
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    if end < text.len() {
        out.push('…');
    }
    out
}
