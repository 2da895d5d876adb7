//! A plot: axes, lines and areas in coordinates of the data, texts in pixels.

use super::Words;
use super::palette::{GRID, INK, MUTED, variable};
use crate::text::clean_to;
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, Circle, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, PathElement,
    Polygon, Rectangle, SVGBackend, Text, TriangleMarker,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle, TextStyle};

/// Width and height. Twice what is shown: the backend draws whole pixels only.
const SIZE: (u32, u32) = (1440, 560);
/// Left, top, right and bottom of the data.
const EDGES: (i32, i32, i32, i32) = (112, 76, 1236, 492);
/// Size of the letters.
const LETTERS: f64 = 25.0;
/// About how many numbers stand on the y axis.
const NUMBERS: usize = 5;

/// Drawing into a text does not fail; the backend's type is a file's.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The farthest from 0 that an axis reaches: more than any count and any time in microseconds, and so
/// little that differences stay finite.
const FARTHEST: f64 = 1e20;

/// What is drawn on.
pub(super) struct Plot<'a> {
    root: DrawingArea<SVGBackend<'a>, Shift>,
    area: Area<'a>,
    y: RangedCoordf64,
    /// The ends of x and of y.
    ends: [(f64, f64); 2],
}

/// Makes a chart: ranges of x and y, and what is drawn there.
///
/// It has no background, takes the width that it is given, and says its title and description.
pub(super) fn chart(
    words: Words<'_>,
    x: (f64, f64),
    y: (f64, f64),
    draw: impl FnOnce(&Plot<'_>) -> Drawn,
) -> String {
    let mut raw = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut raw, SIZE).into_drawing_area();
        let (left, top, right, bottom) = EDGES;
        let (x, y) = (wide(x, 1e-14), wide(y, 1e-9));
        let spec = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            x.0..x.1,
            y.0..y.1,
            (left..right, bottom..top),
        );
        let plot = Plot {
            area: root.apply_coord_spec(spec),
            root,
            y: (y.0..y.1).into(),
            ends: [x, y],
        };
        draw(&plot).and_then(|()| plot.root.present())
    };
    if drawn.is_err() {
        return String::new();
    }
    let body = raw.split_once(">\n").map_or("", |(_, body)| body);
    let body = body
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" \"/>", "\"/>")
        .replace("\">\n", "\">")
        .replace("\n</text>", "</text>");
    let (body, definitions) = variable(&body, words.id);
    head(words, SIZE, &definitions) + &body
}

/// The opening of an SVG element.
pub(super) fn head(words: Words<'_>, (width, height): (u32, u32), definitions: &str) -> String {
    let id = words.id;
    let definitions = if definitions.is_empty() {
        String::new()
    } else {
        format!("<defs>{definitions}</defs>")
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"system-ui, 'Segoe UI', Roboto, \
         Helvetica, Arial, sans-serif\"><title id=\"{id}-title\">{}</title>\
         <desc id=\"{id}-desc\">{}</desc>{definitions}\n",
        escaped(words.title),
        escaped(words.description)
    )
}

/// A text for XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_to(text, 1_000).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A number that is not farther from 0 than `most`; 0 for what is none.
pub(super) const fn within(number: f64, most: f64) -> f64 {
    if number.is_nan() {
        0.0
    } else {
        number.clamp(-most, most)
    }
}

/// A range with ends that can be drawn, and a width that is at least this part of its size: in a
/// narrower one, steps between round numbers would be lost in rounding.
fn wide((from, to): (f64, f64), least: f64) -> (f64, f64) {
    let (from, to) = (within(from, FARTHEST), within(to, FARTHEST));
    let size = from.abs().max(to.abs());
    if to > from && to - from >= least * size {
        (from, to)
    } else {
        (from, from + from.abs().max(1.0))
    }
}

/// A count as a place on an axis.
#[expect(clippy::cast_precision_loss, reason = "a picture has no 2^53 places")]
pub(super) const fn real(count: u64) -> f64 {
    count as f64
}

fn letters(colour: RGBColor, across: HPos, up: VPos) -> TextStyle<'static> {
    // The backend divides by this number.
    let font = ("sans-serif", LETTERS * 1.24).into_font();
    font.color(&colour).pos(Pos::new(across, up))
}

impl Plot<'_> {
    /// Both axes: lines of the grid at round numbers of y, with labels made by `number`, of which empty ones leave their line out; labels of x
    /// at the given places; and above them what y is.
    pub(super) fn axes(
        &self,
        ticks: &[(f64, String)],
        across: &str,
        up: &str,
        number: impl Fn(f64) -> String,
    ) -> Drawn {
        let (left, _, right, bottom) = EDGES;
        for y in self.y.key_points(NUMBERS) {
            let label = number(y);
            if label.is_empty() {
                continue;
            }
            let place = self.place((0.0, y)).1;
            self.line_between((left, place), (right, place), GRID, 2)?;
            self.say(
                &label,
                (left - 14, place),
                MUTED,
                (HPos::Right, VPos::Center),
            )?;
        }
        self.line_between((left, bottom), (right, bottom), MUTED, 2)?;
        let mut free = i32::MIN;
        for (x, label) in ticks {
            let place = self.place((*x, self.y.range().start)).0;
            let half = half_width(label);
            let middle = place.clamp(half, SIZE.0.cast_signed() - half);
            // A label that would run into the one before it is left out.
            if middle - half < free {
                continue;
            }
            free = middle + half + 20;
            self.line_between((place, bottom), (place, bottom + 8), MUTED, 2)?;
            self.say(
                label,
                (middle, bottom + 16),
                MUTED,
                (HPos::Center, VPos::Top),
            )?;
        }
        self.say(up, (0, 8), MUTED, (HPos::Left, VPos::Top))?;
        self.say(
            across,
            (right, bottom + 46),
            MUTED,
            (HPos::Right, VPos::Top),
        )
    }

    fn place(&self, at: (f64, f64)) -> (i32, i32) {
        self.area.map_coordinate(&self.inside(at))
    }

    /// A point moved to the edge of the data, where it is beyond it: the places of others are too
    /// large for numbers of pixels.
    fn inside(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [(left, right), (bottom, top)] = self.ends;
        let put = |number: f64, from: f64, to: f64| within(number, FARTHEST).clamp(from, to);
        (put(x, left, right), put(y, bottom, top))
    }

    fn line_between(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        colour: RGBColor,
        width: u32,
    ) -> Drawn {
        self.root
            .draw(&PathElement::new(vec![from, to], style(colour, width)))
    }

    /// A text at a place in pixels.
    pub(super) fn say(
        &self,
        text: &str,
        at: (i32, i32),
        colour: RGBColor,
        (across, up): (HPos, VPos),
    ) -> Drawn {
        let text = clean_to(text, 60);
        self.root
            .draw(&Text::new(text, at, letters(colour, across, up)))
    }

    /// A text to the right of the data, at a y; where that is what a line means.
    pub(super) fn beside(&self, text: &str, y: f64, colour: RGBColor) -> Drawn {
        let at = (EDGES.2 + 12, self.place((0.0, y)).1);
        self.say(text, at, colour, (HPos::Left, VPos::Center))
    }

    /// A line through points.
    pub(super) fn line(
        &self,
        points: impl IntoIterator<Item = (f64, f64)>,
        colour: RGBColor,
        width: u32,
    ) -> Drawn {
        let points: Vec<(f64, f64)> = points.into_iter().map(|at| self.inside(at)).collect();
        self.area
            .draw(&PathElement::new(points, style(colour, width)))
    }

    /// A line from left to right.
    pub(super) fn level(&self, y: f64, colour: RGBColor) -> Drawn {
        let place = self.place((0.0, y)).1;
        self.line_between((EDGES.0, place), (EDGES.2, place), colour, 3)
    }

    /// An area inside of points.
    pub(super) fn fill(
        &self,
        points: impl IntoIterator<Item = (f64, f64)>,
        colour: RGBColor,
    ) -> Drawn {
        let points: Vec<(f64, f64)> = points.into_iter().map(|at| self.inside(at)).collect();
        self.area.draw(&Polygon::new(points, colour.filled()))
    }

    /// A filled box between two corners, made narrower by some pixels at its right.
    pub(super) fn bar(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        colour: RGBColor,
        narrower: i32,
    ) -> Drawn {
        let ((left, bottom), (right, top)) = (self.place(from), self.place(to));
        let right = (right - narrower).max(left + 2);
        self.root.draw(&Rectangle::new(
            [(left, top), (right, bottom)],
            colour.filled(),
        ))
    }

    /// A point.
    pub(super) fn dot(&self, at: (f64, f64), colour: RGBColor) -> Drawn {
        self.area
            .draw(&Circle::new(self.inside(at), 5, colour.filled()))
    }

    /// A triangle: something is to be noticed.
    pub(super) fn flag(&self, at: (f64, f64), colour: RGBColor) -> Drawn {
        self.area
            .draw(&TriangleMarker::new(self.inside(at), 13, colour.filled()))
    }

    /// Boxes of colours with what they mean, in a row above the data.
    pub(super) fn legend(&self, entries: &[(RGBColor, String)]) -> Drawn {
        let mut left = EDGES.0;
        for (colour, text) in entries {
            let corners = [(left, 42), (left + 24, 62)];
            self.root.draw(&Rectangle::new(corners, colour.filled()))?;
            self.say(text, (left + 34, 52), INK, (HPos::Left, VPos::Center))?;
            left += 34 + 2 * half_width(text) + 30;
        }
        Ok(())
    }
}

/// About half the width of a text.
fn half_width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).map_or(i32::MAX / 4, |count| count * 7)
}

fn style(colour: RGBColor, width: u32) -> ShapeStyle {
    colour.stroke_width(width)
}

/// A number with as many digits as tell apart the ones of an axis.
pub(super) fn short(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(0.001..1e6).contains(&size) {
        return format!("{number:.0e}");
    }
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [f64; 12] = [
        f64::NEG_INFINITY,
        -f64::MAX,
        -1e308,
        -1.0,
        -5e-324,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1e15,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];

    #[test]
    fn any_numbers_end_in_a_drawing_of_bounded_coordinates() {
        let words = Words {
            id: "t",
            title: "t",
            description: "d",
        };
        for from in ENDS {
            for to in ENDS.into_iter().chain([from + 1.0, from * (1.0 + 1e-15)]) {
                for x in [(0.0, 1.0), (from, to)] {
                    let svg = chart(words, x, (from, to), |plot| {
                        plot.axes(&[(from, "a".into()), (to, "b".into())], "x", "y", short)?;
                        for at in ENDS {
                            plot.level(at, INK)?;
                            plot.beside("z", at, INK)?;
                            plot.dot((at, at), INK)?;
                            plot.flag((at, to), INK)?;
                            plot.bar((from, at), (to, at), INK, 3)?;
                        }
                        plot.line(ENDS.map(|at| (at, at)), INK, 2)?;
                        plot.fill(ENDS.map(|at| (at, -at)), INK)
                    });
                    let parsed = roxmltree::Document::parse(&svg).unwrap();
                    assert!(parsed.descendants().count() > 60, "{from} {to}");
                    for node in parsed.descendants() {
                        for name in ["x", "y", "x1", "y1", "cx", "cy", "width", "height"] {
                            let Some(number) = node.attribute(name) else {
                                continue;
                            };
                            let number: i32 = number.parse().unwrap();
                            assert!((-100..=1_540).contains(&number), "{name} {number}");
                        }
                    }
                }
            }
        }
    }
}
