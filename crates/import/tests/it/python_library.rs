//! Fresh random records of every sort, made by the library itself: what it signed is rebuilt byte for
//! byte, from its own text and from the text that other programs make of it.

use crate::packages::key;
use crate::python::{Writer, run};
use ai_audit_core::SigningKey;
use ai_audit_import::{EvidenceVerifier, Keys, Problem, Record, SourceTrust};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

/// Places of a record that are tried both ways; where more are unsure, it may stay unsettled.
const TRIED: u64 = 6;

/// Another seed each time; `AI_AUDIT_SEED` repeats one that was printed.
fn seed() -> String {
    std::env::var("AI_AUDIT_SEED").unwrap_or_else(|_| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        (now.unwrap().as_nanos() % 1_000_000_000).to_string()
    })
}

/// What `records.py` says of one record.
struct Made {
    line: Value,
}

impl Made {
    fn text(&self, name: &str) -> &str {
        self.line[name].as_str().unwrap()
    }

    /// The record as the library wrote it.
    fn own(&self) -> &str {
        self.line["forms"]["as it was"].as_str().unwrap()
    }
}

/// Records, and the keys that sign them; with `package` also that file.
fn make(writer: Writer, number: u32, package: Option<&Path>) -> Option<(Keys, Vec<Made>)> {
    let seed = seed();
    println!("records.py {seed} {number}, {writer:?}");
    let number = number.to_string();
    let mut arguments = vec![&*seed, &*number];
    arguments.extend(package.map(|path| path.to_str().unwrap()));
    let said = run(writer, "records.py", &arguments)?;
    let mut lines = said.split(|byte| *byte == b'\n');
    let first: Value = serde_json::from_slice(lines.next().unwrap()).unwrap();
    let key = key(first["key"].as_str().unwrap());
    let made = lines
        .filter(|line| !line.is_empty())
        .map(|line| Made {
            line: serde_json::from_slice(line).unwrap(),
        })
        .collect();
    Some((Keys::new([key]), made))
}

/// Holds every form of every record against what the library signed; counts them.
fn all_forms(writer: Writer, number: u32) -> Option<BTreeMap<String, usize>> {
    let (mut keys, made) = make(writer, number, None)?;
    let mut counts = BTreeMap::new();
    for made in &made {
        for (form, text) in made.line["forms"].as_object().unwrap() {
            let text = text.as_str().unwrap();
            let mut record = Record::parse(text).unwrap();
            let found = record.examine(&mut keys);
            if form == "jsonb"
                && made.line["unsure"].as_u64().unwrap() > TRIED
                && matches!(found.problem, Some(Problem::Hash { .. }))
            {
                *counts.entry("unsettled".into()).or_default() += 1;
                continue;
            }
            assert_eq!(found.problem, None, "{form}: {text}");
            assert!(found.key.is_some(), "{form}: {text}");
            let signed: String = record
                .signed_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(signed, made.text("payload"), "{form}: {text}");
            if let Some(hash) = made.line["hash"].as_str() {
                assert_eq!(found.hash.unwrap().to_string(), hash, "{form}: {text}");
            }
            for count in [form.as_str(), made.text("sort")] {
                *counts.entry(count.into()).or_default() += 1;
            }
        }
    }
    println!("{counts:?}");
    Some(counts)
}

#[test]
fn a_thousand_fresh_receipts_are_rebuilt_byte_for_byte() {
    let Some(counts) = all_forms(Writer::Newer, 1_000) else {
        return;
    };
    // In each of four forms, and most of them in a fifth.
    assert!(
        counts["receipt"] > 4_000 && counts["tool call"] >= 1_000,
        "{counts:?}"
    );
    assert!(
        counts["batch seal"] > 100 && counts["epoch seal"] > 40,
        "{counts:?}"
    );
    assert!(counts["jsonb"] > 700, "{counts:?}");
    let unsettled = counts.get("unsettled").copied().unwrap_or(0);
    assert!(unsettled < 100, "{counts:?}");
}

#[test]
fn receipts_of_an_older_orjson_are_rebuilt_too() {
    if let Some(counts) = all_forms(Writer::Older, 300) {
        assert!(counts["receipt"] > 1_200, "{counts:?}");
    }
}

/// Records in the order of their lines, and the same backwards: neither says anything of the chain.
#[test]
fn a_file_of_fresh_records_verifies_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package.zip");
    let Some((keys, made)) = make(Writer::Newer, 400, Some(&package)) else {
        return;
    };
    let trust = SourceTrust {
        keys: keys.iter().copied().collect(),
        min_size: Some(400),
    };
    let forwards: Vec<&str> = made.iter().map(Made::own).collect();
    let backwards = forwards.iter().rev().copied().collect();
    for lines in [forwards, backwards] {
        let mut verifier = EvidenceVerifier::new(&trust);
        for (line, text) in (1..).zip(&lines) {
            verifier.push_line(line, text);
        }
        let report = verifier.finish();
        let verdict = &report.verdict;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(verdict.integrity.is_verified(), "{verdict:?}");
        assert!(verdict.attribution.is_verified(), "{verdict:?}");
        // Two kinds, of which one could make up for what the other lost.
        assert!(!verdict.completeness.is_verified(), "{verdict:?}");
        let counts = &report.counts;
        assert_eq!((counts.decisions, counts.tool_calls), (400, 100));
        assert_eq!((counts.batch_seals, counts.epoch_seals), (11, 4));
    }
    let mut verifier = EvidenceVerifier::new(&trust);
    let decisions = made.iter().filter(|made| made.text("sort") != "tool call");
    for (line, made) in (1..).zip(decisions) {
        verifier.push_line(line, made.own());
    }
    let report = verifier.finish();
    let verdict = &report.verdict;
    assert!(verdict.completeness.is_verified(), "{verdict:?}");
    assert_eq!(report.counts.receipts(), 400);
}

#[test]
fn what_the_guides_python_saves_verifies() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/from-python.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, code) = guide.split_once("\n```python\n").unwrap();
    let (code, _) = code.split_once("\n```\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guide.py");
    std::fs::write(&file, code).unwrap();
    let Some(said) = run(Writer::Newer, "guide.py", &[file.to_str().unwrap()]) else {
        return;
    };
    let said = String::from_utf8(said).unwrap();
    let (digits, saved) = said.split_once('\n').unwrap();
    let trust = SourceTrust {
        keys: vec![key(digits.trim())],
        min_size: Some(150),
    };
    let mut verifier = EvidenceVerifier::new(&trust);
    for (line, text) in (1..).zip(saved.lines()) {
        verifier.push_line(line, text);
    }
    let report = verifier.finish();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(
        report.verdict.completeness.is_verified(),
        "{:?}",
        report.verdict
    );
    assert_eq!(report.counts.decisions, 150);
}

#[test]
fn a_changed_member_and_another_key_are_told() {
    let Some((mut keys, made)) = make(Writer::Newer, 50, None) else {
        return;
    };
    let mut others = Keys::new([SigningKey::from_bytes(&[7; 32]).verifying_key()]);
    let (mut hashes, mut signatures) = (0, 0);
    for made in &made {
        let changed = made.own().replacen("\"example\"", "\"Example\"", 1);
        match Record::parse(&changed).unwrap().examine(&mut keys).problem {
            Some(Problem::Hash { .. }) => hashes += 1,
            // A seal names no hash.
            Some(Problem::Signature { keys: 1 }) if !made.line["hash"].is_string() => {
                signatures += 1
            }
            other => panic!("{other:?}: {changed}"),
        }
        let problem = Record::parse(made.own())
            .unwrap()
            .examine(&mut others)
            .problem;
        assert_eq!(problem, Some(Problem::Signature { keys: 1 }));
    }
    assert!(hashes >= 62 && signatures >= 3, "{hashes} {signatures}");
}
