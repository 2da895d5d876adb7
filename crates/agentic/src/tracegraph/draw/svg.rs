//! The picture itself. It loads nothing, runs nothing, and every text in it is escaped.

use super::place::{Edge, Leg, Placed, Point, place};
use super::{BOX, MAX_DRAWN};
use crate::tracegraph::text::visible;
use crate::{NodeIndex, NodeSort, TraceGraph, TraceStep};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const MARGIN: f64 = 28.0;
/// Height of title and legend.
const HEAD: f64 = 74.0;
/// Narrower pictures would cut the legend off.
const NARROWEST: f64 = 700.0;
/// Units of width that a box's first and second line hold.
const FITS: (usize, usize) = (26, 35);

/// What a node's colour says.
const SORTS: [(&str, &str); 5] = [
    ("decision", "#3f51b5"),
    ("tool intent", "#b26a00"),
    ("tool outcome", "#00796b"),
    ("step of the trace", "#7b3fb5"),
    ("other receipt", "#667085"),
];

impl TraceGraph {
    /// The nodes of `view`, which is in ascending order, and the edges among them, as a
    /// self-contained SVG: parents above children, the critical path emphasised, alarms in red.
    ///
    /// It has at most [`MAX_DRAWN`] nodes, the first of `view`, and says so where these are not all.
    ///
    /// ```
    /// use ai_audit_agentic::{Node, NodeSort, TraceBuilder};
    /// use ai_audit_core::LeafHash;
    /// let mut builder = TraceBuilder::new("t");
    /// let node = Node { label: "<search>".into(), ..Node::new(LeafHash::of(b"a"), 1, NodeSort::ToolIntent) };
    /// builder.add(&node)?;
    /// let graph = builder.finish();
    /// let svg = graph.svg(&graph.nodes().collect::<Vec<_>>());
    /// assert!(svg.starts_with("<svg ") && svg.contains("&lt;search&gt;"));
    /// # Ok::<(), ai_audit_agentic::TraceError>(())
    /// ```
    #[must_use]
    pub fn svg(&self, view: &[NodeIndex]) -> String {
        let view = view.get(..MAX_DRAWN).unwrap_or(view);
        let placed = place(self, view);
        let path = self.critical_path();
        let critical: BTreeSet<NodeIndex> = path.nodes.iter().copied().collect();
        let width = (placed.size.0 + 2.0 * MARGIN).max(NARROWEST);
        let height = placed.size.1 + HEAD + 2.0 * MARGIN;
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             font-family=\"Inter, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif\">"
        );
        let _ = writeln!(out, "<title>Trace {}</title>", escaped(self.trace_id()));
        out.push_str(DEFINITIONS);
        self.head(&mut out, view, &placed, path.duration_us, width);
        let left = (width - placed.size.0) / 2.0;
        let _ = writeln!(
            out,
            "<g transform=\"translate({left:.1} {:.1})\">",
            HEAD + MARGIN
        );
        let on_path = |place: usize| view.get(place).is_some_and(|node| critical.contains(node));
        let steps: BTreeSet<(NodeIndex, NodeIndex)> = path
            .nodes
            .windows(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
            .collect();
        // Emphasised ones last, so that nothing crosses over them.
        for emphasised in [false, true] {
            for edge in &placed.edges {
                let ends = view.get(edge.parent).zip(view.get(edge.child));
                let is = ends.is_some_and(|(one, two)| steps.contains(&(*one, *two)));
                if is == emphasised {
                    draw_edge(&mut out, edge, is);
                }
            }
        }
        for (place, node) in view.iter().enumerate() {
            self.draw_box(&mut out, *node, &placed, place, on_path(place));
        }
        out.push_str("</g>\n</svg>\n");
        out
    }

    fn head(
        &self,
        out: &mut String,
        view: &[NodeIndex],
        placed: &Placed,
        critical_us: u64,
        width: f64,
    ) {
        let title = clipped(self.trace_id(), 60);
        let _ = writeln!(
            out,
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"{MARGIN}\" y=\"32\" font-size=\"16\" font-weight=\"600\" fill=\"#101828\">Trace {title}</text>"
        );
        let mut facts = format!(
            "{} nodes, {} edges, {} deep",
            self.len(),
            self.edges(),
            self.depth()
        );
        if critical_us > 0 {
            let _ = write!(facts, ", critical path {}", time(critical_us));
        }
        if view.len() < self.len() {
            let _ = write!(facts, "; {} of the nodes are drawn", view.len());
        }
        if placed.omitted > 0 {
            let _ = write!(facts, "; {} edges among them are not", placed.omitted);
        }
        let problems = self.problems().len();
        if problems > 0 {
            let _ = write!(
                facts,
                "; {problems} {} with parents",
                if problems == 1 { "problem" } else { "problems" }
            );
        }
        let color = if problems > 0 { "#b3261e" } else { "#475467" };
        let _ = writeln!(
            out,
            "<text x=\"{MARGIN}\" y=\"52\" font-size=\"12\" fill=\"{color}\">{facts}</text>"
        );
        let mut left = MARGIN;
        for (name, color) in SORTS {
            let _ = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"66\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{color}\"/>\
                 <text x=\"{:.1}\" y=\"75\" font-size=\"11\" fill=\"#475467\">{name}</text>",
                left + 15.0
            );
            left += 15.0 + 6.2 * f64::from(u32::try_from(name.len()).unwrap_or(0)) + 18.0;
        }
        let _ = writeln!(
            out,
            "<path d=\"M{left:.1} 71h22\" stroke=\"#101828\" stroke-width=\"2.4\"/>\
             <text x=\"{:.1}\" y=\"75\" font-size=\"11\" fill=\"#475467\">critical path</text>\n\
             <path d=\"M{MARGIN} 88H{:.1}\" stroke=\"#eaecf0\"/>",
            left + 28.0,
            width - MARGIN
        );
    }

    fn draw_box(
        &self,
        out: &mut String,
        node: NodeIndex,
        placed: &Placed,
        place: usize,
        critical: bool,
    ) {
        let (x, y) = placed.boxes.get(place).copied().unwrap_or_default();
        let (left, top) = (x - BOX.0 / 2.0, y - BOX.1 / 2.0);
        let sort = self.sort(node);
        let ((_, color), name) = match sort {
            Some(NodeSort::Decision) => (SORTS[0], "decision".into()),
            Some(NodeSort::ToolIntent) => (SORTS[1], "intent".into()),
            Some(NodeSort::ToolOutcome) => (SORTS[2], "outcome".into()),
            Some(NodeSort::Step(step)) => (SORTS[3], step.name().replace('_', "-")),
            other => (
                SORTS[4],
                other.map(|sort| sort.to_string()).unwrap_or_default(),
            ),
        };
        let round = match sort {
            Some(NodeSort::Step(TraceStep::Parallel | TraceStep::Join)) => BOX.1 / 2.0,
            _ => 6.0,
        };
        let alarm = self.alarm(node);
        let (border, fill, thick) = match (alarm, critical) {
            (true, _) => ("#b3261e", "#fef3f2", 1.6),
            (false, true) => ("#101828", "#ffffff", 1.6),
            (false, false) => ("#d0d5dd", "#ffffff", 1.0),
        };
        let mut label = self.label(node).to_owned();
        if !self.to(node).is_empty() {
            label = format!("{label} → {}", self.to(node));
        }
        if label.is_empty() {
            label.clone_from(&name);
        }
        let status = if alarm { self.status(node) } else { "" };
        let mut below = format!("#{} {name}", self.seq(node));
        for more in [status, self.agent(node)] {
            if !more.is_empty() {
                let _ = write!(below, " · {more}");
            }
        }
        let mut whole = format!("receipt {}: {name} {label}", self.seq(node));
        for more in [self.agent(node), self.status(node)] {
            if !more.is_empty() {
                let _ = write!(whole, ", {more}");
            }
        }
        if let Some(duration) = self.duration_us(node) {
            let _ = write!(whole, ", {}", time(duration));
        }
        let _ = writeln!(
            out,
            "<g><title>{}</title>\
             <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{}\" height=\"{}\" rx=\"{round}\" fill=\"{fill}\" stroke=\"{border}\" stroke-width=\"{thick}\"/>\
             <rect x=\"{:.1}\" y=\"{:.1}\" width=\"4\" height=\"{}\" rx=\"2\" fill=\"{color}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" font-weight=\"600\" fill=\"#101828\">{}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" fill=\"{}\">{}</text></g>",
            escaped(&whole),
            BOX.0,
            BOX.1,
            left + 8.0,
            top + 8.0,
            BOX.1 - 16.0,
            left + 19.0,
            top + 18.0,
            clipped(&label, FITS.0),
            left + 19.0,
            top + 32.0,
            if alarm { "#b3261e" } else { "#667085" },
            clipped(&below, FITS.1),
        );
    }
}

const DEFINITIONS: &str = "<defs>\
<marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\" markerUnits=\"userSpaceOnUse\"><path d=\"M0 .5 7.5 4 0 7.5z\" fill=\"#98a2b3\"/></marker>\
<marker id=\"b\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" markerUnits=\"userSpaceOnUse\"><path d=\"M0 .5 7.5 4 0 7.5z\" fill=\"#101828\"/></marker>\
</defs>\n";

fn draw_edge(out: &mut String, edge: &Edge, critical: bool) {
    let mut d = String::new();
    let mut at: Point = (0.0, 0.0);
    for leg in &edge.way {
        match leg {
            Leg::Start(point) => {
                let _ = write!(d, "M{:.1} {:.1}", point.0, point.1);
                at = *point;
            }
            Leg::Curve(to) => {
                let middle = f64::midpoint(at.1, to.1);
                let _ = write!(
                    d,
                    "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                    at.0, to.0, to.0, to.1
                );
                at = *to;
            }
            Leg::Corners(points) => {
                for (place, point) in points.iter().enumerate() {
                    corner(&mut d, at, *point, points.get(place + 1));
                    at = *point;
                }
            }
        }
    }
    let (color, thick, end) = match (critical, edge.light) {
        (true, _) => ("#101828", 2.0, "b"),
        (false, false) => ("#98a2b3", 1.2, "a"),
        (false, true) => ("#d0d5dd", 0.8, "a"),
    };
    let _ = writeln!(
        out,
        "<path d=\"{d}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{thick}\" marker-end=\"url(#{end})\"/>"
    );
}

/// A line to a corner, which is rounded where the way goes on.
fn corner(d: &mut String, from: Point, to: Point, next: Option<&Point>) {
    let toward = |from: Point, to: Point, by: f64| {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let length = x.hypot(y);
        let part = if length > 0.0 {
            by.min(length / 2.0) / length
        } else {
            0.0
        };
        (from.0 + x * part, from.1 + y * part)
    };
    match next {
        None => {
            let _ = write!(d, "L{:.1} {:.1}", to.0, to.1);
        }
        Some(next) => {
            let (before, after) = (toward(to, from, 7.0), toward(to, *next, 7.0));
            let _ = write!(
                d,
                "L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
                before.0, before.1, to.0, to.1, after.0, after.1
            );
        }
    }
}

/// Microseconds for people.
fn time(micros: u64) -> String {
    let (unit, name) = match micros {
        0..1_000 => return format!("{micros} µs"),
        1_000..1_000_000 => (100, "ms"),
        _ => (100_000, "s"),
    };
    let tenths = micros / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

fn escape(c: char, out: &mut String) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        other => out.push(other),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A title of a thousand characters helps nobody.
    for c in text.chars().take(1000) {
        visible(c, &mut out, escape);
    }
    out
}

/// Cut to a width, in which letters of East Asia count twice.
fn clipped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let own = if u32::from(c) >= 0x1100 { 2 } else { 1 };
        let more = usize::from(chars.peek().is_some());
        if used + own + more > width {
            out.push('…');
            break;
        }
        used += own;
        visible(c, &mut out, escape);
    }
    out
}
