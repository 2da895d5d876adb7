//! What is redacted, counted and encrypted before anything is sealed.

use crate::Counted;
use ai_audit_core::{Content, Decision, DigestSecret, Encrypted, LogId, SubjectKeyId, encode_body};
use ai_audit_ingest::{Keep, Keeping, Protection, RecordLines, Redaction, Step, StepBody};
use ai_audit_pii::{Kind, Mode, Policy, PseudonymKey, restore};
use ai_audit_shredding::{Place, SubjectKey};
use std::sync::Arc;

const PLAIN: Keep = Keep {
    input: Keeping::Plain,
    output: Keeping::Plain,
};

fn key() -> SubjectKey {
    SubjectKey::new(
        SubjectKeyId::from_bytes([7; 16]),
        LogId::from_bytes([8; 32]),
        &[9; 32],
    )
}

fn protected(policy: &Policy) -> Counted {
    let pseudonyms = policy.pseudonymizes().then(|| PseudonymKey::new([5; 32]));
    Counted::with(Protection {
        secret: Some(Arc::new(DigestSecret::from_bytes([1; 32]))),
        redaction: Some(Arc::new(Redaction::new(policy, pseudonyms).unwrap())),
        key: Some(Arc::new(key())),
    })
}

fn read(line: &str, keep: Keep, keys: &mut Counted) -> Result<Step, String> {
    let group = RecordLines::new(line.as_bytes(), keep)
        .next_group(keys)
        .unwrap();
    let mut group = group.map_err(|error| error.to_string())?;
    Ok(group.steps.remove(0))
}

fn decision(step: &Step) -> &Decision<'static> {
    match &step.body {
        StepBody::Decision(decision) => decision,
        other => panic!("{other:?}"),
    }
}

fn plain(decision: &Decision<'_>, name: &str) -> String {
    let kept = decision.kept.iter().find(|kept| kept.name == *name);
    match &kept.unwrap().content {
        Content::Plain(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn encrypted(decision: &Decision<'_>, name: &str) -> Encrypted {
    let kept = decision.kept.iter().find(|kept| kept.name == *name);
    match &kept.unwrap().content {
        Content::Encrypted(encrypted) => *encrypted,
        other => panic!("{other:?}"),
    }
}

fn counts(decision: &Decision<'_>) -> Vec<(String, String, u64)> {
    let one = |found: &ai_audit_core::Redaction<'_>| {
        (found.field.to_string(), found.kind.to_string(), found.count)
    };
    decision.redactions.iter().map(one).collect()
}

const LINE: &str = r#"{"input":"I am alice@example.com, card 4242 4242 4242 4242, or bob@example.org","output":"Done, alice@example.com.","subject":"person-7","checks":[{"name":"pii","detail":{"seen":["alice@example.com"],"card":4242424242424242}}],"tags":["to bob@example.org"],"reason_codes":["asked"]}"#;

/// A30: no value comes into a payload in the clear, wherever it stands; what comes is how often it
/// was found.
#[test]
fn a30_no_value_comes_into_a_payload() {
    for mode in [Mode::Redact, Mode::Mask, Mode::Pseudonymize, Mode::Encrypt] {
        let mut keys = protected(&Policy::new(mode));
        let step = read(LINE, PLAIN, &mut keys).unwrap();
        let decision = decision(&step);
        let bytes = encode_body(decision).unwrap();
        for value in [
            "alice@example.com",
            "bob@example.org",
            "4242 4242 4242",
            "4242424242",
        ] {
            let found = bytes
                .windows(value.len())
                .any(|window| window == value.as_bytes());
            assert!(!found, "{mode}: {value}");
        }
        let expected = [
            ("checks", "CREDIT_CARD", 1),
            ("checks", "EMAIL", 1),
            ("input", "CREDIT_CARD", 1),
            ("input", "EMAIL", 2),
            ("output", "EMAIL", 1),
            ("tags", "EMAIL", 1),
        ];
        let expected = expected.map(|(field, kind, count)| (field.into(), kind.into(), count));
        assert_eq!(counts(decision), expected, "{mode}");
        // What is digested is what was said.
        let key = DigestSecret::from_bytes([1; 32]).exact_key(&step.id, "output");
        let output = decision.output.unwrap();
        assert!(output.matches("Done, alice@example.com.", Some(&key)));
    }
}

#[test]
fn what_is_not_kept_is_counted_all_the_same() {
    let mut keys = protected(&Policy::default());
    let step = read(LINE, Keep::default(), &mut keys).unwrap();
    assert!(decision(&step).kept.is_empty() && step.ciphertexts.is_empty());
    assert_eq!(counts(decision(&step)).len(), 6);
    assert_eq!(keys.asked, [("person-7".to_owned(), false)]);
}

#[test]
fn a_detail_stays_canonical_json() {
    let mut keys = protected(&Policy::default());
    let step = read(LINE, PLAIN, &mut keys).unwrap();
    let detail = decision(&step)
        .checks
        .iter()
        .next()
        .unwrap()
        .detail
        .to_string();
    let again = ai_audit_json::canonicalize_bytes(detail.as_bytes()).unwrap();
    assert_eq!(detail, again);
    assert!(detail.contains("[EMAIL]") && detail.contains("[CREDIT_CARD]"));
    for (given, expected) in [
        ("4242424242424242", "\"[CREDIT_CARD]\""),
        ("\"bob@example.org\"", "\"[EMAIL]\""),
        (
            "{\"zed\":1,\"bob@example.org\":2}",
            "{\"[EMAIL]\":2,\"zed\":1}",
        ),
    ] {
        let line = format!(r#"{{"checks":[{{"name":"a","detail":{given}}},{{"name":"b"}}]}}"#);
        let step = read(&line, PLAIN, &mut keys).unwrap();
        let details: Vec<_> = decision(&step)
            .checks
            .iter()
            .map(|check| check.detail.to_string())
            .collect();
        assert_eq!(details, [expected, ""]);
    }
}

#[test]
fn a_text_that_is_a_document_stays_one() {
    let mut keys = protected(&Policy::default());
    let line = r#"{"input":{"card":4242424242424242,"note":"ask\nbob@example.org"},"output":"{no document, bob@example.org"}"#;
    let step = read(line, PLAIN, &mut keys).unwrap();
    assert_eq!(
        plain(decision(&step), "input"),
        r#"{"card":"[CREDIT_CARD]","note":"ask\n[EMAIL]"}"#
    );
    assert_eq!(plain(decision(&step), "output"), "{no document, [EMAIL]");
}

#[test]
fn encrypted_values_go_back_to_their_places() {
    let policy = Policy::default().with_mode(Kind::Email, Mode::Encrypt);
    let mut keys = protected(&policy);
    let step = read(LINE, PLAIN, &mut keys).unwrap();
    let decision = decision(&step);
    let kept = plain(decision, "input");
    assert_eq!(kept, "I am [EMAIL#1], card [CREDIT_CARD], or [EMAIL#2]");
    assert_eq!(step.ciphertexts.len(), 2);
    let place = Place {
        receipt: step.id,
        subject: "person-7",
        field: "input.values",
    };
    let (id, ciphertext) = &step.ciphertexts[0];
    assert_eq!(*id, key().id());
    let values = key()
        .decrypt(&place, &encrypted(decision, "input.values"), ciphertext)
        .unwrap();
    let values: Vec<String> = serde_json::from_slice(&values).unwrap();
    assert_eq!(values, ["alice@example.com", "bob@example.org"]);
    let text = restore(&kept, &values).unwrap();
    assert_eq!(
        text,
        "I am alice@example.com, card [CREDIT_CARD], or bob@example.org"
    );
    // A tag has no place for values: there they are redacted.
    assert_eq!(decision.tags.iter().next().unwrap(), "to [EMAIL]");
}

#[test]
fn a_text_longer_than_a_receipt_can_be_kept_encrypted() {
    let keep = Keep {
        input: Keeping::Encrypted,
        output: Keeping::Plain,
    };
    let mut keys = protected(&Policy::default());
    let long = "what a long story ".repeat(100_000);
    let line = format!(r#"{{"input":"{long}","output":"ok","subject":"p"}}"#);
    let step = read(&line, keep, &mut keys).unwrap();
    assert_eq!(keys.asked, [("p".to_owned(), true)]);
    let place = Place {
        receipt: step.id,
        subject: "p",
        field: "input",
    };
    let field = encrypted(decision(&step), "input");
    let opened = key()
        .decrypt(&place, &field, &step.ciphertexts[0].1)
        .unwrap();
    assert_eq!(opened.as_slice(), long.as_bytes());
    let mut unkeyed = Counted::plain();
    let error = read(&line, keep, &mut unkeyed).unwrap_err();
    assert!(
        error.contains("field `input`") && error.contains("no key"),
        "{error}"
    );
}

#[test]
fn names_that_say_who_somebody_is_are_refused() {
    for field in ["subject", "trace_id", "session_id", "actor"] {
        let line = format!(r#"{{"{field}":"alice@example.com"}}"#);
        let mut keys = protected(&Policy::default());
        let error = read(&line, PLAIN, &mut keys).unwrap_err();
        assert!(
            error.contains(&format!("field `{field}`")) && error.contains("EMAIL"),
            "{error}"
        );
        assert!(!error.contains("alice"), "{error}");
        assert!(read(&line, PLAIN, &mut Counted::plain()).is_ok());
    }
    for line in [
        r#"{"model":"alice@example.com"}"#,
        r#"{"checks":[{"name":"alice@example.com"}]}"#,
        r#"{"subject":"4242 4242 4242 4242"}"#,
        r#"{"subject":"536-22-8726"}"#,
    ] {
        let error = read(line, PLAIN, &mut protected(&Policy::default())).unwrap_err();
        assert!(error.contains("personal data"), "{error}");
    }
    // Ids that are digits have by chance what a card has.
    let line = r#"{"trace_id":"4242424242424242","session_id":"10.1.2.3","actor":"198.51.100.7"}"#;
    assert!(read(line, PLAIN, &mut protected(&Policy::default())).is_ok());
    let line = r#"{"subject":"person-7","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","session_id":"0190163d-8694-739b-aea5-966c26f8ad91","actor":"agent-3"}"#;
    assert!(read(line, PLAIN, &mut protected(&Policy::default())).is_ok());
}
