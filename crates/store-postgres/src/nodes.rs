//! The nodes of the logs' trees: leaves beside the receipts, every fourth level above them in a table.

use crate::client::Client;
use crate::error::{Answer, Fail, corrupt};
use crate::read::bytes32;
use ai_audit_core::NodeHash;
use ai_audit_merkle::TileReader;
use ai_audit_store::{NODE_STEP, tile_nodes};
use core::ops::Range;

/// Adds complete nodes of a level whose index is in the range, from its start on.
pub(crate) fn read(
    client: &mut Client,
    log: i64,
    level: u32,
    range: Range<u64>,
    out: &mut Vec<NodeHash>,
) -> Answer<()> {
    let number = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
    let (start, end) = (number(range.start), number(range.end));
    let rows = match level {
        0 => client.rows(
            "SELECT seq, hash FROM receipts WHERE log = $1 AND seq >= $2 AND seq < $3 ORDER BY seq",
            &[&log, &start, &end],
        )?,
        _ => {
            // No log has as many receipts as a tree of such a height.
            let Ok(level) = i16::try_from(level) else {
                return Ok(());
            };
            client.rows(
                "SELECT place, hash FROM nodes
                 WHERE log = $1 AND level = $2 AND place >= $3 AND place < $4 ORDER BY place",
                &[&log, &level, &start, &end],
            )?
        }
    };
    for (row, expected) in rows.iter().zip(start..) {
        if row.try_get::<_, i64>(0)? != expected {
            let what = format!("node {expected} of tree level {level} is missing");
            return Err(corrupt(what).into());
        }
        out.push(NodeHash::from_bytes(bytes32(row.try_get(1)?)?));
    }
    Ok(())
}

/// Whether the table has nodes of this level.
pub(crate) const fn is_kept(level: u32) -> bool {
    level > 0 && level.is_multiple_of(NODE_STEP)
}

/// The nodes of one log.
pub(crate) struct Nodes<'c> {
    pub(crate) client: &'c mut Client,
    pub(crate) log: i64,
}

impl TileReader for Nodes<'_> {
    const HEIGHT: u32 = NODE_STEP;

    type Error = Fail;

    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), Fail> {
        let (level, range) = tile_nodes(tile_level, tile_index);
        read(self.client, self.log, level, range, out)
    }
}
