//! The one walk behind all proofs: from a range of leaves up to the root of a tree.
//!
//! RFC 9162 gives two verifying algorithms, for inclusion (section 2.1.3.2) and for consistency
//! (section 2.1.4.2). Both are the walk from a range of leaves, `first` to `last`, to the root of
//! the tree that ends at leaf `end`: a leaf is the range of itself, and an old tree is the range
//! from leaf 0. Written once, the three kinds of proof cannot disagree. The number of steps
//! depends on the three positions alone, so that a path's length is checked before any hash.

/// What one hash of the path does on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is the left sibling; with `both`, in the range's own tree also.
    Left { both: bool },
    /// It is the right sibling, outside the range.
    Right,
}

/// The steps from a range of leaves to the root; at most 64.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    first: u64,
    last: u64,
    end: u64,
}

impl Steps {
    /// From leaf `index` alone. Needs `index <= end`.
    pub(crate) const fn from_leaf(index: u64, end: u64) -> Self {
        Self {
            first: index,
            last: index,
            end,
        }
    }

    /// From the leaves `first` to `last`, a subtree. Needs `first <= last <= end`.
    ///
    /// The walk starts at the largest complete subtree that the range ends with. Second value:
    /// whether that is less than the whole range, so that its hash has to be in the path.
    pub(crate) const fn from_range(first: u64, last: u64, end: u64) -> (Self, bool) {
        let mut steps = Self { first, last, end };
        // A range that ends with the tree is a node of the tree, whatever its size.
        while steps.first != steps.last && (last == end || steps.last & 1 == 1) {
            steps.up();
        }
        (steps, steps.first != steps.last)
    }

    const fn up(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
        self.end >>= 1;
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.end == 0 {
            return None;
        }
        let step = if self.last & 1 == 1 || self.last == self.end {
            let both = self.first < self.last;
            // The last node of a level without a sibling is its own parent: nothing to hash.
            // This ends because `last` is odd, or equals `end`, which is not 0.
            while self.last & 1 == 0 {
                self.up();
            }
            Step::Left { both }
        } else {
            Step::Right
        };
        self.up();
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_sizes_end() {
        let end = u64::MAX - 1;
        assert_eq!(Steps::from_leaf(0, end).count(), 64);
        assert_eq!(Steps::from_leaf(end, end).count(), 63);
        assert_eq!(Steps::from_range(0, end, end).0.count(), 0);
        let (steps, seeded) = Steps::from_range(0, (1 << 63) - 1, end);
        assert!(!seeded);
        assert_eq!(steps.count(), 1);
        let (steps, seeded) = Steps::from_range(0, end - 1, end);
        assert!(seeded);
        assert_eq!(steps.last(), Some(Step::Left { both: true }));
    }
}
