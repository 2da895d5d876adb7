//! Bodies that contradict themselves, and the numbers of the genesis's promise.

use crate::log::{Log, Step, root};
use ai_audit_core::{Body as _, Kind, LeafHash, Timestamp};
use ai_audit_epochs::{Deletion, EpochPolicy, EpochSeal, EpochTracker, Retention};
use core::time::Duration;

#[test]
fn a_seal_that_contradicts_itself_is_no_body() {
    let mut log = Log::new();
    for step in [Step::Decide, Step::Seal, Step::Decide] {
        log.act(step);
    }
    let good = log.counted();
    assert_eq!(good.check(), Ok(()));
    type Change = fn(&mut EpochSeal);
    let changes: [(&str, Change); 10] = [
        ("first", |seal| seal.first = seal.size + 1),
        ("count", |seal| seal.count += 1),
        ("count", |seal| seal.count = 0),
        ("control", |seal| seal.control = 0),
        ("control", |seal| seal.control = seal.count + 1),
        ("first_hash", |seal| seal.first_hash = LeafHash::ZERO),
        ("previous", |seal| seal.previous = None),
        ("previous", |seal| seal.number = 0),
        ("first", |seal| {
            (seal.number, seal.previous) = (0, None);
        }),
        ("first", |seal| {
            (seal.first, seal.count) = (0, seal.size + 1);
        }),
    ];
    for (field, change) in changes {
        let mut seal = good;
        change(&mut seal);
        assert_eq!(seal.check().unwrap_err().field, field, "{seal:?}");
    }
    log.act(Step::Seal);
    let alone = log.counted();
    assert_eq!(alone.check(), Ok(()));
    let first_hash = LeafHash::of(b"x");
    assert!(
        EpochSeal {
            first_hash,
            ..alone
        }
        .check()
        .is_err()
    );
    let most = EpochSeal {
        first: 0,
        size: u64::MAX,
        count: u64::MAX,
        root: root(&[]),
        ..alone
    };
    assert!(most.check().is_err(), "no log has 2^64 receipts");
}

#[test]
fn a_deletion_that_contradicts_itself_is_no_body() {
    let deletion = |first, last, count| Deletion {
        epoch: 0,
        first,
        last,
        count,
        archive: None,
        reason: "".into(),
    };
    assert!(deletion(3, 9, 6).check().is_ok());
    assert!(deletion(3, 9, 7).check().is_err(), "the seal stays");
    assert!(deletion(9, 3, 0).check().is_err());
    assert!(deletion(0, u64::MAX, u64::MAX).check().is_ok());
}

#[test]
fn a_promise_is_a_plain_number() {
    for good in ["0", "7", "183", "18446744073709551615"] {
        assert_eq!(Retention::parse(good).unwrap().as_days().to_string(), good);
    }
    for bad in [
        "",
        "07",
        "+7",
        "-7",
        "7d",
        " 7",
        "7.0",
        "18446744073709551616",
        "٧",
    ] {
        assert!(Retention::parse(bad).is_err(), "{bad}");
    }
    let (then, ever) = (Timestamp::from_micros(5), Timestamp::MAX);
    assert!(Retention::days(0).allows(then, then));
    assert!(!Retention::days(0).allows(then, Timestamp::from_micros(4)));
    assert!(!Retention::days(u64::MAX).allows(then, ever));
    assert_eq!(Retention::default().as_days(), 184);
}

#[test]
fn an_epoch_is_due_by_count_or_age_and_never_for_a_rotation_alone() {
    let at = Timestamp::from_micros;
    let mut tracker = EpochTracker::new();
    tracker.push(Kind::GENESIS, LeafHash::of(b"0"), at(10));
    let by = |receipts, micros: Option<u64>| EpochPolicy {
        receipts,
        age: micros.map(Duration::from_micros),
    };
    assert!(!by(None, None).is_due(tracker.open(), at(1000)));
    assert!(!by(Some(2), None).is_due(tracker.open(), at(1000)));
    assert!(by(Some(1), None).is_due(tracker.open(), at(10)));
    assert!(
        by(Some(0), None).is_due(tracker.open(), at(10)),
        "at least one"
    );
    assert!(!by(None, Some(5)).is_due(tracker.open(), at(14)));
    assert!(by(None, Some(5)).is_due(tracker.open(), at(15)));
    let left = by(None, Some(5)).left(tracker.open(), at(12));
    assert_eq!(left, Some(Duration::from_micros(3)));
    // A clock that ran backwards makes nothing due.
    assert!(!by(None, Some(5)).is_due(tracker.open(), at(0)));
    tracker.push(Kind::EPOCH_SEAL, LeafHash::of(b"1"), at(20));
    tracker.push(Kind::KEY_ROTATION, LeafHash::of(b"2"), at(20));
    let always = by(Some(1), Some(0));
    assert!(!always.is_due(tracker.open(), at(1000)));
    assert_eq!(always.left(tracker.open(), at(1000)), None);
    tracker.push(Kind::START, LeafHash::of(b"3"), at(21));
    assert!(always.is_due(tracker.open(), at(1000)));
}
