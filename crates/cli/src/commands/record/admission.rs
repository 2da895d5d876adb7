//! Whether a group can be recorded at all: asked of a whole file before anything of it is sealed,
//! and of each group of a stream.

use ai_audit_directory::{DirectoryError, LogDirectory, Settings};
use ai_audit_ingest::Group;
use ai_audit_store::LogName;
use std::collections::BTreeSet;

/// Answers for one directory.
#[derive(Clone)]
pub(super) struct Admission<'d> {
    directory: &'d LogDirectory,
    settings: Settings,
    default: LogName,
    /// Logs that were found to be usable.
    usable: BTreeSet<LogName>,
}

/// Why a group is not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The group is the reason, which says where it stands: others may be taken.
    Group(String),
    /// A log, or the directory, cannot be used. Where that showed.
    Directory(String, DirectoryError),
}

impl<'d> Admission<'d> {
    pub(super) fn new(directory: &'d LogDirectory, settings: &Settings, default: LogName) -> Self {
        Self {
            directory,
            settings: settings.clone(),
            default,
            usable: BTreeSet::new(),
        }
    }

    /// Whether texts are digested under the logs' secrets.
    pub(super) const fn keyed(&self) -> bool {
        self.settings.keyed_digests
    }

    /// The log of a tenant, or the one that the caller chose; in words, why it cannot be used.
    pub(super) fn log(&self, tenant: Option<&str>) -> Result<LogName, String> {
        match tenant {
            None => Ok(self.default.clone()),
            Some(tenant) => {
                LogName::new(tenant).map_err(|error| format!("field `tenant`: {error}"))
            }
        }
    }

    /// Whether a log that is not there may be opened.
    pub(super) fn may_open(&self, log: &LogName) -> Result<(), String> {
        if !self.settings.create_logs || self.settings.production {
            return Err(format!(
                "there is no log {log}; open it with `ai-audit init {} --log {log}`",
                self.directory.layout().root().display()
            ));
        }
        let new = self.directory.layout().check_new_log(log);
        new.map_err(|error| error.to_string())
    }

    /// The log that takes a group.
    pub(super) fn admit(&mut self, group: &Group) -> Result<LogName, Refusal> {
        let refuse = |reason: String| Refusal::Group(format!("{}: {reason}", group.place));
        let tenant = group.steps.first().and_then(|step| step.log.as_deref());
        let log = self.log(tenant).map_err(refuse)?;
        let (steps, room) = (group.steps.len(), self.settings.queue_capacity);
        if steps > room {
            return Err(refuse(format!(
                "{steps} receipts, which go into the log together or not at all; the queue has room for {room}, and --set queue-capacity={steps} makes room"
            )));
        }
        if !self.usable.contains(&log) {
            let failed = |error| Refusal::Directory(group.place.clone(), error);
            let head = self.directory.store().head(&log);
            if head.map_err(|error| failed(error.into()))?.is_none() {
                self.may_open(&log).map_err(refuse)?;
            } else {
                self.keys(&log).map_err(failed)?;
            }
            self.usable.insert(log.clone());
        }
        Ok(log)
    }

    /// What will be needed of a log that is there.
    fn keys(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.directory.receipt_keys(log)?;
        self.directory.checkpoint_key(log)?;
        if self.settings.keyed_digests {
            self.directory.digest_secret(log)?;
        }
        Ok(())
    }
}
