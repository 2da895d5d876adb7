//! The nodes of the logs' trees: every fourth level in strings, 32 bytes a node.

use crate::error::corrupt;
use crate::keys::NODES;
use crate::read::get_range;
use crate::store::RedisStore;
use ai_audit_core::{LeafHash, NodeHash};
use ai_audit_merkle::TileReader;
use ai_audit_store::{LogName, NODE_STEP, StoreError, tile_nodes};
use core::ops::Range;

/// Whether nodes of this level are kept.
pub(crate) const fn is_kept(level: u32) -> bool {
    level.is_multiple_of(NODE_STEP)
}

impl RedisStore {
    /// Adds the complete nodes of a level whose index is in the range, of a log of this size.
    pub(crate) fn read_nodes(
        &self,
        log: &LogName,
        size: u64,
        level: u32,
        range: Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        let complete = size.checked_shr(level).unwrap_or(0);
        let end = range.end.min(complete);
        let (keys, mut at) = (self.keys.of(log), range.start);
        while at < end {
            let (part, first) = (at / NODES, at % NODES);
            let count = (end - at).min(NODES - first);
            let bytes = first * 32..(first + count) * 32;
            let cmd = get_range(&keys.nodes(level, part), bytes);
            let found: Vec<u8> = self.ask("reading nodes", &cmd)?;
            let (nodes, rest) = found.as_chunks::<32>();
            if !rest.is_empty() || u64::try_from(nodes.len()) != Ok(count) {
                return Err(corrupt(format!(
                    "log {log}: nodes of tree level {level} from {at} on are missing"
                )));
            }
            out.extend(nodes.iter().map(|node| NodeHash::from_bytes(*node)));
            at += count;
        }
        Ok(())
    }

    /// The hash of a receipt that the log has.
    pub(crate) fn leaf(&self, log: &LogName, size: u64, seq: u64) -> Result<LeafHash, StoreError> {
        let mut out = Vec::new();
        self.read_nodes(log, size, 0, seq..seq + 1, &mut out)?;
        match out.first() {
            Some(node) => Ok(LeafHash::from_bytes(*node.as_bytes())),
            None => Err(corrupt(format!("log {log}: receipt {seq} has no hash"))),
        }
    }
}

/// The tiles of one log.
pub(crate) struct Nodes<'s> {
    pub(crate) store: &'s RedisStore,
    pub(crate) log: &'s LogName,
    pub(crate) size: u64,
}

impl TileReader for Nodes<'_> {
    const HEIGHT: u32 = NODE_STEP;

    type Error = StoreError;

    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        let (level, range) = tile_nodes(tile_level, tile_index);
        self.store
            .read_nodes(self.log, self.size, level, range, out)
    }
}
