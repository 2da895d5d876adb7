//! Packages of the Python library: the cases that it was run to make.

use ai_audit_core::{Question, SigningKey, VerifyingKey};
use ai_audit_export::{PythonPackage, is_python_package, verify_python_package};
use ai_audit_import::{PythonReport, SourceTrust};
use ai_audit_testkit::python::{PythonFiles, chain, seal};
use serde_json::Value;
use std::path::PathBuf;

/// A file of the vectors; none where they are not there.
pub(crate) fn vector(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/python-library-0.4.7");
    let bytes = std::fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        println!("SKIPPED: {name}: ../shared is absent");
    }
    bytes
}

pub(crate) fn key(text: &str) -> VerifyingKey {
    let digits: ai_audit_core::Digest = text.parse().unwrap();
    VerifyingKey::from_pinned_bytes(digits.as_bytes()).unwrap()
}

pub(crate) fn classes(report: &PythonReport) -> Vec<&'static str> {
    report
        .classes
        .iter()
        .map(|count| count.class.name())
        .collect()
}

#[test]
fn all_cases_are_decided() {
    let Some(cases) = vector("cases.json") else {
        return;
    };
    let cases: Value = serde_json::from_slice(&cases).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 19);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let (name, expect) = (text("case"), text("expect"));
        let bytes = vector(text("file")).unwrap();
        assert!(is_python_package(&bytes), "{name}");
        let mut trust = SourceTrust {
            keys: vec![key(text("trusted_key"))],
            min_size: None,
        };
        let report = verify_python_package(&bytes, &trust, |_, _| {});
        let verdict = &report.verdict;
        let failed = |question| verdict.answer(question).is_failed();
        if expect == "valid" {
            assert!(verdict.integrity.is_verified(), "{name}: {verdict:?}");
            assert!(verdict.attribution.is_verified(), "{name}: {verdict:?}");
            assert!(
                !Question::ALL.into_iter().any(failed),
                "{name}: {verdict:?}"
            );
            assert!(!verdict.completeness.is_verified(), "{name}: {verdict:?}");
            assert!(report.findings.is_empty(), "{name}");
            trust.min_size = case["receipts"].as_u64();
            let report = verify_python_package(&bytes, &trust, |_, _| {});
            assert!(report.verdict.completeness.is_verified(), "{name}");
            trust.min_size = trust.min_size.map(|size| size + 1);
            let report = verify_python_package(&bytes, &trust, |_, _| {});
            assert!(report.verdict.completeness.is_failed(), "{name}");
            continue;
        }
        assert_eq!(classes(&report), [expect], "{name}: {:#?}", report.findings);
        let question = match expect {
            "wrong-key" => Question::Attribution,
            "missing" if name.starts_with("missing-tail") => Question::Completeness,
            _ => Question::Integrity,
        };
        assert!(failed(question), "{name}: {verdict:?}");
    }
}

/// The receipts of a genuine package in the order of their chain, signed again with a key of the test.
fn signed_again(file: &str, key: &SigningKey) -> Option<Vec<Value>> {
    let bytes = vector(file)?;
    let package = PythonPackage::open(&bytes).unwrap();
    let mut receipts: Vec<Value> = Vec::new();
    package
        .lines(&mut |_, record| receipts.push(serde_json::from_str(record.unwrap()).unwrap()))
        .unwrap();
    let mut ordered: Vec<Value> = Vec::new();
    let mut before = Value::from("");
    while let Some(next) = receipts.iter().find(|r| r["prev_receipt_hash"] == before) {
        before = next["receipt_hash"].clone();
        ordered.push(next.clone());
    }
    assert_eq!(ordered.len(), receipts.len());
    chain(&mut ordered, key);
    Some(ordered)
}

#[test]
fn genuine_receipts_signed_again_and_changed() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let verify = |records: &[Value], like: &[Value]| {
        let trust = SourceTrust {
            keys: vec![key.verifying_key()],
            min_size: None,
        };
        // The metadata is that of what was there before.
        let mut package = PythonFiles::new(records, &key);
        package.metadata = PythonFiles::new(like, &key).metadata;
        package.cover(&key);
        verify_python_package(package.zip(), &trust, |_, _| {})
    };
    for file in [
        "genuine-25.zip",
        "genuine-300.zip",
        "genuine-whole-seconds.zip",
    ] {
        let Some(all) = signed_again(file, &key) else {
            return;
        };
        assert_eq!(classes(&verify(&all, &all)), [""; 0], "{file}");
        for place in [0, all.len() / 2, all.len() - 1] {
            let mut gone = all.clone();
            gone.remove(place);
            assert_eq!(classes(&verify(&gone, &all)), ["missing"], "{file} {place}");
            let mut changed = all.clone();
            changed[place]["session_id"] = "another".into();
            assert_eq!(
                classes(&verify(&changed, &all)),
                ["tampered"],
                "{file} {place}"
            );
            let mut twice = all.clone();
            twice.push(all[place].clone());
            assert_eq!(
                classes(&verify(&twice, &all)),
                ["replayed"],
                "{file} {place}"
            );
            let mut again = all.clone();
            again[place]["session_id"] = "another".into();
            seal(&mut again[place], &key);
            let last = place + 1 == all.len();
            let expected: &[&str] = if last { &[] } else { &["reordered"] };
            assert_eq!(classes(&verify(&again, &all)), expected, "{file} {place}");
        }
    }
}
