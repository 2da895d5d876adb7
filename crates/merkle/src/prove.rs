//! Roots and proofs from a stored log, reading O(log n) nodes.

use crate::error::{ProofError, ProveError};
use crate::frontier::{Frontier, fold};
use crate::proof::{ConsistencyProof, InclusionProof};
use crate::size::{LeafIndex, TreeSize};
use ai_audit_core::NodeHash;
use alloc::vec::Vec;

/// Reads the nodes of a log's tree.
///
/// Only complete nodes are asked for: those with 2^level leaves, all of them below the size of the
/// tree in question. Such a node never changes while the log grows.
pub trait NodeReader {
    /// Why a node could not be read.
    type Error;

    /// The node `index` of `level`; level 0 are the leaves, and the node covers the leaves
    /// `index << level` up to `(index + 1) << level`.
    ///
    /// # Errors
    /// The store failed, or does not have that node.
    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, Self::Error>;
}

impl<R: NodeReader + ?Sized> NodeReader for &mut R {
    type Error = R::Error;
    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, Self::Error> {
        (**self).node(level, index)
    }
}

/// The root of the log's tree when it had `size` leaves.
///
/// # Errors
/// [`ProveError::Reader`].
pub fn root<R: NodeReader>(
    reader: &mut R,
    size: TreeSize,
) -> Result<NodeHash, ProveError<R::Error>> {
    range_root(reader, 0, size.as_u64())
}

/// The frontier of the log's tree when it had `size` leaves, to go on appending.
///
/// # Errors
/// [`ProveError::Reader`].
pub fn frontier<R: NodeReader>(
    reader: &mut R,
    size: TreeSize,
) -> Result<Frontier, ProveError<R::Error>> {
    Ok(Frontier::from_read(
        size,
        range_nodes(reader, 0, size.as_u64())?,
    ))
}

/// Proof that leaf `index` is in the tree of the log's first `size` leaves.
///
/// # Errors
/// [`ProveError::Impossible`] if the index is not below the size, [`ProveError::Reader`].
pub fn inclusion_proof<R: NodeReader>(
    reader: &mut R,
    index: LeafIndex,
    size: TreeSize,
) -> Result<InclusionProof, ProveError<R::Error>> {
    if !size.contains(index) {
        return Err(ProofError::IndexOutsideTree { index, size }.into());
    }
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size.as_u64());
    // RFC 9162 section 2.1.3.1, from the root down.
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.as_u64() < middle {
            path.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(InclusionProof { index, size, path })
}

/// Proof that the tree of the log's first `new` leaves continues that of its first `old`.
///
/// # Errors
/// [`ProveError::Impossible`] if `old` is 0 or above `new`, [`ProveError::Reader`].
pub fn consistency_proof<R: NodeReader>(
    reader: &mut R,
    old: TreeSize,
    new: TreeSize,
) -> Result<ConsistencyProof, ProveError<R::Error>> {
    if old == TreeSize::ZERO {
        return Err(ProofError::EmptyOldTree.into());
    }
    if old > new {
        return Err(ProofError::OldLargerThanNew { old, new }.into());
    }
    let mut path = Vec::new();
    let (mut start, mut end) = (0, new.as_u64());
    // RFC 9162 section 2.1.4.1, from the root down, until the old tree's last node is found.
    while end > old.as_u64() {
        let middle = start + split(end - start);
        if old.as_u64() <= middle {
            path.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    // From leaf 0 on that node is the old tree, whose root the verifier has.
    if start != 0 {
        path.push(range_root(reader, start, end)?);
    }
    path.reverse();
    Ok(ConsistencyProof { old, new, path })
}

/// The largest power of two below `len`, which is at least 2.
const fn split(len: u64) -> u64 {
    1 << (u64::BITS - 1 - (len - 1).leading_zeros())
}

/// The root over the leaves `start` up to `end`, which are a node of some tree.
fn range_root<R: NodeReader>(
    reader: &mut R,
    start: u64,
    end: u64,
) -> Result<NodeHash, ProveError<R::Error>> {
    Ok(fold(&range_nodes(reader, start, end)?))
}

/// The complete nodes that make up the leaves `start` up to `end`, largest first.
fn range_nodes<R: NodeReader>(
    reader: &mut R,
    mut start: u64,
    end: u64,
) -> Result<Vec<NodeHash>, ProveError<R::Error>> {
    let mut nodes = Vec::new();
    while start < end {
        let level = u64::BITS - 1 - (end - start).leading_zeros();
        nodes.push(
            reader
                .node(level, start >> level)
                .map_err(ProveError::Reader)?,
        );
        start += 1 << level;
    }
    Ok(nodes)
}
