//! Incidents: what their receipts may say, and what stands of it (A52).

use ai_audit_agentic::{
    Incident, IncidentClass, IncidentDeadlines, IncidentFinding, IncidentProblem, IncidentStage,
    IncidentState, IncidentTimeline, MAX_INCIDENT_RECEIPTS, MAX_INCIDENTS, MAX_OPEN_TEXT,
};
use ai_audit_core::{
    Body as _, DecodeBody as _, Draft, Head, LeafHash, MAX_SEALED_LEN, ReceiptId, SigningKey, Text,
    TextDigest, Timestamp, UnverifiedReceipt,
};

const HOUR: u64 = 3_600_000_000;
const DAY: u64 = 24 * HOUR;

fn day(days: u64) -> Timestamp {
    Timestamp::from_micros(days * DAY)
}

fn opened(class: IncidentClass, aware: Option<u64>) -> Incident<'static> {
    Incident {
        class,
        aware_at: aware.map(day),
        ..Incident::new()
    }
}

fn updated(of: LeafHash, class: IncidentClass) -> Incident<'static> {
    Incident {
        stage: IncidentStage::Updated,
        incident: Some(of),
        class,
        ..Incident::new()
    }
}

fn reported(of: LeafHash, at: Timestamp) -> Incident<'static> {
    Incident {
        stage: IncidentStage::Reported,
        incident: Some(of),
        authority: "BNetzA".into(),
        reported_at: Some(at),
        ..Incident::new()
    }
}

fn closed(of: LeafHash) -> Incident<'static> {
    Incident {
        stage: IncidentStage::Closed,
        incident: Some(of),
        ..Incident::new()
    }
}

/// Receipts on their way into the deadlines; nobody signed them, only hashes and times matter here.
#[derive(Default)]
struct Log {
    seq: u64,
    deadlines: IncidentDeadlines,
    /// What was found of the last receipt.
    found: Vec<IncidentFinding>,
}

impl Log {
    fn sealed(&mut self, body: &Incident<'_>, at: Timestamp) -> Vec<u8> {
        self.seq += 1;
        let log = LeafHash::ZERO.to_log_id();
        let head = Head::from_parts(log, self.seq, LeafHash::ZERO, Timestamp::from_micros(0));
        let draft = Draft::new(ReceiptId::from_parts(at, [0; 10]), at);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let key = SigningKey::from_bytes(&[1; 32]);
        let sealed = draft.seal(body, &head, &key, &mut buf).unwrap();
        sealed.as_bytes().to_vec()
    }

    fn push(&mut self, body: &Incident<'_>, at: Timestamp) -> LeafHash {
        let sealed = self.sealed(body, at);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        self.found = self.deadlines.push(&receipt).unwrap();
        receipt.hash()
    }

    fn only(&self, now: Timestamp) -> IncidentTimeline {
        let mut all = self.deadlines.report(now);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn state(&self, now: Timestamp) -> IncidentState {
        self.only(now).state
    }

    fn said(&self) -> Vec<String> {
        self.found.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn incidents_round_trip() {
    let hash = |n| LeafHash::from_bytes([n; 32]);
    let full = Incident {
        occurred_at: Some(day(1)),
        stage: IncidentStage::Reported,
        class: IncidentClass::Widespread,
        incident: Some(hash(1)),
        aware_at: Some(day(1)),
        category: "c".into(),
        authority: "a".into(),
        reference: "r".into(),
        reported_at: Some(day(2)),
        description: Some(TextDigest::plain("what happened")),
        receipts: vec![hash(2), hash(3)].into(),
        parents: vec![hash(4)].into(),
    };
    for body in [Incident::new(), full] {
        let sealed = Log::default().sealed(&body, day(3));
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        assert_eq!(Incident::decode(&receipt), Ok(body));
    }
}

#[test]
fn bodies_that_contradict_themselves_are_refused() {
    let hash = LeafHash::from_bytes([1; 32]);
    let report = || reported(hash, day(1));
    let stage = |stage| Incident {
        stage,
        ..Incident::new()
    };
    let many: Vec<_> = (0..1025u32)
        .map(|n| LeafHash::of(&n.to_be_bytes()))
        .collect();
    for (body, field) in [
        (
            Incident {
                incident: Some(hash),
                ..Incident::new()
            },
            "incident",
        ),
        (stage(IncidentStage::Updated), "incident"),
        (stage(IncidentStage::Closed), "incident"),
        (
            Incident {
                incident: None,
                ..report()
            },
            "incident",
        ),
        (
            Incident {
                authority: Text::default(),
                ..report()
            },
            "authority",
        ),
        (
            Incident {
                reported_at: None,
                ..report()
            },
            "reported_at",
        ),
        (
            Incident {
                authority: "a".into(),
                ..Incident::new()
            },
            "authority",
        ),
        (
            Incident {
                reference: "r".into(),
                ..closed(hash)
            },
            "reference",
        ),
        (
            Incident {
                reported_at: Some(day(1)),
                ..closed(hash)
            },
            "reported_at",
        ),
        (
            Incident {
                occurred_at: Some(day(2)),
                aware_at: Some(day(1)),
                ..Incident::new()
            },
            "aware_at",
        ),
        (
            Incident {
                receipts: vec![hash, hash].into(),
                ..Incident::new()
            },
            "receipts",
        ),
        (
            Incident {
                receipts: many.clone().into(),
                ..Incident::new()
            },
            "receipts",
        ),
        (
            Incident {
                parents: many.clone().into(),
                ..Incident::new()
            },
            "parents",
        ),
    ] {
        assert_eq!(body.check().unwrap_err().field, field, "{body:?}");
    }
    assert!(report().check().is_ok() && closed(hash).check().is_ok());
}

#[test]
fn classes_have_their_days() {
    use IncidentClass::{Death, NotSerious, Serious, Unclassified, Widespread};
    let days = [Unclassified, NotSerious, Serious, Death, Widespread].map(IncidentClass::days);
    assert_eq!(days, [None, None, Some(15), Some(10), Some(2)]);
    for (class, last) in [(Serious, 115), (Death, 110), (Widespread, 102)] {
        let mut log = Log::default();
        log.push(&opened(class, Some(100)), day(101));
        assert_eq!(log.only(day(101)).deadline, Some(day(last)));
        assert_eq!(log.state(day(last)), IncidentState::Open);
        let after = Timestamp::from_micros(day(last).as_micros() + 1);
        assert_eq!(log.state(after), IncidentState::Overdue);
    }
    for class in [Unclassified, NotSerious] {
        let mut log = Log::default();
        log.push(&opened(class, Some(100)), day(101));
        let told = log.only(day(9_999));
        assert_eq!((told.state, told.deadline), (IncidentState::NotDue, None));
    }
}

#[test]
fn a_timeline_names_its_receipts() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Unclassified, Some(100)), day(101));
    let long = "\u{e4}".repeat(500);
    let update = Incident {
        category: long.as_str().into(),
        ..updated(hash, IncidentClass::Serious)
    };
    log.push(&update, day(102));
    log.push(&reported(hash, day(103)), day(104));
    log.push(&closed(hash), day(105));
    let told = log.only(day(999));
    assert_eq!(
        (told.opened, told.incident, told.closed),
        (Some(1), hash, Some(4))
    );
    assert_eq!((told.receipts, told.count), (vec![1, 2, 3, 4], 4));
    assert_eq!(
        (told.aware_at, told.known_by),
        (Some(day(100)), Some(day(102)))
    );
    assert_eq!(told.state, IncidentState::ReportedInTime);
    let report = told.reported.unwrap();
    assert_eq!(
        (report.receipt, report.reported_at, report.sealed_at),
        (3, day(103), day(104))
    );
    assert_eq!(report.authority, "BNetzA");
    assert!(told.category.len() <= MAX_OPEN_TEXT && told.category.ends_with('…'));
    assert!(log.found.is_empty());
}

#[test]
fn without_awareness_only_the_latest_deadline_is_known() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, None), day(100));
    assert_eq!(log.state(day(115)), IncidentState::CannotTell);
    // He knew when he said so.
    assert_eq!(log.state(day(116)), IncidentState::Overdue);
    log.push(&reported(hash, day(110)), day(110));
    assert_eq!(log.state(day(999)), IncidentState::CannotTell);
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, None), day(100));
    log.push(&reported(hash, day(116)), day(116));
    assert_eq!(log.state(day(116)), IncidentState::ReportedLate);
}

#[test]
fn a52_a_report_that_is_backdated_is_told_with_the_time_of_its_sealing() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(100));
    log.push(&reported(hash, day(114)), day(120));
    let told = log.only(day(120));
    assert_eq!(told.state, IncidentState::ClaimedInTime);
    assert_eq!(told.shown_by, Some(day(120)));
    let [one] = &log.said()[..] else {
        panic!("{:?}", log.found)
    };
    assert!(
        one.starts_with("receipt 2 reports the incident of receipt 1 as of 1970-04-25")
            && one.contains("it was sealed at 1970-05-01")
            && one.ends_with("after the deadline, 1970-04-26T00:00:00.000000Z"),
        "{one}"
    );
    // One that was recorded in time stays so, whatever is said later.
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(100));
    log.push(&reported(hash, day(103)), day(103));
    log.push(&reported(hash, day(102)), day(120));
    assert!(log.found.is_empty());
    let told = log.only(day(120));
    assert_eq!(
        (told.state, told.shown_by),
        (IncidentState::ReportedInTime, Some(day(103)))
    );
    assert_eq!(told.reported.unwrap().reported_at, day(102));
    // By his own word, too late.
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(100));
    log.push(&reported(hash, day(116)), day(116));
    assert!(log.found.is_empty());
    assert_eq!(log.state(day(116)), IncidentState::ReportedLate);
}

#[test]
fn a52_the_strictest_class_stands() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Death, Some(100)), day(101));
    log.push(&updated(hash, IncidentClass::NotSerious), day(102));
    assert_eq!(
        log.said(),
        [
            "receipt 2 updates the incident of receipt 1 and lowers its class from death to not_serious; the strictest that was told stands"
        ]
    );
    // Saying nothing takes nothing back.
    log.push(&closed(hash), day(103));
    assert!(log.found.is_empty());
    let told = log.only(day(111));
    assert_eq!(told.state, IncidentState::Overdue);
    assert_eq!(
        (told.class, told.last_class),
        (IncidentClass::Death, IncidentClass::NotSerious)
    );
}

#[test]
fn a52_the_earliest_awareness_stands() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(101));
    let later = Incident {
        aware_at: Some(day(110)),
        ..updated(hash, IncidentClass::Serious)
    };
    log.push(&later, day(111));
    assert!(log.said()[0].contains("puts the awareness of it off from 1970-04-11"));
    assert_eq!(log.only(day(111)).deadline, Some(day(115)));
    // Who calls it serious knows of it, whatever he says of his awareness.
    let mut log = Log::default();
    log.push(&opened(IncidentClass::Serious, Some(130)), day(101));
    assert!(
        log.said()[0].contains("with aware_at 1970-05-11"),
        "{:?}",
        log.found
    );
    let told = log.only(day(117));
    assert_eq!(
        (told.deadline, told.state),
        (Some(day(116)), IncidentState::Overdue)
    );
}

#[test]
fn a52_an_incident_whose_opening_is_left_out_is_followed() {
    let hash = LeafHash::of(b"left out");
    let mut log = Log::default();
    let update = Incident {
        aware_at: Some(day(100)),
        ..updated(hash, IncidentClass::Serious)
    };
    log.push(&update, day(101));
    assert_eq!(
        log.found[0].problem,
        IncidentProblem::NotOpened { incident: hash }
    );
    log.push(&updated(hash, IncidentClass::Serious), day(102));
    assert!(log.found.is_empty());
    let told = log.only(day(116));
    assert_eq!((told.opened, told.state), (None, IncidentState::Overdue));
    assert_eq!(told.receipts, [1, 2]);
}

#[test]
fn what_comes_after_the_closing_is_told() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(100));
    log.push(&closed(hash), day(101));
    assert!(log.found.is_empty());
    for (body, does) in [
        (updated(hash, IncidentClass::Serious), "updates"),
        (reported(hash, day(103)), "reports"),
        (closed(hash), "closes"),
    ] {
        log.push(&body, day(103));
        let said = format!("{does} the incident of receipt 1 after receipt 2 closed it");
        assert!(log.said()[0].ends_with(&said), "{:?}", log.said());
    }
    // It counts all the same.
    assert_eq!(log.state(day(999)), IncidentState::ReportedInTime);
}

#[test]
fn a25_incidents_take_bounded_memory() {
    let mut log = Log::default();
    let hash = log.push(&opened(IncidentClass::Serious, Some(100)), day(100));
    let sealed = log.sealed(&updated(hash, IncidentClass::Serious), day(100));
    let update = UnverifiedReceipt::parse(&sealed).unwrap();
    for _ in 0..100 {
        log.deadlines.push(&update).unwrap();
    }
    let told = log.only(day(100));
    assert_eq!(
        (told.receipts.len(), told.count),
        (MAX_INCIDENT_RECEIPTS, 101)
    );
    for _ in 1..MAX_INCIDENTS {
        log.push(&Incident::new(), day(100));
    }
    assert_eq!(log.deadlines.not_followed(), 0);
    log.push(&Incident::new(), day(100));
    // Of what is not followed nothing is claimed, and the others go on.
    log.push(
        &updated(LeafHash::of(b"?"), IncidentClass::Serious),
        day(100),
    );
    assert!(log.found.is_empty());
    log.push(&reported(hash, day(101)), day(101));
    assert_eq!(log.deadlines.not_followed(), 2);
    let all = log.deadlines.report(day(999));
    assert_eq!(
        (all.len(), all[0].state),
        (MAX_INCIDENTS, IncidentState::ReportedInTime)
    );
}
