//! The append-only frontier: a growing tree's root in O(log n) memory.

use crate::error::{FrontierError, TreeFull};
use crate::size::{LeafIndex, TreeSize};
use ai_audit_core::{LeafHash, NodeHash};
use alloc::vec::Vec;

/// Bytes of the size in the stored form, and of each node.
const SIZE_LEN: usize = 8;
const NODE_LEN: usize = 32;

/// The right edge of a growing tree: the roots of its complete subtrees, largest first.
///
/// A tree of n leaves has one complete subtree for each binary one of n, so the frontier holds at
/// most 64 hashes. That is enough to append and to compute the root, not to make proofs.
///
/// ```
/// use ai_audit_merkle::{Frontier, LeafHash, NodeHash};
/// let mut frontier = Frontier::new();
/// assert_eq!(frontier.root(), NodeHash::EMPTY);
/// frontier.push(LeafHash::of(b"one"))?;
/// frontier.push(LeafHash::of(b"two"))?;
/// let bytes = frontier.to_bytes();
/// assert_eq!(bytes.len(), 8 + 32);
/// assert_eq!(Frontier::from_bytes(&bytes)?, frontier);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Frontier {
    size: u64,
    /// As many as `size` has binary ones.
    nodes: Vec<NodeHash>,
}

impl Frontier {
    /// The frontier of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            nodes: Vec::new(),
        }
    }

    /// The frontier of a tree of `size` leaves whose complete subtrees have the roots `nodes`,
    /// largest subtree first.
    ///
    /// # Errors
    /// [`FrontierError::NodeCount`] if a tree of that size has another number of them.
    pub fn from_nodes(size: TreeSize, nodes: Vec<NodeHash>) -> Result<Self, FrontierError> {
        let (expected, found) = (node_count(size.as_u64()), nodes.len());
        if expected != found {
            return Err(FrontierError::NodeCount { expected, found });
        }
        Ok(Self {
            size: size.as_u64(),
            nodes,
        })
    }

    /// Appends a leaf and returns its position.
    ///
    /// # Errors
    /// [`TreeFull`] after 2^64 − 1 leaves.
    pub fn push(&mut self, leaf: LeafHash) -> Result<LeafIndex, TreeFull> {
        self.push_with(leaf, |_, _, _| {})
    }

    /// Appends a leaf and tells `finished` each node that is complete with it, for a store that
    /// keeps nodes: level (0 = leaves), index within the level, hash; the leaf first, then upwards.
    ///
    /// ```
    /// use ai_audit_merkle::{Frontier, LeafHash};
    /// let mut frontier = Frontier::new();
    /// let mut nodes = Vec::new();
    /// for payload in [&b"one"[..], b"two", b"three", b"four"] {
    ///     frontier.push_with(LeafHash::of(payload), |level, index, _| nodes.push((level, index)))?;
    /// }
    /// assert_eq!(nodes, [(0, 0), (0, 1), (1, 0), (0, 2), (0, 3), (1, 1), (2, 0)]);
    /// # Ok::<(), ai_audit_merkle::TreeFull>(())
    /// ```
    ///
    /// # Errors
    /// [`TreeFull`] after 2^64 − 1 leaves.
    pub fn push_with(
        &mut self,
        leaf: LeafHash,
        mut finished: impl FnMut(u32, u64, NodeHash),
    ) -> Result<LeafIndex, TreeFull> {
        let index = self.size;
        let size = index.checked_add(1).ok_or(TreeFull)?;
        let mut node = NodeHash::from_leaf(leaf);
        finished(0, index, node);
        // A complete subtree stands to the left for each one at the end of the old size.
        for level in 1..=index.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = NodeHash::parent(&left, &node);
                finished(level, index >> level, node);
            }
        }
        self.nodes.push(node);
        self.size = size;
        Ok(LeafIndex::new(index))
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// The tree's root; [`NodeHash::EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        fold(&self.nodes)
    }

    /// For nodes that were just read for exactly this size.
    pub(crate) const fn from_read(size: TreeSize, nodes: Vec<NodeHash>) -> Self {
        Self {
            size: size.as_u64(),
            nodes,
        }
    }

    /// The roots of the complete subtrees, largest first.
    #[must_use]
    pub fn nodes(&self) -> &[NodeHash] {
        &self.nodes
    }

    /// The stored form: the size as 8 bytes, big-endian, then the nodes, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIZE_LEN + NODE_LEN * self.nodes.len());
        out.extend_from_slice(&self.size.to_be_bytes());
        for node in &self.nodes {
            out.extend_from_slice(node.as_bytes());
        }
        out
    }

    /// Reads the stored form back.
    ///
    /// Only its length can be checked: whether the nodes are those of the log shows when
    /// [`Frontier::root`] is compared with a root that is known.
    ///
    /// # Errors
    /// [`FrontierError::Length`] unless there is exactly one node for each binary one of the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let found = bytes.len();
        let Some((size, rest)) = bytes.split_first_chunk::<SIZE_LEN>() else {
            return Err(FrontierError::Length {
                expected: SIZE_LEN,
                found,
            });
        };
        let size = u64::from_be_bytes(*size);
        let expected = SIZE_LEN + NODE_LEN * node_count(size);
        if expected != found {
            return Err(FrontierError::Length { expected, found });
        }
        let (nodes, _) = rest.as_chunks::<NODE_LEN>();
        Ok(Self {
            size,
            nodes: nodes.iter().copied().map(NodeHash::from_bytes).collect(),
        })
    }
}

/// The root of the tree over `leaves`, at hardly more than the cost of its node hashes.
///
/// ```
/// use ai_audit_merkle::{LeafHash, NodeHash, root_of};
/// let (a, b) = (LeafHash::of(b"a"), LeafHash::of(b"b"));
/// assert_eq!(root_of(&[a, b]), NodeHash::parent(&NodeHash::from_leaf(a), &NodeHash::from_leaf(b)));
/// assert_eq!(root_of(&[]), NodeHash::EMPTY);
/// ```
#[must_use]
pub fn root_of(leaves: &[LeafHash]) -> NodeHash {
    let mut nodes: Vec<NodeHash> = Vec::with_capacity(64);
    for (leaf, index) in leaves.iter().zip(0u64..) {
        let mut node = NodeHash::from_leaf(*leaf);
        for _ in 0..index.trailing_ones() {
            if let Some(left) = nodes.pop() {
                node = NodeHash::parent(&left, &node);
            }
        }
        nodes.push(node);
    }
    fold(&nodes)
}

/// The root over complete subtrees, largest first.
pub(crate) fn fold(nodes: &[NodeHash]) -> NodeHash {
    let Some((last, rest)) = nodes.split_last() else {
        return NodeHash::EMPTY;
    };
    rest.iter()
        .rev()
        .fold(*last, |right, left| NodeHash::parent(left, &right))
}

/// Number of complete subtrees of a tree of `size` leaves: at most 64.
fn node_count(size: u64) -> usize {
    // u32 fits wherever there is an allocator; 64 is no smaller than any count if it did not.
    usize::try_from(size.count_ones()).unwrap_or(64)
}
