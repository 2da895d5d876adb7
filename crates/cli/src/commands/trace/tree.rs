//! A trace as a tree for a terminal.
//!
//! A step stands below the last one that every way to it goes through (its immediate dominator), so
//! that a join stands below the branches that it closes and not inside of one. What follows alone goes
//! on at the same depth: a conversation of a hundred turns is a list, not a stair.

use crate::output::safe;
use ai_audit_agentic::{NodeIndex, NodeSort, TraceGraph};
use std::fmt::Write as _;
use textwrap::core::display_width;

/// Deeper branches are not indented further.
const DEEPEST: usize = 30;
/// How many parents are named.
const NAMED: usize = 4;

/// A line, and whether what it says is worth a look.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) alarm: bool,
}

/// The nodes of `view`, which is in ascending order, in lines of at most `width` columns.
pub(super) fn lines(graph: &TraceGraph, view: &[NodeIndex], width: usize) -> Vec<Line> {
    let parents: Vec<Vec<usize>> = view
        .iter()
        .map(|node| {
            let parents = graph.parents(*node).iter();
            parents
                .filter_map(|parent| view.binary_search(parent).ok())
                .collect()
        })
        .collect();
    let (tops, below) = dominated(&parents);
    let mut lines = Vec::with_capacity(view.len());
    // Node, what its own line begins with, what lines at its depth begin with.
    let mut open: Vec<(usize, String, String)> = tops
        .into_iter()
        .rev()
        .map(|top| (top, String::new(), String::new()))
        .collect();
    while let Some((place, lead, depth)) = open.pop() {
        let Some(node) = view.get(place) else {
            continue;
        };
        let text = lead + &describe(graph, *node);
        lines.push(Line {
            text: cut(&text, width),
            alarm: graph.alarm(*node),
        });
        let Some(children) = below.get(place) else {
            continue;
        };
        let joins = |child: &usize| parents.get(*child).is_some_and(|list| list.len() > 1);
        let (branches, next) = match children.split_last() {
            Some((last, rest)) if rest.is_empty() || joins(last) => (rest, Some(*last)),
            _ => (children.as_slice(), None),
        };
        // The one that is printed last is put down first.
        open.extend(next.map(|next| (next, depth.clone(), depth.clone())));
        let last = branches.last().copied();
        for branch in branches.iter().rev() {
            open.push(if depth.chars().count() >= DEEPEST {
                (*branch, format!("{depth}» "), depth.clone())
            } else if Some(*branch) == last {
                (*branch, format!("{depth}└─ "), format!("{depth}   "))
            } else {
                (*branch, format!("{depth}├─ "), format!("{depth}│  "))
            });
        }
    }
    lines
}

/// Nodes that nothing stands above, and for each node those that it dominates immediately. Parents
/// have lower places, so one pass does it (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance
/// Algorithm", on a graph without cycles).
fn dominated(parents: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut above: Vec<Option<usize>> = Vec::with_capacity(parents.len());
    let mut tops = Vec::new();
    let mut below = vec![Vec::new(); parents.len()];
    for (node, parents) in parents.iter().enumerate() {
        let mut parents = parents.iter().copied();
        let mut found = parents.next();
        for parent in parents {
            let mut other = Some(parent);
            while found != other {
                // Whoever comes later in the log cannot stand above the other.
                if found > other {
                    found = found.and_then(|node| above.get(node).copied().flatten());
                } else {
                    other = other.and_then(|node| above.get(node).copied().flatten());
                }
            }
        }
        above.push(found);
        match found.and_then(|found| below.get_mut(found)) {
            Some(list) => list.push(node),
            None => tops.push(node),
        }
    }
    (tops, below)
}

fn describe(graph: &TraceGraph, node: NodeIndex) -> String {
    let mut text = format!("{} ", graph.seq(node));
    let sort = match graph.sort(node) {
        Some(NodeSort::ToolIntent) => "calls".into(),
        Some(NodeSort::ToolOutcome) => "result of".into(),
        Some(sort) => sort.to_string().replace('_', "-"),
        None => String::new(),
    };
    text.push_str(&sort);
    let parents = graph.parents(node);
    // Writing to a String cannot fail.
    let mut add = |before: &str, more: &str| {
        if !more.is_empty() {
            let _ = write!(text, "{before}{}", safe(more));
        }
    };
    add(" ", graph.label(node));
    add(" → ", graph.to(node));
    add(": ", graph.status(node));
    add(" · ", graph.agent(node));
    if graph.imported_of_us(node).is_some() {
        add(" · ", "imported");
    }
    if let Some(duration) = graph.duration_us(node) {
        add(" · ", &time(duration));
    }
    if parents.len() > 1 {
        let named = parents.iter().take(NAMED);
        let named: Vec<String> = named.map(|parent| graph.seq(*parent).to_string()).collect();
        add(" <- ", &named.join(", "));
        if parents.len() > NAMED {
            add(", ", &format!("{} more", parents.len() - NAMED));
        }
    }
    text
}

/// Microseconds for people.
pub(super) fn time(micros: u64) -> String {
    let (unit, name) = match micros {
        0..1_000 => return format!("{micros} µs"),
        1_000..1_000_000 => (100, "ms"),
        _ => (100_000, "s"),
    };
    let tenths = micros / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// Cuts a line that is safe already to so many columns.
fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.into();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let own = display_width(c.encode_utf8(&mut [0; 4]));
        if used + own >= width {
            break;
        }
        used += own;
        out.push(c);
    }
    out.push('…');
    out
}
