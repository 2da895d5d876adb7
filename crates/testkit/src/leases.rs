//! What every place for leases must do.

use ai_audit_store::{Lease, LeaseKeeper, LeaseRules, LeaseStanding, Leases, LogName, StoreError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

fn lease(holder: &str, changes: u32) -> Lease {
    Lease {
        holder: holder.into(),
        changes,
        length: Duration::from_millis(10_001),
        fence: 7,
    }
}

/// Holds a place for leases, empty at first, to its contract: compare-and-set on whole records. Panics where it
/// does not hold.
pub fn leases_conform(leases: &dyn Leases) {
    let [a, b] = ["a", "b"].map(|name| LogName::new(name).unwrap());
    assert_eq!(leases.lease(&a), Ok(None));
    assert_eq!(leases.leases(), Ok(Vec::new()));
    let first = lease("x/1", 0);
    // What is not there is not replaced.
    assert_eq!(leases.replace_lease(&a, Some(&first), &first), Ok(false));
    assert_eq!(leases.lease(&a), Ok(None));
    assert_eq!(leases.replace_lease(&a, None, &first), Ok(true));
    assert_eq!(leases.replace_lease(&a, None, &lease("y/1", 0)), Ok(false));
    assert_eq!(leases.lease(&a), Ok(Some(first.clone())));
    // Each field counts.
    let others = [
        lease("x/2", 0),
        lease("x/1", 1),
        Lease {
            length: Duration::from_secs(10),
            ..first.clone()
        },
        Lease {
            fence: 8,
            ..first.clone()
        },
    ];
    for other in &others {
        assert_eq!(leases.replace_lease(&a, Some(other), other), Ok(false));
    }
    assert_eq!(leases.lease(&a), Ok(Some(first.clone())));
    let free = Lease {
        holder: "h".repeat(128),
        changes: u32::MAX,
        length: Duration::ZERO,
        fence: u64::try_from(i64::MAX).unwrap(),
    };
    assert_eq!(leases.replace_lease(&a, Some(&first), &free), Ok(true));
    assert_eq!(leases.replace_lease(&b, None, &first), Ok(true));
    let all = vec![(a.clone(), free.clone()), (b.clone(), first.clone())];
    assert_eq!(leases.leases(), Ok(all));
    let none = LogName::new("none").unwrap();
    let of_one = vec![(b.clone(), first)];
    assert_eq!(leases.leases_of(&[none, b.clone()]), Ok(of_one));
    assert_eq!(leases.leases_of(&[]), Ok(Vec::new()));
    several(leases, &a, &free, &b);
    illegal(leases, &a, &free);
    race(leases, &a, free);
}

/// Of several that are replaced at once each is for itself; in the end they are as they were.
fn several(leases: &dyn Leases, one: &LogName, of_one: &Lease, other: &LogName) {
    let of_other = leases.lease(other).unwrap().unwrap();
    let [new, stale] = [lease("z/1", 3), lease("z/2", 9)];
    let none = LogName::new("none").unwrap();
    let replace = |all: &[(&LogName, &Lease, &Lease)]| leases.replace_leases(all).unwrap();
    let all = [
        (one, of_one, &new),
        (other, &stale, &new),
        (&none, &stale, &new),
    ];
    assert!(replace(&all).into_iter().eq([one.clone()]));
    assert_eq!(leases.lease(one), Ok(Some(new.clone())));
    assert_eq!(leases.lease(other), Ok(Some(of_other.clone())));
    assert_eq!(leases.lease(&none), Ok(None));
    let all = [(one, &new, of_one), (other, &of_other, &new)];
    assert!(replace(&all).into_iter().eq([one.clone(), other.clone()]));
    let all = [(other, &new, &of_other)];
    assert!(replace(&all).into_iter().eq([other.clone()]));
    assert!(replace(&[]).is_empty());
}

fn illegal(leases: &dyn Leases, log: &LogName, there: &Lease) {
    let wrong = [
        lease("", 1),
        lease("with space", 1),
        lease("ö", 1),
        lease(&"h".repeat(129), 1),
        Lease {
            length: Lease::LONGEST + Duration::from_millis(1),
            ..lease("x/1", 1)
        },
        Lease {
            length: Duration::from_micros(1_500),
            ..lease("x/1", 1)
        },
    ];
    for lease in wrong {
        let said = leases.replace_lease(log, Some(there), &lease);
        assert!(
            matches!(said, Err(StoreError::Invalid { .. })),
            "{lease:?}: {said:?}"
        );
    }
    assert_eq!(leases.lease(log), Ok(Some(there.clone())));
}

/// Holds two openings of one place for leases, empty at first, to be one place: what the one instance does, the other
/// one sees. Panics where it does not hold.
pub fn leases_are_shared(one: &dyn Leases, two: &dyn Leases) {
    let log = LogName::default();
    let look = |leases: &dyn Leases, keeper: &mut LeaseKeeper, second| {
        let found = leases.lease(&log).unwrap();
        let now = Duration::from_secs(second);
        keeper.tend(leases, &log, found.as_ref(), || Ok(1), now)
    };
    let [mut a, mut b] =
        ["a/1", "b/1"].map(|holder| LeaseKeeper::new(holder, LeaseRules::default()).unwrap());
    assert_eq!(look(one, &mut a, 0), Ok(LeaseStanding::Taken { fence: 1 }));
    let other = LeaseStanding::Elsewhere(Some("a/1".into()));
    assert_eq!(look(two, &mut b, 0), Ok(other));
    assert_eq!(look(one, &mut a, 5), Ok(LeaseStanding::Held));
    assert_eq!(two.lease(&log).unwrap().unwrap().changes, 1);
    assert_eq!(one.leases(), two.leases());
}

/// Several threads try to replace the same records: of each one of them succeeds.
fn race(leases: &dyn Leases, log: &LogName, from: Lease) {
    const ROUNDS: u32 = 50;
    let won = AtomicU32::new(0);
    let mut there = from;
    for round in 0..ROUNDS {
        let expected = &there;
        thread::scope(|scope| {
            for name in ["p", "q", "r"] {
                let won = &won;
                scope.spawn(move || {
                    let new = lease(name, round);
                    if leases.replace_lease(log, Some(expected), &new).unwrap() {
                        won.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        there = leases.lease(log).unwrap().unwrap();
        assert_eq!(there.changes, round);
    }
    assert_eq!(won.into_inner(), ROUNDS);
}
