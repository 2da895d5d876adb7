//! How far moves have ended, kept where somebody gave a place for it, for the next process. It is two numbers, since receipts
//! come back: what has *ended* the cold store has, whatever came back since, so this never falls; before what is *settled*
//! nothing but control receipts has bytes in both stores.

use super::TieredStore;
use crate::{HighWaterMark, LogName, Mark, StoreError};
use ai_audit_core::LeafHash;
use core::fmt::Write as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where both are kept.
pub(super) struct Marks {
    pub(super) ended: Arc<dyn HighWaterMark>,
    pub(super) settled: Arc<dyn HighWaterMark>,
}

type Known = Mutex<HashMap<LogName, u64>>;

fn known(all: &Known, log: &LogName) -> Option<u64> {
    let all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(log).copied()
}

fn set(all: &Known, log: &LogName, size: u64) {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.insert(log.clone(), size);
}

impl TieredStore {
    /// Up to where nothing has bytes in both stores for certain.
    pub(super) fn settled(&self, log: &LogName) -> Result<u64, StoreError> {
        match known(&self.settled, log) {
            Some(size) => Ok(size),
            None => self.kept_settled(log),
        }
    }

    /// The same as it was kept. A mark that cannot be read only costs work.
    fn kept_settled(&self, log: &LogName) -> Result<u64, StoreError> {
        let Some(marks) = &self.marks else {
            return Ok(0);
        };
        let Some(head) = self.hot.head(log)? else {
            return Ok(0);
        };
        match marks.settled.read(&head.log_id()) {
            Ok(mark) => self.marked(log, mark),
            Err(_) => Ok(0),
        }
    }

    /// How many receipts the cold store has at least: moves have ended there, even if some came back since. A mark that
    /// cannot be read is an error, for by this number an older copy of the cold store is known.
    pub(super) fn ended(&self, log: &LogName) -> Result<u64, StoreError> {
        // Before there were two marks the one had both meanings.
        let settled = self.settled(log)?;
        if let Some(size) = known(&self.ended, log) {
            return Ok(size.max(settled));
        }
        let Some(marks) = &self.marks else {
            return Ok(settled);
        };
        let Some(head) = self.hot.head(log)? else {
            return Ok(settled);
        };
        let mark = marks.ended.read(&head.log_id()).map_err(|error| {
            let what = format!("how much the cold tier has of log {log}: {error}");
            StoreError::Io { what }
        })?;
        Ok(self.marked(log, mark)?.max(settled))
    }

    /// What a mark says, where the log has the mark's receipt in its place.
    fn marked(&self, log: &LogName, mark: Option<Mark>) -> Result<u64, StoreError> {
        let Some(mark) = mark else {
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

    /// Notes that a move has ended for the receipts from `start` up to `size`.
    pub(super) fn set_settled(
        &self,
        log: &LogName,
        start: u64,
        size: u64,
    ) -> Result<(), StoreError> {
        // First, since it may come from the other one's mark.
        let ended = self.raise_ended(log, size);
        // What came back before `start` is still there.
        if self.settled(log)? >= start {
            set(&self.settled, log, size);
            if let Some(marks) = &self.marks {
                // One that is not written leaves an older one: the next process looks at more than it would have to.
                drop(self.mark(&*marks.settled, log, size));
            }
        }
        ended
    }

    /// Notes that the cold store has so much, if it was not known to have more.
    pub(super) fn raise_ended(&self, log: &LogName, size: u64) -> Result<(), StoreError> {
        let size = self.ended(log)?.max(size);
        if size == 0 || known(&self.ended, log) == Some(size) {
            return Ok(());
        }
        if let Some(marks) = &self.marks {
            self.mark(&*marks.ended, log, size)?;
        }
        set(&self.ended, log, size);
        Ok(())
    }

    /// Notes that receipts from here on have bytes in the hot store again.
    pub(super) fn unsettle(&self, log: &LogName, from: u64) -> Result<(), StoreError> {
        // A mark has one receipt at least, and of the genesis, a control receipt, the hot store has the bytes anyhow.
        let size = from.max(1);
        let (before, kept) = (self.settled(log)?, self.kept_settled(log)?);
        // It may be known from nowhere else.
        self.raise_ended(log, before.max(kept))?;
        if let Some(marks) = &self.marks
            && kept > size
        {
            self.mark(&*marks.settled, log, size)?;
        }
        set(&self.settled, log, before.min(size));
        Ok(())
    }

    /// Notes that nothing is known of what has bytes in both stores, whatever a mark says that is not of this hot store.
    pub(super) fn forget_settled(&self, log: &LogName) -> Result<(), StoreError> {
        // Of the genesis, a control receipt, the hot store has the bytes anyhow.
        if let Some(marks) = &self.marks {
            self.mark(&*marks.settled, log, 1)?;
        }
        set(&self.settled, log, 1);
        Ok(())
    }

    /// Notes that the cold store has so much and no more. To be done where what it had is declared as lost, and nowhere else.
    pub(super) fn lower_ended(&self, log: &LogName, size: u64) -> Result<(), StoreError> {
        self.forget_settled(log)?;
        // A mark has one receipt at least, and of a cold store with none a move begins with that.
        if let Some(marks) = &self.marks {
            self.mark(&*marks.ended, log, size.max(1))?;
        }
        set(&self.ended, log, size);
        Ok(())
    }

    fn mark(&self, marks: &dyn HighWaterMark, log: &LogName, size: u64) -> Result<(), StoreError> {
        let Some(last) = size.checked_sub(1) else {
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

    /// What to do about a cold store that has fewer receipts than moves have ended for.
    pub(super) fn way_out(&self, log: &LogName) -> String {
        let mut what = String::from(
            "Bring the right one back. Where that is lost, restore what is missing from its archives and move it again",
        );
        let head = self.hot.head(log).ok().flatten();
        if let (Some(marks), Some(head)) = (&self.marks, head) {
            let files = [&marks.ended, &marks.settled].map(|marks| marks.place(&head.log_id()));
            let files: Vec<String> = files.into_iter().flatten().collect();
            if !files.is_empty() {
                // Writing to a string does not fail.
                let _ = write!(
                    what,
                    "; what no archive has is given up by stopping whoever writes here and removing {}",
                    files.join(" and ")
                );
            }
        }
        what
    }
}
