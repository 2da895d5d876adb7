//! Checkpoint notes: an object for each size, to which signatures are added.

use crate::codec::corrupt;
use crate::store::ObjectStore;
use ai_audit_merkle::TreeSize;
use ai_audit_store::{LogName, StoreError, StoredCheckpoint};
use core::ops::RangeInclusive;

/// Names among which the latest checkpoint is looked for before all are listed: a page of S3. Others may have put something
/// before it.
const FIRST: usize = 1000;

fn folder(log: &LogName) -> String {
    format!("logs/{log}/checkpoints/")
}

fn name(log: &LogName, size: u64) -> String {
    format!("{}{:020}", folder(log), u64::MAX - size)
}

/// The size of a log's checkpoint, by its object's name. Others may have put anything there.
fn size_of(log: &LogName, object: &str, held: u64) -> Option<u64> {
    let place = object.strip_prefix(&folder(log))?.parse::<u64>().ok()?;
    let size = u64::MAX - place;
    let own = (1..=held).contains(&size) && name(log, size) == object;
    own.then_some(size)
}

impl ObjectStore {
    pub(crate) fn keep_checkpoint(
        &self,
        log: &LogName,
        size: TreeSize,
        note: &str,
    ) -> Result<(), StoreError> {
        let held = self.fresh()?.root.head(log).size();
        if !(1..=held).contains(&size.as_u64()) {
            let log = log.clone();
            return Err(StoreError::Beyond { log, size, held });
        }
        let name = name(log, size.as_u64());
        let mut tries = self.tries();
        loop {
            let (tag, joined) = match self.objects.get(&name)? {
                None => (None, note.to_owned()),
                Some((content, tag)) => {
                    let kept = StoredCheckpoint {
                        size,
                        note: text(&name, content)?,
                    };
                    let joined = kept.joined(log, note)?;
                    if joined == kept.note {
                        return Ok(());
                    }
                    (Some(tag), joined)
                }
            };
            let made = self
                .objects
                .swap(&name, tag.as_ref(), joined.into_bytes())?;
            if made.is_some() {
                return Ok(());
            }
            self.lost(&mut tries)?;
        }
    }

    fn sizes(&self, log: &LogName) -> Result<Vec<u64>, StoreError> {
        let listed = self.objects.list(&folder(log))?;
        // Read after the list: what was kept by then was of a log that was as long.
        let held = self.fresh()?.root.head(log).size();
        let mut sizes: Vec<u64> = listed
            .iter()
            .filter_map(|one| size_of(log, &one.name, held))
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        Ok(sizes)
    }

    fn read_checkpoint(
        &self,
        log: &LogName,
        size: u64,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        let name = name(log, size);
        match self.objects.get(&name)? {
            Some((content, _)) => Ok(Some(StoredCheckpoint {
                size: TreeSize::new(size),
                note: text(&name, content)?,
            })),
            None => Ok(None),
        }
    }

    /// Those whose size is in a range. All are listed, and no other is read.
    pub(crate) fn read_checkpoints(
        &self,
        log: &LogName,
        within: &RangeInclusive<u64>,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let sizes = self.sizes(log)?.into_iter();
        sizes
            .filter(|size| within.contains(size))
            .filter_map(|size| self.read_checkpoint(log, size).transpose())
            .collect()
    }

    pub(crate) fn read_latest(
        &self,
        log: &LogName,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        // The largest size comes first.
        let first = self.objects.first(&folder(log), FIRST)?;
        let held = self.fresh()?.root.head(log).size();
        let latest = first.iter().find_map(|object| size_of(log, object, held));
        let latest = match latest {
            None if first.len() >= FIRST => self.sizes(log)?.last().copied(),
            found => found,
        };
        match latest {
            Some(size) => self.read_checkpoint(log, size),
            None => Ok(None),
        }
    }
}

fn text(name: &str, content: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(content).map_err(|_| corrupt(format!("object {name} is no text")))
}
