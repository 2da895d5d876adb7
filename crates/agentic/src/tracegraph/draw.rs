//! Graphs as pictures: a self-contained SVG in layers, parents above children.

mod fold;
mod layers;
mod place;
mod svg;

/// The most nodes that are drawn in one picture; beyond, nobody could read it.
pub const MAX_DRAWN: usize = 400;

/// Width and height of a node's box.
const BOX: (f64, f64) = (214.0, 42.0);
/// Room between boxes of a layer, and between layers.
const GAP: (f64, f64) = (22.0, 36.0);
