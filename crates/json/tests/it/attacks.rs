//! Attack A22: JSON that two readers could understand differently, or that exhausts one.

use ai_audit_json::{
    Error, ErrorKind, MAX_DEPTH, canonicalize, canonicalize_bytes, canonicalize_into, is_canonical,
};

fn refusal(text: &str) -> Error {
    let mut out = String::from("before");
    let error = canonicalize_into(text, &mut out).expect_err(text);
    assert_eq!(out, "before", "a refused text leaves nothing behind");
    assert_eq!(canonicalize_bytes(text.as_bytes()).as_ref(), Err(&error));
    assert!(!is_canonical(text));
    error
}

#[test]
fn a22_duplicate_keys() {
    for (text, name, offset) in [
        (r#"{"a":1,"a":1}"#, "a", 7),
        (r#"{"a":1,"a":2}"#, "a", 7),
        (r#"{"a":1,"\u0061":2}"#, "a", 7),
        (r#"{"\u0061":1 , "a" : 2}"#, "a", 14),
        (r#"{"é":1,"b":2,"\u00E9":3}"#, "é", 14),
        (r#"{"\ud83d\ude00":1,"😀":2}"#, "😀", 18),
        (r#"{"\n":1,"\u000a":2}"#, "\n", 8),
        (r#"{"/":1,"\/":2}"#, "/", 7),
        (r#"{"q\"":1,"q\u0022":2}"#, "q\"", 9),
        (r#"{"\\\"":1,"\\\"":2}"#, "\\\"", 10),
        (r#"{"":1,"":2}"#, "", 6),
        (r#"{"z":0,"y":{"b":1,"a":2,"b":3}}"#, "b", 24),
        (r#"[[{"x":[]},{"k":{},"k":{}}]]"#, "k", 19),
        // Names that a map with default values for its prototype would mix up.
        (r#"{"__proto__":1,"a":2,"__proto__":3}"#, "__proto__", 21),
    ] {
        let error = refusal(text);
        assert_eq!(error.kind, ErrorKind::DuplicateKey(name.into()), "{text}");
        assert_eq!(error.offset, offset, "{text}");
        let shown = format!("duplicate member name {name:?} at byte {offset}");
        assert!(error.to_string().starts_with(&shown), "{error}");
    }
}

#[test]
fn a22_equal_keys_of_different_objects_are_fine() {
    let text = r#"[{"a":{"a":{"a":1}}},{"a":2}]"#;
    assert_eq!(canonicalize(text).unwrap(), text);
}

#[test]
fn a22_keys_that_only_look_alike_are_two() {
    // Composed and decomposed: no normalisation, so no duplicate.
    let text = "{\"e\u{301}\":1,\"\u{e9}\":2}";
    assert_eq!(canonicalize(text).unwrap(), text);
}

#[test]
fn a22_duplicate_among_many_keys() {
    let mut text = String::from("{");
    for index in 0..50_000_u32 {
        text.push_str(&format!(
            "\"k{}\":{index},",
            index.wrapping_mul(2_654_435_761)
        ));
    }
    let offset = text.len();
    text.push_str("\"k2654435761\":0}");
    let error = refusal(&text);
    assert_eq!(error.kind, ErrorKind::DuplicateKey("k2654435761".into()));
    assert_eq!(error.offset, offset);
}

#[test]
fn a22_lone_surrogates() {
    for (text, offset) in [
        (r#""\ud800""#, 1),
        (r#""\uDFFF""#, 1),
        (r#""ab\uDC00cd""#, 3),
        (r#""\ud83d\ud83d\ude00""#, 7),
        (r#""\ud800x""#, 1),
        (r#""\ud800\n""#, 1),
        (r#""\ud800\u0041""#, 1),
        (r#""\ude00\ud83d""#, 1),
        (r#"{"\ud800":1}"#, 2),
        (r#"{"a":["\udbff"]}"#, 7),
    ] {
        let error = refusal(text);
        assert_eq!(error.kind, ErrorKind::LoneSurrogate, "{text}");
        assert_eq!(error.offset, offset, "{text}");
    }
    assert_eq!(canonicalize(r#""\ud83d\ude00""#).unwrap(), "\"😀\"");
    // The same half as bytes is not UTF-8.
    let error = canonicalize_bytes(b"[\"\xed\xa0\x80\"]").unwrap_err();
    assert_eq!((error.kind, error.offset), (ErrorKind::InvalidUtf8, 2));
}

#[test]
fn a22_nan_and_infinities() {
    for (text, offset) in [
        ("NaN", 0),
        ("nan", 0),
        ("-NaN", 0),
        ("Infinity", 0),
        ("-Infinity", 0),
        ("[1, -inf]", 4),
        ("{\"a\": NaN}", 6),
    ] {
        let error = refusal(text);
        assert_eq!(error.kind, ErrorKind::NotFinite, "{text}");
        assert_eq!(error.offset, offset, "{text}");
    }
    // As strings they are strings.
    assert_eq!(
        canonicalize(r#"["NaN","-Infinity"]"#).unwrap(),
        r#"["NaN","-Infinity"]"#
    );
}

#[test]
fn a22_huge_exponents() {
    for text in [
        "1e309",
        "-1e309",
        "1.7976931348623159e308",
        "1e99999999999999999999999999",
        "123456789012345678901234567890e2147483647",
        "0.1e2147483648",
    ] {
        let nested = format!("[0, {text}]");
        let error = refusal(&nested);
        assert_eq!(error.kind, ErrorKind::NumberOverflow, "{text}");
        assert_eq!(error.offset, 4, "{text}");
    }
    for (text, canonical) in [
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1.7976931348623158e308", "1.7976931348623157e+308"),
        ("1e-400", "0"),
        ("-1e-99999999999999999999", "0"),
        ("0e99999999999999999999", "0"),
        ("1E30", "1e+30"),
        ("1e21", "1e+21"),
        ("1e0", "1"),
    ] {
        assert_eq!(canonicalize(text).unwrap(), canonical, "{text}");
    }
}

#[test]
fn a22_long_numbers() {
    // An integer with a million digits is too large for a double; with a point in front it is not.
    let digits = "9".repeat(1_000_000);
    assert_eq!(refusal(&digits).kind, ErrorKind::NumberOverflow);
    assert_eq!(canonicalize(&format!("0.{digits}")).unwrap(), "1");
    assert_eq!(
        canonicalize(&format!("0.{}1", "0".repeat(1_000_000))).unwrap(),
        "0"
    );
}

#[test]
fn a22_integers_beyond_two_to_the_53() {
    for text in [
        "9007199254740993",
        "-9007199254740993",
        "9007199254740994",
        "10000000000000000",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "100000000000000000000",
        "999999999999999999999",
        "1000000000000000000000",
        "123456789012345678901234567890",
        "-123456789012345678901234567890",
        // Not integer literals, but their canonical forms would be.
        "1e20",
        "9007199254740994.0",
        "-1.5e16",
    ] {
        let nested = format!("{{\"1234567890123456789012345\\\"1\": [1, 1e30, {text}]}}");
        let error = refusal(&nested);
        assert_eq!(error.kind, ErrorKind::IntegerRange, "{text}");
        assert_eq!(&nested[error.offset..error.offset + text.len()], text);
    }
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740991",
        "0",
        "-1",
        "10",
    ] {
        assert_eq!(canonicalize(text).unwrap(), text);
    }
    assert_eq!(
        canonicalize("9007199254740991.0").unwrap(),
        "9007199254740991"
    );
    assert_eq!(canonicalize("[-0, -0.0, -0e5]").unwrap(), "[0,0,0]");
    // Digits in strings are text.
    let text = r#"["123456789012345678901234567890",1e+30]"#;
    assert_eq!(canonicalize(text).unwrap(), text);
}

#[test]
fn a22_nesting() {
    let arrays = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert_eq!(canonicalize(&arrays(MAX_DEPTH)).unwrap(), arrays(MAX_DEPTH));
    assert_eq!(
        canonicalize(&objects(MAX_DEPTH)).unwrap(),
        objects(MAX_DEPTH)
    );
    for levels in [MAX_DEPTH + 1, 10_000, 1_000_000] {
        let error = refusal(&arrays(levels));
        assert_eq!((error.kind, error.offset), (ErrorKind::TooDeep, MAX_DEPTH));
        let error = refusal(&objects(levels));
        assert_eq!(
            (error.kind, error.offset),
            (ErrorKind::TooDeep, MAX_DEPTH * 5)
        );
        let error = refusal(&"[".repeat(levels));
        assert_eq!(error.kind, ErrorKind::TooDeep);
    }
    // Wide is not deep.
    assert!(canonicalize(&format!("[{}[]]", "[],".repeat(100_000))).is_ok());
}

#[test]
fn a22_nesting_needs_little_stack() {
    let text = "[{\"b\":".repeat(5_000);
    let deepest = format!("{}1{}", "[{\"b\":".repeat(63), "}]".repeat(63));
    std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(move || {
            assert_eq!(canonicalize(&text).unwrap_err().kind, ErrorKind::TooDeep);
            assert_eq!(canonicalize(&deepest).unwrap(), deepest);
        })
        .unwrap()
        .join()
        .unwrap();
}
