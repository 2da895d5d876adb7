//! JSON documents stay JSON documents.

use crate::texts::{KEY, all, text};
use ai_audit_pii::{Kind, Mode, Policy, RedactError, Redactor, restore};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!(4_242_424_242_424_242_u64)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Whether only strings differ, and scalars that became one.
fn same_outline(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same_outline(a, b))
        }
        (Value::Object(one), Value::Object(other)) => one.len() == other.len(),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (_, Value::String(_)) => true,
        (one, other) => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_output_is_a_document_of_the_same_outline(value in value()) {
        for source in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            for mode in [Mode::Redact, Mode::Mask, Mode::Pseudonymize] {
                let redacted = all(mode).redact_json(&source, Some(&KEY)).unwrap();
                let output: Value = serde_json::from_str(&redacted.text).unwrap();
                prop_assert!(same_outline(&value, &output), "{source} {}", redacted.text);
                for one in &redacted.findings {
                    prop_assert!(source.get(one.start..one.end).is_some());
                }
            }
        }
    }

    #[test]
    fn redacting_a_document_twice_changes_nothing(value in value()) {
        let redactor = all(Mode::Redact);
        let once = redactor.redact_json(&value.to_string(), None).unwrap().text;
        prop_assert_eq!(&redactor.redact_json(&once, None).unwrap().text, &once);
    }

    #[test]
    fn encrypted_documents_come_back(value in value()) {
        let source = value.to_string();
        let redacted = all(Mode::Encrypt).redact_json(&source, None).unwrap();
        let values: Vec<_> = redacted.encrypted.iter().map(|span| &span.value).collect();
        let restored = restore(&redacted.text, &values).unwrap();
        prop_assert!(serde_json::from_str::<Value>(&restored).is_ok());
        if !source.contains("4242424242424242") {
            // Numbers that were found come back as strings.
            let quotes = |text: &str| text.matches('"').count();
            if quotes(&restored) == quotes(&source) {
                prop_assert_eq!(restored, source);
            }
        }
    }
}

#[test]
fn escapes_at_the_edges_of_a_value_stay_whole() {
    let redactor = all(Mode::Redact);
    for (source, output) in [
        (r#"{"a":"x\nbob@example.org\n"}"#, r#"{"a":"x\n[EMAIL]\n"}"#),
        (
            r#"["\u003cbob@example.org\u003e"]"#,
            r#"["\u003c[EMAIL]\u003e"]"#,
        ),
        (r#"["b\u006fb@example.org"]"#, r#"["[EMAIL]"]"#),
        (r#"["\"bob@example.org\""]"#, r#"["\"[EMAIL]\""]"#),
        (r#"["a\\4242 4242 4242 4242"]"#, r#"["a\\[CREDIT_CARD]"]"#),
        // The context of a name reaches its value, in strings and numbers.
        (r#"{"phone":"5852292736"}"#, r#"{"phone":"[PHONE]"}"#),
        (
            r#"{"phone": 5852292736, "n": 7}"#,
            r#"{"phone": "[PHONE]", "n": 7}"#,
        ),
        (r#"{"password":"hunter22"}"#, r#"{"password":"[SECRET]"}"#),
        // JSON in a string of JSON, as tools are called.
        (
            r#"{"arguments":"{\"to\":\"a\\nbob@example.org\"}"}"#,
            r#"{"arguments":"{\"to\":\"a\\n[EMAIL]\"}"}"#,
        ),
        (
            r#"["-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----\n"]"#,
            r#"["[PRIVATE_KEY]\n"]"#,
        ),
        (r#""bob@example.org""#, r#""[EMAIL]""#),
        ("4242424242424242", r#""[CREDIT_CARD]""#),
    ] {
        let redacted = redactor.redact_json(source, None).unwrap();
        assert_eq!(redacted.text, output, "{source}");
    }
}

#[test]
fn names_stay_different() {
    let source = r#"{"a@b.co":1,"c@d.co":{"a@b.co":2},"x":3,"[EMAIL] 2":4}"#;
    let redacted = all(Mode::Redact).redact_json(source, None).unwrap();
    assert_eq!(
        redacted.text,
        r#"{"[EMAIL]":1,"[EMAIL] 2":{"[EMAIL]":2},"x":3,"[EMAIL] 2 2":4}"#
    );
    assert_eq!(redacted.counts[&Kind::Email], 3);
}

#[test]
fn names_are_compared_as_a_reader_decodes_them() {
    let redactor = all(Mode::Redact);
    for (source, output) in [
        // Not the empty name that what is behind the escaped quote would be.
        (
            r#"{"":0,"fe80::1\"":false}"#,
            r#"{"":0,"[IP_ADDRESS]\"":false}"#,
        ),
        // The same name, one with an escape and one without.
        (
            r#"{"[EMAIL]\u0021":1,"a@b.co!":2}"#,
            r#"{"[EMAIL]\u0021":1,"[EMAIL]! 2":2}"#,
        ),
        (
            r#"{"a@b.co\n":1,"[EMAIL]\u000a":2}"#,
            r#"{"[EMAIL]\n":1,"[EMAIL]\u000a 2":2}"#,
        ),
    ] {
        let redacted = redactor.redact_json(source, None).unwrap();
        assert_eq!(redacted.text, output, "{source}");
        let read: Value = serde_json::from_str(&redacted.text).unwrap();
        assert_eq!(read.as_object().unwrap().len(), 2, "{source}");
    }
}

#[test]
fn what_reaches_over_strings_is_cut_at_them() {
    let policy = Policy::new(Mode::Redact)
        .with_custom("ALL", ".+", None)
        .unwrap();
    let redactor = Redactor::new(&policy).unwrap();
    let redacted = redactor.redact_json(r#"{"a":["b",null]}"#, None).unwrap();
    assert_eq!(redacted.text, r#"{"[ALL]":["[ALL]","[ALL]"]}"#);
}

#[test]
fn no_document_is_refused_with_its_place() {
    let redactor = all(Mode::Redact);
    for source in ["", "{", "{\"a\":}", "nothing", "[1] 2", "[\"\n\"]"] {
        let refused = redactor.redact_json(source, None).unwrap_err();
        assert!(matches!(refused, RedactError::NotJson { .. }), "{source}");
        assert!(refused.to_string().contains("line "));
    }
    // Deep nesting overflows nothing.
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let _ = redactor.redact_json(&deep, None);
}
