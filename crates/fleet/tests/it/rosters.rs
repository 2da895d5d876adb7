//! Who is in a fleet, complete to which size, late, missing, dropped and added again.

use crate::logs::{BEGIN, FleetLog, Log, at, of};
use ai_audit_core::{Exit, Question};
use ai_audit_fleet::{MAX_CHANGES, MemberState};
use ai_audit_note::FleetRoster;

#[test]
fn a_fleet_of_three_in_time() {
    let (fleet, logs) = FleetLog::of_three();
    let (report, found) = fleet.verify();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(found.exit(), Exit::Verified, "{found:?}");
    for (log, (size, receipt)) in logs.iter().zip([(5, 2), (6, 3), (7, 4)]) {
        let member = of(&found, log);
        assert_eq!(member.state, MemberState::Complete);
        assert_eq!((member.size, member.receipt), (Some(size), Some(receipt)));
        assert_eq!((member.as_of, member.due), (Some(at(2)), Some(at(3602))));
        assert_eq!(member.root, Some(log.tree.root()));
        assert_eq!(member.changes.len(), 1);
        assert_eq!(
            (member.changes[0].receipt, member.changes[0].size),
            (1, None)
        );
    }
    assert_eq!(found.at, at(2));
}

#[test]
fn late_by_the_fleets_own_time_and_by_a_given_one() {
    let (mut fleet, [asia, mut eu, us]) = FleetLog::of_three();
    eu.grow("", 9);
    fleet.seal(&eu.continues(6, 9), 3000);
    fleet.tick(4000);
    let (report, found) = fleet.verify();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(found.exit(), Exit::Unverified);
    assert_eq!(of(&found, &asia).state, MemberState::Late);
    assert_eq!(of(&found, &us).state, MemberState::Late);
    let member = of(&found, &eu);
    assert_eq!(
        (member.state, member.size),
        (MemberState::Complete, Some(9))
    );
    // At its time it is not late yet; a microsecond later it is.
    let states = |micros| {
        let time = ai_audit_core::Timestamp::from_micros(micros);
        let (_, found) = fleet.verify_with(&fleet.checkpoint(), Some(time));
        (of(&found, &asia).state, of(&found, &eu).state, found.at)
    };
    let due = (BEGIN + 3602) * 1_000_000;
    let time = ai_audit_core::Timestamp::from_micros;
    assert_eq!(
        states(due),
        (MemberState::Complete, MemberState::Complete, time(due))
    );
    assert_eq!(
        states(due + 1),
        (MemberState::Late, MemberState::Complete, time(due + 1))
    );
    // What was sealed later is not looked at.
    let (_, then) = fleet.verify_with(&fleet.checkpoint(), Some(at(2)));
    assert_eq!(of(&then, &eu).size, Some(6));
    assert_eq!(then.exit(), Exit::Verified);
    // Late once, it is counted, and complete again.
    let mut asia = asia;
    asia.grow("", 8);
    fleet.seal(&asia.continues(5, 8), 5000);
    let (_, found) = fleet.verify();
    let member = of(&found, &asia);
    assert_eq!(
        (member.state, member.lapses, member.size),
        (MemberState::Complete, 1, Some(8))
    );
}

#[test]
fn one_that_never_showed_anything_is_missing() {
    let (mut fleet, logs) = FleetLog::of_three();
    let never = Log::new("never", 3);
    fleet.seal(&never.added(60), 3);
    let (_, found) = fleet.verify();
    let member = of(&found, &never);
    assert_eq!((member.state, member.size), (MemberState::Missing, None));
    assert_eq!(member.due, Some(at(63)));
    assert_eq!(of(&found, &logs[0]).state, MemberState::Complete);
    assert_eq!(found.exit(), Exit::Unverified);
}

#[test]
fn dropped_and_added_again_with_what_was_taken_before() {
    let (mut fleet, [_, mut eu, _]) = FleetLog::of_three();
    eu.grow("", 8);
    let mut dropped = eu.dropped();
    let mut one = dropped.dropped[0].clone();
    one.checkpoint = Some(eu.shown(6, 8));
    dropped.dropped = vec![one].into();
    let gone = fleet.seal(&dropped, 10);
    let (_, found) = fleet.verify();
    let member = of(&found, &eu);
    assert_eq!((member.state, member.size), (MemberState::Dropped, Some(8)));
    assert_eq!((member.present, member.due), (false, None));
    let last = member.changes.last().unwrap();
    assert_eq!(
        (last.added, last.receipt, last.size),
        (false, gone, Some(8))
    );
    assert_eq!(last.reason, "moved");
    // It changes no exit code, unless somebody knows better.
    assert_eq!(found.exit(), Exit::Verified);
    let mut expecting = found;
    expecting.expect(&[eu.line()]);
    assert_eq!(expecting.absent, [eu.origin.clone()]);
    assert_eq!(expecting.exit(), Exit::Failed);
    // Added again, it goes on where it was: late, until it shows something new.
    eu.grow("", 12);
    let gone = fleet.clone();
    let back = fleet.seal(&eu.added(60), 20_000);
    let (_, found) = fleet.verify();
    let member = of(&found, &eu);
    assert_eq!((member.state, member.size), (MemberState::Late, Some(8)));
    assert_eq!(member.due, Some(at(70)));
    assert_eq!(member.changes.last().unwrap().receipt, back);
    fleet.seal(&eu.continues(8, 12), 20_001);
    let (_, mut found) = fleet.verify();
    let member = of(&found, &eu);
    assert_eq!(
        (member.state, member.size),
        (MemberState::Complete, Some(12))
    );
    assert_eq!(member.due, Some(at(20_061)));
    assert_eq!((member.lapses, member.interval), (1, 60));
    // Where the receipt that adds it shows a checkpoint it never was late: gone, it owed none.
    let mut fleet = gone;
    let mut added = eu.added(60);
    let mut one = added.added[0].clone();
    one.checkpoint = Some(eu.shown(8, 12));
    added.added = vec![one].into();
    fleet.seal(&added, 20_000);
    let (_, with) = fleet.verify();
    let member = of(&with, &eu);
    assert_eq!(
        (member.state, member.size),
        (MemberState::Complete, Some(12))
    );
    assert_eq!((member.lapses, member.due), (0, Some(at(20_060))));
    found.expect(&[eu.line()]);
    assert!(found.absent.is_empty());
}

#[test]
fn another_interval_in_one_receipt() {
    let (mut fleet, [mut asia, ..]) = FleetLog::of_three();
    let both = FleetRoster {
        dropped: asia.dropped().dropped,
        ..asia.added(10)
    };
    fleet.seal(&both, 5);
    let (_, found) = fleet.verify();
    assert!(found.faults.is_empty());
    let member = of(&found, &asia);
    // A shorter one counts from its last checkpoint, as every one does.
    assert_eq!((member.interval, member.due), (10, Some(at(12))));
    assert_eq!((member.size, member.changes.len()), (Some(5), 3));
    // A longer one begins with the next checkpoint: what it owes already it owes still.
    let longer = FleetRoster {
        dropped: asia.dropped().dropped,
        ..asia.added(7200)
    };
    fleet.seal(&longer, 6);
    asia.grow("", 6);
    assert_eq!(of(&fleet.verify().1, &asia).due, Some(at(12)));
    fleet.seal(&asia.continues(5, 6), 8);
    let (_, found) = fleet.verify();
    let member = of(&found, &asia);
    assert_eq!((member.interval, member.due), (7200, Some(at(7208))));
    assert_eq!(member.lapses, 0);
}

#[test]
fn a_member_that_comes_and_goes_without_end_takes_no_more_memory() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    for turn in 0..100 {
        fleet.seal(&asia.dropped(), 10 + 100 * turn);
        fleet.seal(&asia.added(3600), 10 + 100 * turn);
    }
    let (_, found) = fleet.verify();
    let member = of(&found, &asia);
    assert_eq!(member.changes.len(), MAX_CHANGES);
    assert_eq!(member.changes.len() as u64 + member.more_changes, 201);
    assert!(member.changes.last().unwrap().added);
    // It was silent for all that time, and coming again is no sign of life.
    assert_eq!(
        (member.state, member.due, member.lapses),
        (MemberState::Late, Some(at(3602)), 1)
    );
}

#[test]
fn without_the_pin_nothing_counts() {
    let (fleet, _) = FleetLog::of_three();
    let (report, found) = fleet.verify_under(&ai_audit_verify::TrustPolicy::new(), None);
    assert!(!report.verdict.attribution.is_verified());
    assert!(found.members.is_empty() && found.unknown.is_some());
    assert_eq!(found.exit(), Exit::Unverified);
    // A log without a roster is no fleet that is complete.
    let mut empty = FleetLog::new();
    empty.tick(1);
    let (report, found) = empty.verify();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(found.exit(), Exit::Unverified);
}
