//! What records say, as bodies of a log.

use ai_audit_agentic::{JsonDigest, ToolOutcome, ToolStatus};
use ai_audit_core::{Action, Check, Decision, Digest, Kind, TextDigest, Timestamp, decode_body};
use ai_audit_import::Record;

use crate::made::{lines, receipt};

fn decision(members: &str) -> String {
    receipt(&format!(r#""receipt_id":"r",{members}"#))
}

fn content(text: &str) -> Option<(Kind, Vec<u8>)> {
    Record::parse(text).unwrap().content()
}

/// What a decision says of its one check.
fn check(check: &str) -> Option<Check<'static>> {
    let text = decision(&format!(r#""action":"allow","checks":[{check}]"#));
    let (kind, body) = content(&text)?;
    assert_eq!(kind, Kind::DECISION);
    let decision: Decision<'_> = decode_body(&body).unwrap();
    let [check] = decision.checks.as_slice() else {
        panic!("{:?}", decision.checks);
    };
    Some(Check {
        name: check.name.clone().into_owned(),
        version: check.version.clone().into_owned(),
        detail: check.detail.clone().into_owned(),
        ..*check
    })
}

#[test]
fn a_decision_keeps_its_fields() {
    let (input, output, state, config) = (
        Digest::of(b"i"),
        Digest::of(b"o"),
        Digest::of(b"s"),
        Digest::of(b"c"),
    );
    let text = decision(&format!(
        r#""timestamp":"2026-05-01T14:00:00.004000+02:00","input_c14n":"{input}","output_hash":"{output}",
        "state_digest":"{state}","config_digest":"{config}","action":"fail_retry",
        "reason_codes":["na\u00efve","x"],"nist_tags":["AU-3"],"model_id":"gpt-4o",
        "checks":[{{"name":"safety","version":"1.0","score":0.25,"threshold":1e-7,"fired":true,
        "detail":{{"b":[1,2.50,null],"a":"\u00e9"}}}},{{"name":"routing"}}]"#
    ));
    let (kind, body) = content(&text).unwrap();
    assert_eq!(kind, Kind::DECISION);
    let expected = Decision {
        // 12:00:00.004 UTC.
        occurred_at: Some(Timestamp::from_micros(1_777_636_800_004_000)),
        input_canonical: Some(TextDigest::Plain(input)),
        output: Some(TextDigest::Plain(output)),
        state: Some(state),
        config: Some(config),
        action: Action::FailRetry,
        reason_codes: ["naïve".into(), "x".into()].to_vec().into(),
        tags: ["AU-3".into()].to_vec().into(),
        model: "gpt-4o".into(),
        checks: vec![
            Check {
                name: "safety".into(),
                version: "1.0".into(),
                score: Some(0.25),
                threshold: Some(1e-7),
                fired: true,
                detail: r#"{"a":"é","b":[1,2.5,null]}"#.into(),
            },
            Check {
                name: "routing".into(),
                ..Check::default()
            },
        ]
        .into(),
        ..Decision::new()
    };
    assert_eq!(decode_body::<Decision<'_>>(&body), Ok(expected));
}

#[test]
fn scores_that_are_no_finite_numbers_are_left_out() {
    for (written, expected) in [
        ("0.5", Some(0.5)),
        ("3", Some(3.0)),
        ("-0.0", Some(0.0)),
        ("1e22", Some(1e22)),
        // As NaN and the infinities are written.
        ("null", None),
        ("1e400", None),
    ] {
        let check = check(&format!(r#"{{"score":{written},"threshold":{written}}}"#)).unwrap();
        assert_eq!(
            (check.score, check.threshold),
            (expected, expected),
            "{written}"
        );
        assert!(
            !check
                .score
                .is_some_and(|score| score == 0.0 && score.is_sign_negative())
        );
    }
}

#[test]
fn details_are_kept_where_they_have_a_canonical_form() {
    for (written, expected) in [
        ("{}", ""),
        (" { } ", ""),
        (r#"{"n":9007199254740992}"#, r#"{"n":9007199254740992}"#),
        // RFC 8785 has no form for it: another reader would take its neighbour.
        (r#"{"n":9007199254740993}"#, ""),
        (r#"{"n":1e17}"#, ""),
        (
            r#"{"😀":1,"":2,"\ue000":1E3}"#,
            "{\"\":2,\"😀\":1,\"\u{e000}\":1000}",
        ),
    ] {
        let check = check(&format!(r#"{{"detail":{written}}}"#)).unwrap();
        assert_eq!(check.detail, *expected, "{written}");
    }
}

#[test]
fn what_does_not_fit_has_no_content() {
    let whole = r#""action":"allow","checks":[]"#;
    assert!(content(&decision(whole)).is_some());
    for members in [
        r#""action":"ALLOW","checks":[]"#,
        r#""action":"","checks":[]"#,
        r#""action":null,"checks":[]"#,
        r#""action":"allow","checks":{}"#,
        r#""action":"allow","checks":[1]"#,
        r#""action":"allow","checks":[],"model_id":1"#,
        r#""action":"allow","checks":[],"reason_codes":"x""#,
        r#""action":"allow","checks":[],"reason_codes":["x",1]"#,
        r#""action":"allow","checks":[],"nist_tags":[null]"#,
    ] {
        assert_eq!(content(&decision(members)), None, "{members}");
    }
    for wrong in [
        r#"{"name":1}"#,
        r#"{"version":null}"#,
        r#"{"score":"0.5"}"#,
        r#"{"threshold":[]}"#,
        r#"{"fired":1}"#,
        r#"{"detail":[]}"#,
        r#"{"detail":null}"#,
    ] {
        assert_eq!(check(wrong), None, "{wrong}");
    }
    // Digests and times that are none are left out.
    let text = decision(&format!(
        r#""input_c14n":"xyz","state_digest":5,"timestamp":"now",{whole}"#
    ));
    let (_, body) = content(&text).unwrap();
    assert_eq!(decode_body::<Decision<'_>>(&body), Ok(Decision::new()));
}

#[test]
fn a_tool_call_becomes_an_outcome() {
    let result = Digest::of(b"Found 5 results");
    let of = |members: &str| {
        let text = receipt(&format!(
            r#""receipt_id":"t1","tool_name":"search"{members}"#
        ));
        let (kind, body) = content(&text)?;
        assert_eq!(kind, Kind::TOOL_OUTCOME);
        let outcome: ToolOutcome<'_> = decode_body(&body).unwrap();
        assert_eq!((&*outcome.tool, &*outcome.call_id), ("search", "t1"));
        Some((
            outcome.occurred_at,
            outcome.status,
            outcome.result,
            outcome.duration_us,
            outcome.error.to_string(),
        ))
    };
    let time = Timestamp::from_micros(1_777_636_800_000_001);
    assert_eq!(
        of(&format!(
            r#","timestamp":"2026-05-01T12:00:00.000001+00:00","tool_result_hash":"{result}",
            "duration_ms":12.3456,"success":false,"error":"HTTP 503""#
        )),
        Some((
            Some(time),
            ToolStatus::Error,
            Some(JsonDigest::Raw(TextDigest::Plain(result))),
            Some(12_346),
            "HTTP 503".to_owned(),
        ))
    );
    let bare = of(",\"success\":true").unwrap();
    assert_eq!(bare, (None, ToolStatus::Ok, None, None, String::new()));
    for (written, micros) in [
        ("0.0", Some(0)),
        ("0.0004", Some(0)),
        ("0.0005", Some(1)),
        ("-0.0", Some(0)),
        ("-1.0", None),
        ("null", None),
        ("1e16", Some(10_000_000_000_000_000_000)),
        ("1e17", None),
        ("7", Some(7_000)),
    ] {
        let outcome = of(&format!(",\"duration_ms\":{written}")).unwrap();
        assert_eq!(outcome.3, micros, "{written}");
        assert_eq!(outcome.1, ToolStatus::Unknown);
    }
    for wrong in [
        r#","success":1"#,
        r#","duration_ms":"1""#,
        r#","error":null"#,
    ] {
        assert_eq!(of(wrong), None, "{wrong}");
    }
}

#[test]
fn all_receipts_that_the_library_made_have_content_and_no_seal_has() {
    for line in lines() {
        let record = Record::parse(line).unwrap();
        let seal = record.batch_seal().unwrap().is_some() || record.epoch_seal().unwrap().is_some();
        assert_eq!(record.content().is_none(), seal, "{line}");
    }
}
