//! What is found in a log, in pieces and all at once.

use super::*;
use ai_audit_core::SigningKey;
use ai_audit_directory::{InitOptions, Settings, Writer, init};
use ai_audit_ingest::{Keep, read_trace};
use ai_audit_intake::Intake;
use ai_audit_note::{PolicyWitness, VKey, cosign};
use ai_audit_store::{Query, Shred};
use tempfile::TempDir;

fn place() -> (TempDir, Intake) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let options = InitOptions::new("example.org/test");
    init(&path, &options, Settings::default(), "test").unwrap();
    let writer = Writer::open(&path, Settings::default(), "test").unwrap();
    let intake = Intake::new(writer, Keep::default()).unwrap();
    (folder, intake)
}

fn take(intake: &Intake, trace: &str) {
    let taken = intake.take(&LogName::default(), |keys, keep| {
        Ok(vec![read_trace(trace.as_bytes(), "trace", keep, keys)?])
    });
    taken.unwrap().wait().unwrap();
}

#[test]
fn a_key_under_erasure_is_owed_until_the_completion_is_read() {
    let (_folder, intake) = place();
    let log = LogName::default();
    let trace =
        r#"{"trace_id": "t", "steps": [{"kind": "decision", "input": "a", "subject": "s-1"}]}"#;
    take(&intake, trace);
    let wish = Shred {
        subjects: vec!["s-1".into()],
        lost: Vec::new(),
        reason: "asked for".into(),
        legal_basis: String::new(),
        requested_by: String::new(),
    };
    intake.writer().shred(&log, wish).unwrap();
    let directory = intake.reading();
    let query = Query::Kind(Kind::ERASURE_REQUESTED);
    let requested = directory.store().find(&log, &query, None, 2).unwrap()[0];
    let size = directory.head(&log).unwrap().size();
    let mut followed = Followed::new();
    followed
        .read(directory, &log, requested + 1, PIECE)
        .unwrap();
    assert_eq!(followed.erasing.len(), 1);
    followed.read(directory, &log, size, PIECE).unwrap();
    assert_eq!((followed.erasing.len(), followed.next), (0, size));
}

#[test]
fn pieces_add_up_and_no_more_is_read_than_may_be() {
    let (_folder, intake) = place();
    let log = LogName::default();
    for _ in 0..5 {
        take(
            &intake,
            r#"{"trace_id": "t", "steps": [{"kind": "tool_intent", "tool": "pay"}]}"#,
        );
    }
    let directory = intake.reading();
    let size = directory.head(&log).unwrap().size();
    let mut followed = Followed::new();
    let mut turns = 0;
    while followed.next < size {
        let read = followed.read(directory, &log, size, 2).unwrap();
        assert!((1..=2).contains(&read), "{read}");
        turns += 1;
    }
    assert_eq!((turns, followed.open.open().count()), (size.div_ceil(2), 5));
    assert_eq!(followed.read(directory, &log, size, 2).unwrap(), 0);
}

#[test]
fn what_enough_witnesses_cosigned_is_covered() {
    let (_folder, intake) = place();
    let log = LogName::default();
    let directory = intake.reading();
    let witness = SigningKey::from_bytes(&[7; 32]);
    let key = VKey::cosignature("w.example", witness.verifying_key()).unwrap();
    let policy = directory.add_witness(PolicyWitness::new("w", key, None), None);
    let policy = policy.unwrap();
    let text = intake.writer().checkpoint(&log).unwrap();
    let size = directory.head(&log).unwrap().size();
    let lag = |size| {
        Followed::new()
            .witness_lag(directory, &log, &policy, size)
            .unwrap()
    };
    assert_eq!(lag(size), size);
    let mut note = SignedNote::parse(text.as_bytes()).unwrap();
    let time = Timestamp::from_micros(1_764_000_000_000_000);
    note.add(cosign(&note, "w.example", &witness, time).unwrap())
        .unwrap();
    let kept = directory.store().latest_checkpoint(&log).unwrap().unwrap();
    let writing = intake.writer().directory();
    writing
        .store()
        .put_checkpoint(&log, kept.size, &note.to_string())
        .unwrap();
    assert_eq!((lag(size), lag(size + 3)), (0, 3));
    // Who looked a moment ago does not look again.
    let mut followed = Followed::new();
    followed.witnessed = Some((Instant::now(), None));
    assert_eq!(
        followed
            .witness_lag(directory, &log, &policy, size)
            .unwrap(),
        size
    );
}

#[test]
fn a_time_that_lies_ahead_has_no_age() {
    let second = |second: u64| Timestamp::from_micros(second * 1_000_000);
    assert_eq!(seconds_since(second(5), second(7)), Some(2.0));
    assert_eq!(seconds_since(second(7), second(7)), Some(0.0));
    assert_eq!(seconds_since(second(8), second(7)), None);
}

#[test]
fn a_share_that_is_over_reads_a_piece_all_the_same() {
    let (_folder, intake) = place();
    let (log, directory) = (LogName::default(), intake.reading());
    let size = directory.head(&log).unwrap().size();
    let mut followed = Followed::new();
    let over = Instant::now();
    followed.catch_up(directory, &log, size, over).unwrap();
    assert_eq!(followed.next, size);
}
