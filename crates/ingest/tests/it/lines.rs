//! Record lines: what is taken, and what each bad line is told.

use crate::Counted;
use ai_audit_core::{Action, Content, Decision, Digest, DigestSecret, TextDigest};
use ai_audit_ingest::{IngestError, Keep, Keeping, RecordLines, Step, StepBody};
use proptest::prelude::*;

fn read(text: &str) -> Vec<Result<Step, IngestError>> {
    let mut lines = RecordLines::new(text.as_bytes(), Keep::default());
    let mut keys = Counted::plain();
    std::iter::from_fn(|| lines.next_group(&mut keys))
        .map(|group| group.map(|mut group| group.steps.remove(0)))
        .collect()
}

fn one(text: &str) -> Step {
    read(text).remove(0).unwrap()
}

fn decision(step: &Step) -> &Decision<'static> {
    match &step.body {
        StepBody::Decision(decision) => decision,
        other => panic!("{other:?}"),
    }
}

fn refusal(text: &str) -> String {
    read(text).remove(0).unwrap_err().to_string()
}

#[test]
fn every_field_arrives() {
    let line = r#"{"input":"May I?","output":{"b":1,"a":2},"model":"m","provider":"p","operation":"chat",
        "checks":[{"name":"tox","version":"2","score":-0.0,"threshold":0.5,"fired":true,"detail":{"z":1,"y":2}}],
        "action":"escalate","reason_codes":["r1"],"tags":["a","b"],"trace_id":"t","session_id":"s","actor":"bot",
        "subject":"u-1","tenant":"acme","config":{"k":1},"policy":"p1","state":["a|b","c"],"input_tokens":5,
        "output_tokens":6,"duration_ms":1.5,"time":"2026-11-24T09:30:00Z","parents":[]}"#;
    let step = one(&line.replace('\n', ""));
    assert_eq!(
        (
            step.log.as_deref(),
            step.trace_id.as_str(),
            step.session_id.as_str()
        ),
        (Some("acme"), "t", "s")
    );
    assert_eq!(step.actor_id, "bot");
    let decision = decision(&step);
    assert_eq!(decision.input, Some(TextDigest::plain("May I?")));
    assert_eq!(decision.input_canonical, Some(TextDigest::plain("may i?")));
    assert_eq!(decision.output, Some(TextDigest::plain(r#"{"a":2,"b":1}"#)));
    assert_eq!(decision.action, Action::Escalate);
    assert_eq!(decision.checks[0].detail, r#"{"y":2,"z":1}"#);
    assert!(
        decision.checks[0]
            .score
            .is_some_and(|score| score == 0.0 && score.is_sign_positive())
    );
    assert_eq!(decision.config, Some(Digest::of(br#"{"k":1}"#)));
    assert_eq!(decision.policy, Some(Digest::of(br#""p1""#)));
    assert_eq!(
        (decision.duration_us, decision.input_tokens),
        (Some(1500), Some(5))
    );
    assert_eq!(
        decision.occurred_at.unwrap().to_string(),
        "2026-11-24T09:30:00.000000Z"
    );
    assert!(decision.kept.is_empty());
}

#[test]
fn a18_the_state_s_parts_have_borders() {
    let state = |parts: &str| decision(&one(&format!("{{\"state\":{parts}}}"))).state;
    assert_ne!(state(r#"["a|b","c"]"#), state(r#"["a","b|c"]"#));
}

#[test]
fn texts_are_kept_only_on_request_and_digests_are_keyed() {
    let text = r#"{"input":"in","output":"out"}"#;
    let mut lines = RecordLines::new(
        text.as_bytes(),
        Keep {
            output: Keeping::Plain,
            ..Keep::default()
        },
    );
    let mut keys = Counted::keyed([1; 32]);
    let step = lines
        .next_group(&mut keys)
        .unwrap()
        .unwrap()
        .steps
        .remove(0);
    let decision = decision(&step);
    assert_eq!(decision.kept.len(), 1);
    assert!(matches!(&decision.kept[0].content, Content::Plain(text) if *text == "out"));
    let key = DigestSecret::from_bytes([1; 32]).exact_key(&step.id, "input");
    assert!(matches!(decision.input, Some(TextDigest::Keyed(_))));
    assert!(decision.input.unwrap().matches("in", Some(&key)));
    assert!(!decision.output.unwrap().matches("out", Some(&key)));
}

/// Found by fuzzing: what is white space elsewhere is none in JSON, so such a line is not passed over.
#[test]
fn only_the_white_space_of_json_makes_a_line_blank() {
    let lines = read("\n \t\r\n{\"input\":\"a\"}\n\u{c}\n\u{b}\n\u{a0}\n");
    let (good, bad): (Vec<_>, Vec<_>) = lines.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (1, 3));
    let said = bad[0].as_ref().unwrap_err().to_string();
    assert!(said.contains("line 4"), "{said}");
}

#[test]
fn bad_lines_are_told_where_and_what() {
    for (line, parts) in [
        (
            r#"{"actoin":"allow"}"#,
            &["line 1", "actoin", "known are input"][..],
        ),
        (r#"{"action":"deny"}"#, &["action", "allow, reject"]),
        (r#"{"input_tokens":-1}"#, &["input_tokens", "whole number"]),
        (r#"{"input_tokens":1.5}"#, &["input_tokens", "whole number"]),
        (
            r#"{"checks":[{"name":"a"},{"score":1}]}"#,
            &["checks[1].name"],
        ),
        (
            r#"{"checks":[{"name":"a","scor":1}]}"#,
            &["checks[0].scor", "unknown"],
        ),
        (r#"{"checks":{}}"#, &["checks", "list"]),
        (r#"{"tags":["a",1]}"#, &["tags", "list of texts"]),
        (r#"{"time":"yesterday"}"#, &["time", "2026-11-24T09:30:00Z"]),
        (r#"{"parents":["00"]}"#, &["parents", "64 hexadecimal"]),
        (r#"{"duration_ms":-3}"#, &["duration_ms"]),
        (r#"{"model":7}"#, &["model", "text"]),
        (r#"{"id":"7"}"#, &["id"]),
        ("[1]", &["JSON object"]),
        ("{", &["line 1", "JSON"]),
    ] {
        let text = refusal(line);
        for part in parts {
            assert!(text.contains(part), "{line}: {text}");
        }
        assert!(!text.contains('\n'), "{text}");
    }
}

#[test]
fn a22_record_lines_are_strict_json() {
    let deep = format!(
        "{{\"config\":{}1{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for line in [
        r#"{"input":"a","input":"b"}"#,
        r#"{"config":{"k":1,"k":1}}"#,
        r#"{"input":"\ud800"}"#,
        r#"{"config":NaN}"#,
        r#"{"config":1e999}"#,
        r#"{"config":9007199254740993}"#,
        r#"{"input":"a"} x"#,
        deep.as_str(),
    ] {
        let text = refusal(line);
        assert!(text.starts_with("line 1: "), "{text}");
    }
}

#[test]
fn the_next_line_goes_on_after_a_bad_one() {
    let read = read("{\"model\":\"a\"}\n\n  \nnonsense\n{\"model\":\"b\"}");
    assert_eq!(read.len(), 3);
    let error = read[1].as_ref().unwrap_err();
    assert!(error.place == "line 4" && !error.fatal, "{error}");
    assert_eq!(decision(read[2].as_ref().unwrap()).model, "b");
}

#[test]
fn lines_that_no_receipt_can_hold() {
    // A long text is only digested; a long model name would be kept.
    let long = "x".repeat(200_000);
    one(&format!("{{\"input\":\"{long}\"}}"));
    assert!(refusal(&format!("{{\"model\":\"{long}\"}}")).contains("too long for a receipt"));
    let text = format!(
        "{{\"input\":\"{}\"}}\n{{\"model\":\"m\"}}",
        "x".repeat(9 << 20)
    );
    let read = read(&text);
    assert!(
        read[0]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("too long")
    );
    assert!(read[1].is_ok());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(\\PC|[{}\\[\\]\",:\n]){0,100}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let mut lines = RecordLines::new(input, Keep::default());
            let mut keys = Counted::plain();
            while lines.next_group(&mut keys).is_some() {}
        }
    }
}
