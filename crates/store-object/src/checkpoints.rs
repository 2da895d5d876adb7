//! Checkpoint notes: an object for each size, to which signatures are added.

use crate::codec::corrupt;
use crate::store::ObjectStore;
use ai_audit_merkle::TreeSize;
use ai_audit_store::{LogName, StoreError, StoredCheckpoint};

fn folder(log: &LogName) -> String {
    format!("logs/{log}/checkpoints/")
}

fn name(log: &LogName, size: u64) -> String {
    format!("{}{:020}", folder(log), u64::MAX - size)
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
        let folder = folder(log);
        let listed = self.objects.list(&folder)?;
        // Read after the list: what was kept by then was of a log that was as long.
        let held = self.fresh()?.root.head(log).size();
        // Others may have put anything there.
        let mut sizes: Vec<u64> = listed
            .iter()
            .filter_map(|one| {
                let place = one.name.strip_prefix(&folder)?.parse::<u64>().ok()?;
                let size = u64::MAX - place;
                let own = (1..=held).contains(&size) && name(log, size) == one.name;
                own.then_some(size)
            })
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

    pub(crate) fn read_checkpoints(
        &self,
        log: &LogName,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let sizes = self.sizes(log)?.into_iter();
        sizes
            .filter_map(|size| self.read_checkpoint(log, size).transpose())
            .collect()
    }

    pub(crate) fn read_latest(
        &self,
        log: &LogName,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        match self.sizes(log)?.last() {
            Some(size) => self.read_checkpoint(log, *size),
            None => Ok(None),
        }
    }
}

fn text(name: &str, content: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(content).map_err(|_| corrupt(format!("object {name} is no text")))
}
