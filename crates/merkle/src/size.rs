//! How many leaves a tree has and where a leaf stands in it: two numbers that must not mix.

use core::fmt;

/// Number of leaves of a tree, 0 to 2^64 − 1.
///
/// Of a log, trees of all sizes up to the present one exist; a size names one of them.
///
/// A size is no position, and the types do not mix:
///
/// ```compile_fail
/// use ai_audit_merkle::{LeafIndex, TreeSize};
/// let size: TreeSize = LeafIndex::new(3);
/// ```
///
/// Nor does the compiler take them in the wrong order:
///
/// ```compile_fail
/// use ai_audit_merkle::{LeafIndex, MemoryTree, TreeSize, inclusion_proof};
/// let _ = inclusion_proof(&mut MemoryTree::new(), TreeSize::new(4), LeafIndex::new(3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreeSize(u64);

/// Position of a leaf, counted from 0.
///
/// It lies in a tree exactly when it is below the tree's size
/// ([`TreeSize::contains`]); every function that takes both checks that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LeafIndex(u64);

impl TreeSize {
    /// The size of the tree without leaves.
    pub const ZERO: Self = Self(0);

    /// A size of `leaves` leaves.
    #[must_use]
    pub const fn new(leaves: u64) -> Self {
        Self(leaves)
    }

    /// The number of leaves.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Whether a tree of this size has a leaf at `index`.
    ///
    /// ```
    /// use ai_audit_merkle::{LeafIndex, TreeSize};
    /// assert!(TreeSize::new(3).contains(LeafIndex::new(2)));
    /// assert!(!TreeSize::new(3).contains(LeafIndex::new(3)));
    /// ```
    #[must_use]
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }

    /// Where the next leaf goes that is appended to a tree of this size.
    #[must_use]
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }
}

impl LeafIndex {
    /// The position `index`, counted from 0.
    #[must_use]
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The position, counted from 0.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
