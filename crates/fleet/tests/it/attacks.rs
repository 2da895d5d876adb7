//! A100 to A102, A104: members that are cut, fork or fall silent; strangers, and what is hostile in form.

use crate::logs::{FleetLog, Log, at, of};
use ai_audit_core::{Exit, NodeHash, Question};
use ai_audit_fleet::{EvidenceFinding, MemberState, MemberWatch};
use ai_audit_note::{FleetRoster, MemberCheckpoint, MemberSeen, VKey};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};

/// A fleet with a member whose receipts are real.
pub(crate) fn with_real_member(size: u64) -> (FleetLog, FleetLog, VKey) {
    let mut member = FleetLog::numbered(2);
    while member.size() < size {
        member.tick(member.size());
    }
    let Pin::Log(line) = member.pin() else {
        unreachable!("a key line")
    };
    let mut fleet = FleetLog::new();
    let entry = ai_audit_note::AddedMember {
        key: line.to_string().into(),
        interval: 3600,
        checkpoint: Some(ai_audit_note::ShownCheckpoint {
            note: member.checkpoint().to_string().into(),
            path: vec![].into(),
        }),
    };
    let roster = FleetRoster {
        added: vec![entry].into(),
        ..Default::default()
    };
    fleet.seal(&roster, 1);
    (fleet, member, line)
}

/// What an auditor finds who is brought a member's log.
fn held(fleet: &FleetLog, line: &VKey, member: &FleetLog) -> (EvidenceFinding, MemberState, Exit) {
    let (report, mut found) = fleet.verify();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    let policy = TrustPolicy::new().pin(Pin::Log(line.clone()));
    let mut watch = MemberWatch::new(&found);
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &member.sealed {
        verifier.push_observed(sealed, None, &mut watch);
    }
    assert!(found.hold("member", &verifier.finish(), &watch));
    let member = &found.members[0];
    (member.evidence[0].finding, member.state, found.exit())
}

#[test]
fn a100_a_member_that_was_cut_is_shorter_than_its_checkpoint() {
    let (fleet, member, line) = with_real_member(9);
    let whole = held(&fleet, &line, &member);
    assert_eq!(
        whole,
        (
            EvidenceFinding::Holds,
            MemberState::Complete,
            Exit::Verified
        )
    );
    for left in 1..9 {
        let mut cut = member.clone();
        cut.sealed.truncate(left);
        let found = held(&fleet, &line, &cut);
        assert_eq!(
            found,
            (EvidenceFinding::Cut, MemberState::Cut, Exit::Failed),
            "{left} receipts"
        );
    }
    // One byte changed is no cut: the log fails by itself.
    let mut changed = member;
    let last = changed.sealed[4].len() - 70;
    changed.sealed[4][last] ^= 1;
    let found = held(&fleet, &line, &changed);
    assert_eq!(
        found,
        (EvidenceFinding::Failed, MemberState::Failed, Exit::Failed)
    );
}

#[test]
fn a101_a_member_that_was_rewritten_does_not_have_the_checkpoint() {
    let (fleet, member, line) = with_real_member(9);
    // The keeper of the member has its keys, and writes its end anew, longer than before.
    let mut fork = FleetLog::numbered(2);
    while fork.size() < 6 {
        fork.tick(fork.size());
    }
    while fork.size() < 15 {
        fork.tick(fork.size() + 100);
    }
    assert_eq!(fork.sealed[..6], member.sealed[..6]);
    let found = held(&fleet, &line, &fork);
    assert_eq!(
        found,
        (EvidenceFinding::Forked, MemberState::Forked, Exit::Failed)
    );
}

#[test]
fn a100_an_older_checkpoint_is_not_taken_again() {
    let (mut fleet, [_, mut eu, _]) = FleetLog::of_three();
    eu.grow("", 20);
    fleet.seal(&eu.continues(6, 20), 10);
    // Signed by the member, once; replayed by whoever has it.
    for (since, size) in [(0, 6), (6, 19), (0, 1)] {
        let seq = fleet.seal(&eu.continues(since, size), 11);
        let (_, found) = fleet.verify();
        let fault = found.faults.last().unwrap();
        assert_eq!(fault.receipt, seq);
        assert!(
            fault.reason.contains("one of size 20 was taken"),
            "{fault:?}"
        );
        assert_eq!(of(&found, &eu).size, Some(20));
        assert_eq!(found.exit(), Exit::Failed);
    }
}

/// The keeper of the fleet hides that a member is silent by sealing its last note again and again.
#[test]
fn a102_the_same_checkpoint_again_keeps_nobody_in_time() {
    let (mut fleet, [asia, mut eu, mut us]) = FleetLog::of_three();
    for second in [1000, 2000, 3000, 3400] {
        fleet.seal(&asia.continues(0, 5), second);
        fleet.seal(&asia.continues(5, 5), second);
    }
    eu.grow("", 7);
    us.grow("", 8);
    fleet.seal(&eu.continues(6, 7), 3500);
    fleet.seal(&us.continues(7, 8), 3500);
    fleet.tick(4000);
    let (_, found) = fleet.verify();
    assert!(found.faults.is_empty());
    let member = of(&found, &asia);
    assert_eq!((member.state, member.repeated), (MemberState::Late, 8));
    assert_eq!(member.as_of, Some(at(2)));
    assert_eq!(found.exit(), Exit::Unverified);
}

/// He drops it and adds it again instead, each time before it would be late, or gives it a hundred years.
#[test]
fn a102_adding_a_silent_member_again_gains_it_no_time() {
    const CENTURY: u64 = ai_audit_note::MAX_FLEET_INTERVAL;
    for interval in [3600, 7200, CENTURY] {
        for (in_one, seconds) in [
            (true, &[3000, 6000, 9000][..]),
            (false, &[3000, 6000, 9000]),
            (true, &[3000]),
            // When it is late already.
            (false, &[5000]),
            (true, &[5000, 8000]),
        ] {
            let (mut fleet, [asia, ..]) = FleetLog::of_three();
            for &second in seconds {
                let added = asia.added(interval);
                let dropped = asia.dropped();
                if in_one {
                    let dropped = dropped.dropped;
                    fleet.seal(&FleetRoster { dropped, ..added }, second);
                } else {
                    fleet.seal(&dropped, second);
                    fleet.seal(&added, second + 1);
                }
            }
            fleet.tick(10_000);
            let (_, found) = fleet.verify();
            assert!(found.faults.is_empty());
            let member = of(&found, &asia);
            assert_eq!(member.state, MemberState::Late, "{interval} {seconds:?}");
            assert_eq!((member.as_of, member.due), (Some(at(2)), Some(at(3602))));
            let counted = u64::from(seconds.last() > Some(&3602));
            assert_eq!(member.lapses, counted, "{interval} {seconds:?}");
            assert_eq!(found.exit(), Exit::Unverified);
        }
    }
    // One that never showed anything is missing, however often it comes.
    let mut fleet = FleetLog::new();
    let never = Log::new("never", 3);
    fleet.seal(&never.added(60), 1);
    fleet.seal(&never.dropped(), 50);
    fleet.seal(&never.added(CENTURY), 51);
    let (_, found) = fleet.verify();
    let member = of(&found, &never);
    assert_eq!(
        (member.state, member.due),
        (MemberState::Missing, Some(at(61)))
    );
}

#[test]
fn a101_two_roots_of_one_size_convict() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    let other = asia.claim(5, NodeHash::from_bytes([7; 32]));
    let shown = ai_audit_note::ShownCheckpoint {
        note: other.to_string().into(),
        path: vec![].into(),
    };
    let seen = MemberSeen::Continues(shown);
    let seq = fleet.seal(&MemberCheckpoint { seen }, 10);
    let (_, found) = fleet.verify();
    let member = of(&found, &asia);
    assert_eq!(member.state, MemberState::Forked);
    let fork = member.fork.as_ref().unwrap();
    assert_eq!((fork.receipt, fork.smaller, fork.larger), (seq, 5, 5));
    assert_eq!(found.exit(), Exit::Failed);
    // Dropping it, or adding it again, takes nothing back.
    fleet.seal(&asia.dropped(), 11);
    assert_eq!(of(&fleet.verify().1, &asia).state, MemberState::Forked);
    fleet.seal(&asia.added(3600), 12);
    assert_eq!(fleet.verify().1.exit(), Exit::Failed);
}

/// The keeper hears of the fork, and drops the member before anybody has sealed the proof.
#[test]
fn a101_who_was_dropped_is_convicted_all_the_same() {
    let (mut fleet, [asia, ..]) = FleetLog::of_three();
    fleet.seal(&asia.dropped(), 10);
    let other = asia.claim(5, NodeHash::from_bytes([7; 32]));
    let proof = ai_audit_verify::Equivocation::new(asia.note(5), other, None).unwrap();
    let seen = MemberSeen::Contradicts(proof.to_string().into());
    fleet.seal(&MemberCheckpoint { seen }, 11);
    let (_, found) = fleet.verify();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(of(&found, &asia).state, MemberState::Forked);
    assert_eq!(found.exit(), Exit::Failed);
}

#[test]
fn a104_a_stranger_and_other_keys_count_for_nothing() {
    let (fleet, [asia, ..]) = FleetLog::of_three();
    let stranger = Log::new("stranger", 50);
    // The origin of a member, signed by another key.
    let impostor = Log {
        key: stranger.key.clone(),
        ..asia.clone()
    };
    let mut impostor_grown = impostor.clone();
    impostor_grown.grow("", 9);
    let bodies = [
        (stranger.continues(0, 50), "is not in the roster"),
        (impostor_grown.continues(5, 9), "under its key line"),
        (
            MemberCheckpoint {
                seen: MemberSeen::Contradicts("ai-audit/equivocation/v1\nnonsense\n".into()),
            },
            "does not hold",
        ),
    ];
    for (body, said) in bodies {
        let mut fleet = fleet.clone();
        let seq = fleet.seal(&body, 10);
        let (_, found) = fleet.verify();
        assert_eq!(found.faults.len(), 1);
        assert_eq!(found.faults[0].receipt, seq);
        assert!(found.faults[0].reason.contains(said), "{:?}", found.faults);
        assert_eq!(of(&found, &asia).size, Some(5));
        assert_eq!(found.exit(), Exit::Failed);
    }
    // Rosters that do not hold: twice, not there, a known origin under another key.
    let mut gone = fleet.clone();
    gone.seal(&asia.dropped(), 9);
    for (start, roster, said) in [
        (&fleet, asia.added(60), "in the roster already"),
        (&fleet, stranger.dropped(), "is not in the roster"),
        (&gone, asia.dropped(), "is not in the roster"),
        (&gone, impostor.added(60), "another key line"),
    ] {
        let mut fleet = start.clone();
        fleet.seal(&roster, 10);
        let (_, found) = fleet.verify();
        assert!(found.faults[0].reason.contains(said), "{:?}", found.faults);
    }
    // One that holds in part changes nothing at all.
    let mut fleet = fleet;
    let both = FleetRoster {
        dropped: asia.dropped().dropped,
        ..Log::new("eu", 1).added(60)
    };
    fleet.seal(&both, 10);
    let (_, found) = fleet.verify();
    assert_eq!(found.faults.len(), 1);
    assert_eq!(of(&found, &asia).state, MemberState::Complete);
}

#[test]
fn a104_hostile_sizes_and_proofs() {
    let (fleet, [asia, ..]) = FleetLog::of_three();
    let root = NodeHash::from_bytes([1; 32]);
    for size in [6, 1 << 32, (1 << 63) + 1, u64::MAX] {
        for hashes in [0, 1, 33, 64, 65] {
            let mut fleet = fleet.clone();
            let shown = ai_audit_note::ShownCheckpoint {
                note: asia.claim(size, root).to_string().into(),
                path: vec![root; hashes].into(),
            };
            let seen = MemberSeen::Continues(shown);
            fleet.seal(&MemberCheckpoint { seen }, 10);
            let (_, found) = fleet.verify();
            assert!(
                found.faults[0].reason.contains("does not continue"),
                "{:?}",
                found.faults
            );
            assert_eq!(of(&found, &asia).size, Some(5));
        }
    }
    // As the first one any size is the member's own word, and the log has to have it then.
    let mut fleet = fleet;
    let liar = Log::new("liar", 1);
    fleet.seal(&liar.added(u64::from(u32::MAX) / 2), 10);
    let shown = ai_audit_note::ShownCheckpoint {
        note: liar.claim(u64::MAX, root).to_string().into(),
        path: vec![].into(),
    };
    let seen = MemberSeen::Continues(shown);
    fleet.seal(&MemberCheckpoint { seen }, 11);
    let (_, found) = fleet.verify();
    assert!(found.faults.is_empty());
    assert_eq!(of(&found, &liar).size, Some(u64::MAX));
}
