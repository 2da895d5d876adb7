//! Policies as JSON: one canonical form, and what is refused where.

use ai_audit_pii::{Kind, MAX_CUSTOM, MAX_PATTERN, Mode, Policy};

#[test]
fn policies_that_mean_the_same_have_one_form() {
    let canonical = r#"{"custom":[{"name":"A","pattern":"a"},{"mode":"mask","name":"B","pattern":"b"}],"default":"redact","kinds":{"EMAIL":"off","PHONE":"mask"},"version":1}"#;
    for text in [
        canonical,
        r#" { "version" : 1 , "kinds": {"PHONE":"mask","IBAN":"redact","EMAIL":"off"},
             "custom": [{"pattern":"b","name":"B","mode":"mask"},{"name":"A","pattern":"\u0061","mode":"redact"}] }"#,
    ] {
        assert_eq!(Policy::from_json(text).unwrap().to_json(), canonical);
    }
    let built = Policy::default()
        .with_mode(Kind::Email, Mode::Mask)
        .with_custom("B", "b", Some(Mode::Mask))
        .unwrap()
        .with_custom("A", "a", Some(Mode::Redact))
        .unwrap()
        .with_mode(Kind::Phone, Mode::Mask)
        .with_mode(Kind::Email, Mode::Off);
    assert_eq!(built.to_json(), canonical);
    assert_eq!(Policy::from_json(canonical).unwrap(), built);
    let empty = r#"{"custom":[],"default":"redact","kinds":{},"version":1}"#;
    assert_eq!(
        Policy::from_json(r#"{"version":1}"#).unwrap().to_json(),
        empty
    );
    assert_eq!(Policy::default().to_json(), empty);
}

#[test]
fn bad_policies_are_refused_with_their_place() {
    for (text, place, reason) in [
        ("", "line 1", "EOF"),
        ("[]", "line 1", ""),
        ("{}", "line 1", "version"),
        ("{\"version\":2}", "version", "version 2"),
        (
            "{\"version\":1,\n\"mode\":\"mask\"}",
            "line 2",
            "unknown field `mode`",
        ),
        ("{\"version\":1,\"version\":1}", "line 1", "duplicate"),
        (
            "{\"version\":1,\n\n\"default\":\"hide\"}",
            "line 3",
            "redact, mask",
        ),
        (
            "{\"version\":1,\"kinds\":{\"NAME\":\"mask\"}}",
            "line 1",
            "PRIVATE_KEY, JWT",
        ),
        (
            "{\"version\":1,\"kinds\":{\"EMAIL\":\"mask\",\"EMAIL\":\"off\"}}",
            "line 1",
            "twice",
        ),
        (
            "{\"version\":1,\"custom\":[{\"name\":\"A\"}]}",
            "line 1",
            "pattern",
        ),
        (
            "{\"version\":1,\"custom\":[{\"name\":\"EMAIL\",\"pattern\":\"a\"}]}",
            "custom kind \"EMAIL\"",
            "none of the built-in",
        ),
        (
            "{\"version\":1,\"custom\":[{\"name\":\"A\",\"pattern\":\"a(\"}]}",
            "custom kind \"A\", pattern",
            "unclosed group",
        ),
        ("{\"version\":1} x", "line 1", "trailing"),
    ] {
        let error = Policy::from_json(text).unwrap_err();
        assert!(error.place().contains(place), "{text}: {error}");
        assert!(error.reason().contains(reason), "{text}: {error}");
    }
    let long = format!("{{\"version\":1{}}}", " ".repeat(256 * 1024));
    assert!(Policy::from_json(&long).is_err());
}

#[test]
fn bad_patterns_are_refused_when_the_policy_is_made() {
    let add = |pattern: &str| Policy::default().with_custom("A", pattern, None);
    for (pattern, reason) in [
        ("a*", "empty text"),
        ("^", "empty text"),
        (r"a\b|", "empty text"),
        ("(?=a)", "look-around"),
        (r"(a)\1", "backreferences"),
        ("[a-", "unclosed character class"),
        (r"(\w{50}){50}x", "size limit"),
        (&"a".repeat(MAX_PATTERN + 1), "at most 1024"),
    ] {
        let error = add(pattern).unwrap_err();
        assert_eq!(error.place(), "custom kind \"A\", pattern");
        assert!(error.reason().contains(reason), "{pattern}: {error}");
    }
    assert!(add(&"a".repeat(MAX_PATTERN)).is_ok());
    let twice = add("a").unwrap().with_custom("A", "b", None);
    assert!(twice.unwrap_err().to_string().contains("two of that name"));
    let full = (0..MAX_CUSTOM).fold(Policy::default(), |policy, n| {
        policy.with_custom(&format!("A{n}"), "a", None).unwrap()
    });
    assert!(full.with_custom("B", "b", None).is_err());
}

#[test]
fn patterns_match_lines_and_characters() {
    let policy = Policy::new(Mode::Off)
        .with_custom("ALL", "(?s)x.+", Some(Mode::Redact))
        .unwrap();
    let redactor = ai_audit_pii::Redactor::new(&policy).unwrap();
    let redacted = redactor.redact("a xé\nb\nxx", None).unwrap();
    assert_eq!(redacted.text, "a [ALL]\nb\n[ALL]");
}
