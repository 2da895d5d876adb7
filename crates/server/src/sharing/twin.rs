//! Another process that advertises this instance's address: both would be answered with 503 for ever, and nobody would know why.

use ai_audit_store::{Lease, LogName};
use std::collections::BTreeMap;
use std::time::Duration;

/// For so long a former run of this instance may still renew what it is about to give back.
const ENDING: Duration = Duration::from_secs(30);

/// Leases by other runs at this instance's own address, of each log the one that stands there now: so there are never more than
/// logs. That of a former run stands still.
#[derive(Debug, Default)]
pub(crate) struct Twins(BTreeMap<LogName, Seen>);

#[derive(Debug)]
struct Seen {
    holder: String,
    changes: u32,
    since: Duration,
    told: bool,
}

impl Twins {
    /// Takes notice of such a lease of a log, or that there is none, and tells, once for each run, whether somebody goes on
    /// renewing it.
    pub(crate) fn see(&mut self, log: &LogName, found: Option<&Lease>, now: Duration) -> bool {
        let Some(found) = found else {
            self.0.remove(log);
            return false;
        };
        let mut all = self.0.values();
        let was_told = all.any(|seen| seen.told && seen.holder == found.holder);
        match self.0.get_mut(log) {
            Some(seen) if seen.holder == found.holder => {
                let goes_on = seen.changes != found.changes
                    && now.saturating_sub(seen.since) > ENDING.max(found.length);
                seen.told |= goes_on;
                goes_on && !was_told
            }
            _ => {
                let seen = Seen {
                    holder: found.holder.clone(),
                    changes: found.changes,
                    since: now,
                    told: false,
                };
                self.0.insert(log.clone(), seen);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_at_the_same_address_is_told_from_a_former_run() {
        let log = LogName::default();
        let mut lease = Lease {
            holder: "http://a.example/1".into(),
            changes: 4,
            length: Duration::from_secs(10),
            fence: 7,
        };
        let at = Duration::from_secs;
        let mut twins = Twins::default();
        // A former run that was killed: nothing changes.
        assert!(!twins.see(&log, Some(&lease), at(1)));
        assert!(!twins.see(&log, Some(&lease), at(60)));
        // One that ends.
        lease.holder = "http://a.example/2".into();
        assert!(!twins.see(&log, Some(&lease), at(60)));
        lease.changes = 5;
        assert!(!twins.see(&log, Some(&lease), at(64)));
        // One that is there, once.
        lease.changes = 15;
        assert!(twins.see(&log, Some(&lease), at(100)));
        lease.changes = 16;
        assert!(!twins.see(&log, Some(&lease), at(110)));
    }

    #[test]
    fn another_process_is_told_of_once_beside_former_runs_and_whichever_log_it_keeps() {
        let [first, second, third] =
            ["first", "second", "third"].map(|name| LogName::new(name).unwrap());
        let at = Duration::from_secs;
        let lease = |run: u8, changes| Lease {
            holder: format!("http://a.example/{run}"),
            changes,
            length: at(10),
            fence: 7,
        };
        let mut twins = Twins::default();
        // Those of a former run, which come before and after it in each look, do not hide it.
        for now in [1, 20] {
            assert!(!twins.see(&first, Some(&lease(1, 4)), at(now)));
            assert!(!twins.see(&second, Some(&lease(2, 1)), at(now)));
            assert!(!twins.see(&third, Some(&lease(1, 4)), at(now)));
        }
        // What is gone is begun with anew.
        assert!(!twins.see(&first, None, at(21)));
        assert!(!twins.see(&first, Some(&lease(2, 1)), at(22)));
        assert!(twins.see(&second, Some(&lease(2, 9)), at(40)));
        assert!(!twins.see(&first, Some(&lease(2, 9)), at(90)));
        assert!(!twins.see(&third, Some(&lease(1, 4)), at(90)));
        for log in [&first, &second, &third] {
            assert!(!twins.see(log, None, at(91)));
        }
        assert!(twins.0.is_empty());
    }
}
