//! The ambient collector: what a task records on its way becomes one group at its end.

use super::record::RecordBody;
use super::{Ledger, Record, SubmitError, Ticket};
use crate::LogName;
use core::fmt;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::cell::RefCell;
use std::collections::HashSet;

thread_local! {
    /// The collections of the tasks that run on this thread, the innermost last.
    static OPEN: RefCell<Vec<Vec<Record>>> = const { RefCell::new(Vec::new()) };
}

/// Adds a record to the collection of the task that runs now: see [`Ledger::collect`] and
/// [`Ledger::collect_future`].
///
/// # Errors
///
/// The record itself, if no task that collects runs on this thread.
pub fn collect(record: Record) -> Result<(), Box<Record>> {
    OPEN.with_borrow_mut(|open| match open.last_mut() {
        Some(records) => {
            records.push(record);
            Ok(())
        }
        None => Err(Box::new(record)),
    })
}

/// Whether a task that collects runs on this thread.
#[must_use]
pub fn is_collecting() -> bool {
    OPEN.with_borrow(|open| !open.is_empty())
}

/// Makes a collection the current one of this thread, and takes it back when dropped: also when the
/// task panics.
struct Scope<'a>(&'a mut Vec<Record>);

impl<'a> Scope<'a> {
    fn enter(records: &'a mut Vec<Record>) -> Self {
        OPEN.with_borrow_mut(|open| open.push(core::mem::take(records)));
        Self(records)
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        *self.0 = OPEN.with_borrow_mut(Vec::pop).unwrap_or_default();
    }
}

/// A collection with the ledger that gets it. What is left when it is dropped, because the task
/// panicked or was cancelled, is submitted: what was recorded has happened.
struct Collection<L: Deref<Target = Ledger>> {
    ledger: L,
    log: LogName,
    records: Vec<Record>,
}

impl<L: Deref<Target = Ledger>> Collection<L> {
    fn submit(&mut self) -> Result<Option<Ticket>, SubmitError> {
        let records = core::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(None);
        }
        self.ledger.submit_collected(&self.log, records)
    }
}

impl<L: Deref<Target = Ledger>> Drop for Collection<L> {
    fn drop(&mut self) {
        // Nobody is there to hear of it; what does not come into the log is declared there.
        let _ = self.submit();
    }
}

impl Ledger {
    /// Runs a task and submits what it recorded by [`collect`], also deep inside, as one group.
    /// Returns what the task returned, and the group's ticket if anything was recorded.
    ///
    /// A task within a task collects by itself. If the task panics, what it recorded before is
    /// submitted all the same.
    ///
    /// What a task recorded has happened, so of a group that cannot be taken as it is nothing is lost
    /// in silence: one that is longer than the queue waits until it has the queue for itself, a record
    /// that cannot be sealed is left out, and what does not come into the log is declared there. Only
    /// where a record of the group was made by [`Record::build`], and so may refer to the others by
    /// their places, one that cannot be sealed takes all of them with it.
    ///
    /// # Errors
    ///
    /// Beside the task's value: the error of the first record that was left out, though the others
    /// were submitted; as [`Ledger::submit`] otherwise.
    ///
    /// ```no_run
    /// use ai_audit_core::Decision;
    /// use ai_audit_store::{Ledger, LogName, Record, collect};
    /// # fn example(ledger: &Ledger) -> Result<(), Box<dyn std::error::Error>> {
    /// let (answer, ticket) = ledger.collect(&LogName::default(), || {
    ///     let _ = collect(Record::new(&Decision::new()));
    ///     42
    /// });
    /// if let Some(ticket) = ticket? {
    ///     ticket.wait()?;
    /// }
    /// # let _ = answer; Ok(()) }
    /// ```
    pub fn collect<T>(
        &self,
        log: &LogName,
        task: impl FnOnce() -> T,
    ) -> (T, Result<Option<Ticket>, SubmitError>) {
        let mut collection = Collection {
            ledger: self,
            log: log.clone(),
            records: Vec::new(),
        };
        let scope = Scope::enter(&mut collection.records);
        let value = task();
        drop(scope);
        let ticket = collection.submit();
        (value, ticket)
    }

    /// Submits what a task recorded, without the records that cannot be sealed, and has the writer
    /// declare these.
    fn submit_collected(
        &self,
        log: &LogName,
        records: Vec<Record>,
    ) -> Result<Option<Ticket>, SubmitError> {
        self.admit(log)?;
        let built = records
            .iter()
            .any(|record| matches!(record.body, RecordBody::Later(_)));
        let total = records.len();
        let (mut good, mut refused) = (Vec::with_capacity(total), None);
        let mut ids = HashSet::new();
        for (index, record) in records.into_iter().enumerate() {
            match record.check(index, &mut ids) {
                Ok(()) => good.push(record),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if built && refused.is_some() {
            good.clear();
        }
        let declare = |lost: usize, error: &SubmitError| {
            let lost = u64::try_from(lost).unwrap_or(u64::MAX);
            let now = self.config.clock.now();
            self.queue
                .lose(log, lost, format!("a task recorded: {error}"), now);
        };
        if let Some(error) = &refused {
            declare(total - good.len(), error);
        }
        let submitted = good.len();
        let ticket = match submitted {
            0 => Ok(None),
            _ => self.submit_checked(log, good, true).map(Some),
        };
        if let Err(error @ SubmitError::Random(_)) = &ticket {
            declare(submitted, error);
        }
        match refused {
            Some(error) => Err(error),
            None => ticket,
        }
    }

    /// The same for a future, on whatever threads it runs: `ledger` is a reference or an `Arc`.
    ///
    /// Submitting may wait for room in the queue, which blocks the thread; with
    /// [`OnFull::Error`](crate::OnFull::Error) it never does.
    pub fn collect_future<L, F>(ledger: L, log: &LogName, task: F) -> Collected<L, F>
    where
        L: Deref<Target = Self>,
        F: Future,
    {
        Collected {
            collection: Collection {
                ledger,
                log: log.clone(),
                records: Vec::new(),
            },
            task: Box::pin(task),
        }
    }
}

/// A future that collects what its task records; see [`Ledger::collect_future`].
#[must_use = "futures do nothing unless polled"]
pub struct Collected<L: Deref<Target = Ledger>, F> {
    collection: Collection<L>,
    task: Pin<Box<F>>,
}

impl<L: Deref<Target = Ledger> + Unpin, F: Future> Future for Collected<L, F> {
    type Output = (F::Output, Result<Option<Ticket>, SubmitError>);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let scope = Scope::enter(&mut this.collection.records);
        let poll = this.task.as_mut().poll(context);
        drop(scope);
        poll.map(|value| (value, this.collection.submit()))
    }
}

impl<L: Deref<Target = Ledger>, F> fmt::Debug for Collected<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected")
            .field("log", &self.collection.log)
            .field("records", &self.collection.records.len())
            .finish_non_exhaustive()
    }
}
