//! Clocks and ids of one instance, made from the simulation's time: everything is the same in each run of a seed.

use ai_audit_store::{Random, RandomError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A clock that is never set, and that may run wrongly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Monotonic {
    /// What it showed at a time of the simulation.
    shown: Duration,
    at: Duration,
    /// How fast it runs since then, in thousandths.
    rate: u32,
}

impl Monotonic {
    /// A clock that shows something else than others do.
    pub(crate) const fn showing(shown: Duration) -> Self {
        Self {
            shown,
            at: Duration::ZERO,
            rate: 1000,
        }
    }

    pub(crate) fn now(&self, time: Duration) -> Duration {
        self.shown + time.saturating_sub(self.at) * self.rate / 1000
    }

    /// Runs so fast from now on.
    pub(crate) fn run(&mut self, time: Duration, rate: u32) {
        *self = Self {
            shown: self.now(time),
            at: time,
            rate,
        };
    }

    pub(crate) const fn is_right(&self) -> bool {
        self.rate == 1000
    }
}

/// "Random" bytes that depend on the simulation's step and on nothing that a thread did before it.
#[derive(Debug, Default)]
pub(crate) struct Ids(Mutex<(u64, u16)>);

impl Ids {
    pub(crate) fn begin(&self, step: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (step, 0);
    }
}

impl Random for Ids {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in out.chunks_mut(10) {
            state.1 = state.1.wrapping_add(1);
            let step = state.0.to_be_bytes();
            let number = [&step[2..], &state.1.to_be_bytes()[..]].concat();
            // An id of version 7 has bits of its own in bytes 0 and 2.
            let all = [&[0, number[0], 0][..], &number[1..]].concat();
            for (to, from) in chunk.iter_mut().zip(all) {
                *to = from;
            }
        }
        Ok(())
    }
}
