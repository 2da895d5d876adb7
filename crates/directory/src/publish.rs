//! Publishing a log of a directory as tiles.

use crate::{DirectoryError, DirectoryLog, LogDirectory, TileFolder};
use ai_audit_export::tiles::{PublishOptions, Published, publish};
use ai_audit_store::LogName;
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
        let note = self.make_checkpoint(log)?;
        let source = DirectoryLog::new(self, log.clone());
        publish(&source, &note, &line, &mut folder, options, progress).map_err(|error| {
            DirectoryError::Publish {
                path: out.into(),
                error,
            }
        })
    }
}
