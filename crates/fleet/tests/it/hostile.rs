//! A104: a fleet log that was written to harm whoever verifies it, by somebody who has all of its keys.

use crate::logs::{FleetLog, Log, at, of};
use ai_audit_core::{Body, Exit, Kind};
use ai_audit_fleet::{MAX_CHANGES, MAX_FAULTS, MAX_REASON, MemberState};
use ai_audit_note::{
    DroppedMember, FleetRoster, MemberCheckpoint, MemberSeen, ShownCheckpoint, VKey,
};
use serde::{Serialize, Serializer};

/// A roster whose rules nobody checks before it is sealed.
struct Unchecked<'a>(FleetRoster<'a>);

impl Serialize for Unchecked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Body for Unchecked<'_> {
    const KIND: Kind = Kind::FLEET_ROSTER;
}

/// Rosters of before, sealed again: by the keeper, or by whoever has his keys.
#[test]
fn a104_replayed_rosters_change_nothing_or_what_they_say() {
    let (mut fleet, [asia, eu, _]) = FleetLog::of_three();
    let mut first = Log::new("first", 4);
    let mut added = first.added(3600);
    let mut entry = added.added[0].clone();
    entry.checkpoint = Some(first.shown(0, 4));
    added.added = vec![entry].into();
    fleet.seal(&added, 10);
    first.grow("", 9);
    fleet.seal(&first.continues(4, 9), 20);
    // Again, while it is there; and a drop of somebody who is gone.
    let dropped = asia.dropped();
    fleet.seal(&dropped, 30);
    for (roster, said) in [
        (&added, "in the roster already"),
        (&dropped, "is not in the roster"),
    ] {
        let mut fleet = fleet.clone();
        let seq = fleet.seal(roster, 40);
        let (_, found) = fleet.verify();
        assert_eq!((found.faults.len(), found.faults[0].receipt), (1, seq));
        assert!(found.faults[0].reason.contains(said), "{:?}", found.faults);
        assert_eq!(of(&found, &first).size, Some(9));
        assert_eq!(of(&found, &asia).state, MemberState::Dropped);
    }
    // When it is gone, the old roster shows an old checkpoint: it does not bring the member back to that.
    fleet.seal(&first.dropped(), 50);
    let seq = fleet.seal(&added, 60);
    let (_, found) = fleet.verify();
    let member = of(&found, &first);
    assert_eq!((member.state, member.size), (MemberState::Dropped, Some(9)));
    assert_eq!(found.faults[0].receipt, seq);
    assert_eq!(found.exit(), Exit::Failed);
    // One that shows nothing, or what was taken last, adds it again, and gains it no time.
    for checkpoint in [None, Some(eu.shown(0, 6))] {
        let (mut fleet, _) = FleetLog::of_three();
        let mut again = eu.added(3600);
        let mut entry = again.added[0].clone();
        entry.checkpoint = checkpoint;
        again.added = vec![entry].into();
        for second in [1000, 2000, 3000] {
            fleet.seal(&eu.dropped(), second);
            fleet.seal(&again, second + 1);
        }
        let (_, found) = fleet.verify();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        let member = of(&found, &eu);
        assert_eq!((member.due, member.as_of), (Some(at(3602)), Some(at(2))));
    }
    // A proof that convicts holds as often as it is sealed, and convicts once.
    let (mut fleet, _) = FleetLog::of_three();
    let shown = ShownCheckpoint {
        note: eu
            .claim(6, ai_audit_core::NodeHash::from_bytes([7; 32]))
            .to_string()
            .into(),
        path: vec![].into(),
    };
    let body = MemberCheckpoint {
        seen: MemberSeen::Continues(shown),
    };
    let seq = fleet.seal(&body, 10);
    fleet.seal(&body, 11);
    let (_, found) = fleet.verify();
    assert_eq!(of(&found, &eu).fork.as_ref().unwrap().receipt, seq);
}

/// A roster that breaks its own rules fails the log, and nothing in it counts.
#[test]
fn a104_rosters_that_no_writer_of_ours_would_seal() {
    let (fleet, [asia, eu, us]) = FleetLog::of_three();
    let new = Log::new("new", 5);
    let entry = |checkpoint| {
        let mut entry = new.entry(60);
        entry.checkpoint = checkpoint;
        FleetRoster {
            added: vec![entry].into(),
            ..FleetRoster::default()
        }
    };
    let witness = VKey::cosignature(&new.origin, new.key.verifying_key()).unwrap();
    let mut by_a_witness = new.entry(60);
    by_a_witness.key = witness.to_string().into();
    let wrong = [
        FleetRoster::default(),
        // A checkpoint of another member, and one that says this log's name under another key.
        entry(Some(us.shown(0, 7))),
        new.added(0),
        new.added(u64::MAX),
        FleetRoster {
            added: vec![by_a_witness].into(),
            ..FleetRoster::default()
        },
        FleetRoster {
            added: vec![new.entry(60), new.entry(60)].into(),
            ..FleetRoster::default()
        },
        FleetRoster {
            dropped: [&us, &eu, &asia]
                .map(|log| log.dropped().dropped[0].clone())
                .to_vec()
                .into(),
            ..FleetRoster::default()
        },
    ];
    for roster in wrong {
        let mut fleet = fleet.clone();
        let shown = format!("{roster:?}");
        fleet.seal(&Unchecked(roster), 10);
        let (report, found) = fleet.verify();
        assert!(report.verdict.integrity.is_failed(), "{shown}");
        assert!(found.members.is_empty() && found.unknown.is_some());
    }
    // The name is right and the key is not: a fault, for only the fleet knows whose key it is.
    let impostor = Log {
        key: us.key.clone(),
        ..new.clone()
    };
    let mut fleet = fleet;
    fleet.seal(&entry(Some(impostor.shown(0, 5))), 10);
    let (_, found) = fleet.verify();
    assert!(found.faults[0].reason.contains("under its key line"));
    assert!(!found.members.iter().any(|one| one.origin == new.origin));
}

/// Many members for one long reason, again and again: what is kept does not grow by the reason.
#[test]
fn a104_one_long_reason_for_many_members_is_kept_once_and_short() {
    let mut fleet = FleetLog::new();
    let mut logs: Vec<Log> = (0..50)
        .map(|number| Log::new(&format!("member-{number:03}"), 1))
        .collect();
    logs.sort_by(|one, two| one.origin.cmp(&two.origin));
    let reason = "é".repeat(20_000);
    let added = FleetRoster {
        added: logs.iter().map(|log| log.entry(60)).collect(),
        reason: reason.as_str().into(),
        ..FleetRoster::default()
    };
    let dropped = FleetRoster {
        dropped: logs
            .iter()
            .map(|log| DroppedMember {
                origin: log.origin.as_str().into(),
                checkpoint: None,
            })
            .collect(),
        reason: reason.as_str().into(),
        ..FleetRoster::default()
    };
    for turn in 0..40 {
        fleet.seal(&added, 10 + turn);
        fleet.seal(&dropped, 10 + turn);
    }
    let (_, found) = fleet.verify();
    assert!(found.faults.is_empty());
    assert_eq!(found.members.len(), 50);
    for member in &found.members {
        assert_eq!(member.changes.len(), MAX_CHANGES);
        let mut reasons = member.changes.iter().map(|change| change.reason.as_str());
        assert!(reasons.all(|kept| kept.len() <= MAX_REASON + '…'.len_utf8()));
    }
    // Nobody is in it at the end, so it is complete in no sense.
    assert_eq!(found.exit(), Exit::Unverified);
    assert!(found.unknown.unwrap().contains("nobody is in the roster"));
}

/// Faults without end, each with an origin as long as a receipt: the first ones are told, in short.
#[test]
fn a104_faults_without_end_are_counted() {
    let (mut fleet, _) = FleetLog::of_three();
    let long = "x".repeat(60_000);
    let stranger = |origin: &str| FleetRoster {
        dropped: vec![DroppedMember {
            origin: origin.to_owned().into(),
            checkpoint: None,
        }]
        .into(),
        ..FleetRoster::default()
    };
    fleet.seal(&stranger(&long), 10);
    for _ in 0..MAX_FAULTS + 100 {
        fleet.seal(&stranger("nobody"), 10);
    }
    let (_, found) = fleet.verify();
    assert_eq!((found.faults.len(), found.more_faults), (MAX_FAULTS, 101));
    assert!(found.faults[0].reason.len() <= 1024 + '…'.len_utf8());
    assert_eq!(found.exit(), Exit::Failed);
    assert_eq!(found.members.len(), 3);
}
