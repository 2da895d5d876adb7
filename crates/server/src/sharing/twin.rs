//! Another process that advertises this instance's address: both would be answered with 503 for ever, and nobody would know why.

use ai_audit_store::{Lease, LogName};
use std::time::Duration;

/// For so long a former run of this instance may still renew what it is about to give back.
const ENDING: Duration = Duration::from_secs(30);

/// A lease by another run at this instance's own address. That of a former run stands still.
#[derive(Debug, Default)]
pub(crate) struct Twins(Option<Seen>);

#[derive(Debug)]
struct Seen {
    log: LogName,
    holder: String,
    changes: u32,
    since: Duration,
    told: bool,
}

impl Twins {
    /// Takes notice of such a lease, and tells, once for each run, whether somebody goes on renewing it.
    pub(crate) fn see(&mut self, log: &LogName, found: &Lease, now: Duration) -> bool {
        match &mut self.0 {
            Some(seen) if seen.holder == found.holder => {
                let goes_on = seen.log == *log
                    && seen.changes != found.changes
                    && now.saturating_sub(seen.since) > ENDING.max(found.length);
                let tells = goes_on && !seen.told;
                seen.told |= tells;
                tells
            }
            _ => {
                self.0 = Some(Seen {
                    log: log.clone(),
                    holder: found.holder.clone(),
                    changes: found.changes,
                    since: now,
                    told: false,
                });
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
        assert!(!twins.see(&log, &lease, at(1)));
        assert!(!twins.see(&log, &lease, at(60)));
        // One that ends.
        lease.holder = "http://a.example/2".into();
        assert!(!twins.see(&log, &lease, at(60)));
        lease.changes = 5;
        assert!(!twins.see(&log, &lease, at(64)));
        // One that is there, once.
        lease.changes = 15;
        assert!(twins.see(&log, &lease, at(100)));
        lease.changes = 16;
        assert!(!twins.see(&log, &lease, at(110)));
    }
}
