//! The intake of a service: many callers, one writer, each log by its name.

use crate::resend::{Resent, resent};
use crate::{Admission, IntakeError, LogKeys, Refusal, Secrets, to_record};
use ai_audit_directory::{DirectoryError, LogDirectory, Writer};
use ai_audit_ingest::{Group, IngestError, Keep, Keys};
use ai_audit_store::{AppendError, LogName, Receipt, Record, SubmitError, Ticket};

/// A directory's writer, for callers on any number of threads. The crate's own documentation has an
/// example.
#[derive(Debug)]
pub struct Intake {
    /// Look-ups go past the connection on which the writer waits for the disk. It is closed before that
    /// one, which folds what is in the journal into the database.
    reading: LogDirectory,
    writer: Writer,
    keep: Keep,
    secrets: Secrets,
}

/// Why a group is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// It cannot be read as what it should be.
    #[error(transparent)]
    Line(#[from] IngestError),
    /// It cannot go into this log. It says where it stands.
    #[error("{0}")]
    Group(String),
    /// Two of the groups have a receipt with this id.
    #[error("{place}: field `id`: an earlier record of the request has this id")]
    Twice {
        /// The second one.
        place: String,
    },
    /// An id of it is in the log already, with something else.
    #[error("{place}: receipt {seq} of log {log} has its id: {what}")]
    Conflict {
        /// Which group.
        place: String,
        /// The log.
        log: LogName,
        /// The receipt.
        seq: u64,
        /// What is different.
        what: String,
    },
    /// The log, its keys or its policy cannot be used.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The ledger did not take it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl From<DirectoryError> for TakeError {
    fn from(error: DirectoryError) -> Self {
        Self::Intake(error.into())
    }
}

/// What was taken and is not yet durable.
#[derive(Debug)]
#[must_use = "records are durable only when it says so"]
pub struct Taken {
    /// In the order of the groups: receipts that were there, or how many are on their way.
    parts: Vec<Part>,
    ticket: Option<Ticket>,
}

#[derive(Debug)]
enum Part {
    There(Vec<Receipt>),
    New(usize),
}

/// A receipt of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The receipt.
    pub receipt: Receipt,
    /// Whether it was in the log already.
    pub duplicate: bool,
}

impl Intake {
    /// Takes over a writer. `keep` says which texts stay, and how.
    ///
    /// # Errors
    ///
    /// When the directory cannot be opened a second time, for reading.
    pub fn new(writer: Writer, keep: Keep) -> Result<Self, DirectoryError> {
        let root = writer.directory().layout().root().to_owned();
        let reading = LogDirectory::open(&root, writer.directory().settings().clone())?;
        Ok(Self {
            writer,
            reading,
            keep,
            secrets: Secrets::default(),
        })
    }

    /// The writer.
    #[must_use]
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The directory for reading, on a connection of its own.
    #[must_use]
    pub const fn reading(&self) -> &LogDirectory {
        &self.reading
    }

    /// The same on a connection of its own, for what takes long: others read while it goes on.
    ///
    /// # Errors
    ///
    /// When the directory cannot be opened once more.
    pub fn beside(&self) -> Result<LogDirectory, DirectoryError> {
        let root = self.reading.layout().root();
        LogDirectory::open(root, self.reading.settings().clone())
    }

    /// Forgets what protects the texts of a log, which is then read from it again: for a log that is attached anew, since
    /// others wrote to it.
    pub fn forget(&self, log: &LogName) {
        self.secrets.forget(log);
    }

    /// Reads groups with `read` and submits those that are not there yet, all of them together or
    /// none. Blocks while it reads, and while the ledger's queue is full.
    ///
    /// # Errors
    ///
    /// [`TakeError`]: nothing was submitted.
    pub fn take(
        &self,
        log: &LogName,
        read: impl FnOnce(&mut dyn Keys, Keep) -> Result<Vec<Group>, IngestError>,
    ) -> Result<Taken, TakeError> {
        let settings = self.reading.settings();
        let mut admission = Admission::only(&self.reading, settings, log.clone());
        if self.secrets.is_known(log) {
            admission = admission.usable(log.clone());
        }
        let mut keys = LogKeys::new(&self.writer, admission.clone(), None, &self.secrets);
        let groups = read(&mut keys, self.keep);
        // Not the group is wrong then, but what protects it.
        keys.check()?;
        let groups = groups?;
        once(&groups)?;
        let (mut parts, mut records) = (Vec::with_capacity(groups.len()), Vec::new());
        for group in groups {
            admission.admit_again(&group).map_err(group_refusal)?;
            parts.push(match resent(&self.reading, log, &group)? {
                Resent::There(receipts) => Part::There(receipts),
                Resent::New => Part::New(add(group, &mut records)),
                Resent::Other { seq, what } => {
                    return Err(TakeError::Conflict {
                        place: group.place,
                        log: log.clone(),
                        seq,
                        what,
                    });
                }
            });
        }
        let ticket = match records.is_empty() {
            true => None,
            false => Some(self.writer.ledger().submit(log, records)?),
        };
        Ok(Taken { parts, ticket })
    }

    /// Submits records, which may be none.
    pub(crate) fn submit_all(
        &self,
        log: &LogName,
        records: Vec<Record>,
    ) -> Result<Taken, TakeError> {
        if records.is_empty() {
            return Ok(Taken::there(Vec::new()));
        }
        Ok(Taken {
            parts: vec![Part::New(records.len())],
            ticket: Some(self.writer.ledger().submit(log, records)?),
        })
    }

    pub(crate) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) const fn keep(&self) -> Keep {
        self.keep
    }

    /// Submits one record that is not read from a group.
    pub(crate) fn submit(&self, log: &LogName, record: Record) -> Result<Taken, TakeError> {
        Ok(Taken {
            parts: vec![Part::New(1)],
            ticket: Some(self.writer.ledger().submit(log, vec![record])?),
        })
    }
}

impl Taken {
    /// What was there already.
    pub(crate) fn there(receipts: Vec<Receipt>) -> Self {
        Self {
            parts: vec![Part::There(receipts)],
            ticket: None,
        }
    }

    /// The receipts in the order of what was sent, once all are durable.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. After [`AppendError::IdTaken`], which is another caller with the same ids
    /// who was faster, [`Intake::take`] again tells what is there.
    pub async fn sealed(self) -> Result<Vec<Sealed>, AppendError> {
        let new = match self.ticket {
            Some(ticket) => ticket.await?,
            None => Vec::new(),
        };
        Ok(join(self.parts, new))
    }

    /// The same, waiting for it.
    ///
    /// # Errors
    ///
    /// As [`Taken::sealed`].
    pub fn wait(self) -> Result<Vec<Sealed>, AppendError> {
        let new = match self.ticket {
            Some(ticket) => ticket.wait()?,
            None => Vec::new(),
        };
        Ok(join(self.parts, new))
    }
}

pub(crate) fn group_refusal(refusal: Refusal) -> TakeError {
    match refusal {
        Refusal::Group(reason) => TakeError::Group(reason),
        Refusal::Directory(_, error) => error.into(),
    }
}

fn join(parts: Vec<Part>, new: Vec<Receipt>) -> Vec<Sealed> {
    let mut new = new.into_iter();
    let mut all = Vec::new();
    for part in parts {
        let (receipts, duplicate) = match part {
            Part::There(receipts) => (receipts, true),
            Part::New(count) => (new.by_ref().take(count).collect(), false),
        };
        all.extend(
            receipts
                .into_iter()
                .map(|receipt| Sealed { receipt, duplicate }),
        );
    }
    all
}

/// Adds a group to those that are submitted with it; how many records it has. Its steps name each
/// other by their place in the group.
fn add(group: Group, records: &mut Vec<Record>) -> usize {
    let (before, count) = (records.len(), group.steps.len());
    for mut step in group.steps {
        step.parents.iter_mut().for_each(|parent| *parent += before);
        records.push(to_record(step));
    }
    count
}

/// Refuses an id that stands in two groups, of which only one could be sealed.
fn once(groups: &[Group]) -> Result<(), TakeError> {
    let mut seen = std::collections::HashSet::new();
    for group in groups {
        for step in group.steps.iter().filter(|step| step.id_given) {
            if !seen.insert(step.id) {
                return Err(TakeError::Twice {
                    place: group.place.clone(),
                });
            }
        }
    }
    Ok(())
}
