//! Graphs as text that other programs draw: Graphviz DOT and Mermaid. Names come from the recorded
//! system and may be hostile; each form escapes for its reader.

use super::{NodeIndex, NodeSort, TraceGraph, TraceStep};
use alloc::string::String;
use core::fmt::Write as _;

/// The most characters of a name in a drawing.
const MAX_SHOWN: usize = 40;

impl TraceGraph {
    /// The nodes of `view`, which is in ascending order, and the edges among them, in the DOT
    /// language of Graphviz.
    #[must_use]
    pub fn dot(&self, view: &[NodeIndex]) -> String {
        let mut out = String::from(
            "digraph trace {\n  node [fontname=\"Helvetica\", fontsize=10, style=\"filled\", fillcolor=\"#ffffff\"];\n",
        );
        for node in view {
            let shape = match self.sort(*node) {
                Some(NodeSort::Decision) => "box",
                Some(NodeSort::ToolIntent) => "cds",
                Some(NodeSort::ToolOutcome) => "note",
                Some(NodeSort::Step(TraceStep::Parallel | TraceStep::Join)) => "hexagon",
                Some(NodeSort::Step(_)) => "ellipse",
                _ => "plaintext",
            };
            let color = if self.alarm(*node) {
                ", color=\"#b3261e\""
            } else {
                ""
            };
            let label = self.lines(*node, "\\n", dot);
            // Writing to a String cannot fail.
            let seq = self.seq(*node);
            let _ = writeln!(out, "  r{seq} [label=\"{label}\", shape={shape}{color}];");
        }
        self.edges_of(view, |parent, child| {
            let _ = writeln!(out, "  r{parent} -> r{child};");
        });
        out.push_str("}\n");
        out
    }

    /// The same as a Mermaid flowchart.
    #[must_use]
    pub fn mermaid(&self, view: &[NodeIndex]) -> String {
        let mut out = String::from("flowchart TD\n");
        for node in view {
            let (open, close) = match self.sort(*node) {
                Some(NodeSort::ToolIntent) => (">", "]"),
                Some(NodeSort::ToolOutcome) => ("[/", "/]"),
                Some(NodeSort::Step(TraceStep::Parallel | TraceStep::Join)) => ("{{", "}}"),
                Some(NodeSort::Step(_)) => ("([", "])"),
                _ => ("[", "]"),
            };
            let label = self.lines(*node, "<br/>", mermaid);
            let _ = writeln!(out, "  r{}{open}\"{label}\"{close}", self.seq(*node));
            if self.alarm(*node) {
                let _ = writeln!(out, "  style r{} stroke:#b3261e", self.seq(*node));
            }
        }
        self.edges_of(view, |parent, child| {
            let _ = writeln!(out, "  r{parent} --> r{child}");
        });
        out
    }

    /// A node in two lines: number and sort; label and status.
    fn lines(&self, node: NodeIndex, glue: &str, escape: fn(char, &mut String)) -> String {
        let mut out = String::new();
        let sort = self.sort(node).unwrap_or(NodeSort::Decision);
        let _ = write!(out, "{} {sort}", self.seq(node));
        let escaped = |text: &str, out: &mut String| {
            let mut chars = text.chars();
            chars
                .by_ref()
                .take(MAX_SHOWN)
                .for_each(|c| visible(c, out, escape));
            if chars.next().is_some() {
                out.push('…');
            }
        };
        if !self.agent(node).is_empty() {
            out.push_str(" · ");
            escaped(self.agent(node), &mut out);
        }
        out.push_str(glue);
        escaped(self.label(node), &mut out);
        for (before, text) in [(" → ", self.to(node)), (": ", self.status(node))] {
            if !text.is_empty() {
                out.push_str(before);
                escaped(text, &mut out);
            }
        }
        out
    }

    fn edges_of(&self, view: &[NodeIndex], mut edge: impl FnMut(u64, u64)) {
        for child in view {
            for parent in self.parents(*child) {
                if view.binary_search(parent).is_ok() {
                    edge(self.seq(*parent), self.seq(*child));
                }
            }
        }
    }
}

/// Characters that nobody sees, or that turn the direction of writing, become a replacement.
pub(crate) fn visible(c: char, out: &mut String, escape: fn(char, &mut String)) {
    let hidden = c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}');
    escape(if hidden { '\u{fffd}' } else { c }, out);
}

fn dot(c: char, out: &mut String) {
    if matches!(c, '"' | '\\') {
        out.push('\\');
    }
    out.push(c);
}

/// Mermaid reads HTML in labels, and `#…;` as entities.
fn mermaid(c: char, out: &mut String) {
    if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ',' | '\u{fffd}') {
        out.push(c);
    } else {
        let _ = write!(out, "#{};", u32::from(c));
    }
}
