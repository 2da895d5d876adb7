//! Leases in memory, for instances within one process.

use super::{Lease, Leases};
use crate::{LogName, StoreError};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Keeps leases in memory.
///
/// ```
/// use ai_audit_store::{Lease, Leases, LogName, MemoryLeases};
/// use std::time::Duration;
/// let leases = MemoryLeases::new();
/// let log = LogName::default();
/// let mine = Lease {
///     holder: "a/1".into(),
///     changes: 0,
///     length: Duration::from_secs(10),
///     fence: 0,
/// };
/// assert!(leases.replace_lease(&log, None, &mine)?);
/// assert!(!leases.replace_lease(&log, None, &mine)?, "there is one by now");
/// assert_eq!(leases.lease(&log)?, Some(mine));
/// # Ok::<(), ai_audit_store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryLeases(Mutex<BTreeMap<LogName, Lease>>);

impl MemoryLeases {
    /// Without leases.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Leases for MemoryLeases {
    fn lease(&self, log: &LogName) -> Result<Option<Lease>, StoreError> {
        let leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(leases.get(log).cloned())
    }

    fn leases(&self) -> Result<Vec<(LogName, Lease)>, StoreError> {
        let leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = leases.iter();
        Ok(all
            .map(|(log, lease)| (log.clone(), lease.clone()))
            .collect())
    }

    fn replace_lease(
        &self,
        log: &LogName,
        expected: Option<&Lease>,
        new: &Lease,
    ) -> Result<bool, StoreError> {
        new.check()?;
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = leases.get(log) == expected;
        if same {
            leases.insert(log.clone(), new.clone());
        }
        Ok(same)
    }
}
