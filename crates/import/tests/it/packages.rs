//! Packages that the Python library made, out of the shared vectors.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use ai_audit_core::VerifyingKey;
use ai_audit_import::Keys;

/// A case of `cases.json`.
pub(crate) struct Case {
    pub(crate) expect: String,
    pub(crate) keys: Keys,
    pub(crate) zip: Vec<u8>,
}

fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = "../../../shared/vectors/python-library-0.4.7";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        println!("SKIPPED: ../shared/vectors/python-library-0.4.7/{name} is not there");
    }
    bytes
}

/// All cases; none where the shared vectors are not there.
pub(crate) fn cases() -> Vec<Case> {
    let Some(cases) = shared("cases.json") else {
        return Vec::new();
    };
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&cases).unwrap();
    assert_eq!(cases.len(), 19);
    let cases = cases.iter().map(|case| {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        Case {
            expect: text("expect"),
            keys: Keys::new([key(&text("trusted_key"))]),
            zip: shared(&text("file")).unwrap(),
        }
    });
    cases.collect()
}

/// The receipts of the genuine packages, line by line, and the key that signed them.
pub(crate) fn genuine() -> Option<(Keys, Vec<String>)> {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.expect == "valid")
        .collect();
    let keys = cases.first()?.keys.clone();
    let lines = cases.iter().flat_map(|case| {
        let text = entry(&case.zip, "receipts.jsonl");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    Some((keys, lines.collect()))
}

/// The text of an entry of a package.
pub(crate) fn entry(package: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// A key of its hexadecimal digits.
pub(crate) fn key(digits: &str) -> VerifyingKey {
    let bytes: ai_audit_core::Digest = digits.trim().parse().unwrap();
    VerifyingKey::from_pinned_bytes(bytes.as_bytes()).unwrap()
}
