//! Whether a group can be recorded at all: asked of a whole file before anything of it is sealed,
//! and of each group of a stream.

use ai_audit_core::ReceiptId;
use ai_audit_directory::{DirectoryError, LogDirectory, Settings};
use ai_audit_ingest::Group;
use ai_audit_store::{LogName, Query};
use std::collections::BTreeSet;

/// Answers for one directory.
#[derive(Clone)]
pub(super) struct Admission<'d> {
    directory: &'d LogDirectory,
    settings: Settings,
    default: LogName,
    /// Logs that were found to be usable.
    usable: BTreeSet<LogName>,
    /// Ids of the input so far, where the groups do not go into the log one after the other.
    seen: Option<BTreeSet<(LogName, ReceiptId)>>,
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
            seen: None,
        }
    }

    /// The same for groups that are only looked at.
    pub(super) fn without_sealing(mut self) -> Self {
        self.seen = Some(BTreeSet::new());
        self
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
        self.ids(&log, group)?;
        Ok(log)
    }

    /// Ids that the input gives may not be there yet: disclosure keys are made from them.
    fn ids(&mut self, log: &LogName, group: &Group) -> Result<(), Refusal> {
        for step in group.steps.iter().filter(|step| step.id_given) {
            let refuse = |what: &str| {
                Refusal::Group(format!("{}: field `id`: {what} has this id", group.place))
            };
            let query = Query::Id(step.id);
            let found = self.directory.store().find(log, &query, None, 1);
            let found =
                found.map_err(|error| Refusal::Directory(group.place.clone(), error.into()))?;
            if let Some(seq) = found.first() {
                return Err(refuse(&format!("receipt {seq} of log {log}")));
            }
            if let Some(seen) = &mut self.seen
                && !seen.insert((log.clone(), step.id))
            {
                return Err(refuse("an earlier line"));
            }
        }
        Ok(())
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
