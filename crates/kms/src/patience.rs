//! How long a service is waited for, and how often it is asked.

use core::time::Duration;

/// How patient a client of a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long one exchange may take, from connecting to the last byte.
    pub timeout: Duration,
    /// How long all tries of one call may take together.
    pub deadline: Duration,
    /// How often a call is tried whose failure may pass; 0 counts as 1.
    pub tries: u32,
    /// How long to wait before the second try; twice as long before each further one, and longer where the
    /// service asks for it.
    pub backoff: Duration,
}

impl Default for Patience {
    /// 5 seconds each and 15 together, four tries from 200 ms on.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(15),
            tries: 4,
            backoff: Duration::from_millis(200),
        }
    }
}
