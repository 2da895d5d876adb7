//! Whether a group can be recorded at all: asked of a whole file before anything of it is sealed,
//! and of each group of a stream.

use ai_audit_core::ReceiptId;
use ai_audit_directory::{DirectoryError, LogDirectory, Settings};
use ai_audit_ingest::Group;
use ai_audit_store::{LogName, Query};
use std::collections::BTreeSet;

/// Answers for one directory.
#[derive(Debug, Clone)]
pub struct Admission<'d> {
    directory: &'d LogDirectory,
    settings: &'d Settings,
    default: LogName,
    /// Whether a tenant picks no other log than the default one.
    fixed: bool,
    /// Logs that were found to be usable.
    usable: BTreeSet<LogName>,
    /// Ids of the input so far, where the groups do not go into the log one after the other.
    seen: Option<BTreeSet<(LogName, ReceiptId)>>,
}

/// Why a group is not taken.
#[derive(Debug)]
pub enum Refusal {
    /// The group is the reason, which says where it stands: others may be taken.
    Group(String),
    /// A log, or the directory, cannot be used. Where that showed.
    Directory(String, DirectoryError),
}

impl<'d> Admission<'d> {
    /// For groups that go into `default`, or into the log that their tenant names.
    #[must_use]
    pub const fn new(
        directory: &'d LogDirectory,
        settings: &'d Settings,
        default: LogName,
    ) -> Self {
        Self {
            directory,
            settings,
            default,
            fixed: false,
            usable: BTreeSet::new(),
            seen: None,
        }
    }

    /// The same for groups that go into `log` and nowhere else: a tenant that names another one is
    /// refused.
    #[must_use]
    pub const fn only(directory: &'d LogDirectory, settings: &'d Settings, log: LogName) -> Self {
        let mut admission = Self::new(directory, settings, log);
        admission.fixed = true;
        admission
    }

    /// The same, knowing that a log is there and its keys can be read.
    pub(crate) fn usable(mut self, log: LogName) -> Self {
        self.usable.insert(log);
        self
    }

    /// The same for groups that are only looked at.
    #[must_use]
    pub fn without_sealing(mut self) -> Self {
        self.seen = Some(BTreeSet::new());
        self
    }

    /// Whether texts are digested under the logs' secrets.
    #[must_use]
    pub const fn keyed(&self) -> bool {
        self.settings.keyed_digests
    }

    /// The directory that is asked.
    pub(crate) const fn directory(&self) -> &'d LogDirectory {
        self.directory
    }

    /// The log of a tenant, or the one that the caller chose.
    ///
    /// # Errors
    ///
    /// In words, why it cannot be used.
    pub fn log(&self, tenant: Option<&str>) -> Result<LogName, String> {
        match tenant {
            None => Ok(self.default.clone()),
            Some(tenant) if self.fixed && tenant != self.default.as_str() => Err(format!(
                "field `tenant`: expected {} or none: the records of one request go into one log",
                self.default
            )),
            Some(tenant) => {
                LogName::new(tenant).map_err(|error| format!("field `tenant`: {error}"))
            }
        }
    }

    /// Whether a log that is not there may be opened.
    pub(crate) fn may_open(&self, log: &LogName) -> Result<(), String> {
        if !self.settings.create_logs || self.settings.production {
            return Err(format!(
                "there is no log {log}; open it with `ai-audit init {} --log {log}`",
                self.directory.layout().root().display()
            ));
        }
        let new = self.directory.layout().check_new_log(log);
        new.map_err(|error| error.to_string())
    }

    /// The log that takes a group of which no receipt is there yet.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: nothing of the group may be submitted.
    pub fn admit(&mut self, group: &Group) -> Result<LogName, Refusal> {
        let log = self.admit_again(group)?;
        self.ids(&log, group)?;
        Ok(log)
    }

    /// The log that takes a group which may be there already.
    ///
    /// # Errors
    ///
    /// As [`Admission::admit`], but for ids that are there.
    pub fn admit_again(&mut self, group: &Group) -> Result<LogName, Refusal> {
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
