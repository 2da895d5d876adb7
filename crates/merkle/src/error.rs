//! The errors of trees and proofs.

use crate::size::{LeafIndex, TreeSize};
use core::error::Error;
use core::fmt;

/// A tree that holds 2^64 − 1 leaves already and takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeFull;

/// Bytes that are no frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontierError {
    /// The number of bytes is not what the size calls for.
    Length {
        /// 8 for the size and 32 for each complete subtree.
        expected: usize,
        /// Number of bytes given.
        found: usize,
    },
    /// A frontier without leaves has no nodes, and one with leaves has as many as its size has
    /// binary ones.
    NodeCount {
        /// Number of binary ones in the size.
        expected: usize,
        /// Number of nodes given.
        found: usize,
    },
}

/// A proof that does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf's position is not in the tree.
    IndexOutsideTree {
        /// Position that the proof names.
        index: LeafIndex,
        /// Size of the tree.
        size: TreeSize,
    },
    /// The old tree is empty: every tree is consistent with that, nothing can be proved.
    EmptyOldTree,
    /// The old tree is larger than the new one.
    OldLargerThanNew {
        /// Size of the old tree.
        old: TreeSize,
        /// Size of the new tree.
        new: TreeSize,
    },
    /// No subtree of any tree covers exactly these leaves.
    NotASubtree {
        /// First leaf.
        start: LeafIndex,
        /// Size of the tree that ends with the last leaf.
        end: TreeSize,
    },
    /// The leaf lies outside the subtree.
    IndexOutsideSubtree {
        /// Position of the leaf.
        index: LeafIndex,
        /// First leaf of the subtree.
        start: LeafIndex,
        /// Size of the tree that ends with the subtree's last leaf.
        end: TreeSize,
    },
    /// The path has another number of hashes than index and sizes call for.
    PathLength {
        /// Number of hashes that the path must have.
        expected: usize,
        /// Number of hashes that it has.
        found: usize,
    },
    /// The path leads to another root than the given one (of a consistency proof: the new one).
    Root,
    /// The path leads to another root of the old tree, or the subtree, than the given one.
    OldRoot,
    /// The proof is about a tree of another size than the statement that it is checked against.
    Size {
        /// Size in the statement.
        expected: TreeSize,
        /// Size in the proof.
        found: TreeSize,
    },
    /// A multi-proof about no leaf at all.
    NoLeaves,
    /// A multi-proof about more leaves than this crate checks in one go.
    TooManyLeaves {
        /// Largest number taken.
        limit: usize,
        /// Number of leaves in the proof.
        found: usize,
    },
    /// A multi-proof and the leaves to check against it differ in number.
    LeafCount {
        /// Number of positions in the proof.
        expected: usize,
        /// Number of leaves given.
        found: usize,
    },
    /// The positions of a multi-proof do not ascend.
    LeafOrder {
        /// Which entry is not above the one before it, counted from 0.
        entry: usize,
    },
}

/// Why a proof, a root or a frontier could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// There is no such proof: index or sizes are not possible.
    Impossible(ProofError),
    /// The stored log did not give a node.
    Reader(E),
}

impl fmt::Display for TreeFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tree has 2^64 - 1 leaves and takes no more")
    }
}

impl fmt::Display for FrontierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "frontier: expected {expected} bytes, found {found}")
            }
            Self::NodeCount { expected, found } => {
                write!(f, "frontier: expected {expected} nodes, found {found}")
            }
        }
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutsideTree { index, size } => {
                write!(f, "leaf index {index} is not below the tree size {size}")
            }
            Self::EmptyOldTree => {
                f.write_str("old tree size is 0, expected at least 1: nothing can be proved")
            }
            Self::OldLargerThanNew { old, new } => {
                write!(f, "old tree size {old} is above the new tree size {new}")
            }
            Self::NotASubtree { start, end } => {
                write!(f, "leaves {start} up to {end} are no subtree")
            }
            Self::IndexOutsideSubtree { index, start, end } => {
                write!(
                    f,
                    "leaf index {index} is not in the subtree {start} up to {end}"
                )
            }
            Self::PathLength { expected, found } => {
                write!(f, "proof path: expected {expected} hashes, found {found}")
            }
            Self::Root => f.write_str("proof path leads to another root than the expected one"),
            Self::OldRoot => {
                f.write_str("proof path leads to another old root than the expected one")
            }
            Self::Size { expected, found } => {
                write!(f, "proof is about tree size {found}, expected {expected}")
            }
            Self::NoLeaves => f.write_str("multi-proof: expected at least one leaf"),
            Self::TooManyLeaves { limit, found } => {
                write!(
                    f,
                    "multi-proof: expected at most {limit} leaves, found {found}"
                )
            }
            Self::LeafCount { expected, found } => {
                write!(f, "multi-proof: expected {expected} leaves, found {found}")
            }
            Self::LeafOrder { entry } => {
                write!(
                    f,
                    "multi-proof: leaf index {entry} is not above the one before it"
                )
            }
        }
    }
}

impl<E: fmt::Display> fmt::Display for ProveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impossible(error) => error.fmt(f),
            Self::Reader(error) => write!(f, "stored tree: {error}"),
        }
    }
}

impl Error for TreeFull {}
impl Error for FrontierError {}
impl Error for ProofError {}
impl<E: Error + 'static> Error for ProveError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Impossible(error) => Some(error),
            Self::Reader(error) => Some(error),
        }
    }
}

impl<E> From<ProofError> for ProveError<E> {
    fn from(error: ProofError) -> Self {
        Self::Impossible(error)
    }
}
