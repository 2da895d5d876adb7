//! Old receipts of a directory in a second store: moving sealed epochs there, and fetching them.

use crate::error::io_at;
use crate::{DirectoryError, LogDirectory, Writer, cold, durable};
use ai_audit_core::{Kind, UnverifiedReceipt};
use ai_audit_store::{
    CaughtUp, Clock as _, Health, LogName, Moved, Store as _, SystemClock, TierPolicy,
};
use ai_audit_store::{StoreError, TieredStore};
use std::ops::RangeInclusive;

/// An epoch whose bytes were fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// Its first receipt.
    pub first: u64,
    /// Its seal.
    pub last: u64,
    /// Receipts whose bytes were elsewhere alone.
    pub fetched: u64,
}

/// What going on with a log came to that had lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// Receipts that the store for what is old had, and that are here again.
    pub caught_up: u64,
    /// The receipt that declares what is missing besides, if anything is.
    pub gap: Option<u64>,
}

impl LogDirectory {
    /// The place of the store that has what is old, and how it is; none where the settings name none. It is asked.
    ///
    /// # Errors
    ///
    /// When it does not answer, or is not there.
    pub fn cold_health(&self) -> Result<Option<(String, Health)>, DirectoryError> {
        let Some(cold) = &self.cold else {
            return Ok(None);
        };
        let found = cold.ask(|store| Ok((store.place().to_owned(), store.health()?)));
        found.map(Some).map_err(crate::error::opening)
    }

    /// How many receipts of a range have their bytes in the store for what is old alone.
    pub(crate) fn moved(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<u64, StoreError> {
        match &self.tiers {
            Some(tiers) => tiers.moved(log, range),
            None => Ok(0),
        }
    }

    /// Whether the store for what is old has all of an epoch.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotSealed`]; when the settings name no such store, or it does not answer.
    pub fn is_moved(&self, log: &LogName, epoch: u64) -> Result<bool, DirectoryError> {
        let seal = self.sealed_epoch(log, epoch)?;
        Ok(self.tiers()?.copied(log)? > seal.size)
    }

    /// Brings back from the store for what is old what it has of a log beyond what is here, as far as the log's keys signed
    /// it.
    pub(crate) fn catch_up(&self, log: &LogName) -> Result<CaughtUp, DirectoryError> {
        self.head(log)?;
        let Some(tiers) = &self.tiers else {
            return Ok(CaughtUp::default());
        };
        let mut keys = self.walk_keys(log, |_, _, _| {})?;
        let mut holds = |receipt: &UnverifiedReceipt<'_>| {
            let kind = receipt.header().kind;
            match receipt.signature() {
                // The chain holds it under the next one that is signed.
                None => Ok(()),
                Some(_) if kind == Kind::BATCH_SEAL => receipt
                    .verify_signature(keys.valid())
                    .map_err(|error| error.to_string()),
                Some(_) => (keys.take(receipt).map(drop)).map_err(|error| error.to_string()),
            }
        };
        match tiers.catch_up(log, &mut holds) {
            // It is named and not made yet, and nothing was moved.
            Err(StoreError::NotAStore { .. }) if !self.layout().cold_mark().exists() => {
                Ok(CaughtUp::default())
            }
            caught_up => Ok(caught_up?),
        }
    }

    /// Notes that what the store for what is old lacks is declared as lost.
    pub(crate) fn give_up_moved(&self, log: &LogName) -> Result<(), DirectoryError> {
        Ok(self.tiers()?.give_up_moved(log)?)
    }

    /// Refuses to write to a log of which the store for what is old has more than the first one: an older copy is in its
    /// place, and what is written now would fork it. By the mark of what was moved, and where both are on disks by that
    /// store itself; a bucket that is away keeps nobody from recording.
    pub(crate) fn is_not_behind_cold(&self, log: &LogName) -> Result<(), DirectoryError> {
        let Some(tiers) = &self.tiers else {
            return Ok(());
        };
        let beyond = match tiers.marked_beyond(log)? {
            // One that does not answer keeps nobody from recording.
            None if self.settings().cold.folder.is_some() => tiers.cold_beyond(log).unwrap_or(None),
            marked => marked,
        };
        let Some(moved) = beyond else {
            return Ok(());
        };
        Err(DirectoryError::Refused(format!(
            "log {log}: {moved} receipts of it were moved to the store for what is old, and there are {} here: an older copy is in its \
             place. Find the newer one, or run `ai-audit adopt`, which brings back what that store has and declares what is \
             missing besides",
            self.head(log)?.size()
        )))
    }

    fn tiers(&self) -> Result<&TieredStore, DirectoryError> {
        self.tiers.as_deref().ok_or_else(cold::none)
    }
}

impl Writer {
    /// Makes the store for what is old that the settings name, where there is none, and puts it into the directory's
    /// settings file. Gives its place. Where receipts were moved to one that is lost for good, an empty one takes its
    /// place with `is_lost`: nothing is deleted or erased by it before it has as much as that one, put back from archives.
    ///
    /// # Errors
    ///
    /// When the settings name none, or the file says otherwise than they do; when it cannot be made, or has other logs of
    /// these names; when receipts were moved to another one; [`DirectoryError::Store`] for a server that does not hold conditions.
    pub fn make_cold_store(&self, is_lost: bool) -> Result<String, DirectoryError> {
        let directory = self.directory();
        let may_make = || -> Result<(), DirectoryError> {
            let tiers = directory.tiers()?;
            directory.logs()?.iter().try_for_each(|log| {
                directory.moved_nothing(log)?;
                Ok(tiers.may_free(log)?)
            })
        };
        // Another directory's has other logs of these names.
        let may_be = || -> Result<(), DirectoryError> {
            let tiers = directory.tiers()?;
            let logs = directory.logs()?;
            logs.iter().try_for_each(|log| {
                let has = tiers.copied(log)?;
                if is_lost && has > 0 {
                    return Err(DirectoryError::Refused(format!(
                        "the store for what is old is there, with {has} receipts of log {log}: it is not lost. Where something in it \
                         is damaged set it aside first, so that its place is empty"
                    )));
                }
                directory.accounts_for_all(log)
            })
        };
        let looks = cold::Looks {
            is_lost,
            may_make,
            may_be,
        };
        cold::make(directory.layout(), directory.settings(), looks)
    }

    /// Moves the epochs of a log that a policy says to the store for what is old: they are copied, read back, and only
    /// then lose their bytes here. One that broke off goes on when it is called again. Nothing is written to the log but
    /// completions of erasures that waited for that store, which come first.
    ///
    /// # Errors
    ///
    /// As [`TieredStore::move_epochs`] and [`Writer::finish_erasures`]; when there is no such log, or the settings name no such store.
    pub fn move_epochs(&self, log: &LogName, policy: &TierPolicy) -> Result<Moved, DirectoryError> {
        let directory = self.directory();
        directory.head(log)?;
        let tiers = directory.tiers()?;
        tiers.copied(log)?;
        // It is there: what it owes comes first; of one that is behind, when it has caught up by this.
        let is_behind = tiers.is_behind(log)?;
        let owes = !directory.open_erasures(log)?.is_empty();
        if owes && !is_behind {
            self.finish_erasures(log)?;
        }
        // The note ends that question: one that is made beside the wrong store would have it be the right one.
        directory.accounts_for_all(log)?;
        // Whatever settings say later: from now on the directory says where its receipts are.
        let is_first = cold::mark(directory.layout(), directory.settings())?;
        durable::make_folder(&directory.layout().ended_marks())?;
        let moved = tiers.move_epochs(log, policy, SystemClock.now())?;
        if is_first && moved.cold == 0 {
            let mark = directory.layout().cold_mark();
            durable::remove(&mark).map_err(io_at(&mark))?;
        }
        if owes && is_behind {
            self.finish_erasures(log)?;
        }
        Ok(moved)
    }

    /// Gives the bytes of a moved epoch back to the first store, for as long as they are read often: the next move takes
    /// them away again. The store for what is old keeps them.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotSealed`]; when the settings name no such store, or it does not give them.
    pub fn fetch_epoch(&self, log: &LogName, epoch: u64) -> Result<Fetched, DirectoryError> {
        let directory = self.directory();
        let seal = directory.sealed_epoch(log, epoch)?;
        let tiers = directory.tiers()?;
        // That it is here again is noted there.
        durable::make_folder(&directory.layout().ended_marks())?;
        let fetched = tiers.bring_back(log, seal.first..=seal.size)?;
        Ok(Fetched {
            first: seal.first,
            last: seal.size,
            fetched,
        })
    }
}
