//! A103: somebody who stole the fleet's receipt key, or who handles its log on the way.

use crate::logs::{FleetLog, Log, of};
use ai_audit_core::{Exit, Question, SigningKey};
use ai_audit_fleet::MemberState;
use ai_audit_verify::{Pin, TrustPolicy};
use std::rc::Rc;

/// The thief can append what he likes, and not sign a checkpoint over it.
#[test]
fn a103_a_thief_of_the_receipt_key_cannot_drop_a_member_unseen() {
    let (fleet, [asia, ..]) = FleetLog::of_three();
    let kept = fleet.checkpoint();
    let mut stolen = fleet.clone();
    let seq = stolen.seal(&asia.dropped(), 10);
    // He shows it with the last checkpoint that there is.
    let (report, found) = stolen.verify_with(&kept, None);
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(report.complete_to, Some(seq));
    assert_eq!(of(&found, &asia).state, MemberState::Dropped);
    let why = found.unknown.clone().unwrap();
    assert!(
        why.contains(&format!("receipt {seq} says something")),
        "{why}"
    );
    assert_eq!(found.exit(), Exit::Unverified);
    // Without any checkpoint it is the same.
    let policy = TrustPolicy::new().pin(stolen.pin());
    assert_eq!(
        stolen.verify_under(&policy, None).1.exit(),
        Exit::Unverified
    );
    // What says nothing of the fleet may stand uncovered.
    let mut honest = fleet;
    honest.tick(20);
    assert_eq!(honest.verify_with(&kept, None).1.exit(), Exit::Verified);
}

/// He cannot make up what a member showed, whatever he adds.
#[test]
fn a103_a_thief_of_the_receipt_key_cannot_speak_for_a_member() {
    let (fleet, [asia, ..]) = FleetLog::of_three();
    let mut made_up = Log {
        key: Rc::new(SigningKey::from_bytes(&[77; 32])),
        ..asia.clone()
    };
    made_up.grow("made up", 40);
    let mut stolen = fleet;
    stolen.seal(&made_up.continues(5, 40), 10);
    // Even where the checkpoint key is his, too.
    let (_, found) = stolen.verify();
    assert_eq!(found.faults.len(), 1);
    assert_eq!(of(&found, &asia).size, Some(5));
    assert_eq!(found.exit(), Exit::Failed);
}

#[test]
fn a103_receipts_of_the_roster_reordered_or_left_out() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    fleet.seal(&asia.dropped(), 10);
    fleet.seal(&asia.added(3600), 11);
    for change in [
        |sealed: &mut Vec<Vec<u8>>| sealed.swap(5, 6),
        |sealed: &mut Vec<Vec<u8>>| drop(sealed.remove(5)),
        |sealed: &mut Vec<Vec<u8>>| drop(sealed.remove(1)),
        |sealed: &mut Vec<Vec<u8>>| sealed[1] = sealed[5].clone(),
    ] {
        let mut changed = fleet.clone();
        change(&mut changed.sealed);
        let (report, found) = changed.verify();
        assert!(report.verdict.integrity.is_failed());
        assert!(found.members.is_empty() && found.faults.is_empty());
        assert!(found.unknown.is_some());
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    }
    // The end cut off: the checkpoint tells.
    let mut cut = fleet.clone();
    let kept = fleet.checkpoint();
    cut.sealed.truncate(6);
    let (report, found) = cut.verify_with(&kept, None);
    assert!(report.verdict.completeness.is_failed());
    assert_eq!(found.exit(), Exit::Unverified);
}

/// A receipt key that is not the fleet's signs nothing that counts.
#[test]
fn a103_rosters_by_another_key() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    let stranger = SigningKey::from_bytes(&[99; 32]);
    fleet.seal_with(&stranger, &asia.dropped(), 10);
    let (report, found) = fleet.verify();
    assert!(report.verdict.attribution.is_failed());
    assert!(found.members.is_empty());
}

/// A bare checkpoint key leads to the whole log and to none of its receipts: nothing counts, and nobody fails
/// for it.
#[test]
fn a_bare_key_is_not_enough_and_fails_nobody() {
    let (fleet, [asia, ..]) = FleetLog::of_three();
    let Pin::Log(line) = fleet.pin() else {
        unreachable!("a key line")
    };
    let policy = TrustPolicy::new()
        .pin(Pin::Key(*line.key()))
        .checkpoint(fleet.checkpoint().to_string().as_bytes())
        .unwrap();
    let (report, mut found) = fleet.verify_under(&policy, None);
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    found.expect(&[asia.line()]);
    assert_eq!((found.members.len(), found.absent.len()), (0, 1));
    assert!(found.partial);
    assert!(found.unknown.as_ref().unwrap().contains("not a bare key"));
    assert_eq!(found.exit(), Exit::Unverified);
}
