//! Evidence that is a part of the fleet log, or has deleted bytes: what is not there may explain what is.

use crate::logs::{FleetLog, Log};
use ai_audit_core::{Exit, LeafHash, NodeHash, UnverifiedReceipt};
use ai_audit_epochs::{Deletion, EpochTracker};
use ai_audit_fleet::{FleetObserver, FleetReport, MemberState};
use ai_audit_merkle::{LeafIndex, inclusion_proof};
use ai_audit_note::{Checkpoint, MemberCheckpoint, MemberSeen, ShownCheckpoint};
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier, TrustPolicy};

fn policy(fleet: &FleetLog) -> TrustPolicy {
    TrustPolicy::new()
        .pin(fleet.pin())
        .checkpoint(fleet.checkpoint().to_string().as_bytes())
        .unwrap()
}

/// What is said where only these receipts are there, each with its proof.
fn part(fleet: &FleetLog, seqs: &[usize]) -> (Report, FleetReport) {
    let (policy, note) = (policy(fleet), fleet.checkpoint());
    let head = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, note, head);
    let mut observer = FleetObserver::new(None);
    for &seq in seqs {
        let mut tree = fleet.tree.clone();
        let (index, size) = (LeafIndex::new(seq as u64), fleet.tree.size());
        let path = inclusion_proof(&mut tree, index, size).unwrap().path;
        verifier.push_observed(&fleet.sealed[seq], path, None, &mut observer);
    }
    let report = verifier.finish();
    let found = observer.finish(&report);
    (report, found)
}

/// What is said where the bytes of these receipts are deleted.
fn deleted(fleet: &FleetLog, gone: impl Fn(usize) -> bool) -> (Report, FleetReport) {
    let policy = policy(fleet);
    let mut verifier = LogVerifier::new(&policy);
    let mut observer = FleetObserver::new(None);
    for (seq, sealed) in fleet.sealed.iter().enumerate() {
        if gone(seq) {
            verifier.push_deleted_observed(hash(sealed), &mut observer);
        } else {
            verifier.push_observed(sealed, None, &mut observer);
        }
    }
    let report = verifier.finish();
    let found = observer.finish(&report);
    (report, found)
}

fn hash(sealed: &[u8]) -> LeafHash {
    UnverifiedReceipt::parse(sealed).unwrap().hash()
}

/// Seals all that is there as the first epoch, and says that its bytes are deleted.
fn delete_first_epoch(fleet: &mut FleetLog) {
    let mut tracker = EpochTracker::new();
    for sealed in &fleet.sealed {
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        let header = receipt.header();
        tracker.push(header.kind, receipt.hash(), header.sealed_at);
    }
    let seal = tracker.next_seal(fleet.tree.root());
    fleet.seal(&seal, 3);
    let deletion = Deletion {
        epoch: seal.number,
        first: seal.first,
        last: seal.size,
        count: seal.count - seal.control,
        archive: None,
        reason: "retention".into(),
    };
    fleet.seal(&deletion, 4);
}

/// Integrity and attribution are verified: what is said comes of the fleet alone.
fn sound(report: &Report) {
    let verdict = &report.verdict;
    assert!(verdict.integrity.is_verified(), "{report:?}");
    assert!(verdict.attribution.is_verified(), "{report:?}");
}

#[test]
fn a_fault_in_a_part_of_the_fleet_log_fails_nothing() {
    let (mut fleet, [mut asia, ..]) = FleetLog::of_three();
    asia.grow("", 9);
    let seq = fleet.seal(&asia.continues(5, 9), 10);
    assert_eq!(fleet.verify().1.exit(), Exit::Verified);
    // Without the roster, a member's checkpoint is a stranger's.
    let (report, found) = part(&fleet, &[0, 5]);
    sound(&report);
    assert_eq!((found.faults.len(), found.faults[0].receipt), (1, seq));
    assert!(found.partial && found.members.is_empty());
    assert!(found.unknown.as_ref().unwrap().contains("part"));
    assert_eq!(found.exit(), Exit::Unverified);
    // Without the checkpoint before, it continues nothing.
    let (report, found) = part(&fleet, &[0, 1, 5]);
    sound(&report);
    assert_eq!((found.faults.len(), found.members.len()), (1, 3));
    assert_eq!(found.exit(), Exit::Unverified);
}

#[test]
fn an_expected_member_that_a_part_does_not_name_fails_nothing() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    let late = Log::new("later", 2);
    fleet.seal(&late.added(60), 10);
    let (report, mut found) = part(&fleet, &[0, 5]);
    sound(&report);
    found.expect(&[asia.line(), late.line()]);
    assert_eq!(found.absent, std::slice::from_ref(&asia.origin));
    assert_eq!(found.exit(), Exit::Unverified);
    // All of them as a selection is a part as well: the rest may be left out.
    let (report, mut found) = part(&fleet, &[0, 1, 2, 3, 4, 5]);
    sound(&report);
    found.expect(&[Log::new("nobody", 1).line()]);
    assert_eq!((found.absent.len(), found.exit()), (1, Exit::Unverified));
    // Of the whole log it is an answer.
    let (_, mut found) = fleet.verify();
    found.expect(&[Log::new("nobody", 1).line()]);
    assert_eq!(found.exit(), Exit::Failed);
}

#[test]
fn a_conviction_in_a_part_is_one() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    let other = asia.claim(5, NodeHash::from_bytes([7; 32]));
    let seen = MemberSeen::Continues(ShownCheckpoint {
        note: other.to_string().into(),
        path: vec![].into(),
    });
    fleet.seal(&MemberCheckpoint { seen }, 10);
    let (report, found) = part(&fleet, &[0, 1, 2, 5]);
    sound(&report);
    let mut states = found.members.iter().map(|member| member.state);
    assert!(states.any(|state| state == MemberState::Forked));
    assert_eq!(found.exit(), Exit::Failed);
}

#[test]
fn a_fault_beside_deleted_bytes_fails_nothing() {
    let (mut fleet, [mut asia, ..]) = FleetLog::of_three();
    delete_first_epoch(&mut fleet);
    asia.grow("", 9);
    let seq = fleet.seal(&asia.continues(5, 9), 10);
    let (report, found) = deleted(&fleet, |_| false);
    sound(&report);
    assert_eq!(found.exit(), Exit::Verified, "{found:?}");
    // The roster and what was taken; the genesis is kept.
    let (report, found) = deleted(&fleet, |seq| (1..5).contains(&seq));
    sound(&report);
    assert_eq!((found.faults.len(), found.faults[0].receipt), (1, seq));
    assert!(found.partial);
    let why = found.unknown.as_ref().unwrap();
    assert!(why.contains("4 receipts of the fleet log are deleted"));
    assert_eq!(found.exit(), Exit::Unverified);
}

#[test]
fn an_expected_member_whose_roster_is_deleted_fails_nothing() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    delete_first_epoch(&mut fleet);
    let (report, mut found) = deleted(&fleet, |seq| seq == 1);
    sound(&report);
    // What was taken of members that nobody named any more: faults, and absent.
    found.expect(&[asia.line()]);
    assert_eq!((found.faults.len(), found.absent.len()), (3, 1));
    assert_eq!(found.exit(), Exit::Unverified);
    // Also where nothing of the log counts: no key line is pinned.
    let (_, mut found) = fleet.verify_under(&TrustPolicy::new(), None);
    found.expect(&[asia.line()]);
    assert_eq!(found.exit(), Exit::Unverified);
}
