//! Renewing leases, those of many logs in one go: one after another they would not be renewed in time. And what else looks do without
//! waiting for another thread.

use super::{Kept, OfLog, Wish, lock};
use ai_audit_store::{Lease, LeaseError, LeaseStanding, LeaseStep, Leases, LogName, StoreError};
use std::sync::{Mutex, MutexGuard, TryLockError};
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
    /// As [`OfLog::tend`], unless another thread sees to the lease just now: whoever looks at those of all logs waits for none of them.
    pub(crate) fn try_tend(
        &self,
        leases: &dyn Leases,
        seen: (Option<&Lease>, Duration),
        size: impl FnOnce() -> Result<u64, StoreError>,
        wish: Wish,
    ) -> Option<Result<LeaseStanding, LeaseError>> {
        let kept = try_lock(&self.kept)?;
        Some(self.tend_kept(kept, leases, seen, size, wish))
    }

    /// As [`OfLog::forget`], unless another thread sees to the lease just now: the next look finds it as it is.
    pub(crate) fn try_forget(&self) {
        if let Some(kept) = try_lock(&self.kept) {
            self.forget_kept(kept);
        }
    }

    /// What renews its lease, where that is due: `found` is what stood there, read after `read`. One that another thread sees to
    /// just now is left to that one and the next look: all the others would wait with it.
    fn renewal<'a>(&'a self, found: &'a Lease, read: Duration) -> Option<Renewal<'a>> {
        let kept = try_lock(&self.kept)?;
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

/// None where somebody has it.
fn try_lock<T>(of: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match of.try_lock() {
        Ok(found) => Some(found),
        Err(TryLockError::Poisoned(left)) => Some(left.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_store::{LeaseKeeper, LeaseRules, MemoryLeases};
    use std::sync::Arc;
    use std::time::Instant;

    const LENGTH: Duration = Duration::from_millis(900);

    fn of(name: &str) -> OfLog {
        let holder: Arc<str> = "http://a.example/1".into();
        let rules = LeaseRules::new(LENGTH, LENGTH / 10).unwrap();
        let keeper = LeaseKeeper::new(&*holder, rules).unwrap();
        let name = LogName::new(name).unwrap();
        OfLog::new(name, (Instant::now(), keeper), holder, &[], LENGTH)
    }

    #[test]
    fn one_that_another_thread_sees_to_is_left_out_and_holds_up_no_other() {
        let leases = MemoryLeases::new();
        let [busy, free] = ["busy", "free"].map(of);
        for of in [&busy, &free] {
            let read = of.now();
            of.tend(&leases, (None, read), || Ok(7), Wish::Asked)
                .unwrap();
        }
        std::thread::sleep(LENGTH / 2);
        let [first, second] = [&busy, &free].map(|of| leases.lease(&of.name).unwrap().unwrap());
        let read = busy.now().min(free.now());
        let kept = lock(&busy.kept);
        renew(
            &leases,
            [(&busy, &first), (&free, &second)].into_iter(),
            read,
        )
        .unwrap();
        let tended = busy.try_tend(&leases, (Some(&first), read), || Ok(7), Wish::Watched);
        assert!(tended.is_none());
        busy.try_forget();
        drop(kept);
        let changes = [&busy, &free].map(|of| leases.lease(&of.name).unwrap().unwrap().changes);
        assert_eq!(changes, [first.changes, second.changes + 1]);
        // It is renewed as soon as it is free.
        assert!(busy.is_held());
        renew(&leases, [(&busy, &first)].into_iter(), read).unwrap();
        let now = leases.lease(&busy.name).unwrap().unwrap();
        assert_eq!(now.changes, first.changes + 1);
    }

    #[test]
    fn what_is_due_is_renewed_in_one_go_and_nothing_else_is() {
        let leases = MemoryLeases::new();
        let [first, second, other] = ["first", "second", "other"].map(of);
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
