//! Fleet logs in packages: both verifiers read rosters and checkpoints of members, show them alike, and refuse
//! what breaks their rules.

use crate::files::{get, unpack};
use crate::logs::Log;
use crate::package_lies::both;
use ai_audit_core::{Body, Kind, SigningKey};
use ai_audit_export::Selection;
use ai_audit_merkle::{TreeSize, consistency_proof, root};
use ai_audit_note::{
    AddedMember, DroppedMember, FleetRoster, MAX_FLEET_INTERVAL, MemberCheckpoint, MemberSeen,
    ShownCheckpoint, VKey,
};
use ai_audit_verify::{Equivocation, EquivocationNodes};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A body whose rules nobody checks before it is sealed.
struct Unchecked<T>(T);

impl<T: Serialize> Serialize for Unchecked<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Body for Unchecked<FleetRoster<'_>> {
    const KIND: Kind = Kind::FLEET_ROSTER;
}

impl Body for Unchecked<MemberCheckpoint<'_>> {
    const KIND: Kind = Kind::MEMBER_CHECKPOINT;
}

fn shown(member: &Log, since: u64) -> ShownCheckpoint<'static> {
    let (old, new) = (TreeSize::new(since), member.tree.size());
    let path = match since {
        0 => Vec::new(),
        _ => {
            consistency_proof(&mut member.tree.clone(), old, new)
                .unwrap()
                .path
        }
    };
    ShownCheckpoint {
        note: member.checkpoint().to_string().into(),
        path: path.into(),
    }
}

fn added(member: &Log, checkpoint: Option<ShownCheckpoint<'static>>) -> AddedMember<'static> {
    AddedMember {
        key: member.key_line().trim().to_owned().into(),
        interval: 3600,
        checkpoint,
    }
}

fn dropped(member: &Log, checkpoint: Option<ShownCheckpoint<'static>>) -> DroppedMember<'static> {
    DroppedMember {
        origin: member.origin.clone().into(),
        checkpoint,
    }
}

fn roster(
    dropped: Vec<DroppedMember<'static>>,
    added: Vec<AddedMember<'static>>,
) -> FleetRoster<'static> {
    FleetRoster {
        dropped: dropped.into(),
        added: added.into(),
        reason: "opened in Zürich".into(),
    }
}

fn continues(shown: ShownCheckpoint<'static>) -> MemberCheckpoint<'static> {
    MemberCheckpoint {
        seen: MemberSeen::Continues(shown),
    }
}

/// A member of 7 receipts and later of 12, another history of it of 15, and a fleet log that took all of it.
fn fleet() -> Log {
    let (small, large) = (Log::of(2, 7), Log::of(2, 12));
    let fork = Log::fork(2, 6, 15);
    let nodes = EquivocationNodes {
        root: root(&mut fork.tree.clone(), TreeSize::new(12)).unwrap(),
        path: shown(&fork, 12).path.to_vec(),
    };
    let proof = Equivocation::new(large.checkpoint(), fork.checkpoint(), Some(nodes)).unwrap();
    let mut fleet = Log::of(1, 2);
    let in_roster = roster(vec![], vec![added(&small, Some(shown(&small, 0)))]);
    fleet.seal(&in_roster, "");
    fleet.seal(&continues(shown(&large, 7)), "");
    let seen = MemberSeen::Contradicts(proof.to_string().into());
    fleet.seal(&MemberCheckpoint { seen }, "");
    let gone = roster(vec![dropped(&large, Some(shown(&large, 0)))], vec![]);
    fleet.seal(&gone, "");
    fleet
}

#[test]
fn both_verifiers_read_a_fleet_log_and_show_it_alike() {
    let fleet = fleet();
    let mut files = unpack(&fleet.package(Selection::All, true));
    let report = both(&files, &fleet.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
    let lines: Vec<Value> = view
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&Value> = lines.iter().map(|line| &line["kind"]).collect();
    assert_eq!(
        kinds,
        [
            "genesis",
            "start",
            "fleet_roster",
            "member_checkpoint",
            "member_checkpoint",
            "fleet_roster"
        ]
    );
    let member = &lines[2]["body"]["added"][0];
    assert_eq!(member["interval"], 3600);
    assert!(
        member["checkpoint"]["note"]
            .as_str()
            .unwrap()
            .contains("\n7\n")
    );
    let path = &lines[3]["body"]["seen"]["continues"]["path"];
    assert!(!path.as_array().unwrap().is_empty());
    let proof = &lines[4]["body"]["seen"]["contradicts"];
    assert!(
        proof
            .as_str()
            .unwrap()
            .starts_with("ai-audit/equivocation/v1\n")
    );
    assert_eq!(lines[5]["body"]["reason"], "opened in Zürich");
    assert!(lines.iter().all(|line| line.get("body_hex").is_none()));
    // A part of it, too: what it says does not hang together there, which is not the log's matter.
    let part = fleet.package(Selection::Range { from: 3, to: 3 }, true);
    let report = both(&unpack(&part), &fleet.policy());
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
}

#[test]
fn both_verifiers_refuse_bodies_that_break_their_rules() {
    let (member, other) = (Log::of(2, 7), Log::of(3, 5));
    let key = SigningKey::from_bytes(&[9; 32]).verifying_key();
    let with = |checkpoint| roster(vec![], vec![added(&member, checkpoint)]);
    let interval = |interval| {
        let one = AddedMember {
            interval,
            ..added(&member, None)
        };
        roster(vec![], vec![one])
    };
    let named = |key: String| {
        let one = AddedMember {
            key: key.into(),
            ..added(&member, None)
        };
        roster(vec![], vec![one])
    };
    let long = |hashes: usize| ShownCheckpoint {
        path: vec![member.tree.root(); hashes].into(),
        ..shown(&member, 0)
    };
    let nobody = DroppedMember {
        origin: "".into(),
        checkpoint: None,
    };
    let twice = |one: AddedMember<'static>| roster(vec![], vec![one.clone(), one]);
    let rosters = [
        (roster(vec![], vec![]), false),
        (with(None), true),
        (with(Some(shown(&member, 0))), true),
        (with(Some(shown(&other, 0))), false),
        (with(Some(long(65))), true),
        (with(Some(long(66))), false),
        (interval(0), false),
        (interval(1), true),
        (interval(MAX_FLEET_INTERVAL), true),
        (interval(MAX_FLEET_INTERVAL + 1), false),
        (named(VKey::ed25519("a", key).unwrap().to_string()), true),
        (
            named(VKey::cosignature("a", key).unwrap().to_string()),
            false,
        ),
        (named("a+00000000+AQ".into()), false),
        (named(String::new()), false),
        (twice(added(&member, None)), false),
        (roster(vec![dropped(&member, None)], vec![]), true),
        (
            roster(vec![dropped(&member, Some(shown(&other, 0)))], vec![]),
            false,
        ),
        (
            roster(vec![dropped(&member, None), dropped(&member, None)], vec![]),
            false,
        ),
        (roster(vec![nobody], vec![]), false),
    ];
    let cut = ShownCheckpoint {
        note: "no note".into(),
        ..shown(&member, 0)
    };
    let contradicts = |text: &str| MemberCheckpoint {
        seen: MemberSeen::Contradicts(text.to_owned().into()),
    };
    let checkpoints = [
        (continues(shown(&member, 0)), true),
        (continues(long(65)), true),
        (continues(long(66)), false),
        (continues(cut), false),
        (contradicts(""), false),
        (contradicts("ai-audit/equivocation/v2\n"), false),
    ];
    let judged = |fleet: &Log, good: bool, what: String| {
        let files = unpack(&fleet.package(Selection::All, true));
        let report = both(&files, &fleet.policy());
        assert_eq!(
            report.verdict.integrity.is_verified(),
            good,
            "{what}: {report:?}"
        );
    };
    for (body, good) in rosters {
        let mut fleet = Log::of(1, 2);
        let what = format!("{body:?}");
        fleet.seal(&Unchecked(body), "");
        judged(&fleet, good, what);
    }
    for (body, good) in checkpoints {
        let mut fleet = Log::of(1, 2);
        let what = format!("{body:?}");
        fleet.seal(&Unchecked(body), "");
        judged(&fleet, good, what);
    }
}
