//! A flame graph as SVG: the width of a box is its share of the samples, what it calls stands above it,
//! its colour says what it belongs to. What is narrower than a thousandth is left out.

use super::parts::{KERNEL, Part};
use super::stacks::{Node, Stacks};
use crate::svg::{Align, Svg, escaped};

/// Width of the drawing, and of all samples.
const WIDTH: f64 = 1200.0;
const INSIDE: f64 = 1180.0;
/// Height of a box.
const BOX: f64 = 17.0;
/// Above the boxes: title and legend.
const TOP: f64 = 62.0;
/// The narrowest box that is drawn, and the narrowest with a name in it.
const NARROW: f64 = INSIDE / 1000.0;
const NAMED: f64 = 28.0;
/// Width of a letter.
const LETTER: f64 = 6.7;

/// Colours of the parts on a light and a dark page, and the boxes' names.
const STYLE: &str = ".ed{fill:#f6c08a}.sh{fill:#f3de8a}.sq{fill:#a9cfe8}.sy{fill:#c9ccd4}\
.th{fill:#e3bfe0}.ou{fill:#a8dcc0}.ot{fill:#e6e8ec}rect{stroke:var(--surface);stroke-width:.6}\
@media(prefers-color-scheme:dark){.ed{fill:#7c4a16}.sh{fill:#655813}.sq{fill:#1f4e70}.sy{fill:#454b57}\
.th{fill:#623a60}.ou{fill:#1e5a40}.ot{fill:#2c3542}}\
.b{font:11px ui-monospace,Menlo,Consolas,monospace;pointer-events:none}";

pub(super) fn draw(stacks: &Stacks, title: &str, says: &str) -> String {
    let all = count(stacks.root.samples.max(1));
    let scale = INSIDE / all;
    let deep = stacks
        .root
        .calls
        .values()
        .map(|node| depth(node, scale))
        .max();
    let height = TOP + BOX * count(deep.unwrap_or(0)) + 12.0;
    let mut svg = Svg::new((WIDTH, height), title, says, STYLE);
    svg.text((10.0, 24.0), 16.0, Align::Start, false, title);
    legend(&mut svg, stacks, all);
    let mut left = 10.0;
    for (name, node) in &stacks.root.calls {
        let place = (left, height - 12.0 - BOX);
        boxes(&mut svg, (name, node), place, scale, Part::Other);
        left += count(node.samples) * scale;
    }
    svg.finish()
}

fn legend(svg: &mut Svg, stacks: &Stacks, all: f64) {
    let mut left = 10.0;
    for part in Part::ALL {
        let share = count(stacks.parts.get(&part).copied().unwrap_or(0)) / all;
        if share < 0.001 {
            continue;
        }
        let text = format!("{} {:.0} %", part.name(), 100.0 * share);
        svg.raw(&format!(
            "<rect class=\"{}\" x=\"{left:.0}\" y=\"36\" width=\"14\" height=\"14\"/>",
            part.class()
        ));
        svg.text((left + 20.0, 48.0), 13.0, Align::Start, false, &text);
        left += 44.0 + 7.0 * count(u64::try_from(text.chars().count()).unwrap_or(0));
    }
}

/// How many boxes stand on each other, as far as they are drawn.
fn depth(node: &Node, scale: f64) -> u64 {
    if count(node.samples) * scale < NARROW {
        return 0;
    }
    let above = node.calls.values().map(|node| depth(node, scale)).max();
    1 + above.unwrap_or(0)
}

/// A function's box and those above it.
fn boxes(svg: &mut Svg, of: (&str, &Node), at: (f64, f64), scale: f64, caller: Part) {
    let (name, node) = of;
    let width = count(node.samples) * scale;
    if width < NARROW {
        return;
    }
    let part = caller.within(name);
    let label = name.trim_end_matches(KERNEL);
    let share = 100.0 * width / INSIDE;
    svg.raw(&format!(
        "<g><title>{} {share:.1} %</title><rect class=\"{}\" x=\"{:.1}\" y=\"{:.0}\" \
         width=\"{width:.1}\" height=\"{BOX:.0}\"/>{}</g>",
        escaped(label),
        part.class(),
        at.0,
        at.1,
        inside(label, width, at)
    ));
    let mut left = at.0;
    for (name, node) in &node.calls {
        boxes(svg, (name, node), (left, at.1 - BOX), scale, part);
        left += count(node.samples) * scale;
    }
}

/// As much of a function's name as fits into its box.
fn inside(name: &str, width: f64, at: (f64, f64)) -> String {
    if width < NAMED {
        return String::new();
    }
    let name = short(name);
    let mut fits = name.clone();
    while count(u64::try_from(fits.chars().count()).unwrap_or(u64::MAX)) * LETTER > width - 6.0 {
        fits.pop();
    }
    format!(
        "<text class=\"b\" x=\"{:.1}\" y=\"{:.0}\">{}</text>",
        at.0 + 3.0,
        at.1 + 12.5,
        escaped(&fits)
    )
}

/// A path's last two names; of a trait's function on a type both names.
pub(super) fn short(name: &str) -> String {
    let mut depth = 0_usize;
    let mut flat = String::new();
    // Type parameters are left out, unless the whole path begins with `<T as Trait>`.
    let name = match name
        .strip_prefix('<')
        .and_then(|rest| rest.split_once(" as "))
    {
        Some((of, rest)) => {
            let function = rest.rsplit_once(">::").map_or("", |(_, function)| function);
            format!("{of}::{function}")
        }
        None => name.to_owned(),
    };
    for c in name.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => flat.push(c),
            _ => {}
        }
    }
    let parts: Vec<&str> = flat.split("::").filter(|part| !part.is_empty()).collect();
    let parts = parts
        .get(parts.len().saturating_sub(2)..)
        .unwrap_or_default();
    parts.join("::")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer samples than 2^53"
)]
const fn count(samples: u64) -> f64 {
    samples as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_last_two() {
        let shown = [
            "curve25519_dalek::backend::serial::u64::field::FieldElement51::square",
            "<sha2::core_api::Sha512VarCore as digest::core_api::VariableOutputCore>::update",
            "alloc::vec::Vec<T,A>::push",
            "sqlite3_step",
        ]
        .map(short);
        assert_eq!(
            shown,
            [
                "FieldElement51::square",
                "Sha512VarCore::update",
                "Vec::push",
                "sqlite3_step"
            ]
        );
    }

    #[test]
    fn narrow_boxes_are_left_out_and_wide_ones_named() {
        let wide = "measure\n\t1 ai_audit_core::seal (x)\n\n".repeat(2000);
        let narrow = "measure\n\t1 sqlite3_step (x)\n\n";
        let drawn = draw(&Stacks::parse(&(wide + narrow)), "t", "d");
        assert!(drawn.contains(">ai_audit_core::seal</text>"));
        assert!(!drawn.contains("sqlite3_step"));
    }
}
