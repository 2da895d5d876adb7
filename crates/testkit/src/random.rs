//! Time and randomness that a test controls.

use ai_audit_core::Timestamp;
use ai_audit_store::{Clock, Random, RandomError};
use std::sync::atomic::{AtomicU64, Ordering};

/// "Random" bytes that count: different each time, the same in each run.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Random for Counter {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        for chunk in out.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&number[8 - chunk.len()..]);
        }
        Ok(())
    }
}

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct StillClock(AtomicU64);

impl StillClock {
    /// A clock that shows this many microseconds.
    #[must_use]
    pub const fn at(micros: u64) -> Self {
        Self(AtomicU64::new(micros))
    }

    /// Sets it.
    pub fn set(&self, micros: u64) {
        self.0.store(micros, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
