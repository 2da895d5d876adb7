//! What the tries of a change wrote that lost against others: used by the next one, or deleted.

use crate::delete::Change;
use crate::objects::kind_of;
use crate::root::{Entry, Root};
use crate::store::ObjectStore;
use ai_audit_store::{LogName, StoreError};

/// The last try that lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Earlier {
    /// Of the root that it was to have.
    pub(crate) revision: u64,
    /// What it counted.
    pub(crate) counted: u64,
}

/// Level and first receipt of an object in a log's tree, by its name.
fn place_of(name: &str) -> Option<(usize, u64)> {
    let level = match kind_of(name)? {
        "segments" | "beside" => 0,
        other => other.strip_prefix("index-")?.parse().ok()?,
    };
    let (_, own) = name.rsplit_once('/')?;
    let (from, _) = own.split_once('-')?;
    Some((level, from.parse().ok()?))
}

impl ObjectStore {
    /// Whether a try surely came to no root: what it was to replace first is in its place. Names are given once, so what was
    /// replaced never comes back there. Otherwise what it wrote may have been named and doomed by then, and the next try
    /// takes names of its own.
    pub(crate) fn is_still(&self, log: &LogName, root: &Root, replaced: &str) -> bool {
        self.is_live(log, root, replaced).unwrap_or(false)
    }

    /// Deletes what the tries before wrote and this root does not name: nothing names it any more, and it has receipts in
    /// it that a later deletion would not find. Where it does not succeed it is garbage, as after a crash. From a place that
    /// shows an older root than was tried nothing is deleted: the root that it is to have may name it.
    ///
    /// Gives what the try before counted, where this root has it: its answer was lost.
    pub(crate) fn clear_away(
        &self,
        log: &LogName,
        root: &Root,
        change: &Change,
        earlier: Option<Earlier>,
    ) -> Option<u64> {
        if earlier.is_some_and(|earlier| earlier.revision > root.revision) {
            return None;
        }
        let (mut left, mut done) = (Vec::new(), None);
        for name in change.written.difference(&change.made) {
            match self.is_live(log, root, name) {
                Ok(true) => done = earlier.map(|earlier| earlier.counted),
                Ok(false) if !root.doomed.contains(name) => left.push(name.clone()),
                Ok(false) | Err(_) => {}
            }
        }
        if !left.is_empty() {
            drop(self.objects.delete_all(&left));
        }
        done
    }

    /// Whether a root has an object in a log's tree.
    fn is_live(&self, log: &LogName, root: &Root, name: &str) -> Result<bool, StoreError> {
        let (Some(state), Some((level, from))) = (root.logs.get(log), place_of(name)) else {
            return Ok(false);
        };
        let holds = |entry: &Entry| (entry.from..entry.end()).contains(&from);
        let found = state.entries().find(|(_, entry)| holds(entry));
        let Some((mut at, mut entry)) = found.map(|(at, entry)| (at, entry.clone())) else {
            return Ok(false);
        };
        while at > level {
            let index = self.index(log, at, &entry)?;
            let Some(below) = index.entries.iter().find(|entry| holds(entry)) else {
                return Ok(false);
            };
            entry = below.clone();
            at -= 1;
        }
        let is_it = || entry.path(log, level) == name;
        let is_beside = || entry.beside_path(log).is_some_and(|beside| beside == name);
        Ok(at == level && (is_it() || is_beside()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_place() {
        for (name, place) in [
            ("logs/a/segments/00000000000000000032-0f-ab", Some((0, 32))),
            ("logs/a/beside/00000000000000000007-0f-ab", Some((0, 7))),
            ("logs/a/index-2/00000000000000001024-0f-ab", Some((2, 1024))),
            ("logs/a/doomed/00000000000000000000-0f-ab", None),
            ("logs/a/checkpoints/00000000000000000001", None),
            ("root", None),
            ("logs/a/segments/", None),
        ] {
            assert_eq!(place_of(name), place, "{name}");
        }
    }
}
