//! The bounded queue between producers and the writer.

use super::anchors::AnchorRequest;
use super::config::{Attach, LogSigners, NewLog, OnFull};
use super::epochs::{DeleteEpoch, EpochDeleted, SealedEpoch};
use super::erasure::{ChangePolicy, Shred, Shredded};
use super::record::Record;
use super::ticket::{Abandoned, Filler, Outcome, Receipt};
use super::{LedgerStats, LogInfo};
use crate::{LedgerError, LogName, StoreError, SubmitError};
use ai_audit_core::Timestamp;
use core::time::Duration;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Records that stand together, on their way to the writer.
pub(crate) struct Group {
    pub(crate) log: LogName,
    pub(crate) records: Vec<Record>,
    /// Whether a task recorded them on its way: they have happened, and perhaps nobody waits for the
    /// outcome, so whatever keeps them out of the log is declared there.
    pub(crate) collected: bool,
    pub(crate) done: Filler<Outcome>,
}

/// What the writer is asked to do, in the order in which it was asked.
pub(crate) enum Command {
    Append(Group),
    Create(LogName, Box<NewLog>, Filler<Result<LogInfo, LedgerError>>),
    Attach(
        LogName,
        LogSigners,
        Box<Attach>,
        Filler<Result<LogInfo, LedgerError>>,
    ),
    /// With a reason it is stopped in order before.
    Detach(LogName, Option<String>, Filler<Result<(), LedgerError>>),
    Rotate(LogName, String, Filler<Result<u64, LedgerError>>),
    Checkpoint(LogName, Filler<Result<String, LedgerError>>),
    Anchor(LogName, AnchorRequest, Filler<Result<Receipt, LedgerError>>),
    SealEpoch(LogName, Filler<Result<SealedEpoch, LedgerError>>),
    DeleteEpoch(
        LogName,
        DeleteEpoch,
        Filler<Result<EpochDeleted, LedgerError>>,
    ),
    Shred(LogName, Shred, Filler<Result<Shredded, LedgerError>>),
    /// Has erasures completed that wait for a store which was away.
    Pay(LogName, Filler<Result<(), LedgerError>>),
    ChangePolicy(LogName, ChangePolicy, Filler<Result<Receipt, LedgerError>>),
    Drain(Filler<Result<(), LedgerError>>),
    Close(String, Filler<Result<(), LedgerError>>),
}

impl<T> Abandoned for Result<T, LedgerError> {
    fn abandoned() -> Self {
        Err(LedgerError::Closed)
    }
}

/// What the queue has for the writer.
pub(crate) enum Work {
    /// Groups for one commit; none when it is time to see to something else.
    Groups(Vec<Group>),
    Command(Command),
}

/// Why records are refused that find no room.
const FULL: &str = "submissions refused: the queue was full";

/// Records that a producer wanted to submit and could not.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) records: u64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    /// Records among them.
    queued: usize,
    closed: bool,
    attached: HashSet<LogName>,
    /// Logs that somebody else wrote to, and what was found.
    taken_over: HashMap<LogName, StoreError>,
    /// By log and reason.
    refused: HashMap<(LogName, String), Refused>,
    /// Whether the writer sleeps, and how many producers do: waking nobody is a system call too.
    writer_sleeps: bool,
    /// How many commands must wait for a group to wake it.
    wake_at: usize,
    /// Something came that does not wait for others.
    urgent: bool,
    producers_sleep: usize,
    stats: LedgerStats,
}

/// Who is likely to submit soon: those whose records were just committed, and who were told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// How many groups.
    pub(crate) groups: usize,
    /// How long to wait for them at most.
    pub(crate) within: Duration,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_writer(&self, state: &mut State) {
        if state.writer_sleeps {
            state.writer_sleeps = false;
            self.work.notify_one();
        }
    }

    /// Whether records for this log would be taken at all.
    pub(crate) fn admits(&self, log: &LogName) -> Result<(), SubmitError> {
        let state = self.lock();
        if state.closed {
            return Err(SubmitError::Closed);
        }
        if !state.attached.contains(log) {
            return Err(SubmitError::NotAttached { log: log.clone() });
        }
        Ok(())
    }

    /// Takes a group, waiting for room as `on_full` says. `now` tells the time of a refusal.
    pub(crate) fn submit(
        &self,
        group: Group,
        on_full: OnFull,
        now: impl Fn() -> Timestamp,
    ) -> Result<(), SubmitError> {
        let (records, capacity) = (group.records.len(), self.capacity);
        // What was collected is in memory anyhow: it waits until it has the queue for itself.
        if records > capacity && !group.collected {
            return Err(SubmitError::TooLarge { records, capacity });
        }
        let deadline = match on_full {
            OnFull::Block => None,
            OnFull::Timeout(timeout) => Instant::now().checked_add(timeout),
            OnFull::Error => Some(Instant::now()),
        };
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(SubmitError::Closed);
            }
            if !state.attached.contains(&group.log) {
                return Err(SubmitError::NotAttached { log: group.log });
            }
            if state.queued + records <= capacity || (group.collected && state.queued == 0) {
                state.queued += records;
                state.commands.push_back(Command::Append(group));
                if state.commands.len() >= state.wake_at {
                    self.wake_writer(&mut state);
                }
                return Ok(());
            }
            let left = match deadline {
                None => None,
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => Some(left),
                    _ => break,
                },
            };
            state.producers_sleep += 1;
            // It may wait for others, who would wait for room behind this one.
            self.wake_writer(&mut state);
            state = match left {
                None => self
                    .room
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.room
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            state.producers_sleep -= 1;
        }
        let queued = state.queued;
        // The clock is foreign code: not under the lock.
        drop(state);
        let now = now();
        let mut state = self.lock();
        let lost = u64::try_from(records).unwrap_or(u64::MAX);
        state.stats.refused = state.stats.refused.saturating_add(lost);
        self.declare(&mut state, group.log, lost, FULL.to_owned(), now);
        Err(SubmitError::Full { queued, capacity })
    }

    /// Has the writer declare that records of a log are lost.
    pub(crate) fn lose(&self, log: &LogName, lost: u64, reason: String, now: Timestamp) {
        let mut state = self.lock();
        state.stats.lost = state.stats.lost.saturating_add(lost);
        self.declare(&mut state, log.clone(), lost, reason, now);
    }

    fn declare(&self, state: &mut State, log: LogName, lost: u64, reason: String, now: Timestamp) {
        let refused = state.refused.entry((log, reason)).or_insert(Refused {
            records: 0,
            from: now,
            to: now,
        });
        refused.records = refused.records.saturating_add(lost);
        refused.from = refused.from.min(now);
        refused.to = refused.to.max(now);
        state.urgent = true;
        self.wake_writer(state);
    }

    /// Puts another command at the end. One that comes after the closing is dropped, which its
    /// filler tells whoever waits. After `Close` nothing more is taken.
    pub(crate) fn command(&self, command: Command) {
        let mut state = self.lock();
        if state.closed {
            // Dropping may run a waker: not under the lock.
            drop(state);
            return;
        }
        if matches!(command, Command::Close(..)) {
            state.closed = true;
            self.room.notify_all();
        }
        state.commands.push_back(command);
        state.urgent = true;
        self.wake_writer(&mut state);
    }

    /// What is to be done next: the groups that wait, up to `max_batch` records, or the command
    /// before them. Without either it waits until `deadline`, or until something was refused. First
    /// it waits a little for those who are expected.
    pub(crate) fn next(
        &self,
        max_batch: usize,
        deadline: Option<Instant>,
        expected: Expected,
    ) -> Work {
        let mut state = self.linger(self.lock(), max_batch, expected);
        loop {
            if !state.commands.is_empty() {
                return self.take(state, max_batch);
            }
            if !state.refused.is_empty() {
                state.urgent = false;
                return Work::Groups(Vec::new());
            }
            state.writer_sleeps = true;
            state = match deadline {
                None => self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.writer_sleeps = false;
                        return Work::Groups(Vec::new());
                    }
                    self.work
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            state.writer_sleeps = false;
        }
    }

    /// Waits until those who are expected have come back, so that they share one commit, or until
    /// something cannot wait.
    fn linger<'q>(
        &'q self,
        mut state: MutexGuard<'q, State>,
        max_batch: usize,
        expected: Expected,
    ) -> MutexGuard<'q, State> {
        // Nobody else shares the commit of one.
        if expected.groups < 2 {
            return state;
        }
        let until = Instant::now() + expected.within;
        while state.commands.len() < expected.groups
            && state.queued < max_batch
            && state.producers_sleep == 0
            && !state.urgent
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state.writer_sleeps, state.wake_at) = (true, expected.groups);
            state = self
                .work
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            (state.writer_sleeps, state.wake_at) = (false, 0);
        }
        state
    }

    fn take(&self, mut state: MutexGuard<'_, State>, max_batch: usize) -> Work {
        // What is urgent among them comes to its turn without waiting.
        let mut groups = Vec::with_capacity(state.commands.len().min(max_batch));
        let mut records = 0;
        while let Some(command) = state.commands.pop_front() {
            match command {
                Command::Append(group)
                    if groups.is_empty() || records + group.records.len() <= max_batch =>
                {
                    records += group.records.len();
                    groups.push(group);
                }
                command if groups.is_empty() => {
                    state.urgent = !state.commands.is_empty() && state.urgent;
                    return Work::Command(command);
                }
                command => {
                    state.commands.push_front(command);
                    break;
                }
            }
        }
        state.urgent = !state.commands.is_empty() && state.urgent;
        state.queued -= records;
        state.stats.in_flight = records;
        if state.producers_sleep > 0 {
            self.room.notify_all();
        }
        Work::Groups(groups)
    }

    /// What was refused since the last time.
    pub(crate) fn take_refused(&self) -> HashMap<(LogName, String), Refused> {
        core::mem::take(&mut self.lock().refused)
    }

    /// Lets producers submit to a log, or no longer.
    pub(crate) fn set_attached(&self, log: &LogName, attached: bool) {
        let mut state = self.lock();
        state.taken_over.remove(log);
        if attached {
            state.attached.insert(log.clone());
        } else {
            state.attached.remove(log);
        }
    }

    /// Shuts producers out of a log that somebody else wrote to, and keeps what was found.
    pub(crate) fn set_taken_over(&self, log: &LogName, error: StoreError) {
        let mut state = self.lock();
        state.attached.remove(log);
        state.taken_over.insert(log.clone(), error);
    }

    /// The logs that somebody else wrote to, and what was found.
    pub(crate) fn taken_over(&self) -> Vec<(LogName, StoreError)> {
        let state = self.lock();
        let all = state.taken_over.iter();
        all.map(|(log, error)| (log.clone(), error.clone()))
            .collect()
    }

    /// Whether a log is attached.
    pub(crate) fn is_attached(&self, log: &LogName) -> bool {
        self.lock().attached.contains(log)
    }

    /// Changes the figures that the writer keeps.
    pub(crate) fn count(&self, change: impl FnOnce(&mut LedgerStats)) {
        change(&mut self.lock().stats);
    }

    /// The figures now.
    pub(crate) fn stats(&self) -> LedgerStats {
        let state = self.lock();
        LedgerStats {
            queued: state.queued,
            capacity: self.capacity,
            logs: state.attached.len(),
            closed: state.closed,
            ..state.stats.clone()
        }
    }

    /// The writer is gone: nothing more is taken, and whoever waits hears it.
    pub(crate) fn shut(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.queued = 0;
        let left = core::mem::take(&mut state.commands);
        drop(state);
        self.room.notify_all();
        drop(left);
    }
}
