//! Which nodes of a log's tree a store answers for, and how levels that it does not keep follow from others.

use crate::StoreError;
use ai_audit_core::NodeHash;
use core::ops::Range;

/// Stores are asked for nodes of every fourth tree level: leaves, their ancestors with 16 leaves, with
/// 256, and so on. A proof of a receipt then reads 16 nodes a step and hashes 15 of them; where only every
/// eighth level is kept it is 256 and 255.
pub const NODE_STEP: u32 = 4;
/// Nodes of one level under one of the next.
const WIDTH: usize = 1 << NODE_STEP;

/// The nodes [`NODE_STEP`] levels up, of each 16 in turn; what is left over makes none.
pub fn step_up(below: &[NodeHash]) -> impl Iterator<Item = NodeHash> {
    let (whole, _) = below.as_chunks::<WIDTH>();
    whole.iter().map(|nodes| {
        let mut level = *nodes;
        let mut width = WIDTH;
        while width > 1 {
            for pair in 0..width / 2 {
                level[pair] = NodeHash::parent(&level[2 * pair], &level[2 * pair + 1]);
            }
            width /= 2;
        }
        level[0]
    })
}

/// Which nodes a tile of height [`NODE_STEP`] has: their tree level, and their places on it.
#[must_use]
pub fn tile_nodes(tile_level: u32, tile_index: u64) -> (u32, Range<u64>) {
    let from = tile_index.saturating_mul(1 << NODE_STEP);
    let range = from..from.saturating_add(1 << NODE_STEP);
    (tile_level.saturating_mul(NODE_STEP), range)
}

/// Holds that stores are asked for this level.
///
/// # Errors
/// [`StoreError::Invalid`].
pub fn check_level(level: u32) -> Result<(), StoreError> {
    if level.is_multiple_of(NODE_STEP) {
        return Ok(());
    }
    Err(StoreError::Invalid {
        what: format!("tree level {level}: stores are asked for every {NODE_STEP}th level"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ai_audit_core::Digest;
    use ai_audit_merkle::{MemoryTree, TreeSize, root};

    #[test]
    fn sixteen_make_one_and_the_rest_none() {
        let leaves: Vec<_> = (0..40u8)
            .map(|n| ai_audit_core::LeafHash::from_bytes(*Digest::of(&[n]).as_bytes()))
            .collect();
        let nodes: Vec<_> = leaves
            .iter()
            .map(|leaf| NodeHash::from_bytes(*leaf.as_bytes()))
            .collect();
        let up: Vec<_> = step_up(&nodes).collect();
        let whole = |leaves: &[ai_audit_core::LeafHash]| {
            let mut tree = MemoryTree::new();
            for leaf in leaves {
                tree.push(*leaf).unwrap();
            }
            root(&mut tree, TreeSize::new(16)).unwrap()
        };
        assert_eq!(up, [whole(&leaves[..16]), whole(&leaves[16..32])]);
        assert_eq!(step_up(&nodes[..15]).count(), 0);
        assert!(check_level(0).is_ok() && check_level(12).is_ok() && check_level(6).is_err());
    }
}
