//! How far moves have ended: before that nothing but control receipts has bytes in both stores. Kept where somebody gave a place
//! for it, for the next process.

use super::TieredStore;
use crate::{LogName, Mark, StoreError};
use ai_audit_core::LeafHash;
use std::sync::PoisonError;

impl TieredStore {
    /// How far they have ended for certain.
    pub(super) fn settled(&self, log: &LogName) -> Result<u64, StoreError> {
        let known = {
            let all = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(log).copied()
        };
        match known {
            Some(size) => Ok(size),
            None => self.marked(log),
        }
    }

    /// The same as it was kept. A mark that cannot be read, or has another receipt than the log there, only costs work.
    fn marked(&self, log: &LogName) -> Result<u64, StoreError> {
        let Some(marks) = &self.marks else {
            return Ok(0);
        };
        let Some(head) = self.hot.head(log)? else {
            return Ok(0);
        };
        let Ok(Some(mark)) = marks.read(&head.log_id()) else {
            return Ok(0);
        };
        let Some(last) = mark.size.checked_sub(1) else {
            return Ok(0);
        };
        match self.leaf(log, last)? {
            Some(leaf) if leaf.as_bytes() == mark.hash.as_bytes() => Ok(mark.size),
            _ => Ok(0),
        }
    }

    /// Notes that they have ended up to here.
    pub(super) fn set_settled(&self, log: &LogName, size: u64) {
        {
            let mut all = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(log.clone(), size);
        }
        // One that is not written leaves an older one: the next process looks at more than it would have to.
        drop(self.mark(log, size));
    }

    /// Notes that receipts from here on have bytes in the hot store again.
    pub(super) fn unsettle(&self, log: &LogName, from: u64) -> Result<(), StoreError> {
        // A mark has one receipt at least, and of the genesis, a control receipt, the hot store has the bytes anyhow.
        let size = from.max(1);
        if self.marked(log)? > size {
            self.mark(log, size)?;
        }
        let mut all = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get_mut(log) {
            *known = (*known).min(size);
        }
        Ok(())
    }

    fn mark(&self, log: &LogName, size: u64) -> Result<(), StoreError> {
        let (Some(marks), Some(last)) = (&self.marks, size.checked_sub(1)) else {
            return Ok(());
        };
        let (Some(head), Some(leaf)) = (self.hot.head(log)?, self.leaf(log, last)?) else {
            return Ok(());
        };
        let hash = LeafHash::from_bytes(*leaf.as_bytes());
        marks
            .write(&head.log_id(), &Mark { size, hash })
            .map_err(|error| StoreError::Io {
                what: error.to_string(),
            })
    }
}
