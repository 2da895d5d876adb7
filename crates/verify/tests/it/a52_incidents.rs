//! A52: an incident that was reported late is backdated, its opening left out, or its class lowered
//! afterwards. What was told first stands, and the times of sealing stand beside what is claimed.

use crate::logs::Log;
use ai_audit_agentic::{Incident, IncidentClass, IncidentStage};
use ai_audit_core::{
    Draft, Kind, LeafHash, MAX_SEALED_LEN, ReceiptId, Status, Timestamp, encode_body,
};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier};

const DAY: u64 = 86_400_000_000;
/// After all receipts of `Log::of`.
const START: u64 = 1_790_000_000_000_000 + DAY;

fn day(days: u64) -> Timestamp {
    Timestamp::from_micros(START + days * DAY)
}

/// A log with an incident that was opened on day 1, known since day 0.
fn opened() -> (Log, LeafHash) {
    let mut log = Log::of(1, 3);
    let opening = Incident {
        class: IncidentClass::Serious,
        aware_at: Some(day(0)),
        ..Incident::new()
    };
    let hash = log.seal_at(&opening, day(1));
    (log, hash)
}

fn step(stage: IncidentStage, of: LeafHash) -> Incident<'static> {
    let reported = stage == IncidentStage::Reported;
    Incident {
        stage,
        incident: Some(of),
        authority: if reported { "BNetzA" } else { "" }.into(),
        reported_at: reported.then(|| day(14)),
        ..Incident::new()
    }
}

fn report(log: &Log) -> Report {
    let policy = log.policy();
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    verifier.finish()
}

/// What is said of incidents; nothing of it may fail anything.
fn told(report: &Report) -> Vec<&String> {
    assert_eq!(report.verdict.integrity, Status::Verified);
    assert_eq!(report.verdict.attribution, Status::Verified);
    let remarks = report.remarks.iter();
    remarks.filter(|it| it.contains("incident")).collect()
}

#[test]
fn an_incident_in_order_is_not_remarked_on() {
    let (mut log, hash) = opened();
    log.seal_at(&step(IncidentStage::Updated, hash), day(2));
    log.seal_at(&step(IncidentStage::Reported, hash), day(14));
    log.seal_at(&step(IncidentStage::Closed, hash), day(15));
    assert!(told(&report(&log)).is_empty());
}

#[test]
fn a52_a_backdated_report_is_told() {
    let (mut log, hash) = opened();
    log.seal_at(&step(IncidentStage::Reported, hash), day(16));
    let report = report(&log);
    let [one] = told(&report)[..] else {
        panic!("{report:?}")
    };
    let begins = "receipt 4 reports the incident of receipt 3 as of 2026-10-06T";
    assert!(
        one.starts_with(begins)
            && one.contains("it was sealed at 2026-10-08T")
            && one.contains("after the deadline, 2026-10-07T"),
        "{one}"
    );
}

#[test]
fn a52_a_class_that_is_lowered_is_told() {
    let (mut log, hash) = opened();
    let lowered = Incident {
        class: IncidentClass::NotSerious,
        aware_at: Some(day(3)),
        ..step(IncidentStage::Updated, hash)
    };
    log.seal_at(&lowered, day(3));
    let report = report(&log);
    let [class, aware] = told(&report)[..] else {
        panic!("{report:?}")
    };
    assert!(class.contains("lowers its class from serious to not_serious"));
    assert!(aware.contains("puts the awareness of it off"));
}

#[test]
fn a52_an_opening_that_is_left_out_is_told() {
    let (mut log, hash) = opened();
    log.seal_at(&step(IncidentStage::Updated, hash), day(2));
    log.seal_at(&step(IncidentStage::Reported, hash), day(14));
    let of = |seqs: &[u64]| {
        let (policy, note) = (log.policy(), log.checkpoint());
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        for seq in seqs {
            let sealed = &log.sealed[usize::try_from(*seq).unwrap()];
            verifier.push(sealed, log.path(*seq));
        }
        verifier.finish()
    };
    assert!(told(&of(&[0, 3, 4, 5])).is_empty());
    let without = of(&[0, 4, 5]);
    let [one] = told(&without)[..] else {
        panic!("{without:?}")
    };
    assert!(
        one.starts_with(&format!("receipt 4 updates incident {hash}, which no")),
        "{one}"
    );
    // In a whole log nothing can be left out: what names an unknown hash never had an opening.
    let (mut log, _) = opened();
    log.seal_at(
        &step(IncidentStage::Reported, LeafHash::of(b"never")),
        day(3),
    );
    assert!(told(&report(&log))[0].contains("which no receipt here before it opened"));
}

#[test]
fn what_follows_the_closing_is_told_and_of_many_a_few() {
    let (mut log, hash) = opened();
    for n in 0..12 {
        log.seal_at(&step(IncidentStage::Closed, hash), day(2 + n));
    }
    let report = report(&log);
    let told = told(&report);
    assert!(
        told[0].ends_with("receipt 5 closes the incident of receipt 3 after receipt 4 closed it")
    );
    assert_eq!(told.len(), 11);
    assert_eq!(told[10], "further findings on incidents: 1");
}

#[test]
fn a_body_that_contradicts_itself_fails_integrity() {
    // A writer that does not check seals what no honest one does: an update that names no opening.
    let (mut log, _) = opened();
    let mut bytes = encode_body(&Incident::new()).unwrap();
    // Absent time, stage, class, absent hash: stage 1 is an update.
    assert_eq!(bytes[..4], [0, 0, 0, 0]);
    bytes[1] = 1;
    let mut buf = vec![0; MAX_SEALED_LEN];
    let sealed = Draft::new(ReceiptId::from_parts(day(2), [0; 10]), day(2))
        .seal_encoded(
            Kind::INCIDENT,
            &bytes,
            &log.head,
            &log.receipt_key,
            &mut buf,
        )
        .unwrap();
    log.sealed.push(sealed.as_bytes().to_vec());
    let report = report(&log);
    let integrity = report.verdict.integrity.to_string();
    assert!(
        integrity.starts_with("FAILED at receipt 4: body of kind incident: "),
        "{integrity}"
    );
}
