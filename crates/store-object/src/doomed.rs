//! What was replaced and is to be deleted: the root names it, or lists of names where it is much.

use crate::codec::{In, Kind, Out, corrupt, count, digest};
use crate::root::{Name, Root, doomed_name};
use crate::store::{Loaded, ObjectStore};
use ai_audit_core::LeafHash;
use ai_audit_store::{LogName, StoreError};

/// Names that a root has itself, at most, but for those of lists: it is written anew with each append.
const IN_ROOT: usize = 1024;
/// Names in one list.
const IN_LIST: usize = 8192;
/// Where a log's lists are.
const FOLDER: &str = "doomed";

fn is_list(name: &str) -> bool {
    crate::objects::kind_of(name) == Some(FOLDER)
}

impl Root {
    /// Moves the names of doomed objects to lists, where they are many. Gives the lists, to be written before the root.
    pub(crate) fn spill(&mut self, log: &LogName, nonce: u64) -> Vec<(String, Vec<u8>)> {
        if self.doomed.len() <= IN_ROOT {
            return Vec::new();
        }
        // No list names a list.
        let all = core::mem::take(&mut self.doomed).into_iter();
        let (lists, names): (Vec<_>, Vec<_>) = all.partition(|name| is_list(name));
        self.doomed = lists;
        let mut objects = Vec::new();
        for (place, some) in names.chunks(IN_LIST).enumerate() {
            let mut out = Out::new(Kind::Doomed);
            out.list(some, |out, name| out.bytes(name.as_bytes()));
            let content = out.end();
            let name = Name::of(nonce, &content).path(log, FOLDER, count(place));
            self.doomed.push(name.clone());
            objects.push((name, content));
        }
        objects
    }
}

impl ObjectStore {
    /// Deletes what the root names as doomed, and then has the root forget it.
    pub(crate) fn sweep(&self, mut loaded: Loaded) -> Result<(), StoreError> {
        let mut tries = self.tries();
        loop {
            if loaded.root.doomed.is_empty() {
                return Ok(());
            }
            for list in loaded.root.doomed.iter().filter(|name| is_list(name)) {
                self.objects.delete_all(&self.listed(list)?)?;
            }
            // Lists last: one that is gone has nothing to delete any more.
            self.objects.delete_all(&loaded.root.doomed)?;
            let mut root = Root::clone(&loaded.root);
            root.revision += 1;
            root.doomed.clear();
            match self.commit(&loaded, root)? {
                Some(_) => return Ok(()),
                None => {
                    self.lost(&mut tries)?;
                    loaded = self.fresh()?;
                }
            }
        }
    }

    /// The names in a list.
    fn listed(&self, list: &str) -> Result<Vec<String>, StoreError> {
        let Some((content, _)) = self.objects.get(list)? else {
            return Ok(Vec::new());
        };
        // What it names is deleted: nothing that somebody else wrote there.
        let hash = LeafHash::from_bytes(digest(&content)).to_string();
        if !list.ends_with(&hash) {
            return Err(corrupt(format!(
                "object {list}, which says what is to be deleted, has other bytes than were written to it; expected them \
                 again, or, for want of them, no such object: then collect garbage"
            )));
        }
        let mut object = In::new(list, &content, Kind::Doomed)?;
        let names = object.list(4, doomed_name)?;
        object.end()?;
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

    use super::*;

    #[test]
    fn many_names_go_to_lists_and_few_stay() {
        let log = LogName::new("doomed").unwrap();
        let name = |n: usize| format!("logs/{log}/segments/{n:0120}");
        let mut root = Root {
            doomed: (0..IN_ROOT).map(name).collect(),
            ..Root::default()
        };
        assert!(root.spill(&log, 1).is_empty());
        assert_eq!(root.doomed.len(), IN_ROOT);
        root.doomed.extend((IN_ROOT..100_000).map(name));
        let lists = root.spill(&log, 1);
        assert_eq!(lists.len(), 100_000_usize.div_ceil(IN_LIST));
        let names: Vec<_> = lists.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(root.doomed, names);
        assert!(root.put().len() < 4096);
        // All of them are there, and each list is found by its name alone.
        let mut found = Vec::new();
        for (name, content) in &lists {
            assert!(is_list(name), "{name}");
            let mut object = In::new(name, content, Kind::Doomed).unwrap();
            found.extend(object.list(4, doomed_name).unwrap());
        }
        assert!(found.into_iter().eq((0..100_000).map(name)));
        // More of it: lists stay, and are in no list.
        root.doomed.extend((0..=IN_ROOT).map(name));
        assert_eq!(root.spill(&log, 2).len(), 1);
        assert_eq!(root.doomed.len(), names.len() + 1);
    }
}
