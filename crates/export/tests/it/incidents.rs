//! Incidents in packages: both verifiers read them, and remark on the same receipts (A52).

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use crate::python::answers;
use crate::steps::Unchecked;
use ai_audit_agentic::{Incident, IncidentClass, IncidentStage};
use ai_audit_core::{LeafHash, TextDigest, Timestamp, UnverifiedReceipt};
use ai_audit_export::{Selection, json_value};

/// So many days before the receipts are sealed.
fn before(days: u64) -> Option<Timestamp> {
    let sealed = 1_790_000_000_000_000;
    Some(Timestamp::from_micros(sealed - days * 86_400_000_000))
}

fn last(log: &Log) -> LeafHash {
    log.head.hash()
}

fn open(log: &mut Log, session: &str) -> LeafHash {
    let about = last(log);
    let opened = Incident {
        occurred_at: before(17),
        class: IncidentClass::Serious,
        aware_at: before(16),
        category: "wrong-dose".into(),
        description: Some(TextDigest::plain("what happened")),
        receipts: vec![about].into(),
        parents: vec![about].into(),
        ..Incident::new()
    };
    log.seal(&opened, session);
    last(log)
}

fn step(stage: IncidentStage, of: LeafHash, days: u64) -> Incident<'static> {
    let reported = stage == IncidentStage::Reported;
    Incident {
        stage,
        incident: Some(of),
        authority: if reported { "BNetzA" } else { "" }.into(),
        reference: if reported { "R-1" } else { "" }.into(),
        reported_at: before(days).filter(|_| reported),
        ..Incident::new()
    }
}

#[test]
fn a52_both_verifiers_remark_on_the_same_receipts() {
    use IncidentStage::{Closed, Reported, Updated};
    let mut log = Log::of(1, 4);
    let hash = open(&mut log, "s1");
    let tenth = Some(Timestamp::from_micros(253_402_300_799_999_999));
    for body in [
        // In order.
        step(Updated, hash, 0),
        // Recorded after the deadline, then by the operator's own word.
        step(Reported, hash, 2),
        step(Reported, hash, 0),
        Incident {
            class: IncidentClass::NotSerious,
            ..step(Updated, hash, 0)
        },
        Incident {
            aware_at: before(3),
            ..step(Updated, hash, 0)
        },
        step(Updated, LeafHash::of(b"never"), 0),
        step(Closed, hash, 0),
        step(Updated, hash, 0),
        // The end of all times is no reason to stop.
        Incident {
            class: IncidentClass::Serious,
            aware_at: tenth,
            ..step(Updated, LeafHash::of(b"x"), 0)
        },
    ] {
        log.seal(&body, "s1");
    }
    let files = unpack(&log.package(Selection::All, true));
    let auditor = log.policy();
    let report = both(&files, &auditor);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    let named = |lines: &mut dyn Iterator<Item = &str>| -> Vec<u64> {
        let seq = |line: &str| line.split(' ').nth(1)?.parse().ok();
        lines
            .filter(|it| it.starts_with("receipt "))
            .filter_map(seq)
            .collect()
    };
    let ours = named(&mut report.remarks.iter().map(String::as_str));
    assert_eq!(ours, [6, 8, 9, 10, 12, 13, 13], "{report:?}");
    let Some((_, _, said)) = answers(&files, &auditor) else {
        return;
    };
    let theirs = named(&mut said.lines().filter_map(|line| line.strip_prefix("note: ")));
    assert_eq!(theirs, ours, "{said}\n{report:?}");
}

#[test]
fn both_verifiers_refuse_incidents_that_contradict_themselves() {
    use IncidentStage::{Closed, Reported, Updated};
    let hash = LeafHash::of(b"opening");
    let reported = || step(Reported, hash, 2);
    let opened = Incident::new;
    let refused = [
        Incident {
            incident: Some(hash),
            ..opened()
        },
        Incident {
            incident: None,
            ..step(Updated, hash, 0)
        },
        Incident {
            authority: "".into(),
            ..reported()
        },
        Incident {
            reported_at: None,
            ..reported()
        },
        Incident {
            authority: "BNetzA".into(),
            ..opened()
        },
        Incident {
            reference: "R-1".into(),
            ..step(Closed, hash, 0)
        },
        Incident {
            reported_at: before(1),
            ..step(Updated, hash, 0)
        },
        Incident {
            occurred_at: before(1),
            aware_at: before(2),
            ..opened()
        },
        Incident {
            receipts: vec![hash; 2].into(),
            ..opened()
        },
        Incident {
            parents: vec![hash; 2].into(),
            ..opened()
        },
    ];
    for body in refused {
        let mut log = Log::of(1, 4);
        log.seal(&Unchecked(body.clone()), "s1");
        let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
        let integrity = report.verdict.integrity.to_string();
        assert!(
            integrity.starts_with("FAILED at receipt 4: body of kind incident: "),
            "{body:?}: {integrity}"
        );
    }
}

#[test]
fn the_view_shows_what_was_said_of_an_incident() {
    let mut log = Log::of(1, 4);
    let about = last(&log).to_string();
    let hash = open(&mut log, "s1");
    log.seal(&step(IncidentStage::Reported, hash, 2), "s1");
    let view = |sealed: &[u8]| {
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        json_value(&receipt)["body"].clone()
    };
    let digest = TextDigest::plain("what happened");
    assert_eq!(
        view(&log.sealed[4]),
        serde_json::json!({
            "occurred_at": "2026-09-04T14:13:20.000000Z",
            "stage": "opened",
            "class": "serious",
            "aware_at": "2026-09-05T14:13:20.000000Z",
            "category": "wrong-dose",
            "description": digest,
            "receipts": [about],
            "parents": [about],
        })
    );
    assert_eq!(
        view(&log.sealed[5]),
        serde_json::json!({
            "stage": "reported",
            "class": "unclassified",
            "incident": hash,
            "authority": "BNetzA",
            "reference": "R-1",
            "reported_at": "2026-09-19T14:13:20.000000Z",
        })
    );
}
