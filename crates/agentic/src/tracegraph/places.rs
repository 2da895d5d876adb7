//! Which node has a hash.

use super::NodeIndex;
use ai_audit_core::LeafHash;
use alloc::vec::Vec;

/// Hashes with their places, in ascending order, and where each beginning of two bytes starts.
///
/// Sorted rather than hashed: whoever can choose receipts can choose the first bytes of their hashes,
/// and then only the search within a beginning gets longer, by its logarithm.
pub(super) struct Places {
    sorted: Vec<(LeafHash, NodeIndex)>,
    /// Of small graphs there are none.
    starts: Vec<u32>,
}

/// Graphs of fewer nodes are searched without beginnings.
const SMALL: usize = 1 << 14;
/// Beginnings of two bytes.
const BEGINNINGS: usize = 1 << 16;

impl Places {
    pub(super) fn new(hashes: impl Iterator<Item = LeafHash>) -> Self {
        let mut sorted: Vec<_> = hashes.zip((0..).map(NodeIndex)).collect();
        sorted.sort_unstable();
        let mut starts = Vec::new();
        if sorted.len() >= SMALL {
            starts = alloc::vec![0; BEGINNINGS + 1];
            for (hash, _) in &sorted {
                if let Some(count) = starts.get_mut(beginning(hash) + 1) {
                    *count += 1;
                }
            }
            let mut sum = 0u32;
            for count in &mut starts {
                sum += *count;
                *count = sum;
            }
        }
        Self { sorted, starts }
    }

    /// The first node of a hash.
    pub(super) fn find(&self, hash: &LeafHash) -> Option<NodeIndex> {
        let at = |place: usize| self.starts.get(place).map(|start| *start as usize);
        let begin = beginning(hash);
        let range = match (at(begin), at(begin + 1)) {
            (Some(start), Some(end)) => self.sorted.get(start..end)?,
            _ => &self.sorted,
        };
        let before = range.partition_point(|(known, _)| known < hash);
        let (known, node) = range.get(before)?;
        (known == hash).then_some(*node)
    }

    /// The nodes whose hash an earlier one has.
    pub(super) fn doubles(&self) -> impl Iterator<Item = NodeIndex> {
        let pairs = self.sorted.iter().zip(self.sorted.iter().skip(1));
        let doubles = pairs.filter(|((one, _), (two, _))| one == two);
        doubles.map(|(_, (_, node))| *node)
    }
}

fn beginning(hash: &LeafHash) -> usize {
    let [first, second, ..] = *hash.as_bytes();
    usize::from(u16::from_be_bytes([first, second]))
}
