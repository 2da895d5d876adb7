//! Bodies of a fleet log: which are refused, and how they are shown.

use ai_audit_core::{
    Body as _, DecodeError, Digest, NodeHash, SigningKey, decode_body, encode_body,
};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{
    AddedMember, Checkpoint, DroppedMember, FleetRoster, MAX_FLEET_INTERVAL, MemberCheckpoint,
    MemberSeen, ShownCheckpoint, VKey,
};
use std::fs;
use std::path::Path;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn line(origin: &str) -> String {
    VKey::ed25519(origin, key().verifying_key())
        .unwrap()
        .to_string()
}

fn shown(origin: &str, size: u64, hashes: usize) -> ShownCheckpoint<'static> {
    let checkpoint = Checkpoint {
        origin: origin.into(),
        size: TreeSize::new(size),
        root: NodeHash::from_bytes([7; 32]),
        extensions: vec![],
    };
    ShownCheckpoint {
        note: checkpoint.sign(&key()).unwrap().to_string().into(),
        path: vec![NodeHash::EMPTY; hashes].into(),
    }
}

fn added(origin: &str, interval: u64) -> AddedMember<'static> {
    AddedMember {
        key: line(origin).into(),
        interval,
        checkpoint: None,
    }
}

fn dropped(origin: &'static str) -> DroppedMember<'static> {
    DroppedMember {
        origin: origin.into(),
        checkpoint: None,
    }
}

fn roster(
    dropped: Vec<DroppedMember<'static>>,
    added: Vec<AddedMember<'static>>,
) -> FleetRoster<'static> {
    FleetRoster {
        dropped: dropped.into(),
        added: added.into(),
        ..FleetRoster::default()
    }
}

/// The field that is refused, before sealing as after decoding.
fn field(body: &FleetRoster<'_>) -> &'static str {
    body.check().unwrap_err().field
}

#[test]
fn rosters_keep_their_rules() {
    let good = FleetRoster {
        dropped: vec![DroppedMember {
            checkpoint: Some(shown("a", 9, 65)),
            ..dropped("a")
        }]
        .into(),
        added: vec![
            AddedMember {
                checkpoint: Some(shown("a", 9, 0)),
                ..added("a", 1)
            },
            added("b", MAX_FLEET_INTERVAL),
        ]
        .into(),
        reason: "moved".into(),
    };
    let bytes = encode_body(&good).unwrap();
    let read: FleetRoster<'_> = decode_body(&bytes).unwrap();
    assert_eq!(read, good);
    let json = serde_json::to_value(&read).unwrap();
    assert_eq!(json["added"][1]["interval"], MAX_FLEET_INTERVAL);
    assert_eq!(json["dropped"][0]["origin"], "a");
    assert_eq!(
        json["dropped"][0]["checkpoint"]["path"]
            .as_array()
            .unwrap()
            .len(),
        65
    );

    assert_eq!(field(&roster(vec![], vec![])), "added");
    for wrong in [
        vec![dropped("b"), dropped("a")],
        vec![dropped("a"), dropped("a")],
        vec![dropped("")],
    ] {
        assert_eq!(field(&roster(wrong, vec![])), "dropped");
    }
    for wrong in [
        vec![added("b", 1), added("a", 1)],
        vec![added("a", 1), added("a", 2)],
    ] {
        assert_eq!(field(&roster(vec![], wrong)), "added");
    }
    for interval in [0, MAX_FLEET_INTERVAL + 1, u64::MAX] {
        assert_eq!(
            field(&roster(vec![], vec![added("a", interval)])),
            "interval"
        );
    }
    let witness = VKey::cosignature("a", key().verifying_key())
        .unwrap()
        .to_string();
    for text in [
        witness,
        "a+00000000+AQ".into(),
        String::new(),
        line("a") + "\n",
    ] {
        let wrong = AddedMember {
            key: text.into(),
            ..added("a", 1)
        };
        assert_eq!(field(&roster(vec![], vec![wrong])), "key");
    }
    for (wrong, expected) in [
        (shown("b", 9, 0), "note"),
        (shown("a", 0, 0), "note"),
        (shown("a", 9, 66), "path"),
    ] {
        let member = AddedMember {
            checkpoint: Some(wrong.clone()),
            ..added("a", 1)
        };
        assert_eq!(field(&roster(vec![], vec![member])), expected);
        let member = DroppedMember {
            checkpoint: Some(wrong),
            ..dropped("a")
        };
        assert_eq!(field(&roster(vec![member], vec![])), expected);
    }
}

#[test]
fn checkpoints_of_members_keep_theirs() {
    let seen = MemberSeen::Continues(shown("a", u64::MAX, 65));
    let bytes = encode_body(&MemberCheckpoint { seen }).unwrap();
    assert_eq!(bytes[0], 0);
    let read: MemberCheckpoint<'_> = decode_body(&bytes).unwrap();
    let json = serde_json::to_value(&read).unwrap();
    assert!(json["seen"]["continues"]["note"].is_string());
    for cut in 0..bytes.len() {
        let read: Result<MemberCheckpoint<'_>, DecodeError> = decode_body(&bytes[..cut]);
        assert!(read.is_err(), "{cut}");
    }
    let seen = MemberSeen::Contradicts("ai-audit/equivocation/v1\n".into());
    let bytes = encode_body(&MemberCheckpoint { seen }).unwrap();
    assert_eq!(bytes[0], 1);
    for wrong in [
        MemberSeen::Continues(shown("a", 0, 0)),
        MemberSeen::Continues(shown("a", 1, 66)),
        MemberSeen::Contradicts("ai-audit/equivocation/v2\n".into()),
        MemberSeen::Contradicts("".into()),
    ] {
        assert!(MemberCheckpoint { seen: wrong }.check().is_err());
    }
}

/// The worked example of `docs/spec/fleet.md`, out of the vectors.
#[test]
fn the_worked_example_has_these_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let checkpoint = || ShownCheckpoint {
        note: read("vectors/checkpoint.note").into(),
        path: vec![].into(),
    };
    let roster = FleetRoster {
        added: vec![AddedMember {
            key: read("vectors/log.pub").trim().to_owned().into(),
            interval: 3600,
            checkpoint: Some(checkpoint()),
        }]
        .into(),
        reason: "opened in Frankfurt".into(),
        ..FleetRoster::default()
    };
    let seen = MemberSeen::Continues(checkpoint());
    let page = read("fleet.md");
    for (bytes, len) in [
        (encode_body(&roster).unwrap(), 386),
        (encode_body(&MemberCheckpoint { seen }).unwrap(), 255),
    ] {
        assert_eq!(bytes.len(), len);
        assert!(page.contains(&Digest::of(&bytes).to_string()));
    }
}
