//! A tree with all its nodes in memory: for tests and small logs.

use crate::error::TreeFull;
use crate::frontier::Frontier;
use crate::prove::NodeReader;
use crate::size::{LeafIndex, TreeSize};
use ai_audit_core::{LeafHash, NodeHash};
use alloc::vec::Vec;
use core::fmt;

/// A growing tree that keeps every complete node: about 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    frontier: Frontier,
    levels: Vec<Vec<NodeHash>>,
}

/// A node that the tree does not have, because not all of its leaves are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingNode {
    /// Level of the node; 0 are the leaves.
    pub level: u32,
    /// Index of the node within its level.
    pub index: u64,
}

impl MemoryTree {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frontier: Frontier::new(),
            levels: Vec::new(),
        }
    }

    /// Appends a leaf and returns its position.
    ///
    /// # Errors
    /// [`TreeFull`] after 2^64 − 1 leaves.
    pub fn push(&mut self, leaf: LeafHash) -> Result<LeafIndex, TreeFull> {
        let levels = &mut self.levels;
        self.frontier.push_with(leaf, |level, _, node| {
            // Nodes finish in order within each level, and a level starts after the one below.
            match usize::try_from(level)
                .ok()
                .and_then(|level| levels.get_mut(level))
            {
                Some(nodes) => nodes.push(node),
                None => levels.push(alloc::vec![node]),
            }
        })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The tree's root; [`NodeHash::EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        self.frontier.root()
    }
}

impl NodeReader for MemoryTree {
    type Error = MissingNode;

    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, MissingNode> {
        let nodes = usize::try_from(level)
            .ok()
            .and_then(|level| self.levels.get(level));
        let node = usize::try_from(index)
            .ok()
            .and_then(|index| nodes?.get(index));
        node.copied().ok_or(MissingNode { level, index })
    }
}

impl fmt::Display for MissingNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "node {} of level {} is not in the tree",
            self.index, self.level
        )
    }
}

impl core::error::Error for MissingNode {}
