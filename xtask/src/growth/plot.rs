//! The plot: costs over receipts, both axes logarithmic, each line with its name at its end.

use super::{Point, grouped};
use crate::measure::time;
use crate::svg::{Align, Svg};

const SIZE: (f64, f64) = (790.0, 460.0);
/// Left, top, right and bottom of the data.
const EDGES: (f64, f64, f64, f64) = (76.0, 56.0, 600.0, 396.0);
/// Least distance between two names at the right.
const APART: f64 = 18.0;

/// A line: its name, its values, and how to draw it.
struct Line {
    name: &'static str,
    colour: &'static str,
    dashes: &'static str,
    /// Shape of its marks, around 0 0.
    mark: &'static str,
    values: Vec<(f64, f64)>,
}

pub(super) fn draw(points: &[Point]) -> String {
    let lines = lines(points);
    let all = || lines.iter().flat_map(|line| line.values.iter());
    let x = decades(all().map(|value| value.0), false);
    let y = decades(all().map(|value| value.1), true);
    let says: Vec<String> = lines.iter().map(said).collect();
    let mut svg = Svg::new(
        SIZE,
        "What one receipt more costs, over the length of the log",
        &format!("Both axes are logarithmic. {}", says.join(" ")),
        ".l{fill:none;stroke-width:2}.n{font-weight:600}",
    );
    axes(&mut svg, x, y);
    let place = |(receipts, nanos): (f64, f64)| {
        let (left, top, right, bottom) = EDGES;
        (
            left + (receipts.log10() - x.0) / (x.1 - x.0) * (right - left),
            bottom - (nanos.log10() - y.0) / (y.1 - y.0) * (bottom - top),
        )
    };
    for line in &lines {
        let spots: Vec<(f64, f64)> = line.values.iter().map(|value| place(*value)).collect();
        let path: Vec<String> = spots
            .iter()
            .map(|at| format!("{:.1} {:.1}", at.0, at.1))
            .collect();
        svg.raw(&format!(
            "<path class=\"l\" stroke=\"var(--{})\" stroke-dasharray=\"{}\" d=\"M{}\"/>",
            line.colour,
            line.dashes,
            path.join("L")
        ));
        for at in spots {
            svg.raw(&format!(
                "<path fill=\"var(--{})\" transform=\"translate({:.1} {:.1})\" d=\"{}\"/>",
                line.colour, at.0, at.1, line.mark
            ));
        }
    }
    names(&mut svg, &lines, place);
    svg.finish()
}

fn lines(points: &[Point]) -> Vec<Line> {
    let of = |value: fn(&Point) -> f64| points.iter().map(|p| (p.receipts, value(p))).collect();
    let line = |name, colour, dashes, mark, value| Line {
        name,
        colour,
        dashes,
        mark,
        values: of(value),
    };
    vec![
        line("recovery", "c4", "2 3", "M-5-5H5V5H-5Z", |p| p.appended),
        line("checkpoint", "c5", "6 3", "M0-6 6 5H-6Z", |p| p.work[3].0),
        line("proof", "c3", "8 3 2 3", "M0-6 6 0 0 6-6 0Z", |p| {
            p.work[2].0
        }),
        line(
            "append",
            "c1",
            "",
            "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0",
            |p| p.work[0].0,
        ),
        line("verify", "c2", "", "M0 6 6-5H-6Z", |p| p.work[1].0),
    ]
}

/// A line in words.
fn said(line: &Line) -> String {
    let ends = line.values.first().zip(line.values.last());
    ends.map_or_else(String::new, |(from, to)| {
        format!(
            "{}: {} at {} receipts, {} at {}.",
            line.name,
            time(from.1),
            grouped(from.0),
            time(to.1),
            grouped(to.0)
        )
    })
}

/// The powers of ten between which values lie. The sides of `room` have some.
fn decades(values: impl Iterator<Item = f64> + Clone, whole: bool) -> (f64, f64) {
    let logs = values.map(f64::log10);
    let (least, most) = logs.fold((f64::MAX, f64::MIN), |(least, most), log| {
        (least.min(log), most.max(log))
    });
    if whole {
        (least.floor(), most.ceil().max(least.floor() + 1.0))
    } else {
        (least - 0.05, most.max(least + 0.3) + 0.05)
    }
}

fn axes(svg: &mut Svg, x: (f64, f64), y: (f64, f64)) {
    let (left, top, right, bottom) = EDGES;
    svg.text(
        (20.0, 28.0),
        16.0,
        Align::Start,
        false,
        "What one receipt more costs",
    );
    svg.text((left, top - 10.0), 13.0, Align::End, true, "time");
    let mut power = y.0.ceil();
    while power <= y.1 {
        let at = bottom - (power - y.0) / (y.1 - y.0) * (bottom - top);
        svg.line((left, at), (right, at));
        let label = label(10f64.powf(power));
        svg.text((left - 8.0, at + 4.5), 13.0, Align::End, true, &label);
        power += 1.0;
    }
    let mut power = x.0.ceil();
    while power <= x.1 {
        let at = left + (power - x.0) / (x.1 - x.0) * (right - left);
        svg.line((at, top), (at, bottom + 5.0));
        let label = grouped(10f64.powf(power));
        svg.text((at, bottom + 22.0), 13.0, Align::Middle, true, &label);
        power += 1.0;
    }
    let below = (f64::midpoint(left, right), bottom + 46.0);
    svg.text(below, 13.0, Align::Middle, true, "receipts in the log");
}

/// A power of ten of nanoseconds.
fn label(nanos: f64) -> String {
    let (value, unit) = match nanos {
        n if n < 0.9e3 => (n, "ns"),
        n if n < 0.9e6 => (n / 1e3, "µs"),
        n if n < 0.9e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{value:.0} {unit}")
}

/// The names at the lines' ends, the upper ones first, moved apart where they would meet.
fn names(svg: &mut Svg, lines: &[Line], place: impl Fn((f64, f64)) -> (f64, f64)) {
    let ends = lines
        .iter()
        .filter_map(|line| Some((line, *line.values.last()?)));
    let mut ends: Vec<_> = ends
        .map(|(line, end)| (line, end.1, place(end).1))
        .collect();
    ends.sort_by(|one, two| one.2.total_cmp(&two.2));
    let mut free = f64::MIN;
    for (line, value, at) in ends {
        let at = at.max(free);
        free = at + APART;
        svg.raw(&format!(
            "<text class=\"n\" x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" style=\"fill:var(--{})\">{} \
             {}</text>",
            EDGES.2 + 14.0,
            at + 4.5,
            line.colour,
            line.name,
            time(value)
        ));
    }
}
