//! Leases: which of several processes writes to a log (`docs/spec/leases.md`). They spare processes each
//! other's way; what keeps a log whole is that a store appends only where it ends.

mod keeper;
mod memory;

use crate::{LogName, StoreError};
use core::time::Duration;
use std::collections::BTreeSet;

pub use keeper::{LeaseKeeper, LeaseStanding, LeaseStep};
pub use memory::MemoryLeases;

/// The longest name of a holder, in bytes.
const MAX_HOLDER: usize = 128;

/// Who writes to a log, as it stands in a place that several processes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who has the log: 1 to 128 printable ASCII characters without a space, which no two runs of a
    /// process share.
    pub holder: String,
    /// Another number than in the record before: one more, and 0 after the last.
    pub changes: u32,
    /// For how long nobody else takes it after having seen it change: whole milliseconds, at most
    /// [`Lease::LONGEST`]. Zero: it was given back.
    pub length: Duration,
    /// How many receipts the log had when this holder took it.
    pub fence: u64,
}

impl Lease {
    /// The longest that a lease can be: ten minutes.
    pub const LONGEST: Duration = Duration::from_secs(600);

    /// Checks that all fields are within their ranges, for places that keep leases.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] with the field, what it has and what was expected.
    pub fn check(&self) -> Result<(), StoreError> {
        check_holder(&self.holder)?;
        let whole = self.length.subsec_nanos().is_multiple_of(1_000_000);
        if !whole || self.length > Self::LONGEST {
            let what = format!(
                "a lease of {:?}: expected whole milliseconds, at most {:?}",
                self.length,
                Self::LONGEST
            );
            return Err(StoreError::Invalid { what });
        }
        Ok(())
    }

    /// Whether it was given back.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.length.is_zero()
    }
}

fn check_holder(holder: &str) -> Result<(), StoreError> {
    let fits = (1..=MAX_HOLDER).contains(&holder.len());
    if fits && holder.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let shown: String = holder.chars().take(80).collect();
    Err(StoreError::Invalid {
        what: format!(
            "the holder of a lease {shown:?}: expected 1 to {MAX_HOLDER} printable ASCII characters without a space"
        ),
    })
}

/// Where leases are kept: a place that all instances reach, which replaces a record only if it is the one
/// that was read. It need not be durable, nor where the logs are.
pub trait Leases: Send + Sync {
    /// The lease of a log, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where there is one that cannot be read; when the place does not answer.
    fn lease(&self, log: &LogName) -> Result<Option<Lease>, StoreError>;

    /// All leases that can be read, sorted by log.
    ///
    /// # Errors
    ///
    /// When the place does not answer.
    fn leases(&self) -> Result<Vec<(LogName, Lease)>, StoreError>;

    /// The leases of these logs that can be read: what an instance looks at from time to time. Whoever may write to the place
    /// could have put any number of others there.
    ///
    /// # Errors
    ///
    /// When the place does not answer.
    fn leases_of(&self, logs: &[LogName]) -> Result<Vec<(LogName, Lease)>, StoreError> {
        let wanted: BTreeSet<&LogName> = logs.iter().collect();
        let mut found = self.leases()?;
        found.retain(|(log, _)| wanted.contains(log));
        Ok(found)
    }

    /// Puts `new` in the place of `expected`, of nothing where that is `None`, if that is what is there in all its fields. Tells
    /// whether it did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for a lease that does not pass [`Lease::check`]. After any other it may
    /// have been done, or be done yet.
    fn replace_lease(
        &self,
        log: &LogName,
        expected: Option<&Lease>,
        new: &Lease,
    ) -> Result<bool, StoreError>;

    /// The same for several logs, each with what is expected there and what is to stand there: what an instance does that renews
    /// many. Tells for which it did. One that somebody is about to replace may be left out, so that the others wait for nobody.
    ///
    /// # Errors
    ///
    /// As [`Leases::replace_lease`]: any of them may have been done, or be done yet.
    fn replace_leases(
        &self,
        all: &[(&LogName, &Lease, &Lease)],
    ) -> Result<BTreeSet<LogName>, StoreError> {
        let mut done = BTreeSet::new();
        for &(log, expected, new) in all {
            if self.replace_lease(log, Some(expected), new)? {
                done.insert(log.clone());
            }
        }
        Ok(done)
    }
}

/// How long leases are, and how patiently one waits for one.
///
/// ```
/// use ai_audit_store::LeaseRules;
/// use std::time::Duration;
/// let rules = LeaseRules::default();
/// assert_eq!(rules.length(), Duration::from_secs(10));
/// assert!(LeaseRules::new(Duration::from_secs(1), Duration::from_secs(1)).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRules {
    length: Duration,
    margin: Duration,
    patience: Duration,
}

impl Default for LeaseRules {
    /// 10 seconds, a margin of 1, no patience.
    fn default() -> Self {
        Self {
            length: Duration::from_secs(10),
            margin: Duration::from_secs(1),
            patience: Duration::ZERO,
        }
    }
}

impl LeaseRules {
    /// Leases of this length, whole milliseconds; the margin is what the clocks of two instances may
    /// differ while one runs.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] where the length is none of a lease, or the margin more than a third of it.
    pub fn new(length: Duration, margin: Duration) -> Result<Self, StoreError> {
        let lease = Lease {
            holder: "-".into(),
            changes: 0,
            length,
            fence: 0,
        };
        lease.check()?;
        if lease.is_free() || margin > length / 3 {
            let what = format!(
                "leases of {length:?} with a margin of {margin:?}: expected a length above 0 and at most a third of it as margin"
            );
            return Err(StoreError::Invalid { what });
        }
        Ok(Self {
            length,
            margin,
            patience: Duration::ZERO,
        })
    }

    /// The same, waiting so much longer for a lease than others do: logs then spread over instances, each to
    /// the one that waits least.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a lease is.
    #[must_use]
    pub const fn length(&self) -> Duration {
        self.length
    }
}

/// Why a log's lease could not be seen to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The place of the leases, or the log's store, failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is shorter than when its lease was taken.
    #[error(
        "log {log} has {size} receipts, but had {fence} when its lease was taken: an older copy of the store answers; find the newer one, or delete the lease"
    )]
    Behind {
        /// The log.
        log: LogName,
        /// How many receipts it has.
        size: u64,
        /// How many it had.
        fence: u64,
    },
}
