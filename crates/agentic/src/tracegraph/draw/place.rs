//! Where boxes and edges go: each connected part by Sugiyama's method, long thin parts folded into
//! columns, the parts side by side.

use super::fold::Columns;
use super::layers::Layers;
use super::{BOX, GAP};
use crate::{NodeIndex, TraceGraph};
use rust_sugiyama::configure::{Config, RankingType};
use rust_sugiyama::from_vertices_and_edges;

/// A point: from the left, from above.
pub(super) type Point = (f64, f64);

/// A drawing's places.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// Middles of the boxes, in the order of the view.
    pub(super) boxes: Vec<Point>,
    pub(super) edges: Vec<Edge>,
    pub(super) size: (f64, f64),
    /// How many edges are left out.
    pub(super) omitted: usize,
}

/// An edge: places of parent and child in the view, and the way between them.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) parent: usize,
    pub(super) child: usize,
    pub(super) way: Vec<Leg>,
    /// Whether it passes boxes, and is drawn lightly.
    pub(super) light: bool,
}

/// A piece of a way: a curve to a point of the next layer, or lines with corners from the foot of a
/// column to the head of the next.
#[derive(Debug)]
pub(super) enum Leg {
    Start(Point),
    Curve(Point),
    Corners(Vec<Point>),
}

/// A part that is laid out, its left upper corner at (0, 0).
struct Part {
    /// Places in the view.
    nodes: Vec<usize>,
    boxes: Vec<Point>,
    edges: Vec<Edge>,
    size: (f64, f64),
    omitted: usize,
}

/// Places the nodes of `view`, which is in ascending order.
pub(super) fn place(graph: &TraceGraph, view: &[NodeIndex]) -> Placed {
    let parents: Vec<Vec<usize>> = view
        .iter()
        .map(|node| {
            let parents = graph.parents(*node).iter();
            parents
                .filter_map(|parent| view.binary_search(parent).ok())
                .collect()
        })
        .collect();
    let parts: Vec<Part> = parts(&parents)
        .into_iter()
        .map(|nodes| part(nodes, &parents))
        .collect();
    side_by_side(parts, view.len())
}

/// Connected parts, each in ascending order, by their first node.
fn parts(parents: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut over: Vec<usize> = (0..parents.len()).collect();
    let top = |over: &[usize], mut node: usize| {
        while let Some(next) = over.get(node).copied().filter(|next| *next != node) {
            node = next;
        }
        node
    };
    for (child, list) in parents.iter().enumerate() {
        for parent in list {
            let (one, two) = (top(&over, child), top(&over, *parent));
            if let Some(over) = over.get_mut(one.max(two)) {
                *over = one.min(two);
            }
        }
    }
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for node in 0..parents.len() {
        let first = top(&over, node);
        if let Some(part) = parts.get_mut(first) {
            part.push(node);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn part(nodes: Vec<usize>, all: &[Vec<usize>]) -> Part {
    let own = |node: &usize| nodes.binary_search(node).ok();
    let parents: Vec<Vec<usize>> = nodes
        .iter()
        .map(|node| {
            let parents = all.get(*node).into_iter().flatten();
            parents.filter_map(own).collect()
        })
        .collect();
    let layers = Layers::new(&parents);
    let middles = middles(&layers, nodes.len());
    let columns = Columns::new(&layers, &middles, nodes.len());
    let boxes = (0..nodes.len()).map(|node| columns.at(node)).collect();
    let mut crossings = 0;
    let edges = layers
        .routes
        .iter()
        .filter_map(|route| {
            let (parent, child) = (*route.first()?, *route.last()?);
            Some(Edge {
                parent: *nodes.get(parent)?,
                child: *nodes.get(child)?,
                way: columns.way(route, &mut crossings),
                light: columns.is_straight(route),
            })
        })
        .collect();
    Part {
        size: columns.size(),
        omitted: layers.omitted,
        nodes,
        boxes,
        edges,
    }
}

/// How far from the left each node and bend stands.
fn middles(layers: &Layers, nodes: usize) -> Vec<f64> {
    let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let vertices: Vec<(u32, (f64, f64))> = (0..layers.of.len())
        .map(|place| {
            (
                number(place),
                if place < nodes { BOX } else { (2.0, BOX.1) },
            )
        })
        .collect();
    let edges: Vec<(u32, u32)> = layers
        .pulls
        .iter()
        .map(|(from, to)| (number(*from), number(*to)))
        .collect();
    let config = Config {
        vertex_spacing: GAP.0,
        // As far up as they can: the layers that `Layers` gave, edge by edge.
        ranking_type: RankingType::Up,
        ..Config::default()
    };
    let mut middles = vec![0.0; layers.of.len()];
    // Edges that pull nothing leave pieces, each from 0 on.
    let mut left = 0.0;
    for (places, ..) in from_vertices_and_edges(&vertices, &edges, &config) {
        let mut right = left;
        for (place, (x, _)) in places {
            if let Some(middle) = middles.get_mut(place) {
                *middle = left + x;
                right = right.max(*middle);
            }
        }
        left = right + BOX.0 + GAP.0;
    }
    middles
}

/// Puts parts into rows of about the same width.
fn side_by_side(parts: Vec<Part>, count: usize) -> Placed {
    const BETWEEN: f64 = 48.0;
    /// Of width to height.
    const SHAPE: f64 = 1.6;
    let area: f64 = parts
        .iter()
        .map(|part| (part.size.0 + BETWEEN) * (part.size.1 + BETWEEN))
        .sum();
    let widest = parts.iter().map(|part| part.size.0).fold(0.0, f64::max);
    let limit = (area * SHAPE).sqrt().max(widest);
    let mut placed = Placed {
        boxes: vec![(0.0, 0.0); count],
        ..Placed::default()
    };
    let (mut left, mut top, mut height) = (0.0, 0.0, 0.0_f64);
    for part in parts {
        if left > 0.0 && left + part.size.0 > limit {
            top += height + BETWEEN;
            (left, height) = (0.0, 0.0);
        }
        let shift = |(x, y): Point| (x + left, y + top);
        for (node, point) in part.nodes.iter().zip(part.boxes) {
            if let Some(at) = placed.boxes.get_mut(*node) {
                *at = shift(point);
            }
        }
        placed.edges.extend(part.edges.into_iter().map(|edge| Edge {
            way: edge.way.into_iter().map(|leg| leg.map(shift)).collect(),
            ..edge
        }));
        placed.omitted += part.omitted;
        height = height.max(part.size.1);
        placed.size.0 = placed.size.0.max(left + part.size.0);
        placed.size.1 = placed.size.1.max(top + part.size.1);
        left += part.size.0 + BETWEEN;
    }
    placed
}

impl Leg {
    fn map(self, shift: impl Fn(Point) -> Point) -> Self {
        match self {
            Self::Start(point) => Self::Start(shift(point)),
            Self::Curve(point) => Self::Curve(shift(point)),
            Self::Corners(points) => Self::Corners(points.into_iter().map(shift).collect()),
        }
    }
}
