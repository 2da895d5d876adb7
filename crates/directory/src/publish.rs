//! Publishing a log of a directory as tiles.

use crate::{DirectoryError, DirectoryLog, LogDirectory, TileFolder};
use ai_audit_export::tiles::{PublishOptions, Published, publish};
use ai_audit_note::SignedNote;
use ai_audit_store::{LogName, StoreError};
use std::path::Path;

impl LogDirectory {
    /// Publishes a log into a folder, up to its last receipt, which the newest checkpoint covers or a
    /// new one does. Works beside a running writer. `progress` is told how many receipts were
    /// written, of how many.
    ///
    /// # Errors
    ///
    /// When the log is not there, the folder holds something else or more than the log, or
    /// something cannot be read or written.
    pub fn publish(
        &self,
        log: &LogName,
        out: &Path,
        options: PublishOptions,
        progress: impl FnMut(u64, u64),
    ) -> Result<Published, DirectoryError> {
        let line = self.key_line(log)?;
        let mut folder = TileFolder::create(out)?;
        let note = self.newest_checkpoint(log)?;
        let source = DirectoryLog::new(self, log.clone());
        publish(&source, &note, &line, &mut folder, options, progress).map_err(|error| {
            DirectoryError::Publish {
                path: out.into(),
                error,
            }
        })
    }

    /// The checkpoint of the whole log: the stored one, which others may have cosigned, or a new
    /// one where receipts came after it.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::make_checkpoint`].
    pub fn newest_checkpoint(&self, log: &LogName) -> Result<SignedNote, DirectoryError> {
        let size = self.head(log)?.size();
        match self.store().latest_checkpoint(log)? {
            Some(stored) if stored.size.as_u64() == size => {
                SignedNote::parse(stored.note.as_bytes()).map_err(|error| {
                    let what = format!("checkpoint of size {size}: {error}");
                    StoreError::Corrupt { what }.into()
                })
            }
            _ => self.make_checkpoint(log),
        }
    }
}
