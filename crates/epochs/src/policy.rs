//! When to seal an epoch, and how long its bytes have to stay.

use crate::OpenEpoch;
use ai_audit_core::{Genesis, Timestamp};
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// When a writer seals an epoch by itself: whichever comes first. Never by default.
///
/// ```
/// use ai_audit_core::{Kind, LeafHash, Timestamp};
/// use ai_audit_epochs::{EpochPolicy, EpochTracker};
/// let policy = EpochPolicy { receipts: Some(2), age: None };
/// let mut tracker = EpochTracker::new();
/// let now = Timestamp::from_micros(0);
/// tracker.push(Kind::GENESIS, LeafHash::of(b"0"), now);
/// assert!(!policy.is_due(tracker.open(), now));
/// tracker.push(Kind::DECISION, LeafHash::of(b"1"), now);
/// assert!(policy.is_due(tracker.open(), now));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EpochPolicy {
    /// When it has this many receipts, the seal not counted.
    pub receipts: Option<u64>,
    /// When its first receipt is this old.
    pub age: Option<Duration>,
}

impl EpochPolicy {
    /// Whether the epoch should be sealed.
    #[must_use]
    pub fn is_due(&self, open: &OpenEpoch, now: Timestamp) -> bool {
        open.has_content()
            && (self
                .receipts
                .is_some_and(|receipts| open.count() >= receipts.max(1))
                || self.left(open, now) == Some(Duration::ZERO))
    }

    /// How long until the epoch is due by its age; `None` where it never will be.
    #[must_use]
    pub fn left(&self, open: &OpenEpoch, now: Timestamp) -> Option<Duration> {
        let (age, since) = (self.age?, open.since?);
        let old = Duration::from_micros(now.as_micros().saturating_sub(since.as_micros()));
        open.has_content().then(|| age.saturating_sub(old))
    }
}

/// Name of the genesis's policy entry with the retention in days.
pub const RETENTION_POLICY: &str = "retention-days";
/// How many days a writer keeps bytes where nothing else was said.
pub const DEFAULT_RETENTION_DAYS: u64 = 184;

/// As many characters of a value as a message quotes.
const MAX_SHOWN: usize = 40;
const MICROS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// For how many days after the seal of its epoch the bytes of a receipt must stay.
///
/// ```
/// use ai_audit_core::Timestamp;
/// use ai_audit_epochs::Retention;
/// let retention = Retention::days(1);
/// let sealed = Timestamp::from_micros(5);
/// assert!(!retention.allows(sealed, Timestamp::from_micros(86_400_000_000)));
/// assert!(retention.allows(sealed, Timestamp::from_micros(86_400_000_005)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention {
    days: u64,
}

/// A `retention-days` of a genesis that is no number of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionError {
    value: String,
}

impl Retention {
    /// So many days.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self { days }
    }

    /// What a genesis promises, if it does: its policy entry `retention-days`, in decimal digits
    /// without leading zeros.
    ///
    /// # Errors
    ///
    /// When the entry's value is something else.
    pub fn promised(genesis: &Genesis<'_>) -> Result<Option<Self>, RetentionError> {
        genesis
            .policy_value(RETENTION_POLICY)
            .map(Self::parse)
            .transpose()
    }

    /// Reads the value of such an entry.
    ///
    /// # Errors
    ///
    /// When it is no number in decimal digits, or has leading zeros.
    pub fn parse(value: &str) -> Result<Self, RetentionError> {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let plain = value == "0" || !value.starts_with('0');
        match value.parse() {
            Ok(days) if digits && plain => Ok(Self { days }),
            _ => Err(RetentionError {
                value: value.into(),
            }),
        }
    }

    /// The number of days.
    #[must_use]
    pub const fn as_days(self) -> u64 {
        self.days
    }

    /// Whether an epoch that was sealed then may be deleted now.
    #[must_use]
    pub fn allows(self, sealed_at: Timestamp, now: Timestamp) -> bool {
        // What lies beyond all times never comes.
        self.days
            .checked_mul(MICROS_A_DAY)
            .and_then(|kept| kept.checked_add(sealed_at.as_micros()))
            .is_some_and(|from| now.as_micros() >= from)
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::days(DEFAULT_RETENTION_DAYS)
    }
}

impl fmt::Display for RetentionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A genesis has room for 60 KB of it.
        let start: String = self.value.chars().take(MAX_SHOWN).collect();
        let rest = if start.len() < self.value.len() {
            "…"
        } else {
            ""
        };
        write!(
            f,
            "policy {RETENTION_POLICY} of the genesis is {start:?}{rest}: expected a number of days, as {DEFAULT_RETENTION_DAYS}, below 2^64"
        )
    }
}

impl core::error::Error for RetentionError {}
