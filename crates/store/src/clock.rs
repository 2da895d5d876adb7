//! Time and randomness, which the ledger takes from outside.

use ai_audit_core::Timestamp;
use core::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now. It may run backwards: the ledger notices and records that.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 shows as 1970: behind every receipt, so it is recorded as an anomaly.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// Gives random bytes of cryptographic quality: receipt ids and the salts of origins come of it.
pub trait Random: Send + Sync {
    /// Fills `out`.
    ///
    /// # Errors
    ///
    /// When there is no randomness to be had.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

/// A source of randomness that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomError {
    reason: String,
}

impl RandomError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no random bytes: {}", self.reason)
    }
}

impl core::error::Error for RandomError {}
