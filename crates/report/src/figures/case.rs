//! The case that is drawn: which trace it is, found while receipts pass by, in bounded memory.

use super::data::{CaseFigure, CaseReason, CaseStep};
use super::mark::Mark;
use super::names::cut;
use ai_audit_agentic::{Node, NodeIndex, TraceBuilder, TraceGraph};
use ai_audit_core::{Digest, LeafHash, Timestamp};
use ai_audit_verify::VerifiedReceipt;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many traces are held beside each other.
const MAX_HELD: usize = 512;
/// How many bytes of them, by the estimate of [`cost`].
const MAX_BYTES: usize = 12 << 20;
/// The most receipts of one that is held, and of the chosen one.
const MAX_NODES: (usize, usize) = (200, 2_000);
/// The most parents of a receipt that are held.
const MAX_PARENTS: usize = 32;
/// The most receipts that are drawn.
const MAX_DRAWN: usize = 48;
/// The most problems that are told.
const MAX_PROBLEMS: usize = 20;

/// One trace.
struct Held {
    id: String,
    builder: TraceBuilder,
    marks: Vec<Mark>,
    cut: bool,
    /// About how many bytes it takes.
    bytes: usize,
    /// The receipt for which it was chosen.
    trigger: Option<u64>,
}

impl Held {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            builder: TraceBuilder::new(id),
            marks: Vec::new(),
            cut: false,
            bytes: 1_024,
            trigger: None,
        }
    }

    /// Whether it was taken.
    fn push(&mut self, receipt: &VerifiedReceipt<'_>, mark: &Mark, most: usize) -> bool {
        if self.marks.len() >= most {
            self.cut = true;
            return false;
        }
        // A receipt whose body does not decode is no node; its verdict says so.
        let Ok(mut node) = Node::of(receipt) else {
            return false;
        };
        for name in [&mut node.agent, &mut node.label, &mut node.to] {
            *name = Cow::Owned(cut(name).into_owned());
        }
        if node.parents.len() > MAX_PARENTS {
            self.cut = true;
            node.parents.truncate(MAX_PARENTS);
        }
        // Neither is drawn.
        (node.tags, node.sources) = Default::default();
        let cost = cost(&node);
        let taken = self.builder.add(&node).is_ok();
        if taken {
            self.marks.push(*mark);
            self.bytes += cost;
        }
        taken
    }
}

/// About how many bytes a node takes here, rather too many: its record and mark, its place among the
/// receipts, its names twice, its parents; all in lists that may be half empty.
fn cost(node: &Node<'_>) -> usize {
    let names = [&node.agent, &node.label, &node.to];
    let names: usize = names.iter().map(|name| 2 * name.len() + 96).sum();
    640 + names + 2 * size_of::<LeafHash>() * node.parents.len()
}

/// Looks for the case.
///
/// It is the trace that was asked for; else the one with the first incident receipt or escalated
/// decision, or with a receipt that an incident before that is about; else the one with the most
/// receipts. Of those that are not chosen yet, the 512 that began last are held, fewer where they take
/// more than 12 MiB, with their first 200 receipts, and the largest of those that went.
pub(super) struct Cases {
    asked: Option<String>,
    chosen: Option<Held>,
    /// Traces by their number, in the order in which they began.
    held: BTreeMap<u64, Held>,
    /// Numbers of those by their ids.
    numbers: BTreeMap<String, u64>,
    /// Numbers of those by their receipts, with each receipt's place.
    receipts: BTreeMap<LeafHash, (u64, u64)>,
    next: u64,
    bytes: usize,
    largest: Option<Held>,
}

impl Cases {
    pub(super) fn new(asked: Option<&str>) -> Self {
        let asked = asked.map(|id| key(id).into_owned());
        Self {
            chosen: asked.as_deref().map(Held::new),
            asked,
            held: BTreeMap::new(),
            numbers: BTreeMap::new(),
            receipts: BTreeMap::new(),
            next: 0,
            bytes: 0,
            largest: None,
        }
    }

    /// Takes the next receipt; `alarm` is whether it is an incident or an escalated decision.
    pub(super) fn push(&mut self, receipt: &VerifiedReceipt<'_>, mark: &Mark, alarm: bool) {
        let id = key(receipt.header().trace_id);
        if let Some(chosen) = &mut self.chosen {
            if chosen.id == id {
                chosen.push(receipt, mark, MAX_NODES.1);
            }
            return;
        }
        if id.is_empty() {
            return;
        }
        let number = self.number(&id);
        let Some(held) = self.held.get_mut(&number) else {
            return;
        };
        // The receipt for which a trace is chosen is never left out.
        let most = if alarm { MAX_NODES.1 } else { MAX_NODES.0 };
        let before = held.bytes;
        if held.push(receipt, mark, most) {
            self.bytes += held.bytes - before;
            self.receipts.insert(mark.hash, (number, mark.seq));
        }
        if alarm {
            self.choose(number, mark.seq);
        }
        // The last one stays: 200 receipts are far below the limit.
        while self.bytes > MAX_BYTES && self.held.len() > 1 {
            self.let_go();
        }
    }

    /// The number of a trace, which is held from now on.
    fn number(&mut self, id: &str) -> u64 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        while self.held.len() >= MAX_HELD {
            self.let_go();
        }
        let (number, held) = (self.next, Held::new(id));
        self.next += 1;
        self.bytes += held.bytes;
        self.held.insert(number, held);
        self.numbers.insert(id.to_owned(), number);
        number
    }

    /// Chooses the trace of a receipt that an incident is about; the first that is still held.
    pub(super) fn incident(&mut self, receipts: &[LeafHash]) {
        let found = receipts.iter().find_map(|hash| self.receipts.get(hash));
        if let Some((number, seq)) = found.copied() {
            self.choose(number, seq);
        }
    }

    fn choose(&mut self, number: u64, seq: u64) {
        if let Some(mut held) = self.held.remove(&number) {
            held.trigger = Some(seq);
            self.chosen = Some(held);
            (self.held, self.largest) = Default::default();
            (self.numbers, self.receipts, self.bytes) = Default::default();
        }
    }

    /// Lets the oldest go; the largest that goes is kept.
    fn let_go(&mut self) {
        let Some((_, held)) = self.held.pop_first() else {
            return;
        };
        self.numbers.remove(&held.id);
        for mark in &held.marks {
            self.receipts.remove(&mark.hash);
        }
        self.bytes = self.bytes.saturating_sub(held.bytes);
        self.compare(held);
    }

    fn compare(&mut self, held: Held) {
        let most = self.largest.as_ref().map_or(0, |held| held.marks.len());
        if held.marks.len() > most {
            self.largest = Some(held);
        }
    }

    /// The case, the receipts that it names, and the trace that was asked for where it has none.
    pub(super) fn finish(mut self) -> (Option<CaseFigure>, Vec<Mark>, Option<String>) {
        let why = match (&self.chosen, &self.asked) {
            (Some(_), Some(_)) => CaseReason::Asked,
            (Some(_), None) => CaseReason::FirstIncident,
            (None, _) => CaseReason::Largest,
        };
        while !self.held.is_empty() {
            self.let_go();
        }
        match self.chosen.or(self.largest) {
            Some(held) if !held.marks.is_empty() => {
                let (figure, named) = draw(held, why);
                (Some(figure), named, None)
            }
            _ => (None, Vec::new(), self.asked),
        }
    }
}

/// What a trace is known by here: its id, or the beginning of a long one with its SHA-256, so that two
/// long ones that begin alike stay two.
fn key(id: &str) -> Cow<'_, str> {
    match cut(id) {
        Cow::Borrowed(short) => short.into(),
        Cow::Owned(short) => format!("{short} (SHA-256 {})", Digest::of(id.as_bytes())).into(),
    }
}

fn draw(held: Held, why: CaseReason) -> (CaseFigure, Vec<Mark>) {
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
        trace_id: held.id,
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
    let (label, to) = (graph.label(node), graph.to(node));
    CaseStep {
        seq: graph.seq(node),
        sealed_at: Timestamp::from_micros(graph.sealed_us(node)),
        imported_of: graph.imported_of_us(node).map(Timestamp::from_micros),
        sort: graph
            .sort(node)
            .map(|sort| sort.to_string())
            .unwrap_or_default(),
        agent: graph.agent(node).to_owned(),
        label: if to.is_empty() {
            label.to_owned()
        } else {
            format!("{label} → {to}")
        },
        status: graph.status(node).to_owned(),
        alarm: graph.alarm(node),
        parents: drawn.map(|parent| graph.seq(*parent)).collect(),
    }
}
