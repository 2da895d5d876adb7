//! The way from a receipt to the root of the package's checkpoint, step by step, to be drawn.

use ai_audit_core::{LeafHash, NodeHash};
use ai_audit_merkle::InclusionProof;
use serde::Serialize;

/// The way up, lowest step first.
#[derive(Debug, Serialize)]
pub(crate) struct Path {
    leaf: LeafHash,
    /// As a text: JavaScript would round large ones.
    index: String,
    size: String,
    steps: Vec<Step>,
    /// The root that the steps lead to.
    root: NodeHash,
    /// The one that the checkpoint has.
    checkpoint_root: NodeHash,
    /// Whether they are the same.
    fits: bool,
}

/// One step: the hash beside the way, and what the two come to.
#[derive(Debug, Serialize)]
struct Step {
    beside: NodeHash,
    /// Whether it is on the left.
    left: bool,
    node: NodeHash,
}

impl Path {
    /// Goes up from `leaf` by `proof`.
    ///
    /// # Errors
    ///
    /// Why the proof cannot be of this tree.
    pub(crate) fn new(
        leaf: LeafHash,
        proof: &InclusionProof,
        checkpoint_root: NodeHash,
    ) -> Result<Self, String> {
        let root = proof.root(&leaf).map_err(|error| error.to_string())?;
        let mut node = NodeHash::from_leaf(leaf);
        let mut steps = Vec::with_capacity(proof.path.len());
        // RFC 9162 section 2.1.3.2; the root above, which decides, is of the verifier itself.
        let (mut place, mut last) = (proof.index.as_u64(), proof.size.as_u64().saturating_sub(1));
        for beside in &proof.path {
            let left = !place.is_multiple_of(2) || place == last;
            node = match left {
                true => NodeHash::parent(beside, &node),
                false => NodeHash::parent(&node, beside),
            };
            if left {
                while place.is_multiple_of(2) && place != 0 {
                    (place, last) = (place >> 1, last >> 1);
                }
            }
            (place, last) = (place >> 1, last >> 1);
            steps.push(Step {
                beside: *beside,
                left,
                node,
            });
        }
        if node != root {
            return Err("its steps do not lead where the proof leads".into());
        }
        Ok(Self {
            leaf,
            index: proof.index.as_u64().to_string(),
            size: proof.size.as_u64().to_string(),
            steps,
            fits: proof.verify(&leaf, &checkpoint_root).is_ok(),
            root,
            checkpoint_root,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ai_audit_merkle::{LeafIndex, MemoryTree, TreeSize, inclusion_proof};

    #[test]
    fn steps_lead_to_the_root_in_trees_of_all_shapes() {
        for size in 1..=33_u64 {
            let mut tree = MemoryTree::new();
            let leaves: Vec<LeafHash> = (0..size).map(|n| LeafHash::of(&n.to_be_bytes())).collect();
            for leaf in &leaves {
                tree.push(*leaf).expect("there is room");
            }
            let (root, size) = (tree.root(), tree.size());
            for (index, leaf) in (0..).zip(&leaves) {
                let proof = inclusion_proof(&mut tree, LeafIndex::new(index), size);
                let path = Path::new(*leaf, &proof.expect("it is in the tree"), root);
                let path = path.expect("the proof is good");
                assert!(path.fits, "leaf {index} of {}", size.as_u64());
                let top = path
                    .steps
                    .last()
                    .map_or(NodeHash::from_leaf(*leaf), |step| step.node);
                assert_eq!(top, root);
            }
        }
    }

    #[test]
    fn a_path_to_another_root_is_said_not_to_fit() {
        let leaf = LeafHash::of(b"a");
        let proof = InclusionProof {
            index: LeafIndex::new(0),
            size: TreeSize::new(2),
            path: vec![NodeHash::from_leaf(LeafHash::of(b"b"))],
        };
        let other = NodeHash::from_leaf(leaf);
        assert!(!Path::new(leaf, &proof, other).expect("a path").fits);
        let short = InclusionProof {
            path: Vec::new(),
            ..proof
        };
        assert!(Path::new(leaf, &short, other).is_err());
    }
}
