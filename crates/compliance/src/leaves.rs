//! The tree of the log as it was gone through, so that any receipt of it can be shown to be in it.

use crate::result::TreeHead;
use ai_audit_core::{LeafHash, NodeHash};
use ai_audit_merkle::{
    Frontier, LeafIndex, TILE_HEIGHT, TILE_WIDTH, TileReader, Tiled, inclusion_proof,
};
use std::convert::Infallible;

/// The leaves and every eighth level: 32 bytes a receipt, in pieces that never move.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    frontier: Frontier,
    /// By tile level, then by tile.
    tiles: Vec<Vec<Vec<NodeHash>>>,
    full: bool,
}

impl Leaves {
    pub(crate) fn push(&mut self, leaf: LeafHash) {
        let tiles = &mut self.tiles;
        let pushed = self.frontier.push_with(leaf, |level, index, node| {
            if !level.is_multiple_of(TILE_HEIGHT) {
                return;
            }
            let level = usize::try_from(level / TILE_HEIGHT).unwrap_or(usize::MAX);
            if tiles.len() == level {
                tiles.push(Vec::new());
            }
            let Some(tiles) = tiles.get_mut(level) else {
                return;
            };
            if index.is_multiple_of(TILE_WIDTH) {
                tiles.push(Vec::new());
            }
            if let Some(tile) = tiles.last_mut() {
                tile.push(node);
            }
        });
        self.full |= pushed.is_err();
    }

    /// Size and root; none where there is no leaf.
    pub(crate) fn head(&self) -> Option<TreeHead> {
        let size = self.frontier.size().as_u64();
        (size > 0 && !self.full).then(|| TreeHead {
            size,
            root: self.frontier.root(),
        })
    }

    /// Gives the inclusion proofs of receipts by their places.
    pub(crate) fn into_proofs(self) -> impl FnMut(u64) -> Option<Vec<NodeHash>> {
        let size = self.frontier.size();
        let mut tiled = Tiled::new(Tiles(self.tiles));
        move |seq| {
            let proof = inclusion_proof(&mut tiled, LeafIndex::new(seq), size);
            proof.ok().map(|proof| proof.path)
        }
    }
}

struct Tiles(Vec<Vec<Vec<NodeHash>>>);

impl TileReader for Tiles {
    type Error = Infallible;

    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), Infallible> {
        let level = usize::try_from(tile_level).ok();
        let tiles = level.and_then(|level| self.0.get(level));
        let index = usize::try_from(tile_index).ok();
        if let Some(tile) = tiles.zip(index).and_then(|(tiles, index)| tiles.get(index)) {
            out.extend_from_slice(tile);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ai_audit_merkle::{InclusionProof, TreeSize};

    #[test]
    fn every_leaf_is_proven_in_trees_of_any_size() {
        for size in [1_u64, 2, 255, 256, 257, 1_000, 65_537] {
            let leaf = |seq: u64| LeafHash::of(&seq.to_be_bytes());
            let mut leaves = Leaves::default();
            for seq in 0..size {
                leaves.push(leaf(seq));
            }
            let head = leaves.head().unwrap();
            assert_eq!(head.size, size);
            let mut proofs = leaves.into_proofs();
            for seq in [0, size / 3, size / 2, size - 1] {
                let proof = InclusionProof {
                    index: LeafIndex::new(seq),
                    size: TreeSize::new(size),
                    path: proofs(seq).unwrap(),
                };
                assert_eq!(proof.verify(&leaf(seq), &head.root), Ok(()));
            }
            assert_eq!(proofs(size), None);
        }
    }
}
