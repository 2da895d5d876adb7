//! What the Python library wrote: its JSON, records, packages, and the bodies that bring them.

use crate::edits::{Edit, edit, long};
use ai_audit_core::{
    BulkVerifier, Exit, Imported, ImportedRecord, Kind, LeafHash, Question, SigningKey,
    UnverifiedReceipt, decode_body,
};
use ai_audit_export::{is_python_package, verify_python_package};
use ai_audit_import::{
    EvidenceVerifier, Item, Json, JsonErrorKind, JsonValue, Keys, PythonReport, Record,
    RecordSplitter, SourceTrust, check_item,
};
use ai_audit_testkit::python::{PythonFiles, batch_seal, decisions, epoch_seal, lines, tool_calls};
use arbitrary::Arbitrary;
use serde_json::Value;
use std::sync::LazyLock;

fn own() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn trust(size: Option<u64>) -> SourceTrust {
    SourceTrust {
        keys: vec![own().verifying_key()],
        min_size: size,
    }
}

/// Genuine records: decisions and tool calls of two tenants, and seals.
static RECORDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let receipts = decisions(5, "acme", &own());
    let seals = [
        batch_seal(1, &receipts[..3], "", &own()),
        epoch_seal(1, &receipts, "", &own()),
    ];
    [&receipts[..], &seals, &tool_calls(3, "other", &own())].concat()
});

/// Any bytes as the JSON of records, against `serde_json`.
pub fn python_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for long in long(data)
        .iter()
        .filter_map(|long| std::str::from_utf8(long).ok())
    {
        let _ = (
            Json::parse(long).map(|json| json.to_spaced(&[])),
            Record::parse(long).is_ok(),
        );
    }
    let theirs = serde_json::from_str::<Value>(text);
    match Json::parse(text) {
        Ok(json) => {
            let compact = String::from_utf8(json.to_compact(&[])).expect("it is UTF-8");
            let spaced = String::from_utf8(json.to_spaced(&[])).expect("it is UTF-8");
            assert!(spaced.is_ascii());
            for written in [&compact, &spaced] {
                let again = Json::parse(written).expect("what was written is read");
                assert_eq!(again.to_compact(&[]), compact.as_bytes());
                assert_eq!(again.to_spaced(&[]), spaced.as_bytes());
            }
            match theirs {
                Ok(value) => same(&json.root(), &value),
                // Numbers are texts here, and doubles there.
                Err(error) => assert!(error.to_string().contains("number out of range"), "{error}"),
            }
        }
        Err(error) => {
            let grammar = matches!(
                error.kind,
                JsonErrorKind::Syntax { .. }
                    | JsonErrorKind::UnexpectedEnd
                    | JsonErrorKind::TrailingData
                    | JsonErrorKind::LoneSurrogate
                    | JsonErrorKind::TooDeep
            );
            assert!(!grammar || theirs.is_err(), "{error}");
            assert!(error.offset <= text.len());
        }
    }
}

/// Whether both readers saw the same value.
fn same(ours: &JsonValue<'_, '_>, theirs: &Value) {
    match theirs {
        Value::Null => assert!(ours.is_null()),
        Value::Bool(value) => assert_eq!(ours.boolean(), Some(*value)),
        Value::Number(number) => {
            let text = ours.number().expect("a number");
            let read: f64 = text.parse().expect("a number");
            assert_eq!(ours.integer(), text.parse().ok());
            assert!((number.as_f64().expect("a double") - read).abs() <= read.abs() * 1e-15);
        }
        Value::String(text) => assert_eq!(ours.string().as_deref(), Some(&**text)),
        Value::Array(items) => {
            assert!(ours.is_array() && ours.items().count() == items.len());
            ours.items()
                .zip(items)
                .for_each(|(ours, theirs)| same(&ours, theirs));
        }
        Value::Object(members) => {
            assert!(ours.is_object() && ours.members().count() == members.len());
            for (name, theirs) in members {
                same(&ours.get(name).expect("it has the member"), theirs);
            }
        }
    }
}

fn split(
    text: &[u8],
    piece: usize,
    splitter: RecordSplitter,
) -> Vec<(u64, Result<String, String>)> {
    let mut found = Vec::new();
    let mut splitter = splitter;
    let mut each = |line: u64, record: Result<&str, ai_audit_import::SplitError>| {
        found.push((
            line,
            record.map(str::to_owned).map_err(|error| error.to_string()),
        ));
    };
    text.chunks(piece)
        .for_each(|piece| splitter.push(piece, &mut each));
    splitter.finish(&mut each);
    found
}

fn verify(records: &[(u64, Result<String, String>)], trust: &SourceTrust) -> PythonReport {
    let mut verifier = EvidenceVerifier::new(trust);
    for (line, record) in records {
        match record {
            Ok(text) => verifier.push_line(*line, text),
            Err(error) => verifier.push_unread(*line, error),
        }
    }
    verifier.finish()
}

/// Any bytes as records: pieces change nothing, and only what was signed is verified.
pub fn python_records(data: &[u8]) {
    for long in long(data) {
        verify(&split(&long, 4096, RecordSplitter::new()), &trust(None));
    }
    let found = split(data, 4096, RecordSplitter::new());
    assert_eq!(split(data, 1, RecordSplitter::new()), found);
    let as_lines = split(data, 7, RecordSplitter::lines());
    assert_eq!(split(data, 4096, RecordSplitter::lines()), as_lines);
    let report = verify(&found, &trust(None));
    if report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified() {
        for (_, record) in &found {
            let value: Value = serde_json::from_str(record.as_ref().expect("read")).expect("JSON");
            assert!(RECORDS.contains(&value), "nobody signed {value}");
        }
    }
    for (_, record) in found.iter().take(4) {
        if let Ok(text) = record {
            item(text);
        }
    }
}

/// A record, as a log would bring it: what a verifier makes of it agrees.
fn item(text: &str) {
    let source = LeafHash::from_bytes([7; 32]);
    let encoded = match Record::parse(text) {
        Ok(mut record) => {
            let examined = record.examine(&mut Keys::new([own().verifying_key()]));
            assert_eq!(record.original(), text);
            let Ok(item) = Item::new(&record, &examined, source, 0) else {
                return;
            };
            (
                item.encoded().to_vec(),
                item.trace_id().to_owned(),
                item.session_id().to_owned(),
                item.actor_id().to_owned(),
            )
        }
        Err(error) => {
            let Ok(item) = Item::unreadable(text, &error, source, 0) else {
                return;
            };
            (
                item.encoded().to_vec(),
                String::new(),
                String::new(),
                String::new(),
            )
        }
    };
    let (body, trace, session, actor) = encoded;
    let draft = crate::made::draft(3, &session).trace(&trace).actor(&actor);
    let head = ai_audit_core::Head::from_parts(
        ai_audit_core::LogId::ZERO,
        3,
        source,
        ai_audit_core::Timestamp::from_micros(1_790_000_000_000_000),
    );
    let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
    let Ok(sealed) = draft.seal_encoded(Kind::IMPORTED, &body, &head, &own(), &mut buf) else {
        return;
    };
    let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).expect("what was sealed is read");
    let body: Imported<'_> = decode_body(receipt.body()).expect("what was encoded is decoded");
    let ImportedRecord::Item(body) = body.record else {
        panic!("no item")
    };
    let checked = check_item(
        receipt.header(),
        &body,
        &mut BulkVerifier::in_little_memory(),
    );
    assert_eq!(checked, Ok(()), "an item that we made ourselves");
}

/// Any bytes as an imported item's body, in a header that says nothing.
pub fn imported(data: &[u8]) {
    let Ok(Imported {
        record: ImportedRecord::Item(item),
    }) = decode_body(data)
    else {
        return;
    };
    let mut buf = vec![0; ai_audit_core::MAX_SEALED_LEN];
    let time = ai_audit_core::Timestamp::from_micros(1_790_000_000_000_000);
    let head = ai_audit_core::Head::from_parts(ai_audit_core::LogId::ZERO, 3, item.source, time);
    // The header that the record itself would ask for, where it is one.
    let record = Record::parse(&item.original).ok();
    let of = |read: fn(&Record<'_>) -> String| record.as_ref().map(read).unwrap_or_default();
    let trace = of(|record| record.trace_id().to_owned());
    let session = of(|record| record.session_id().to_owned());
    let actor = of(|record| record.agent_id().to_owned());
    let draft = crate::made::draft(3, &session).trace(&trace).actor(&actor);
    let Ok(sealed) = draft.seal_encoded(Kind::IMPORTED, data, &head, &own(), &mut buf) else {
        return;
    };
    let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).expect("what was sealed is read");
    let _ = receipt.said();
    let mut bulk = BulkVerifier::in_little_memory();
    if check_item(receipt.header(), &item, &mut bulk).is_ok()
        && item.key == Some(own().verifying_key())
    {
        let value: Value = serde_json::from_str(&item.original).expect("a signed record is JSON");
        assert!(RECORDS.contains(&value), "nobody signed {value}");
    }
}

/// Any bytes as a package of the library.
pub fn python_package(data: &[u8]) {
    let _ = is_python_package(data);
    let report = verify_python_package(data, &trust(None), |_, _| {});
    let verdict = &report.verdict;
    assert!(!verdict.completeness.is_verified() && !verdict.time.is_verified());
}

/// Genuine records and packages, changed.
#[derive(Arbitrary, Debug)]
pub struct PythonCase {
    package: bool,
    file: u8,
    edits: Vec<Edit>,
    taken: Option<Vec<u8>>,
}

pub fn python_edited(case: PythonCase) {
    if case.package {
        let genuine = PythonFiles::new(&decisions(4, "acme", &own()), &own());
        let mut files = genuine.files();
        let place = usize::from(case.file) % files.len();
        edit(&mut files[place].1, &case.edits);
        let zip = ai_audit_testkit::python::python_zip(&files);
        let report = verify_python_package(&zip, &trust(Some(4)), |_, _| {});
        let exit = report.exit(&Question::DEFAULT);
        if files == genuine.files() {
            assert_eq!(exit, Exit::Verified, "{report:?}");
        } else if exit == Exit::Verified {
            // Only what means the same: white space in JSON and around the key.
            let bare = |bytes: &[u8]| -> Vec<u8> {
                bytes
                    .iter()
                    .copied()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect()
            };
            for ((name, ours), (_, theirs)) in files.iter().zip(genuine.files()) {
                assert_eq!(bare(ours), bare(&theirs), "{name}");
            }
        }
        return;
    }
    let all = decisions(6, "acme", &own());
    let records = match &case.taken {
        None => all.clone(),
        Some(taken) => taken
            .iter()
            .take(9)
            .map(|at| all[usize::from(*at) % 6].clone())
            .collect(),
    };
    let mut text = lines(&records).into_bytes();
    edit(&mut text, &case.edits);
    let found = split(&text, 100, RecordSplitter::new());
    let report = verify(&found, &trust(Some(6)));
    let exit = report.exit(&Question::DEFAULT);
    let read: Option<Vec<Value>> = found
        .iter()
        .map(|(_, record)| serde_json::from_str(record.as_deref().ok()?).ok())
        .collect();
    let same_set = read.is_some_and(|read| {
        read.len() == all.len() && all.iter().all(|record| read.contains(record))
    });
    assert!(exit != Exit::Verified || same_set, "{report:?}");
    if records == all && text == lines(&all).as_bytes() {
        assert_eq!(exit, Exit::Verified, "{report:?}");
    }
}

/// Seeds: every record alone, all of them in each form.
pub fn python_records_seeds() -> Vec<Vec<u8>> {
    let array = Value::from(RECORDS.clone());
    let mut seeds: Vec<Vec<u8>> = RECORDS
        .iter()
        .map(|record| record.to_string().into_bytes())
        .collect();
    seeds
        .extend([lines(&RECORDS), array.to_string(), format!("{array:#}")].map(String::into_bytes));
    seeds
}

/// Seeds: bodies of every record.
pub fn imported_seeds() -> Vec<Vec<u8>> {
    let source = LeafHash::from_bytes([7; 32]);
    let texts = RECORDS
        .iter()
        .map(Value::to_string)
        .chain(["{\"a\":1}".into(), "{".into()]);
    texts
        .filter_map(|text| match Record::parse(&text) {
            Ok(mut record) => {
                let examined = record.examine(&mut Keys::new([own().verifying_key()]));
                Some(
                    Item::new(&record, &examined, source, 0)
                        .ok()?
                        .encoded()
                        .to_vec(),
                )
            }
            Err(error) => Some(
                Item::unreadable(&text, &error, source, 0)
                    .ok()?
                    .encoded()
                    .to_vec(),
            ),
        })
        .collect()
}

/// Seeds: a package.
pub fn python_package_seeds() -> Vec<Vec<u8>> {
    vec![PythonFiles::new(&decisions(2, "acme", &own()), &own()).zip()]
}
