//! Packages of the Python library: the cases that it was run to make.

use ai_audit_core::{Question, VerifyingKey};
use ai_audit_export::{is_python_package, verify_python_package};
use ai_audit_import::{PythonReport, SourceTrust};
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
    let cases: serde_json::Value = serde_json::from_slice(&cases).unwrap();
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
