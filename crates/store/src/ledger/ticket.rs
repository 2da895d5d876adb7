//! Tickets: what a producer holds until his records are durable.

use crate::AppendError;
use ai_audit_core::{LeafHash, ReceiptId, Timestamp};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A record that is durably in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its place.
    pub seq: u64,
    /// Its id.
    pub id: ReceiptId,
    /// Its hash, to refer to it from other records.
    pub hash: LeafHash,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// The receipts of a group, in its order, or why there are none.
pub type Outcome = Result<Vec<Receipt>, AppendError>;

/// A group of records that the ledger has taken but not yet made durable. Also a future.
///
/// Dropping it does not take the records back: they are written all the same, and nobody hears
/// whether they were.
#[derive(Debug)]
#[must_use = "records are durable only when the ticket says so"]
pub struct Ticket {
    slot: Arc<Slot<Outcome>>,
}

/// Where one side leaves a value and the other waits for it.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
}

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    /// Whether a thread sleeps: waking nobody is a system call too.
    sleeps: bool,
    waker: Option<Waker>,
}

/// The side that fills a slot; if it is dropped without, the other side hears that too.
#[derive(Debug)]
pub(crate) struct Filler<T: Abandoned> {
    slot: Option<Arc<Slot<T>>>,
}

/// What a slot is filled with when nobody is left to fill it.
pub(crate) trait Abandoned {
    fn abandoned() -> Self;
}

impl Abandoned for Outcome {
    fn abandoned() -> Self {
        Err(AppendError::Closed)
    }
}

/// Makes a slot and its two ends.
pub(crate) fn slot<T: Abandoned>() -> (Arc<Slot<T>>, Filler<T>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State {
            value: None,
            sleeps: false,
            waker: None,
        }),
        filled: Condvar::new(),
    });
    let filler = Filler {
        slot: Some(Arc::clone(&slot)),
    };
    (slot, filler)
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, value: T) {
        let mut state = self.lock();
        state.value = Some(value);
        let (waker, sleeps) = (state.waker.take(), state.sleeps);
        drop(state);
        if sleeps {
            self.filled.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for the value, until `deadline` if there is one.
    pub(crate) fn take(&self, deadline: Option<Instant>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(value) = state.value.take() {
                return Some(value);
            }
            state.sleeps = true;
            state = match deadline {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    self.filled
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

impl<T: Abandoned> Filler<T> {
    pub(crate) fn fill(mut self, value: T) {
        if let Some(slot) = self.slot.take() {
            slot.fill(value);
        }
    }
}

impl<T: Abandoned> Drop for Filler<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.fill(T::abandoned());
        }
    }
}

impl Ticket {
    pub(crate) const fn new(slot: Arc<Slot<Outcome>>) -> Self {
        Self { slot }
    }

    /// Waits until the records are durable and returns their receipts, in the group's order.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]: the audited action should then not go on.
    pub fn wait(self) -> Outcome {
        // Without a deadline there is always a value in the end: a filler leaves one when dropped.
        self.slot.take(None).unwrap_or(Err(AppendError::Closed))
    }

    /// Waits, but no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// The ticket itself if the time ran out: the records still are on their way.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Outcome, Self> {
        let deadline = Instant::now().checked_add(timeout);
        self.slot.take(deadline).ok_or(self)
    }
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.slot.lock();
        match state.value.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
