//! Nodes of the logs' trees: in the segments that complete them, those of upper levels in indexes too.

use crate::codec::{corrupt, count};
use crate::index::UPPER;
use crate::root::Entry;
use crate::store::ObjectStore;
use ai_audit_core::NodeHash;
use ai_audit_store::{LogName, StoreError};
use core::ops::Range;

/// Which nodes are looked for.
struct Wanted<'w> {
    log: &'w LogName,
    level: u32,
    range: Range<u64>,
}

impl ObjectStore {
    /// The complete nodes of a level whose index is in the range.
    pub(crate) fn read_nodes(
        &self,
        log: &LogName,
        level: u32,
        range: &Range<u64>,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        self.reading(|root| {
            out.clear();
            let Some(state) = root.logs.get(log) else {
                return Ok(());
            };
            let complete = state.head.size().checked_shr(level).unwrap_or(0);
            let wanted = Wanted {
                log,
                level,
                range: range.start..range.end.min(complete),
            };
            if wanted.range.is_empty() {
                return Ok(());
            }
            for (object_level, entry) in state.entries() {
                self.nodes_of(&wanted, object_level, entry, out)?;
            }
            let expected = wanted.range.end - wanted.range.start;
            match count(out.len()) == expected {
                true => Ok(()),
                false => Err(corrupt(format!(
                    "log {log}: {} nodes of tree level {level} from {} on; expected {expected}",
                    out.len(),
                    wanted.range.start
                ))),
            }
        })
    }

    fn nodes_of(
        &self,
        wanted: &Wanted<'_>,
        object_level: usize,
        entry: &Entry,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), StoreError> {
        // A node is where its last leaf is.
        let complete = |size: u64| size.checked_shr(wanted.level).unwrap_or(0);
        let (first, end) = (complete(entry.from), complete(entry.end()));
        let (from, to) = (first.max(wanted.range.start), end.min(wanted.range.end));
        if from >= to {
            return Ok(());
        }
        let mut take = |nodes: &[NodeHash]| {
            let place = |index: u64| usize::try_from(index - first).ok();
            let found = place(from).zip(place(to));
            let found = found.and_then(|(from, to)| nodes.get(from..to));
            out.extend_from_slice(found.unwrap_or_default());
        };
        match object_level {
            0 => {
                let segment = self.segment(wanted.log, entry)?;
                match wanted.level {
                    0 => take(&segment.leaves),
                    level => take(segment.nodes.of(level)),
                }
            }
            1 if wanted.level >= UPPER => {
                let index = self.index(wanted.log, 1, entry)?;
                take(index.nodes.of(wanted.level));
            }
            level => {
                let index = self.index(wanted.log, level, entry)?;
                for entry in &index.entries {
                    self.nodes_of(wanted, level - 1, entry, out)?;
                }
            }
        }
        Ok(())
    }
}
