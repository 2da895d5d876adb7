//! The reader and its two writers.

use ai_audit_import::{Json, JsonErrorKind};
use proptest::prelude::*;

/// The text and what Python 3.11's `json.dumps(…, sort_keys=True)` made of it.
#[test]
fn spaced_is_what_python_writes() {
    let text = "{\"z\":\"\\u0000\\u001f\u{7f}\u{80} é\u{2028}\u{ffff}😀\\\"\\\\/\\b\\f\\n\\r\\t~\",\
                \"a\":[1,[],{}],\"é\":null,\"Z\":{\"b\":true,\"a\":1.5},\"😀\":1,\"\u{e000}\":2}";
    let python = r#"{"Z": {"a": 1.5, "b": true}, "a": [1, [], {}], "z": "\u0000\u001f\u007f\u0080 \u00e9\u2028\uffff\ud83d\ude00\"\\/\b\f\n\r\t~", "\u00e9": null, "\ue000": 2, "\ud83d\ude00": 1}"#;
    let json = Json::parse(text).unwrap();
    assert_eq!(String::from_utf8(json.to_spaced(&[])).unwrap(), python);
    // What was written is read back to the same.
    let again = Json::parse(python).unwrap();
    assert_eq!(again.to_compact(&[]), json.to_compact(&[]));
}

/// The text and what orjson 3.13 made of it with sorted keys.
#[test]
fn compact_is_what_orjson_writes() {
    let text = r#"{"s":"\u0000\b\t\n\u000B\f\r\u001f\u007F\u0080\u2028\"\\\/\u00E9\ud83d\uDE00","😀":3,"\ue000":2,"":5,"A":1}"#;
    let orjson = "{\"\":5,\"A\":1,\"s\":\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}\u{80}\u{2028}\\\"\\\\/é😀\",\"\u{e000}\":2,\"😀\":3}";
    let json = Json::parse(text).unwrap();
    assert_eq!(String::from_utf8(json.to_compact(&[])).unwrap(), orjson);
}

#[test]
fn only_members_of_the_outermost_object_are_left_out() {
    let json = Json::parse(r#"{"b":{"x":1},"\u0078":2,"a":[{"x":3}]}"#).unwrap();
    assert_eq!(json.to_compact(&["x"]), br#"{"a":[{"x":3}],"b":{"x":1}}"#);
    assert_eq!(json.to_spaced(&["x", "a"]), br#"{"b": {"x": 1}}"#);
}

#[test]
fn numbers_keep_their_text() {
    for number in [
        "0",
        "-0",
        "-0.0",
        "1E+05",
        "1e400",
        "1.50",
        "123456789012345678901234567890",
    ] {
        let text = format!("[{number}]");
        let json = Json::parse(&text).unwrap();
        let items: Vec<_> = json.root().items().map(|item| item.number()).collect();
        assert_eq!(items, [Some(number)]);
        assert_eq!(json.to_compact(&[]), text.as_bytes());
    }
    for number in [
        "01", "1.", ".5", "+1", "1e", "1e+", "-", "NaN", "Infinity", "0x1", "1_0",
    ] {
        assert!(Json::parse(number).is_err(), "{number}");
    }
    let json = Json::parse("[18446744073709551615,18446744073709551616,-1,1.0]").unwrap();
    let integers: Vec<_> = json.root().items().map(|item| item.integer()).collect();
    assert_eq!(integers, [Some(u64::MAX), None, None, None]);
}

#[test]
fn values_are_what_they_are() {
    let text = r#"{"o":{"b":1,"a":[]},"a":[null,true,false,"x","\u0000"],"s":"ü"}"#;
    let json = Json::parse(text).unwrap();
    let root = json.root();
    assert!(root.is_object() && !root.is_array() && root.get("none").is_none());
    let object = root.get("o").unwrap();
    let names: Vec<_> = object.members().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(object.items().next().is_none() && object.string().is_none());
    let array = root.get("a").unwrap();
    assert!(array.is_array() && array.members().next().is_none());
    let items: Vec<_> = array.items().collect();
    assert_eq!(items.len(), 5);
    assert!(items[0].is_null() && !items[1].is_null());
    assert_eq!(
        (items[1].boolean(), items[2].boolean()),
        (Some(true), Some(false))
    );
    assert_eq!(items[0].boolean(), None);
    assert_eq!(items[4].string().as_deref(), Some("\0"));
    assert_eq!(Some(items[3].offset()), text.find("\"x\""));
    assert_eq!(Some(root.get("s").unwrap().offset()), text.find("\"ü"));
}

/// JSON values, as a reader that others wrote sees them.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let members = prop::collection::btree_map(".{0,10}", inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Into::into),
            members.prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// serde_json keeps objects sorted by their names' bytes, and escapes as little as orjson does.
    #[test]
    fn compact_is_what_another_writer_makes(value in any_json()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let json = Json::parse(&text).unwrap();
        let compact = String::from_utf8(json.to_compact(&[])).unwrap();
        prop_assert_eq!(&compact, &serde_json::to_string(&value).unwrap());
        let spaced = String::from_utf8(json.to_spaced(&[])).unwrap();
        prop_assert!(spaced.is_ascii());
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&spaced).unwrap(), value);
    }

    /// Whatever this reader takes, another one takes, and the other way round but for doubled names.
    #[test]
    fn both_readers_take_the_same(text in r#"[\[\]{},:" \\ua0-9.eE+\-tfn]{0,24}|[{]"a":.{0,8}[}]"#) {
        let other = serde_json::from_str::<serde_json::Value>(&text);
        match Json::parse(&text) {
            Ok(_) => prop_assert!(other.is_ok() || other.unwrap_err().to_string().contains("out of range")),
            Err(error) if matches!(error.kind, JsonErrorKind::DuplicateName(_)) => {}
            Err(error) => prop_assert!(other.is_err(), "{}", error),
        }
    }
}
