//! One of several writers of copies of a directory, each of the logs whose lease it holds.

use super::{Writer, from_ledger};
use crate::directory::is_log_directory;
use crate::store::Mode;
use crate::{DirectoryError, Layout, Settings};
use ai_audit_store::{AppendError, LedgerError, LedgerObserver, LogName};
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// How often a log is attached to which its former holder may still append meanwhile: his appends are refused from the first
/// start receipt on.
const TRIES: u32 = 3;

impl Writer {
    /// Opens a directory on a PostgreSQL beside others that open copies of it in this way; a sole writer is refused then,
    /// and this one while there is a sole one. `software` is what start receipts name.
    ///
    /// No log is attached, also not by what is submitted to it: whoever holds its lease
    /// ([`open_leases`](crate::open_leases)) does that, with [`Writer::attach_anew`]. Keys of subjects are refused: each
    /// copy has its own, and an erasure would leave those of the others.
    ///
    /// # Errors
    ///
    /// When it is no log directory, or none that can be shared; another process has this copy, or a sole writer the logs;
    /// the server does not have the logs that were made in it.
    pub fn open_shared(
        path: &Path,
        settings: Settings,
        software: &str,
        observer: Option<Arc<dyn LedgerObserver>>,
    ) -> Result<Self, DirectoryError> {
        is_log_directory(&Layout::new(path), &settings)?;
        let writer = Self::with_mode(path, settings, software, Mode::Shared, observer)?;
        writer.publish_missing()?;
        // Nothing is attached by that: it undoes what was cut off in this copy's own files.
        writer.finish_cut_off()?;
        Ok(writer)
    }

    /// Attaches a log whose lease was taken, also one that was attached before and let go of: its start receipt shuts
    /// everybody else out. Gives how many receipts the log has with that.
    ///
    /// # Errors
    ///
    /// As [`Writer::attach`]; [`DirectoryError::Refused`] where its receipt key is handed over with each epoch, in files of
    /// which the other copies hear nothing.
    pub fn attach_anew(&self, log: &LogName) -> Result<u64, DirectoryError> {
        self.directory.head(log)?;
        if self.shared
            && self.directory.is_forward_secure(log)?
            && self.directory.receipt_service(log)?.is_none()
        {
            return Err(DirectoryError::Refused(format!(
                "log {log}: its receipt key is handed over with each epoch, in the files of one directory, so instances cannot \
                 share it; expected a key in a service"
            )));
        }
        // Others wrote since they were asked.
        let mut asked = self
            .keys
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        asked.logs.remove(log);
        drop(asked);
        let mut tries = 1;
        loop {
            let signers = self.keys.signers(log)?;
            match self.ledger.attach_log(log.clone(), signers) {
                Ok(info) => return Ok(info.size),
                Err(LedgerError::Append {
                    error: AppendError::TakenOver { .. },
                    ..
                }) if tries < TRIES => tries += 1,
                Err(error) => return Err(from_ledger(error)),
            }
        }
    }

    /// Whether others with copies of the directory write to other logs of it.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared
    }
}
