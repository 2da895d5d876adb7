//! What is asked of a graph. All of it is one pass or one walk over a list, never recursion: a
//! trace may be as deep as the log is long.

use super::{NodeIndex, NodeSort, TraceGraph};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::Serialize;

/// The path whose durations add up to most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// Its nodes, first to last; none in an empty graph.
    pub nodes: Vec<NodeIndex>,
    /// The sum of their durations, in microseconds. Nodes without one add nothing.
    pub duration_us: u64,
}

/// What one agent did in a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AgentTotals {
    /// All its nodes.
    pub nodes: u64,
    /// Decisions.
    pub decisions: u64,
    /// Tool intents.
    pub tool_intents: u64,
    /// Tool outcomes.
    pub tool_outcomes: u64,
    /// Trace nodes.
    pub steps: u64,
    /// Nodes whose end is worth a look.
    pub alarms: u64,
    /// Sum of durations, in microseconds.
    pub duration_us: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl TraceGraph {
    /// Depth of each node, in the order of nodes: 1 without parents, else one more than the
    /// deepest parent.
    #[must_use]
    pub fn depths(&self) -> Vec<u32> {
        let mut depths: Vec<u32> = Vec::with_capacity(self.len());
        for node in self.nodes() {
            let parents = self.parents(node).iter();
            let deepest = parents
                .filter_map(|parent| depths.get(parent.as_usize()))
                .max();
            depths.push(deepest.map_or(1, |deepest| deepest + 1));
        }
        depths
    }

    /// The greatest depth; 0 without nodes.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depths().into_iter().max().unwrap_or(0)
    }

    /// All that a node follows from, over any number of edges, in the order of the log, without
    /// the node itself.
    #[must_use]
    pub fn lineage(&self, node: NodeIndex) -> Vec<NodeIndex> {
        self.reached(node, |node| self.parents(node))
    }

    /// All that follows from a node, over any number of edges, in the order of the log, without
    /// the node itself.
    #[must_use]
    pub fn descendants(&self, node: NodeIndex) -> Vec<NodeIndex> {
        self.reached(node, |node| self.children(node))
    }

    fn reached<'g>(
        &'g self,
        from: NodeIndex,
        next: impl Fn(NodeIndex) -> &'g [NodeIndex],
    ) -> Vec<NodeIndex> {
        let mut seen = alloc::vec![false; self.len()];
        let mut found = Vec::new();
        let mut open = alloc::vec![from];
        while let Some(node) = open.pop() {
            for other in next(node) {
                if let Some(seen) = seen.get_mut(other.as_usize())
                    && !*seen
                {
                    *seen = true;
                    found.push(*other);
                    open.push(*other);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The nodes nearest to one, over edges of either direction, it included: at most `limit`, in
    /// the order of the log. To draw a part of a large graph.
    #[must_use]
    pub fn around(&self, node: NodeIndex, limit: usize) -> Vec<NodeIndex> {
        let mut seen = alloc::vec![false; self.len()];
        let mut found = Vec::new();
        let mut take = |node: NodeIndex, found: &mut Vec<NodeIndex>| {
            if let Some(seen) = seen.get_mut(node.as_usize())
                && !*seen
                && found.len() < limit
            {
                *seen = true;
                found.push(node);
            }
        };
        take(node, &mut found);
        let mut next = 0;
        while let Some(node) = found.get(next).copied() {
            for other in self.parents(node).iter().chain(self.children(node)) {
                take(*other, &mut found);
            }
            next += 1;
        }
        found.sort_unstable();
        found
    }

    /// The critical path: longest in time; of equal ones the one with more nodes; then the one
    /// whose nodes come earlier.
    #[must_use]
    pub fn critical_path(&self) -> CriticalPath {
        let mut best: Vec<(u64, u32, Option<NodeIndex>)> = Vec::with_capacity(self.len());
        let mut end: Option<(u64, u32, NodeIndex)> = None;
        for node in self.nodes() {
            let mut longest = (0, 0, None);
            for parent in self.parents(node) {
                let Some((time, nodes, _)) = best.get(parent.as_usize()).copied() else {
                    continue;
                };
                let earlier = longest.2.is_some_and(|other| *parent < other);
                if longest.2.is_none()
                    || (time, nodes) > (longest.0, longest.1)
                    || ((time, nodes) == (longest.0, longest.1) && earlier)
                {
                    longest = (time, nodes, Some(*parent));
                }
            }
            longest.0 = longest
                .0
                .saturating_add(self.duration_us(node).unwrap_or(0));
            longest.1 += 1;
            if end.is_none_or(|(time, nodes, _)| (longest.0, longest.1) > (time, nodes)) {
                end = Some((longest.0, longest.1, node));
            }
            best.push(longest);
        }
        let mut path = CriticalPath {
            duration_us: end.map_or(0, |(time, ..)| time),
            nodes: Vec::new(),
        };
        let mut at = end.map(|(.., node)| node);
        while let Some(node) = at {
            path.nodes.push(node);
            at = best.get(node.as_usize()).and_then(|(.., before)| *before);
        }
        path.nodes.reverse();
        path
    }

    /// What each agent did, by its name.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<&str, AgentTotals> {
        // By the number of the name first: a map of texts is asked once an agent, not once a node.
        let mut by_number: BTreeMap<u32, AgentTotals> = BTreeMap::new();
        let mut names: BTreeMap<u32, NodeIndex> = BTreeMap::new();
        for (node, record) in self.nodes().zip(&self.records) {
            names.entry(record.agent).or_insert(node);
            let totals = by_number.entry(record.agent).or_default();
            totals.nodes += 1;
            totals.alarms += u64::from(record.alarm);
            match record.sort {
                NodeSort::Decision => totals.decisions += 1,
                NodeSort::ToolIntent => totals.tool_intents += 1,
                NodeSort::ToolOutcome => totals.tool_outcomes += 1,
                NodeSort::Step(_) => totals.steps += 1,
                NodeSort::Provenance | NodeSort::Other(_) => {}
            }
            let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
            add(&mut totals.duration_us, record.duration_us.unwrap_or(0));
            add(&mut totals.input_tokens, record.input_tokens);
            add(&mut totals.output_tokens, record.output_tokens);
        }
        let named = names.into_iter().filter_map(|(number, node)| {
            let totals = by_number.get(&number)?;
            Some((self.agent(node), *totals))
        });
        named.collect()
    }
}
