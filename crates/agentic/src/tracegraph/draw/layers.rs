//! Which node is in which layer, and which edges decide about places.
//!
//! A node is one layer below its lowest parent. A layer that is full hands nodes on to the next one,
//! so that a fan of a hundred becomes a block of ten by ten and not a line that nobody can see whole.

/// The most boxes in a layer.
const WIDEST: usize = 10;
/// The most bends in a layer. Edges beyond are drawn straight.
const MAX_BENDS: usize = 12;
/// The most edges that are drawn, the shortest first: more would be a black block.
const MAX_EDGES: usize = 3000;
/// The most edges of one node that decide about its place.
const MAX_PULLS: usize = 6;

/// The layers of one connected part. Nodes are numbers from 0, each after its parents.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// The layer of each node, then of each bend.
    pub(super) of: Vec<usize>,
    /// Edges for the layout: from one layer to the next, bends included.
    pub(super) pulls: Vec<(usize, usize)>,
    /// Each edge that is drawn: parent, its bends from above to below, child.
    pub(super) routes: Vec<Vec<usize>>,
    /// How many edges are not drawn.
    pub(super) omitted: usize,
}

impl Layers {
    /// `parents` are each node's parents.
    pub(super) fn new(parents: &[Vec<usize>]) -> Self {
        let mut layers = Self::default();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut moved = Vec::new();
        for (node, parents) in parents.iter().enumerate() {
            let above = parents.iter().filter_map(|parent| layers.of.get(*parent));
            let own = above.max().map_or(0, |above| above + 1);
            let mut layer = own;
            while rows.get(layer).is_some_and(|row| row.len() >= WIDEST) {
                layer += 1;
            }
            rows.resize_with(rows.len().max(layer + 1), Vec::new);
            if layer > own
                && let Some(row) = rows.get(layer)
                && let Some(over) = rows
                    .get(layer - 1)
                    .and_then(|above| above.get(row.len()).or_else(|| above.first()))
            {
                // Holds it in its layer, below another of the block; it is not drawn.
                layers.pulls.push((*over, node));
            }
            if let Some(row) = rows.get_mut(layer) {
                row.push(node);
            }
            layers.of.push(layer);
            moved.push(layer > own);
        }
        layers.route(parents, &moved);
        layers
    }

    fn route(&mut self, parents: &[Vec<usize>], moved: &[bool]) {
        let layer = |of: &[usize], node: usize| of.get(node).copied().unwrap_or(0);
        let mut long = Vec::new();
        for (child, parents) in parents.iter().enumerate() {
            let mut pulls = 0;
            for parent in parents {
                let span = layer(&self.of, child) - layer(&self.of, *parent);
                if span == 1 {
                    if pulls < MAX_PULLS {
                        self.pulls.push((*parent, child));
                        pulls += 1;
                    }
                    self.routes.push(vec![*parent, child]);
                } else if moved.get(child) == Some(&true) {
                    self.routes.push(vec![*parent, child]);
                } else {
                    long.push((span, *parent, child));
                }
            }
        }
        // Short ones first: with few bends they are told from boxes that they pass.
        long.sort_unstable();
        let mut bends = vec![0usize; parents.len()];
        for (span, parent, child) in long {
            let mut route = vec![parent];
            let first = layer(&self.of, parent) + 1;
            let passed = first..first + span - 1;
            let room = bends.get_mut(passed.clone()).unwrap_or_default();
            if room.iter().all(|count| *count < MAX_BENDS) && self.routes.len() < MAX_EDGES {
                room.iter_mut().for_each(|count| *count += 1);
                let mut before = parent;
                for layer in passed {
                    let bend = self.of.len();
                    self.of.push(layer);
                    self.pulls.push((before, bend));
                    route.push(bend);
                    before = bend;
                }
                self.pulls.push((before, child));
            }
            route.push(child);
            self.routes.push(route);
        }
        self.omitted = self.routes.len().saturating_sub(MAX_EDGES);
        self.routes.truncate(MAX_EDGES);
    }
}
