//! Calls whose tool asked for something before it goes on (`input_required`): another call goes on with
//! each.

use crate::gate::Call;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most such calls; of more the oldest is given up.
const MAX_WAITING: usize = 4096;

/// The calls, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    calls: Mutex<VecDeque<Interrupted>>,
}

#[derive(Debug)]
struct Interrupted {
    call: Call,
    /// What the server wants to have back.
    state: Option<String>,
    since: Instant,
}

impl Waiting {
    /// Keeps a call; the one that has to go for it, if one has.
    #[must_use]
    pub(crate) fn keep(&self, call: Call, state: Option<String>) -> Option<Call> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push_back(Interrupted {
            call,
            state,
            since: Instant::now(),
        });
        let full = calls.len() > MAX_WAITING;
        full.then(|| calls.pop_front())
            .flatten()
            .map(|one| one.call)
    }

    /// The call that this one goes on with: of the same tool with the same arguments, and the state that
    /// the server wants back.
    pub(crate) fn take(&self, next: &Call, state: Option<&str>) -> Option<Call> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let found = calls.iter().position(|one| {
            one.call.tool == next.tool
                && one.call.arguments == next.arguments
                && one.call.header.session_id == next.header.session_id
                && one.state.as_deref() == state
        })?;
        calls.remove(found).map(|one| one.call)
    }

    /// Those with which nobody went on for so long.
    pub(crate) fn expired(&self, after: Duration) -> Vec<Call> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = Vec::new();
        while calls
            .front()
            .is_some_and(|one| one.since.elapsed() >= after)
        {
            gone.extend(calls.pop_front().map(|one| one.call));
        }
        gone
    }
}
