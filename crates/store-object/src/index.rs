//! Indexes: the entries of 32 objects of the level below, and of segments their filters and upper tree nodes.

use crate::codec::{In, Kind, Out};
use crate::root::{Entry, WIDTH};
use crate::segment::Nodes;
use ai_audit_store::StoreError;

/// Tree nodes of this level and those above are in indexes of level 1 too, so that a proof reads few objects.
pub(crate) const UPPER: u32 = 8;

/// Entries that follow each other.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) level: usize,
    pub(crate) entries: Vec<Entry>,
    /// Of level 1: a filter for each segment.
    pub(crate) filters: Vec<Vec<u8>>,
    /// Of level 1: the nodes of upper levels that are complete within.
    pub(crate) nodes: Nodes,
}

impl Index {
    pub(crate) fn put(&self) -> Vec<u8> {
        let mut out = Out::new(Kind::Index);
        out.len(self.level);
        out.list(&self.entries, |out, entry| entry.put(out));
        if self.level == 1 {
            out.list(&self.filters, |out, filter| out.bytes(filter));
            self.nodes.put(&mut out);
        }
        out.end()
    }

    /// Reads the one that an entry of this level names.
    pub(crate) fn parse(
        name: &str,
        bytes: &[u8],
        level: usize,
        of: &Entry,
    ) -> Result<Self, StoreError> {
        let mut object = In::new(name, bytes, Kind::Index)?;
        if usize::try_from(object.u32()?) != Ok(level) {
            return Err(object.wrong(&format!("another level; expected {level}")));
        }
        let entries = Entry::take_all(&mut object)?;
        let mut at = of.from;
        for entry in &entries {
            if entry.from != at {
                return Err(object.wrong("entries that do not follow each other"));
            }
            at = entry.end();
        }
        if at != of.end() || entries.len() > WIDTH {
            return Err(object.wrong("entries that do not end where they should, or too many"));
        }
        let (mut filters, mut nodes) = (Vec::new(), Nodes::default());
        if level == 1 {
            filters = object.list(4, |object| Ok(object.bytes()?.to_vec()))?;
            nodes = Nodes::take(&mut object, of.from, of.end())?;
            if filters.len() != entries.len() {
                return Err(object.wrong("expected a filter for each segment"));
            }
        }
        object.end()?;
        Ok(Self {
            level,
            entries,
            filters,
            nodes,
        })
    }
}
