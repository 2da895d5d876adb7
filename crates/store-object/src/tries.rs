//! How long something is done again whose ground moved meanwhile.

use crate::store::ObjectStore;
use ai_audit_store::StoreError;
use core::time::Duration;
use std::thread;
use std::time::Instant;

/// Tries that follow each other at once.
const AT_ONCE: u32 = 2;
/// Longest wait between two tries, in microseconds.
const LONGEST: u64 = 250_000;

/// What was tried so far.
#[derive(Debug)]
pub(crate) struct Tries {
    until: Instant,
    lost: u32,
}

impl ObjectStore {
    /// As long as the options give to one object. The number of tries tells nothing: writers of many logs replace one
    /// root, and one that prepares more than the others would be last each time.
    pub(crate) fn tries(&self) -> Tries {
        let now = Instant::now();
        Tries {
            // Without an end where time itself has none.
            until: now
                .checked_add(self.options.timeout)
                .unwrap_or_else(|| now + Duration::from_secs(1 << 30)),
            lost: 0,
        }
    }

    /// Somebody else was first: waits for a moment that differs from writer to writer, longer each time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when it took too long.
    pub(crate) fn lost(&self, tries: &mut Tries) -> Result<(), StoreError> {
        if Instant::now() >= tries.until {
            return Err(self.busy());
        }
        tries.lost = tries.lost.saturating_add(1);
        let most = longest(tries.lost);
        if most > 0 {
            thread::sleep(Duration::from_micros(crate::root::nonce()? % most));
        }
        Ok(())
    }
}

/// How long is waited at most after so many tries were lost, in microseconds.
const fn longest(lost: u32) -> u64 {
    match lost.saturating_sub(AT_ONCE) {
        0 => 0,
        waits if waits < 9 => 500 << waits,
        _ => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_there() {
        let all: Vec<u64> = (0..200).chain([u32::MAX]).map(longest).collect();
        assert_eq!(all[..4], [0, 0, 0, 1000]);
        assert!(all.is_sorted() && all[3..].iter().all(|most| (1..=LONGEST).contains(most)));
        assert_eq!(all.last(), Some(&LONGEST));
    }
}
