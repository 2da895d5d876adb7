//! Records in files of all forms.

use crate::sources::{expect, own, pinned, sized, verify_text};
use ai_audit_import::{MAX_RECORD, RecordSplitter, SplitError};
use ai_audit_testkit::python::{decisions, lines};
use proptest::prelude::*;
use serde_json::Value;

type Found = Vec<(u64, Result<String, SplitError>)>;

fn split(text: &[u8], piece: usize) -> Found {
    let mut found = Vec::new();
    let mut each =
        |line: u64, record: Result<&str, _>| found.push((line, record.map(str::to_owned)));
    let mut splitter = RecordSplitter::new();
    for piece in text.chunks(piece) {
        splitter.push(piece, &mut each);
    }
    splitter.finish(&mut each);
    found
}

#[test]
fn genuine_records_in_all_forms() {
    let records = decisions(9, "acme", &own());
    let jsonl = lines(&records);
    let all = Value::from(records.clone());
    let one_by_one: String = records
        .iter()
        .map(|record| format!("{record:#}\n"))
        .collect();
    let two_arrays = format!(
        "{}\n{:#}",
        Value::from(&records[..4]),
        Value::from(&records[4..])
    );
    for text in [
        jsonl.clone(),
        jsonl.trim_end().to_owned(),
        jsonl.replace('\n', "\r\n"),
        jsonl.replace('\n', "\n\n \t\r\n"),
        format!("\n\n{jsonl}"),
        all.to_string(),
        format!("{all:#}"),
        format!("{all:#}").replace('\n', "\r\n"),
        one_by_one.clone(),
        one_by_one.replace('\n', "\n\n"),
        jsonl.replace('\n', ""),
        jsonl.replace('\n', " "),
        two_arrays,
    ] {
        expect(&verify_text(text.as_bytes(), &sized(9)), "vvv", &[]);
    }
    let one = format!("{:#}", decisions(1, "acme", &own())[0]);
    expect(&verify_text(one.as_bytes(), &sized(1)), "vvv", &[]);
    assert_eq!(split(b"[]", 1), []);
    assert_eq!(split(b"", 1), []);
}

#[test]
fn a_byte_order_mark_is_refused() {
    let text = [
        b"\xef\xbb\xbf",
        lines(&decisions(3, "acme", &own())).as_bytes(),
    ]
    .concat();
    let report = verify_text(&text, &pinned());
    expect(&report, "fvu", &["malformed"]);
    assert!(
        report.findings[0].reason.contains("byte order mark"),
        "{report:?}"
    );
    assert_eq!(
        (report.findings[0].line, report.counts.decisions),
        (Some(1), 3)
    );
    // Half of one is no mark.
    assert_eq!(
        split(b"\xef\xbb", 1),
        [(1, Err(SplitError::Utf8 { offset: 0 }))]
    );
}

#[test]
fn what_is_wrong_stays_in_its_line() {
    let good = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"];
    for bad in [
        "{\"x",
        "{\"x\":",
        "{\"x\":[",
        "x",
        "]",
        "[1",
        "\"",
        "{\"x\":{}",
        "{}}",
    ] {
        for place in 0..4 {
            let mut lines = good.to_vec();
            lines.insert(place, bad);
            let text = lines.join("\n");
            for piece in [1, 3, 1000] {
                let found = split(text.as_bytes(), piece);
                let whole: Vec<&str> = found
                    .iter()
                    .filter_map(|(_, record)| record.as_deref().ok())
                    .filter(|record| good.contains(record))
                    .collect();
                assert_eq!(whole, good, "{text}");
                let others: Vec<u64> = found
                    .iter()
                    .filter(|(_, record)| !record.as_deref().is_ok_and(|r| good.contains(&r)))
                    .map(|(line, _)| *line)
                    .collect();
                assert!(!others.is_empty(), "{text}: {found:?}");
                assert!(
                    others.iter().all(|line| *line == place as u64 + 1),
                    "{text}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn arrays_that_are_none() {
    for text in [
        "[{\"a\":1},]",
        "[,{\"a\":1}]",
        "[{\"a\":1} {\"b\":2}]",
        "[{\"a\":1},,{\"b\":2}]",
        "[{\"a\":1}",
        "[{\"a\":1},",
        "[",
        "[1]",
        "[{\"a\":1}]]",
        "[{\"a\":1}]x",
        "[[{\"a\":1}]]",
    ] {
        let found = split(text.as_bytes(), 1);
        let wrong = |(_, record): &(u64, Result<String, SplitError>)| {
            record.as_ref().map_or(true, |text| {
                serde_json::from_str::<serde_json::Map<String, Value>>(text).is_err()
            })
        };
        assert!(found.iter().any(wrong), "{text}: {found:?}");
    }
}

#[test]
fn a25_a_line_of_20_mib() {
    let records = decisions(3, "acme", &own());
    let long = vec![b'x'; 20 << 20];
    let inside = [b"{\"a\":\"", long.as_slice(), b"\"}"].concat();
    let inside_lines = [b"{\n\"a\":\"", long.as_slice(), b"\"}"].concat();
    let (first, rest) = (lines(&records[..1]), lines(&records[1..]));
    for long in [&long, &inside, &vec![b'{'; 20 << 20], &vec![b'['; 20 << 20]] {
        for text in [
            [first.as_bytes(), long.as_slice(), b"\n", rest.as_bytes()].concat(),
            [long.as_slice(), b"\n", lines(&records).as_bytes()].concat(),
        ] {
            let report = verify_text(&text, &sized(3));
            expect(&report, "fvu", &["malformed"]);
            assert_eq!(report.counts.decisions, 3);
        }
    }
    let text = [inside_lines.as_slice(), b"\n", lines(&records).as_bytes()].concat();
    let report = verify_text(&text, &sized(3));
    assert!(report.verdict.integrity.is_failed());
    assert_eq!(report.counts.decisions, 3);
    // The longest that is taken, and one byte more.
    let most = vec![b'x'; MAX_RECORD];
    assert!(split(&most, 1 << 16)[0].1.is_ok());
    let more = vec![b'x'; MAX_RECORD + 1];
    assert_eq!(split(&more, 1 << 16), [(1, Err(SplitError::TooLong))]);
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        text in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ \n\r\xef\xbb\xbfa1".to_vec()), 0..60),
        piece in 1_usize..20,
    ) {
        prop_assert_eq!(split(&text, piece), split(&text, 1000));
    }

    #[test]
    fn lines_come_back(values in proptest::collection::vec("[a-z{}\\[\\]\", \u{e9}]{0,9}", 1..9)) {
        let records: Vec<Value> = values.iter().map(|value| serde_json::json!({"v": value})).collect();
        for text in [lines(&records), Value::from(records.clone()).to_string(), format!("{:#}", Value::from(records.clone()))] {
            let found: Vec<Value> = split(text.as_bytes(), 7)
                .into_iter()
                .map(|(_, record)| serde_json::from_str(&record.unwrap()).unwrap())
                .collect();
            prop_assert_eq!(&found, &records);
        }
    }
}
