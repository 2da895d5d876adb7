//! Reports signed by the log that they are of.

use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_export::{ManifestFile, ReportStatement};
use ai_audit_merkle::{Tiled, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{LogName, StoreError, StoreTiles};

impl LogDirectory {
    /// Signs the statement of a report with the log's checkpoint key: these files were made of the
    /// log's first `size` receipts, whose tree has this root, with this time.
    ///
    /// The root is the one that the maker of the report computed out of the receipts that he went
    /// through. It has to be the log's, which is held against its receipts as before every checkpoint;
    /// and a checkpoint of that size is kept, so that a package with the report can be exported
    /// whatever is recorded meanwhile. Adds no receipt, and works beside a running writer.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::make_checkpoint`]; when the log has another root at that size, or is not that
    /// large; when a file has a name that no statement lists.
    pub fn sign_report(
        &self,
        log: &LogName,
        size: TreeSize,
        root: NodeHash,
        made: Timestamp,
        files: Vec<ManifestFile>,
    ) -> Result<SignedNote, DirectoryError> {
        let refused = |what: String| DirectoryError::Refused(format!("log {log}: {what}"));
        let head = self.make_checkpoint(log)?;
        let head = Checkpoint::parse(head.text()).map_err(|error| StoreError::Corrupt {
            what: error.to_string(),
        })?;
        if size > head.size || size == TreeSize::ZERO {
            let held = head.size;
            return Err(refused(format!(
                "a report of {size} receipts is not signed: the log has {held}"
            )));
        }
        let corrupt = |what: String| StoreError::Corrupt { what };
        let mut tree = Tiled::new(StoreTiles::new(self.store(), log));
        let found =
            ai_audit_merkle::root(&mut tree, size).map_err(|error| corrupt(error.to_string()))?;
        if found != root {
            return Err(refused(format!(
                "a report of {size} receipts with root {root} is not signed: the log has root {found} there"
            )));
        }
        let key = self.checkpoint_key(log)?;
        let log_id = self.head(log)?.log_id();
        let statement = ReportStatement::new(&head.origin, log_id, size, root, made, files)
            .map_err(|error| refused(error.to_string()))?;
        let note = statement
            .sign(&key)
            .map_err(|error| refused(error.to_string()))?;
        if size < head.size {
            let checkpoint = Checkpoint { size, root, ..head };
            let checkpoint = checkpoint
                .sign(&key)
                .map_err(|error| corrupt(error.to_string()))?;
            let store = self.store_beside()?;
            store.put_checkpoint(log, size, &checkpoint.to_string())?;
        }
        Ok(note)
    }
}
