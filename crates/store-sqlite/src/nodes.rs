//! The nodes of the logs' trees: leaves beside the receipts, every fourth level above them in a table.

use crate::error::{corrupt, sql};
use crate::read::bytes32;
use ai_audit_core::NodeHash;
use ai_audit_merkle::{TILE_HEIGHT, TileReader};
use ai_audit_store::{NODE_STEP, StoreError, step_up, tile_nodes};
use core::ops::Range;
use rusqlite::{Connection, params};

/// The number of a tree level in the table: n for level 8 n, which every file has, and -n for level
/// 8 n - 4, which files have as far as they were written by software that knows of it.
pub(crate) fn stored_level(level: u32) -> i64 {
    match level % TILE_HEIGHT {
        0 => i64::from(level / TILE_HEIGHT),
        _ => -i64::from(level.div_ceil(TILE_HEIGHT)),
    }
}

/// Adds complete nodes of a level whose index is in the range, from its start on.
pub(crate) fn read(
    connection: &Connection,
    log: i64,
    level: u32,
    range: Range<u64>,
    out: &mut Vec<NodeHash>,
) -> Result<(), StoreError> {
    let optional = !level.is_multiple_of(TILE_HEIGHT);
    let known = rows(connection, log, level, range.clone(), optional, out)?;
    let from = range.start.saturating_add(known);
    if optional && from < range.end {
        // Not complete yet, or not written: nodes that are there all the same follow from those below.
        let below = |index: u64| index.saturating_mul(1 << NODE_STEP);
        let mut nodes = Vec::new();
        let range = below(from)..below(range.end);
        rows(connection, log, level - NODE_STEP, range, false, &mut nodes)?;
        out.extend(step_up(&nodes));
    }
    Ok(())
}

/// Adds those that are in the table, up to the first gap, and returns how many; unless gaps are allowed,
/// one that has something behind it is damage.
fn rows(
    connection: &Connection,
    log: i64,
    level: u32,
    range: Range<u64>,
    gaps: bool,
    out: &mut Vec<NodeHash>,
) -> Result<u64, StoreError> {
    let number = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
    let failed = sql("reading nodes");
    let text = match level {
        0 => {
            "SELECT seq, hash FROM receipts WHERE log = ? AND ?2 = 0 AND seq >= ? AND seq < ? ORDER BY seq"
        }
        _ => {
            "SELECT place, hash FROM nodes WHERE log = ? AND level = ? AND place >= ? AND place < ? ORDER BY place"
        }
    };
    let mut select = connection.prepare_cached(text).map_err(&failed)?;
    let start = number(range.start);
    let mut rows = select
        .query(params![log, stored_level(level), start, number(range.end)])
        .map_err(&failed)?;
    let (mut expected, mut count) = (start, 0);
    while let Some(row) = rows.next().map_err(&failed)? {
        let place: i64 = row.get(0).map_err(&failed)?;
        if place != expected {
            if gaps {
                break;
            }
            return Err(corrupt(format!(
                "node {expected} of tree level {level} is missing"
            )));
        }
        // Borrowed: there may be many of them.
        let hash = row.get_ref(1).map_err(&failed)?;
        let hash = hash
            .as_blob()
            .map_err(|error| corrupt(format!("node {place} of tree level {level}: {error}")))?;
        out.push(NodeHash::from_bytes(bytes32(hash)?));
        expected += 1;
        count += 1;
    }
    Ok(count)
}

/// Whether the table has nodes of this level. Leaves are the receipts' hashes and stand beside them.
pub(crate) fn is_kept(level: u32) -> bool {
    level > 0 && level.is_multiple_of(NODE_STEP)
}

/// The nodes of one log.
pub(crate) struct Nodes<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) log: i64,
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
        read(self.connection, self.log, level, range, out)
    }
}
