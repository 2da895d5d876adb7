//! A long thin part is folded: its layers go into columns, read from left to right.

use super::layers::Layers;
use super::place::{Leg, Point};
use super::{BOX, GAP};

/// Height of a layer with the room below it.
const STEP: f64 = BOX.1 + GAP.1;
/// Room between columns, in which edges go up to the next one.
const GUTTER: f64 = 46.0;
/// A part is folded where it has more layers than this.
const FOLDED_FROM: usize = 14;
/// Of width to height, where it is folded.
const SHAPE: f64 = 1.5;
/// Between edges that go from one column to the next.
const LANE: f64 = 6.0;
/// How many such lanes there are before they share.
const LANES: usize = 5;

/// The columns of one part.
pub(super) struct Columns<'l> {
    layers: &'l Layers,
    middles: &'l [f64],
    nodes: usize,
    /// First layer of each column.
    starts: Vec<usize>,
    /// Left and right border of each column, before it is moved.
    spans: Vec<(f64, f64)>,
    rows: usize,
}

impl<'l> Columns<'l> {
    pub(super) fn new(layers: &'l Layers, middles: &'l [f64], nodes: usize) -> Self {
        let count = layers.of.iter().max().map_or(0, |last| last + 1);
        let mut columns = Self {
            layers,
            middles,
            nodes,
            starts: vec![0],
            spans: Vec::new(),
            rows: count,
        };
        columns.measure();
        let (width, height) = columns.size();
        if count > FOLDED_FROM && height > SHAPE * width {
            let wanted = (SHAPE * height / (width + GUTTER)).sqrt().ceil();
            let mut rows = 1;
            // Whole numbers by counting: so many columns of so many rows hold all layers.
            while f64::from(rows) * wanted < f64::from(u32::try_from(count).unwrap_or(u32::MAX)) {
                rows += 1;
            }
            columns.cut(usize::try_from(rows).unwrap_or(count), count);
            columns.measure();
        }
        columns
    }

    /// Begins a column about every so many layers, where the fewest edges go across.
    fn cut(&mut self, rows: usize, count: usize) {
        let mut across = vec![0usize; count + 1];
        for route in &self.layers.routes {
            let layer = |place: Option<&usize>| place.and_then(|place| self.layers.of.get(*place));
            let (from, to) = (layer(route.first()), layer(route.last()));
            if let (Some(from), Some(to)) = (from, to) {
                for count in across.iter_mut().take(to + 1).skip(from + 1) {
                    *count += 1;
                }
            }
        }
        let slack = rows / 4;
        let mut start = 0;
        while start + rows < count {
            let last = start + rows;
            let best = (last - slack..=last)
                .rev()
                .min_by_key(|layer| across.get(*layer).copied().unwrap_or(0));
            start = best.unwrap_or(last).max(start + 1);
            self.starts.push(start);
        }
        let ends = self.starts.iter().skip(1).chain([&count]);
        let rows = self.starts.iter().zip(ends).map(|(start, end)| end - start);
        self.rows = rows.max().unwrap_or(count);
    }

    /// Measures each column's width.
    fn measure(&mut self) {
        let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); self.starts.len()];
        for (place, middle) in self.middles.iter().enumerate() {
            let half = if place < self.nodes { BOX.0 / 2.0 } else { 4.0 };
            let column = self.column(place);
            if let Some((left, right)) = spans.get_mut(column) {
                *left = left.min(middle - half);
                *right = right.max(middle + half);
            }
        }
        self.spans = spans;
    }

    fn layer(&self, place: usize) -> usize {
        self.layers.of.get(place).copied().unwrap_or(0)
    }

    fn column(&self, place: usize) -> usize {
        let layer = self.layer(place);
        let after = self.starts.partition_point(|start| *start <= layer);
        after.saturating_sub(1)
    }

    /// Where a column begins.
    fn left(&self, column: usize) -> f64 {
        let before = self.spans.iter().take(column);
        before.map(|(left, right)| right - left + GUTTER).sum()
    }

    pub(super) fn size(&self) -> (f64, f64) {
        let width = self.left(self.spans.len()) - GUTTER;
        let rows = f64::from(u32::try_from(self.rows).unwrap_or(u32::MAX));
        let lanes = if self.starts.len() > 1 { GAP.1 } else { 0.0 };
        (width.max(0.0), (rows * STEP - GAP.1).max(0.0) + lanes)
    }

    /// The middle of a box, or of a bend.
    pub(super) fn at(&self, place: usize) -> Point {
        let column = self.column(place);
        let from = self.spans.get(column).map_or(0.0, |(left, _)| *left);
        let middle = self.middles.get(place).copied().unwrap_or(0.0);
        let first = self.starts.get(column).copied().unwrap_or(0);
        let row = self.layer(place).saturating_sub(first);
        let row = f64::from(u32::try_from(row).unwrap_or(u32::MAX));
        let lanes = if self.starts.len() > 1 {
            GAP.1 / 2.0
        } else {
            0.0
        };
        (
            middle - from + self.left(column),
            row * STEP + BOX.1 / 2.0 + lanes,
        )
    }

    /// Whether an edge has no bends where it passes layers, and so may pass below boxes.
    pub(super) fn is_straight(&self, route: &[usize]) -> bool {
        match route {
            [parent, child] => self.layer(*child) > self.layer(*parent) + 1,
            _ => false,
        }
    }

    /// The way of an edge: from the foot of the parent's box over its bends to the head of the
    /// child's. `crossings` counts the ways from column to column so far.
    pub(super) fn way(&self, route: &[usize], crossings: &mut usize) -> Vec<Leg> {
        let half = |place: usize| if place < self.nodes { BOX.1 / 2.0 } else { 0.0 };
        let mut way = Vec::with_capacity(route.len());
        if let Some(first) = route.first() {
            let (x, y) = self.at(*first);
            way.push(Leg::Start((x, y + half(*first))));
        }
        for pair in route.windows(2) {
            let [from, to] = pair else { continue };
            let (x, y) = self.at(*to);
            let head = (x, y - half(*to));
            if self.column(*from) == self.column(*to) {
                way.push(Leg::Curve(head));
                continue;
            }
            let lane = f64::from(u32::try_from(*crossings % LANES).unwrap_or(0)) * LANE;
            *crossings += 1;
            let (start, row) = self.at(*from);
            // Below the boxes of the layer, over to the gutter before the child's column, up, and
            // down into it.
            let below = row + BOX.1 / 2.0 + 8.0 + lane / 2.0;
            let gutter = self.left(self.column(*to)) - GUTTER / 2.0 + lane - LANE * 2.0;
            let above = (y - BOX.1 / 2.0 - 10.0 - lane / 2.0).max(1.0);
            way.push(Leg::Corners(vec![
                (start, below),
                (gutter, below),
                (gutter, above),
                (x, above),
                head,
            ]));
        }
        way
    }
}
