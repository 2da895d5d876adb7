//! A131: two histories of one member in what the verifier brought convict it, in whatever order they come.

use crate::attacks::with_real_member;
use crate::brought::{kept, trust};
use crate::logs::FleetLog;
use ai_audit_core::Exit;
use ai_audit_fleet::{EvidenceFinding, FleetReport, MemberState, MemberWatch};
use ai_audit_note::VKey;
use ai_audit_verify::{LogVerifier, Pin};

/// What is found with these logs of the first member: each is held, and again where they end differently.
fn found(fleet: &FleetLog, logs: &[&FleetLog]) -> FleetReport {
    let policy = trust(fleet);
    let (_, mut found) = fleet.verify_under(&policy, None);
    let line = VKey::parse(&found.members[0].key).unwrap();
    let members = policy.clone().pinned_to(vec![Pin::Log(line)]);
    for again in [false, true] {
        if again && !found.has_several_ends() {
            break;
        }
        for (place, log) in logs.iter().enumerate() {
            let mut watch = MemberWatch::new(&found);
            let mut verifier = LogVerifier::new(&members);
            for sealed in &log.sealed {
                verifier.push_observed(sealed, None, &mut watch);
            }
            let (from, report) = (format!("log {place}"), verifier.finish());
            match again {
                true => found.hold_again(&from, &report, &watch),
                false => assert!(found.hold(&from, &report, &watch)),
            }
        }
    }
    found.account_for(&fleet.origin, &policy);
    found
}

fn findings(found: &FleetReport) -> Vec<EvidenceFinding> {
    let evidence = found.members[0].evidence.iter();
    evidence.map(|one| one.finding).collect()
}

#[test]
fn a131_logs_that_continue_the_checkpoint_in_two_ways_are_two_histories() {
    let (fleet, member, _) = with_real_member(3);
    let (mut one, mut other) = (member.clone(), member.clone());
    one.tick(3);
    other.tick(4);
    let mut longer = other.clone();
    longer.tick(5);
    for logs in [
        [&one, &other],
        [&other, &one],
        [&one, &longer],
        [&longer, &one],
    ] {
        let found = found(&fleet, &logs);
        assert_eq!(found.members[0].state, MemberState::Forked);
        assert_eq!(found.exit(), Exit::Failed);
        let told = found.members[0].evidence.iter();
        let told: Vec<&str> = told.filter_map(|one| one.why.as_deref()).collect();
        let [told] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert!(told.contains("the member signed two histories"), "{told}");
        assert!(findings(&found).contains(&EvidenceFinding::Forked));
    }
}

#[test]
fn a131_logs_of_one_history_are_none() {
    let (fleet, member, _) = with_real_member(3);
    let mut longer = member.clone();
    longer.tick(3);
    let mut longest = longer.clone();
    longest.tick(4);
    for logs in [
        [&member, &longer, &longest],
        [&longest, &member, &longer],
        [&longer, &longer, &longer],
    ] {
        let found = found(&fleet, &logs);
        assert_eq!(findings(&found), [EvidenceFinding::Holds; 3]);
        assert_eq!(found.members[0].state, MemberState::Complete);
        assert_eq!(found.exit(), Exit::Verified);
    }
}

#[test]
fn a131_two_checkpoints_of_one_size_convict_whoever_signed_them() {
    let (fleet, member, _) = with_real_member(3);
    let (mut one, mut other) = (member.clone(), member.clone());
    one.tick(3);
    other.tick(4);
    let account = |notes: &[&FleetLog]| {
        let policy = notes
            .iter()
            .fold(trust(&fleet), |policy, log| kept(policy, &log.checkpoint()));
        let (_, mut found) = fleet.verify_under(&policy, None);
        found.account_for(&fleet.origin, &policy);
        found
    };
    for notes in [[&one, &other], [&other, &one]] {
        let found = account(&notes);
        assert_eq!(found.members[0].state, MemberState::Forked);
        assert_eq!(found.exit(), Exit::Failed);
        assert_eq!(findings(&found), [EvidenceFinding::Forked]);
    }
    // Of one history they stay unanswered, and accuse nobody.
    other = one.clone();
    other.tick(4);
    for notes in [[&one, &one], [&one, &other]] {
        let found = account(&notes);
        assert_eq!(found.exit(), Exit::Unverified);
        assert_eq!(findings(&found), []);
    }
}
