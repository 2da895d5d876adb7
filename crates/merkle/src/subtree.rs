//! Proofs about a subtree: a leaf in it, and that it is part of a whole tree.

use crate::error::ProofError;
use crate::proof::{climb, climb_both};
use crate::size::{LeafIndex, TreeSize};
use crate::steps::Steps;
use ai_audit_core::{LeafHash, NodeHash};

/// The leaves from a start up to (not including) an end, where they form a node of some tree.
///
/// The start is a multiple of the smallest power of two that is not below the number of
/// leaves. Such a range has a root of its own, which every tree that reaches its end contains
/// (draft-ietf-plants-merkle-tree-certs, section "Subtrees"). It may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subtree {
    start: LeafIndex,
    end: TreeSize,
}

impl Subtree {
    /// The subtree that starts with leaf `start` and ends where a tree of size `end` ends.
    ///
    /// ```
    /// use ai_audit_merkle::{LeafIndex, Subtree, TreeSize};
    /// assert!(Subtree::new(LeafIndex::new(8), TreeSize::new(13)).is_ok());
    /// assert!(Subtree::new(LeafIndex::new(3), TreeSize::new(5)).is_err());
    /// ```
    ///
    /// # Errors
    /// [`ProofError::NotASubtree`] if these leaves form no node.
    pub const fn new(start: LeafIndex, end: TreeSize) -> Result<Self, ProofError> {
        let Some(len) = end.as_u64().checked_sub(start.as_u64()) else {
            return Err(ProofError::NotASubtree { start, end });
        };
        let aligned = match len.checked_next_power_of_two() {
            Some(width) => start.as_u64() & (width - 1) == 0,
            // A width of 2^64: only 0 is a multiple of it below 2^64.
            None => start.as_u64() == 0,
        };
        if !aligned {
            return Err(ProofError::NotASubtree { start, end });
        }
        Ok(Self { start, end })
    }

    /// The first leaf.
    #[must_use]
    pub const fn start(&self) -> LeafIndex {
        self.start
    }

    /// Size of the tree that ends with the subtree's last leaf.
    #[must_use]
    pub const fn end(&self) -> TreeSize {
        self.end
    }

    /// Checks that `leaf` is the log's leaf `index`, by a path from it to the subtree's root.
    ///
    /// # Errors
    /// The leaf lies outside, the path has another length than it must have, or leads elsewhere.
    pub fn verify_inclusion(
        &self,
        index: LeafIndex,
        leaf: &LeafHash,
        path: &[NodeHash],
        root: &NodeHash,
    ) -> Result<(), ProofError> {
        let (start, end) = (self.start, self.end);
        let outside = ProofError::IndexOutsideSubtree { index, start, end };
        let offset = index.as_u64().checked_sub(start.as_u64()).ok_or(outside)?;
        if !end.contains(index) {
            return Err(outside);
        }
        let last = end.as_u64() - 1 - start.as_u64();
        let found = climb(
            NodeHash::from_leaf(*leaf),
            Steps::from_leaf(offset, last),
            path,
        )?;
        if found == *root {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }

    /// Checks that a tree of `size` leaves with `root` contains this subtree with `own_root`.
    ///
    /// With a start of 0 this is the consistency proof of RFC 9162. An empty subtree is in every
    /// tree that reaches it: its path is empty, its root is [`NodeHash::EMPTY`], and `root` is
    /// not looked at.
    ///
    /// # Errors
    /// The subtree ends beyond the tree, the path has another length than it must have, or leads
    /// elsewhere.
    pub fn verify_consistency(
        &self,
        size: TreeSize,
        path: &[NodeHash],
        own_root: &NodeHash,
        root: &NodeHash,
    ) -> Result<(), ProofError> {
        if self.end > size {
            return Err(ProofError::OldLargerThanNew {
                old: self.end,
                new: size,
            });
        }
        if self.start.as_u64() == self.end.as_u64() {
            return match path.len() {
                0 if *own_root == NodeHash::EMPTY => Ok(()),
                0 => Err(ProofError::OldRoot),
                found => Err(ProofError::PathLength { expected: 0, found }),
            };
        }
        // Not empty and not beyond the tree: both ends are at least 1.
        let (first, last) = (self.start.as_u64(), self.end.as_u64() - 1);
        climb_both(first, last, size.as_u64() - 1, path, own_root, root)
    }
}
