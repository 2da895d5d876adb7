//! Inclusion and consistency proofs, and how they are verified (RFC 9162 section 2.1).

use crate::error::ProofError;
use crate::size::{LeafIndex, TreeSize};
use crate::steps::{Step, Steps};
use ai_audit_core::{LeafHash, NodeHash};
use alloc::vec::Vec;

/// Proof that a leaf stands at a position of a tree (RFC 9162 section 2.1.3).
///
/// The fields are what somebody claims; only [`InclusionProof::verify`] says whether it is true.
/// Index and size belong to the proof, because the same path can fit several of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InclusionProof {
    /// Position of the leaf.
    pub index: LeafIndex,
    /// Size of the tree.
    pub size: TreeSize,
    /// Siblings on the way from the leaf to the root, lowest first; at most 64.
    pub path: Vec<NodeHash>,
}

/// Proof that a tree continues an older one: same leaves, in the same order, and more of them
/// (RFC 9162 section 2.1.4).
///
/// The fields are what somebody claims; only [`ConsistencyProof::verify`] says whether it is true.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsistencyProof {
    /// Size of the old tree, at least 1.
    pub old: TreeSize,
    /// Size of the new tree, at least that of the old.
    pub new: TreeSize,
    /// The hashes in the order of RFC 9162; at most 65.
    pub path: Vec<NodeHash>,
}

impl InclusionProof {
    /// Checks that a tree with `root` has `leaf` at the proof's index.
    ///
    /// # Errors
    /// [`ProofError::IndexOutsideTree`], [`ProofError::PathLength`] if the path does not have
    /// exactly the hashes that index and size call for, [`ProofError::Root`] if anything does
    /// not fit.
    pub fn verify(&self, leaf: &LeafHash, root: &NodeHash) -> Result<(), ProofError> {
        if self.root(leaf)? == *root {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }

    /// The root of the tree in which the proof would be right for `leaf`.
    ///
    /// It proves nothing until it is compared with a root that comes from elsewhere.
    ///
    /// # Errors
    /// As [`InclusionProof::verify`], without [`ProofError::Root`].
    pub fn root(&self, leaf: &LeafHash) -> Result<NodeHash, ProofError> {
        climb(NodeHash::from_leaf(*leaf), self.steps()?, &self.path)
    }

    /// The root of the tree of the leaves before this one, which a proof that verifies shows as well:
    /// its left-hand siblings are the complete subtrees of these leaves, the last one lowest.
    ///
    /// Call [`InclusionProof::verify`] first; of a proof that does not verify this is a root of nothing.
    ///
    /// ```
    /// use ai_audit_merkle::{BatchTree, LeafHash, LeafIndex, root_of};
    /// let leaves = [b"a", b"b", b"c", b"d"].map(|payload| LeafHash::of(payload));
    /// let tree = BatchTree::new(&leaves);
    /// let proof = tree.inclusion_proof(LeafIndex::new(3))?;
    /// proof.verify(&leaves[3], &tree.root())?;
    /// assert_eq!(proof.root_before()?, root_of(&leaves[..3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`InclusionProof::root`].
    pub fn root_before(&self) -> Result<NodeHash, ProofError> {
        let steps = self.steps()?;
        check_len(steps.count(), &self.path)?;
        let mut left = steps
            .zip(&self.path)
            .filter(|(step, _)| matches!(step, Step::Left { .. }))
            .map(|(_, sibling)| *sibling);
        let Some(last) = left.next() else {
            return Ok(NodeHash::EMPTY);
        };
        Ok(left.fold(last, |right, left| NodeHash::parent(&left, &right)))
    }

    /// Number of hashes that a path for this index and size has.
    ///
    /// # Errors
    /// [`ProofError::IndexOutsideTree`].
    pub fn path_len(index: LeafIndex, size: TreeSize) -> Result<usize, ProofError> {
        Ok(Self {
            index,
            size,
            path: Vec::new(),
        }
        .steps()?
        .count())
    }

    fn steps(&self) -> Result<Steps, ProofError> {
        let (index, size) = (self.index, self.size);
        match size.as_u64().checked_sub(1) {
            Some(end) if size.contains(index) => Ok(Steps::from_leaf(index.as_u64(), end)),
            _ => Err(ProofError::IndexOutsideTree { index, size }),
        }
    }
}

impl ConsistencyProof {
    /// Checks that the tree with `new_root` continues the tree with `old_root`.
    ///
    /// Trees of equal size need an empty path and equal roots. An old tree without leaves cannot
    /// be proved: every tree continues it.
    ///
    /// # Errors
    /// [`ProofError::EmptyOldTree`], [`ProofError::OldLargerThanNew`],
    /// [`ProofError::PathLength`], [`ProofError::OldRoot`], [`ProofError::Root`].
    pub fn verify(&self, old_root: &NodeHash, new_root: &NodeHash) -> Result<(), ProofError> {
        let (old, new) = (self.old, self.new);
        let Some(last) = old.as_u64().checked_sub(1) else {
            return Err(ProofError::EmptyOldTree);
        };
        if old > new {
            return Err(ProofError::OldLargerThanNew { old, new });
        }
        climb_both(0, last, new.as_u64() - 1, &self.path, old_root, new_root)
    }
}

/// The root that `path` leads to from `node`.
pub(crate) fn climb(
    mut node: NodeHash,
    steps: Steps,
    path: &[NodeHash],
) -> Result<NodeHash, ProofError> {
    check_len(steps.count(), path)?;
    for (step, sibling) in steps.zip(path) {
        node = match step {
            Step::Left { .. } => NodeHash::parent(sibling, &node),
            Step::Right => NodeHash::parent(&node, sibling),
        };
    }
    Ok(node)
}

/// Checks that the leaves `first` to `last` have `own_root`, and the tree up to leaf `end`,
/// which contains them, has `root`. Needs `first <= last <= end`.
pub(crate) fn climb_both(
    first: u64,
    last: u64,
    end: u64,
    path: &[NodeHash],
    own_root: &NodeHash,
    root: &NodeHash,
) -> Result<(), ProofError> {
    let (steps, seeded) = Steps::from_range(first, last, end);
    check_len(steps.count() + usize::from(seeded), path)?;
    let (seed, path) = match path.split_first() {
        Some((seed, rest)) if seeded => (*seed, rest),
        _ => (*own_root, path),
    };
    let (mut own, mut whole) = (seed, seed);
    for (step, sibling) in steps.zip(path) {
        match step {
            Step::Left { both } => {
                if both {
                    own = NodeHash::parent(sibling, &own);
                }
                whole = NodeHash::parent(sibling, &whole);
            }
            Step::Right => whole = NodeHash::parent(&whole, sibling),
        }
    }
    if own != *own_root {
        return Err(ProofError::OldRoot);
    }
    if whole == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

fn check_len(expected: usize, path: &[NodeHash]) -> Result<(), ProofError> {
    let found = path.len();
    if expected == found {
        Ok(())
    } else {
        Err(ProofError::PathLength { expected, found })
    }
}
