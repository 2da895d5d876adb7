//! A22: JSON that two readers could understand differently, or that exhausts one; in records.

use ai_audit_import::{Json, JsonErrorKind, Keys, Problem, Record, RecordError};
use proptest::prelude::*;

use crate::made::{decision, keys, lines};

fn refused(text: &str) -> (JsonErrorKind, usize) {
    let error = Json::parse(text).expect_err(text);
    assert_eq!(
        Record::parse(text).unwrap_err(),
        RecordError::Json(error.clone())
    );
    (error.kind, error.offset)
}

#[test]
fn names_that_stand_twice() {
    for (text, name, offset) in [
        (r#"{"a":1,"a":1}"#, "a", 7),
        (r#"{"\u0061":1 , "a" : 2}"#, "a", 14),
        (
            r#"{"long name a":1,"x":2,"long name \u0061":2}"#,
            "long name a",
            23,
        ),
        (r#"{"":1,"":2}"#, "", 6),
        (r#"{"z":0,"y":{"b":1,"a":2,"b":3}}"#, "b", 24),
        (r#"[[{"x":[]},{"k":{},"k":{}}]]"#, "k", 19),
        (r#"{"\u0000":1,"":2,"\u0000":3}"#, "\0", 17),
    ] {
        assert_eq!(
            refused(text),
            (JsonErrorKind::DuplicateName(name.into()), offset),
            "{text}"
        );
    }
    let equal = r#"{"a":{"a":1},"a\u0000":2,"\u0000":[{"a":1},{"a":2}],"":3}"#;
    assert!(Json::parse(equal).is_ok());
    let error = Record::parse(r#"{"receipt_id": "a", "receipt_id": "b"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"member "receipt_id" twice in one object at byte 20, expected each name once"#
    );
}

#[test]
fn halves_of_surrogate_pairs() {
    for (text, offset) in [
        (r#""\ud800""#, 1),
        (r#""ab\udc00""#, 3),
        (r#""\ud800\ud800""#, 1),
        (r#""\ud83d\u0041""#, 1),
        (r#"{"\udfff":1}"#, 2),
        (r#"["\ud83d\n"]"#, 2),
        (r#""\ud83dx\ude00""#, 1),
    ] {
        assert_eq!(
            refused(text),
            (JsonErrorKind::LoneSurrogate, offset),
            "{text}"
        );
    }
}

#[test]
fn what_breaks_the_grammar() {
    for (text, offset) in [
        ("{'a':1}", 1),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("[1 2]", 3),
        ("{\"a\":1 \"b\":2}", 7),
        ("tru", 0),
        ("nulll", 4),
        ("\"a\nb\"", 2),
        ("\"\\x41\"", 2),
        ("\"\\u00g0\"", 5),
        ("\u{feff}{}", 0),
        ("{} {}", 3),
        ("[1]]", 3),
        ("\u{a0}1", 0),
        ("// x\n1", 0),
        ("01", 1),
        ("\"\u{1f}\"", 1),
    ] {
        let (kind, at) = refused(text);
        assert!(
            matches!(
                kind,
                JsonErrorKind::Syntax { .. } | JsonErrorKind::TrailingData
            ),
            "{text}: {kind:?}"
        );
        assert_eq!(at, offset, "{text}");
    }
    for text in [
        "", " ", "[", "{", "{\"a\"", "{\"a\":", "[1,", "\"", "\"\\", "\"\\u00", "-", "1.", "1e",
    ] {
        assert_eq!(
            refused(text),
            (JsonErrorKind::UnexpectedEnd, text.len()),
            "{text}"
        );
    }
}

#[test]
fn deep_nesting() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::parse(&nested(127)).is_ok());
    assert_eq!(refused(&nested(128)), (JsonErrorKind::TooDeep, 127));
    assert_eq!(refused(&nested(10_000)), (JsonErrorKind::TooDeep, 127));
    let objects = r#"{"a":"#.repeat(10_000);
    assert_eq!(refused(&objects), (JsonErrorKind::TooDeep, 127 * 5));
    // Wide is not deep.
    let wide = format!("[{}1]", "[],{},".repeat(100_000));
    assert_eq!(Json::parse(&wide).unwrap().to_compact(&[]), wide.as_bytes());
}

#[test]
fn exponents_and_digits_without_end() {
    let long = "9".repeat(100_000);
    for number in [
        "1e400",
        "-1E+999999999999999999999",
        "1e-999999999999999999999",
        &long,
    ] {
        let line = decision(
            "r",
            &format!(r#"{{"score":{number},"detail":{{"n":{number}}}}}"#),
        );
        // Signed as it stands, it is as genuine as its key; what is no finite number is left out.
        let mut record = Record::parse(&line).unwrap();
        assert_eq!(record.examine(&mut keys()).problem, None);
        assert!(record.content().is_some());
        // Put there afterwards, it is a change like any other.
        let line = decision("r", r#"{"score":0.5}"#).replace("0.5", number);
        let mut record = Record::parse(&line).unwrap();
        let problem = record.examine(&mut keys()).problem;
        assert!(matches!(problem, Some(Problem::Hash { .. })), "{problem:?}");
    }
}

#[test]
fn what_is_no_record() {
    for text in [
        "{}",
        "[]",
        "1",
        r#"{"receipt_id":"x"}"#,
        r#"{"receipt_id":"x","checks":[]}"#,
        r#"{"epoch_id":"","total_receipts":1}"#,
        r#"{"batch_id":"x","merkle_root":""}"#,
    ] {
        let error = Record::parse(text).unwrap_err();
        assert_eq!(error, RecordError::Unknown { offset: 0 }, "{text}");
    }
    let fields = [
        ("receipt_id", r#"{"receipt_id": 5,"tool_name":""}"#, 15),
        (
            "tenant_id",
            r#"{"receipt_id":"","tool_name":"","tenant_id":null}"#,
            44,
        ),
        (
            "receipt_hash",
            r#"{"receipt_id":"","tool_name":"","receipt_hash":{}}"#,
            47,
        ),
        (
            "signature",
            r#"{"receipt_id":"","tool_name":"","signature":["x"]}"#,
            44,
        ),
        (
            "timestamp",
            r#"{"receipt_id":"","tool_name":"","timestamp":0}"#,
            44,
        ),
        (
            "prev_receipt_hash",
            r#"{"receipt_id":"","tool_name":"","prev_receipt_hash":0}"#,
            52,
        ),
    ];
    for (field, text, offset) in fields {
        let expected = "a string";
        let error = Record::parse(text).unwrap_err();
        assert_eq!(
            error,
            RecordError::Field {
                field,
                offset,
                expected
            },
            "{text}"
        );
        assert_eq!(error.offset(), offset);
        assert_eq!(
            error.to_string(),
            format!("{field} at byte {offset}: expected a string")
        );
    }
    let batch = |members: &str| format!(r#"{{"batch_id":"","merkle_root":"",{members}}}"#);
    for members in [
        r#""receipt_ids":["a",1],"leaf_count":2"#,
        r#""receipt_ids":{},"leaf_count":0"#,
        r#""receipt_ids":[]"#,
        r#""receipt_ids":[],"leaf_count":-1"#,
        r#""receipt_ids":[],"leaf_count":1.0"#,
        r#""receipt_ids":[],"leaf_count":"1""#,
    ] {
        let text = batch(members);
        let error = Record::parse(&text).unwrap().batch_seal().unwrap_err();
        assert!(
            matches!(error, RecordError::Field { .. }),
            "{members}: {error:?}"
        );
    }
    let epoch = r#"{"epoch_id":"","merkle_root":"","first_receipt_hash":"","receipt_count":-1}"#;
    assert!(Record::parse(epoch).unwrap().epoch_seal().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn texts_never_panic(text in ".{0,200}") {
        let _ = Record::parse(&text);
    }

    /// Records with bytes put in, taken away and exchanged, as a fuzzer would.
    #[test]
    fn what_is_like_a_record_never_panics(
        line in prop::sample::select(lines()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, prop::sample::select(
            br#"{}[]",:\u0123456789.eE+-tfnabdX "#.to_vec())), 1..6),
    ) {
        let mut bytes = line.as_bytes().to_vec();
        for (at, edit, byte) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(text) = core::str::from_utf8(&bytes) && let Ok(mut record) = Record::parse(text) {
            let _ = record.examine(&mut Keys::new([]));
            let _ = (record.content(), record.time(), record.batch_seal(), record.epoch_seal());
        }
    }
}
