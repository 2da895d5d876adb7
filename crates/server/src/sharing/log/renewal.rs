//! Renewing leases, those of many logs in one go: one after another they would not be renewed in time.

use super::{Kept, OfLog, lock};
use ai_audit_store::{Lease, LeaseStep, Leases, LogName, StoreError};
use std::sync::MutexGuard;
use std::time::Duration;

/// A renewal that is due. Nobody else sees to that lease meanwhile.
struct Renewal<'a> {
    of: &'a OfLog,
    kept: MutexGuard<'a, Kept>,
    found: &'a Lease,
    lease: Lease,
    asked: Duration,
}

impl Renewal<'_> {
    fn end(mut self, done: bool) {
        if done {
            self.kept.keeper.wrote(self.lease, self.asked);
        }
        // Perhaps, where nobody knows what came of it.
        self.kept.written = self.of.now();
        *lock(&self.of.shown) = self.kept.keeper.clone();
    }
}

impl OfLog {
    /// What renews its lease, where that is due: `found` is what stood there, read after `read`.
    fn renewal<'a>(&'a self, found: &'a Lease, read: Duration) -> Option<Renewal<'a>> {
        let kept = lock(&self.kept);
        if kept.written >= read {
            return None;
        }
        let asked = self.now();
        match kept.keeper.clone().observe(Some(found), asked) {
            LeaseStep::Renew(lease) => Some(Renewal {
                of: self,
                kept,
                found,
                lease,
                asked,
            }),
            LeaseStep::Rest | LeaseStep::Take => None,
        }
    }
}

/// Renews the leases of which that is due.
pub(crate) fn renew<'a>(
    leases: &dyn Leases,
    all: impl Iterator<Item = (&'a OfLog, &'a Lease)>,
    read: Duration,
) -> Result<(), StoreError> {
    let due = all.filter_map(|(of, found)| of.renewal(found, read));
    let due: Vec<Renewal<'a>> = due.collect();
    if due.is_empty() {
        return Ok(());
    }
    let wanted: Vec<(&LogName, &Lease, &Lease)> = due
        .iter()
        .map(|one| (&one.of.name, one.found, &one.lease))
        .collect();
    let replaced = leases.replace_leases(&wanted);
    for one in due {
        let done = replaced
            .as_ref()
            .is_ok_and(|replaced| replaced.contains(&one.of.name));
        one.end(done);
    }
    replaced.map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::sharing::log::Wish;
    use ai_audit_store::{LeaseKeeper, LeaseRules, MemoryLeases};
    use std::sync::Arc;
    use std::time::Instant;

    const LENGTH: Duration = Duration::from_millis(900);

    #[test]
    fn what_is_due_is_renewed_in_one_go_and_nothing_else_is() {
        let leases = MemoryLeases::new();
        let [first, second, other] = ["first", "second", "other"].map(|name| {
            let holder: Arc<str> = "http://a.example/1".into();
            let rules = LeaseRules::new(LENGTH, LENGTH / 10).unwrap();
            let keeper = LeaseKeeper::new(&*holder, rules).unwrap();
            let name = LogName::new(name).unwrap();
            OfLog::new(name, (Instant::now(), keeper), holder, &[], LENGTH)
        });
        for of in [&first, &second] {
            let read = of.now();
            of.tend(&leases, (None, read), || Ok(7), Wish::Asked)
                .unwrap();
        }
        let foreign = Lease {
            holder: "http://b.example/1".into(),
            changes: 0,
            length: LENGTH,
            fence: 7,
        };
        assert!(leases.replace_lease(&other.name, None, &foreign).unwrap());
        std::thread::sleep(LENGTH / 2);
        // Somebody else replaced that one meanwhile.
        let before = leases.lease(&second.name).unwrap().unwrap();
        let there = leases.lease(&first.name).unwrap().unwrap();
        assert!(
            leases
                .replace_lease(&second.name, Some(&before), &foreign)
                .unwrap()
        );
        let read = first.now().min(second.now()).min(other.now());
        let all = [(&first, &there), (&second, &before), (&other, &foreign)];
        renew(&leases, all.into_iter(), read).unwrap();
        let now = leases.lease(&first.name).unwrap().unwrap();
        assert_eq!(now.changes, there.changes + 1);
        for of in [&second, &other] {
            let now = leases.lease(&of.name).unwrap();
            assert_eq!(now, Some(foreign.clone()));
        }
        // It is counted from when it was asked for.
        std::thread::sleep(LENGTH / 2);
        assert!(first.is_sure() && !second.is_sure() && !other.is_held());
    }
}
