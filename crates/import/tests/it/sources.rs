//! Verifying sources as a caller does, and what the tests ask of the reports.

use ai_audit_core::{Digest, Question, SigningKey};
use ai_audit_import::{
    EvidenceVerifier, PackageFiles, PackageVerifier, PythonReport, RecordSplitter, SourceTrust,
};
use ai_audit_testkit::python::{PythonFiles, lines};
use serde_json::Value;

/// The key of whoever made the records, and of somebody else.
pub(crate) fn own() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

pub(crate) fn other() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

/// Trust in the maker's key.
pub(crate) fn pinned() -> SourceTrust {
    SourceTrust {
        keys: vec![own().verifying_key()],
        min_size: None,
    }
}

pub(crate) fn sized(size: u64) -> SourceTrust {
    SourceTrust {
        min_size: Some(size),
        ..pinned()
    }
}

/// Verifies a text of records.
pub(crate) fn verify_text(text: &[u8], trust: &SourceTrust) -> PythonReport {
    let mut verifier = EvidenceVerifier::new(trust);
    let mut each = |line: u64, record: Result<&str, _>| match record {
        Ok(text) => verifier.push_line(line, text),
        Err(error) => verifier.push_unread(line, error),
    };
    let mut splitter = RecordSplitter::new();
    // In pieces, as a file comes.
    for piece in text.chunks(1000) {
        splitter.push(piece, &mut each);
    }
    splitter.finish(&mut each);
    verifier.finish()
}

pub(crate) fn verify(records: &[Value], trust: &SourceTrust) -> PythonReport {
    verify_text(lines(records).as_bytes(), trust)
}

/// Verifies the files of a package.
pub(crate) fn verify_files(files: &[(String, Vec<u8>)], trust: &SourceTrust) -> PythonReport {
    let get = |name: &str| {
        let file = files.iter().find(|(file, _)| file == name);
        file.map(|(_, contents)| contents.as_slice())
    };
    let around = PackageFiles {
        metadata: get("chain_metadata.json"),
        key: get("public_key.hex"),
        script: get("verify.py"),
        manifest: get("manifest.json"),
    };
    let mut verifier = PackageVerifier::new(trust, &around);
    let receipts = get("receipts.jsonl").unwrap();
    let mut each = |line: u64, record: Result<&str, _>| match record {
        Ok(text) => verifier.push_line(line, text),
        Err(error) => verifier.push_unread(line, error),
    };
    let mut splitter = RecordSplitter::lines();
    splitter.push(receipts, &mut each);
    splitter.finish(&mut each);
    verifier.finish(Some(Digest::of(receipts)))
}

pub(crate) fn verify_package(package: &PythonFiles, trust: &SourceTrust) -> PythonReport {
    verify_files(&package.files(), trust)
}

/// Integrity, attribution and completeness in one letter each: `v`, `f` or `u`.
pub(crate) fn answers(report: &PythonReport) -> String {
    let questions = [
        Question::Integrity,
        Question::Attribution,
        Question::Completeness,
    ];
    let letter = |question| {
        let status = report.verdict.answer(question);
        match (status.is_verified(), status.is_failed()) {
            (true, _) => 'v',
            (_, true) => 'f',
            _ => 'u',
        }
    };
    questions.map(letter).iter().collect()
}

pub(crate) fn classes(report: &PythonReport) -> Vec<&'static str> {
    let classes = report.classes.iter();
    classes.map(|count| count.class.name()).collect()
}

/// Checks answers and classes, and that whatever failed says why.
#[track_caller]
pub(crate) fn expect(report: &PythonReport, answers_: &str, classes_: &[&str]) {
    assert_eq!(
        (answers(report).as_str(), classes(report).as_slice()),
        (answers_, classes_),
        "{report:#?}"
    );
    assert!(!report.verdict.time.is_verified());
    for finding in &report.findings {
        if let Some(line) = finding.line {
            assert!(
                finding.reason.contains(&format!("line {line}")),
                "{finding:?}"
            );
            let id: String = finding.id.escape_debug().take(64).collect();
            assert!(finding.id.chars().count() <= 129, "{finding:?}");
            assert!(finding.reason.contains(&id), "{finding:?}");
        }
    }
}
