//! What failed appends left: objects that no root ever named.

use crate::codec::count;
use crate::objects::kind_of;
use crate::root::{Entry, Root};
use crate::store::ObjectStore;
use ai_audit_core::Timestamp;
use ai_audit_store::{LogName, StoreError};
use std::collections::HashSet;
use std::sync::PoisonError;

impl ObjectStore {
    /// Deletes objects that no root names and that were written before a time. Returns how many. They
    /// have receipts in them, or ciphertexts: after something was deleted for good, this belongs to it.
    ///
    /// The caller sees to it that no append or deletion that is running now began before that time: its objects
    /// are not named yet. An hour ago is far enough where no writer waits as long.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use ai_audit_store_object::{ObjectOptions, ObjectStore, OpenMode, Place};
    /// # let folder = tempfile::tempdir()?;
    /// # let place = Place::Folder(folder.path().join("audit"));
    /// # let store = ObjectStore::open(&place, OpenMode::Create, &ObjectOptions::default())?;
    /// use ai_audit_core::Timestamp;
    /// let an_hour_ago = Timestamp::from_micros(1_790_000_000_000_000);
    /// assert_eq!(store.collect_garbage(an_hour_ago)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn collect_garbage(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.deletes()?;
        // What deletions left that broke off goes before.
        {
            let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            self.sweep(self.fresh()?)?;
        }
        // Listed first: what is named by then is in the root that is read afterwards, or was replaced.
        let listed = self.objects.list("logs/")?;
        let named = self.reading(|root| self.named(root))?;
        let garbage: Vec<String> = listed
            .into_iter()
            .filter(|one| one.written < before.as_micros())
            .map(|one| one.name)
            .filter(|name| kind_of(name) != Some("checkpoints") && !named.contains(name))
            .collect();
        self.objects.delete_all(&garbage)?;
        Ok(count(garbage.len()))
    }

    fn named(&self, root: &Root) -> Result<HashSet<String>, StoreError> {
        let mut names: HashSet<String> = root.doomed.iter().cloned().collect();
        for (log, state) in &root.logs {
            for (level, entry) in state.entries() {
                self.name_all(log, level, entry, &mut names)?;
            }
        }
        Ok(names)
    }

    fn name_all(
        &self,
        log: &LogName,
        level: usize,
        entry: &Entry,
        names: &mut HashSet<String>,
    ) -> Result<(), StoreError> {
        names.insert(entry.path(log, level));
        names.extend(entry.beside_path(log));
        if level > 0 {
            for below in &self.index(log, level, entry)?.entries {
                self.name_all(log, level - 1, below, names)?;
            }
        }
        Ok(())
    }
}
