//! A126: what the verifier brought of a member, held against its log, or told where there is none.

use crate::attacks::with_real_member;
use crate::logs::{FleetLog, Log, at, of};
use ai_audit_core::{Exit, KeyRevocation, LeafHash, NodeHash, Question, SigningKey, encode_body};
use ai_audit_fleet::{EvidenceFinding, FleetReport, MemberState, MemberWatch};
use ai_audit_merkle::MemoryTree;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{
    DetachedRevocation, LogVerifier, Observed, Observer as _, Pin, TreeVerifier, TrustPolicy,
};

/// The auditor's trust in the fleet's key line, with a checkpoint of all of its log.
pub(crate) fn trust(fleet: &FleetLog) -> TrustPolicy {
    let policy = TrustPolicy::new().pin(fleet.pin()).of_several_logs();
    kept(policy, &fleet.checkpoint())
}

pub(crate) fn kept(policy: TrustPolicy, note: &SignedNote) -> TrustPolicy {
    policy.checkpoint(note.to_string().as_bytes()).unwrap()
}

/// What is found under a policy, with these logs of the first member.
fn found(fleet: &FleetLog, policy: &TrustPolicy, logs: &[&FleetLog]) -> (FleetReport, u64) {
    let (report, mut found) = fleet.verify_under(policy, None);
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    let told = report.remarks.concat();
    assert!(!told.contains("other logs"), "{told}");
    for log in logs {
        let line = VKey::parse(&found.members[0].key).unwrap();
        let members = policy.clone().pinned_to(vec![Pin::Log(line)]);
        let mut watch = MemberWatch::new(&found);
        let mut verifier = LogVerifier::new(&members);
        for sealed in &log.sealed {
            verifier.push_observed(sealed, None, &mut watch);
        }
        assert!(found.hold("member", &verifier.finish(), &watch));
    }
    let strange = found.account_for(&fleet.origin, policy);
    (found, strange)
}

fn first(found: &FleetReport) -> (EvidenceFinding, MemberState, Exit) {
    let member = &found.members[0];
    (member.evidence[0].finding, member.state, found.exit())
}

const GOOD: (EvidenceFinding, MemberState, Exit) = (
    EvidenceFinding::Holds,
    MemberState::Complete,
    Exit::Verified,
);

/// The holder of the recovery key says that the last honest receipt is this one.
fn revoked(member: &FleetLog, after: u64) -> DetachedRevocation {
    revoked_for(&member.origin, member, after)
}

/// The same in a file that is for the log of this origin.
fn revoked_for(origin: &str, member: &FleetLog, after: u64) -> DetachedRevocation {
    // The third key of the log that is numbered 2.
    let recovery = SigningKey::from_bytes(&[8; 32]);
    let revocation = KeyRevocation::sign(
        &member.head.log_id(),
        member.receipt_key.verifying_key(),
        after,
        at(0),
        SigningKey::from_bytes(&[70; 32]).verifying_key(),
        "stolen",
        &recovery,
    )
    .unwrap();
    DetachedRevocation::new(origin, encode_body(&revocation).unwrap()).unwrap()
}

#[test]
fn a126_a_thief_of_a_members_receipt_key_is_seen_by_a_detached_revocation() {
    let (fleet, mut member, _) = with_real_member(3);
    let knows = trust(&fleet).revocation(revoked(&member, 2));
    let (whole, _) = found(&fleet, &knows, &[&member]);
    assert_eq!(first(&whole), GOOD);
    // The thief goes on, in time.
    member.tick(3);
    member.tick(4);
    let (unknown, _) = found(&fleet, &trust(&fleet), &[&member]);
    assert_eq!(first(&unknown), GOOD);
    let (stolen, _) = found(&fleet, &knows, &[&member]);
    assert_eq!(
        first(&stolen),
        (EvidenceFinding::Failed, MemberState::Failed, Exit::Failed)
    );
    let why = stolen.members[0].evidence[0].why.clone().unwrap();
    assert!(why.starts_with("attribution FAILED at receipt 3"), "{why}");
    // Whoever brings no log of the member leaves the question open, and is told.
    let (open, _) = found(&fleet, &knows, &[]);
    assert_eq!(open.exit(), Exit::Unverified);
    let [one] = open.unheld.as_slice() else {
        panic!("{:?}", open.unheld)
    };
    assert_eq!((&one.origin, one.revocations), (&member.origin, 1));
    assert!(one.to_string().contains("a revocation of it"), "{one}");
}

#[test]
fn a126_a_log_that_is_shorter_than_a_kept_checkpoint_is_cut() {
    let (fleet, member, _) = with_real_member(3);
    let mut longer = member.clone();
    longer.tick(3);
    let knows = kept(trust(&fleet), &longer.checkpoint());
    let (cut, strange) = found(&fleet, &knows, &[&member]);
    assert_eq!(
        first(&cut),
        (EvidenceFinding::Cut, MemberState::Cut, Exit::Failed)
    );
    assert_eq!((strange, cut.unheld.len()), (0, 0));
    let why = cut.members[0].evidence[0].why.clone().unwrap();
    assert!(why.contains("the last 1 are missing"), "{why}");
    let (whole, _) = found(&fleet, &knows, &[&longer]);
    assert_eq!(first(&whole), GOOD);
    // The shorter one beside it fails all the same.
    let (both, _) = found(&fleet, &knows, &[&longer, &member]);
    assert_eq!(both.members[0].state, MemberState::Cut);
    // None at all.
    let (open, _) = found(&fleet, &knows, &[]);
    assert_eq!(open.exit(), Exit::Unverified);
    assert_eq!(open.unheld[0].checkpoints, 1);
    // Another history of the size that was kept.
    let mut other = member;
    other.tick(1000);
    let (forked, _) = found(&fleet, &knows, &[&other]);
    assert_eq!(forked.exit(), Exit::Failed);
}

#[test]
fn a126_checkpoints_of_other_logs_fail_no_member() {
    let (fleet, member, _) = with_real_member(3);
    let stranger = Log::new("stranger", 50);
    let knows = kept(trust(&fleet), &stranger.note(50));
    let (whole, strange) = found(&fleet, &knows, &[&member]);
    assert_eq!((first(&whole), strange), (GOOD, 1));
    assert!(whole.unheld.is_empty());
    // Who pins its key line asks for it.
    let asked = knows.pin(Pin::Log(stranger.line()));
    let (open, strange) = found(&fleet, &asked, &[&member]);
    assert_eq!((open.exit(), strange), (Exit::Unverified, 0));
    assert_eq!(open.unheld[0].origin, stranger.origin);
}

#[test]
fn a126_revocations_of_other_logs_fail_no_member_and_are_told() {
    let (fleet, member, _) = with_real_member(3);
    let stranger = Log::new("stranger", 50);
    let knows = trust(&fleet).revocation(revoked_for(&stranger.origin, &member, 2));
    let (whole, strange) = found(&fleet, &knows, &[&member]);
    assert_eq!((first(&whole), strange), (GOOD, 1));
    assert!(whole.unheld.is_empty());
    let asked = knows.pin(Pin::Log(stranger.line()));
    let (open, strange) = found(&fleet, &asked, &[&member]);
    assert_eq!((open.exit(), strange), (Exit::Unverified, 0));
    let one = &open.unheld[0];
    assert_eq!((&one.origin, one.revocations), (&stranger.origin, 1));
}

/// The machine is gone, and so is its log.
#[test]
fn a126_what_was_kept_of_a_dropped_member_is_told_and_leaves_nothing_open() {
    let (mut fleet, [mut asia, ..]) = FleetLog::of_three();
    asia.grow("", 9);
    let before = kept(trust(&fleet), &asia.note(9));
    assert_eq!(found(&fleet, &before, &[]).0.exit(), Exit::Unverified);
    fleet.seal(&asia.dropped(), 10);
    let knows = kept(trust(&fleet), &asia.note(9));
    let (mut told, strange) = found(&fleet, &knows, &[]);
    assert_eq!((told.exit(), strange), (Exit::Verified, 0));
    let [one] = told.unheld.as_slice() else {
        panic!("{:?}", told.unheld)
    };
    assert_eq!((&one.origin, one.checkpoints), (&asia.origin, 1));
    assert!(one.dropped && one.to_string().contains("was dropped"));
    // Who expects it, or pins its key line, asks for it.
    told.expect([&asia.line()]);
    assert_eq!(told.exit(), Exit::Failed);
    let (open, _) = found(&fleet, &knows.pin(Pin::Log(asia.line())), &[]);
    assert_eq!(open.exit(), Exit::Unverified);
    // Dropping it hides nothing that it signed.
    let other = asia.claim(5, NodeHash::from_bytes([7; 32]));
    let (forked, _) = found(&fleet, &kept(trust(&fleet), &other), &[]);
    assert_eq!(of(&forked, &asia).state, MemberState::Forked);
    assert_eq!(forked.exit(), Exit::Failed);
}

/// What the verifier asks of times and witnesses for no member's sake fails none.
#[test]
fn a126_a_quorum_that_did_not_see_a_member_fails_nobody() {
    let (fleet, member, _) = with_real_member(3);
    let witness = SigningKey::from_bytes(&[90; 32]);
    let line = VKey::cosignature("w.example", witness.verifying_key()).unwrap();
    let text = format!("witness W {line}\nquorum W\n");
    let policy = TrustPolicy::parse_file(text.as_bytes()).unwrap();
    let policy = policy.pin(fleet.pin()).of_several_logs().now(at(9));
    let knows = kept(policy, &fleet.checkpoint());
    let (whole, _) = found(&fleet, &knows, &[&member]);
    assert_eq!(first(&whole), GOOD);
}

#[test]
fn a126_a_checkpoint_of_the_size_that_the_fleet_has_is_held_against_that_one() {
    let (fleet, [asia, eu, _]) = FleetLog::of_three();
    let (same, _) = found(&fleet, &kept(trust(&fleet), &asia.note(5)), &[]);
    assert_eq!((same.exit(), same.unheld.len()), (Exit::Verified, 0));
    let other = asia.claim(5, NodeHash::from_bytes([7; 32]));
    let (forked, _) = found(&fleet, &kept(trust(&fleet), &other), &[]);
    assert_eq!(of(&forked, &asia).state, MemberState::Forked);
    assert_eq!(forked.exit(), Exit::Failed);
    // Signed by somebody else it convicts nobody, and is not passed over.
    let impostor = Log {
        key: eu.key,
        ..asia.clone()
    };
    let claim = impostor.claim(5, NodeHash::from_bytes([7; 32]));
    let (open, _) = found(&fleet, &kept(trust(&fleet), &claim), &[]);
    assert_eq!(of(&open, &asia).state, MemberState::Complete);
    assert_eq!((open.exit(), open.unheld.len()), (Exit::Unverified, 1));
}

/// A checkpoint that convicts is no log, and answers for no other one.
#[test]
fn a126_the_order_in_which_checkpoints_were_brought_changes_nothing() {
    let (fleet, [mut asia, ..]) = FleetLog::of_three();
    let fork = asia.claim(5, NodeHash::from_bytes([7; 32]));
    asia.grow("", 9);
    let later = asia.note(9);
    let brought = |notes: [&SignedNote; 2]| {
        let policy = notes.into_iter().fold(trust(&fleet), kept);
        found(&fleet, &policy, &[]).0
    };
    let one = brought([&fork, &later]);
    assert_eq!(one, brought([&later, &fork]));
    assert_eq!(of(&one, &asia).state, MemberState::Forked);
    assert_eq!((one.exit(), one.unheld.len()), (Exit::Failed, 1));
    assert_eq!(one.unheld[0].checkpoints, 1);
}

/// Of a published log with hashes alone nobody sees who signed what.
#[test]
fn hashes_that_contradict_the_fleet_fail_and_are_neither_cut_nor_forked() {
    let failed = (EvidenceFinding::Failed, MemberState::Failed, Exit::Failed);
    let untold = (
        EvidenceFinding::Untold,
        MemberState::Complete,
        Exit::Unverified,
    );
    let (fleet, [asia, ..]) = FleetLog::of_three();
    for (history, size, comes, why) in [
        ("", 9, untold, ""),
        ("", 3, failed, "the last 2 are missing"),
        ("another", 9, failed, "do not have the root"),
    ] {
        let mut shown = Log {
            tree: MemoryTree::new(),
            ..asia.clone()
        };
        shown.grow(history, size);
        let note = shown.note(size);
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let policy = TrustPolicy::new().pin(Pin::Log(asia.line()));
        let mut verifier = TreeVerifier::new(&policy, note, checkpoint);
        let (_, mut report) = fleet.verify();
        let mut watch = MemberWatch::new(&report);
        for seq in 0..size {
            let hash = LeafHash::of(format!("{history} {seq}").as_bytes());
            verifier.push(hash);
            let hash = Some(hash);
            watch.observe(Observed::Unverified { seq, hash });
        }
        assert!(report.hold("public", &verifier.finish(), &watch));
        let member = of(&report, &asia);
        let one = &member.evidence[0];
        assert_eq!((one.finding, member.state, report.exit()), comes, "{one:?}");
        let said = one.why.clone().unwrap();
        assert!(said.starts_with("integrity unverified"), "{said}");
        assert!(said.contains(why), "{said}");
    }
}
