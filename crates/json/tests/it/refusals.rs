//! Texts that are not JSON: which kind, where, and the words of the message.

use ai_audit_json::{ErrorKind, canonicalize, canonicalize_bytes};

fn syntax(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}

#[test]
fn kinds_and_places() {
    let value = "a value: null, true, false, a number, a string, an array or an object";
    let number = "a number as JSON writes it, such as -1.5e3";
    for (text, kind, offset) in [
        ("", ErrorKind::Empty, 0),
        (" \r\n\t", ErrorKind::Empty, 0),
        ("[1,2", ErrorKind::UnexpectedEnd, 4),
        ("\"abc", ErrorKind::UnexpectedEnd, 4),
        ("\"\\ud83", ErrorKind::UnexpectedEnd, 6),
        ("{\"a\":1,", ErrorKind::UnexpectedEnd, 7),
        ("tru", ErrorKind::UnexpectedEnd, 3),
        ("-", ErrorKind::UnexpectedEnd, 1),
        ("1 2", ErrorKind::TrailingData, 2),
        ("{}\n{}", ErrorKind::TrailingData, 3),
        ("null\0", ErrorKind::TrailingData, 4),
        (
            "[1,]",
            syntax("no comma in front of the closing bracket"),
            3,
        ),
        (
            "{\"a\":1,}",
            syntax("no comma in front of the closing bracket"),
            7,
        ),
        ("[1 2]", syntax("`,` or `]`"), 3),
        ("{\"a\":1 \"b\":2}", syntax("`,` or `}`"), 7),
        ("{\"a\" 1}", syntax("`:` behind the member name"), 5),
        ("{a:1}", syntax("a member name in double quotes"), 1),
        ("{1:1}", syntax("a member name in double quotes"), 1),
        ("['a']", syntax(value), 1),
        ("\u{feff}1", syntax(value), 0),
        ("[1,\n\ntrue,\n  nulL]", syntax(value), 16),
        ("[// no comments\n1]", syntax(value), 1),
        ("[01]", syntax(number), 2),
        ("[1.]", syntax(number), 3),
        ("[-a]", syntax(number), 2),
        ("[+1]", syntax(value), 1),
        ("[.5]", syntax(value), 1),
        ("[0x10]", syntax("`,` or `]`"), 2),
        (
            "\"\\x\"",
            syntax(r#"one of the escapes \" \\ \/ \b \f \n \r \t \uXXXX"#),
            2,
        ),
        ("\"a\tb\"", syntax("control characters as escapes"), 2),
    ] {
        let error = canonicalize(text).expect_err(text);
        assert_eq!(error.kind, kind, "{text:?}");
        assert_eq!(error.offset, offset, "{text:?}");
    }
}

#[test]
fn messages() {
    for (text, message) in [
        (
            "",
            "no JSON value at byte 0 (line 1, column 1), expected one value",
        ),
        (
            "[1,\n 2}",
            "invalid JSON at byte 6 (line 2, column 3), expected `,` or `]`",
        ),
        (
            "[1]\n\nx",
            "data behind the JSON value at byte 5 (line 3, column 1), expected the end of the text",
        ),
        (
            "[1",
            "JSON text ends too early at byte 2 (line 1, column 3), expected the rest of the value",
        ),
        (
            "12345678901234567",
            "integer beyond ±2^53 at byte 0 (line 1, column 1), expected a smaller number, or the \
             digits as a string",
        ),
    ] {
        assert_eq!(canonicalize(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn long_names_are_cut_in_messages() {
    let name = "n\u{1b}[31m".repeat(10_000);
    let escaped = name.replace('\u{1b}', "\\u001b");
    let error = canonicalize(&format!("{{\"{escaped}\":1,\"{escaped}\":2}}")).unwrap_err();
    let message = error.to_string();
    assert_eq!(error.kind, ErrorKind::DuplicateKey(name));
    assert!(message.len() < 400, "{}", message.len());
    assert!(!message.contains('\u{1b}'));
}

#[test]
fn invalid_utf8() {
    for (bytes, offset) in [
        (&b"\xff"[..], 0),
        (b"{\"a\":\n\"\xc3\"}", 7),
        (b"\"\xc0\x80\"", 1),
        (b"\"\xf4\x90\x80\x80\"", 1),
    ] {
        let error = canonicalize_bytes(bytes).unwrap_err();
        assert_eq!(
            (&error.kind, error.offset),
            (&ErrorKind::InvalidUtf8, offset)
        );
        assert!(
            error.to_string().starts_with("invalid UTF-8 at byte "),
            "{error}"
        );
    }
}

/// `serde_json` passes numbers as objects with this name in builds that this is not.
#[test]
fn a_name_that_serde_json_keeps_for_itself_is_a_name() {
    let text = r#"{"$serde_json::private::Number":"1.5"}"#;
    assert_eq!(canonicalize(text).as_deref(), Ok(text));
}
