//! What is kept of records that say as much as they can.

use crate::sources::{expect, own, pinned};
use ai_audit_import::{EvidenceVerifier, PythonReport, SourceTrust};
use ai_audit_testkit::python::{batch_seal, decisions, sign_seal, text_of};
use serde_json::Value;

/// Bytes that are held when all records were taken; then the report.
fn kept(trust: &SourceTrust, records: impl IntoIterator<Item = String>) -> (u64, PythonReport) {
    let mut verifier = EvidenceVerifier::new(trust);
    let mut records = records.into_iter();
    let counted = allocation_counter::measure(|| {
        let mut line = 0;
        while let Some(record) = next(&mut records) {
            line += 1;
            verifier.push_line(line, &record);
            allocation_counter::opt_out(|| drop(record));
        }
    });
    let kept = u64::try_from(counted.bytes_current).unwrap();
    (kept, verifier.finish())
}

/// The next record; its own bytes count for nothing.
fn next(records: &mut impl Iterator<Item = String>) -> Option<String> {
    let mut next = None;
    allocation_counter::opt_out(|| next = records.next());
    next
}

fn call(id: &str, tenant: &str) -> String {
    format!(r#"{{"receipt_id":"{id}","tool_name":"x","tenant_id":"{tenant}","signature":""}}"#)
}

const MIB: u64 = 1 << 20;

#[test]
fn some_150_bytes_of_each_record() {
    let count = 20_000;
    let records = (0..count).map(|n| call(&format!("{n:032x}"), "acme"));
    let (bytes, report) = kept(&pinned(), records);
    assert!((100..160).contains(&(bytes / count)), "{}", bytes / count);
    assert_eq!(report.counts.tool_calls, count);
}

#[test]
fn long_ids_are_cut_and_only_the_first_ones_kept() {
    let count = 40_000;
    let long = "\u{1f600}".repeat(200);
    let records = (0..count).map(|n| call(&format!("{n} {long}"), ""));
    let (bytes, report) = kept(&pinned(), records);
    assert!(bytes < 160 * count + 17 * MIB, "{bytes}");
    expect(&report, "ffu", &["tampered"]);
    // Findings at the end still name those that were kept.
    let twice = (0..2).flat_map(|_| [call(&long, ""), call("x", "")]);
    let (_, report) = kept(&SourceTrust::default(), twice);
    let last = report.findings.last().unwrap();
    assert_eq!((last.class.name(), last.id.as_str()), ("replayed", "x"));
}

#[test]
fn findings_do_not_keep_ids_in_full() {
    let long = "x".repeat(1 << 20);
    let records = (0..50).map(|n| call(&format!("{n}{long}"), ""));
    let (bytes, report) = kept(&pinned(), records);
    assert!(bytes < MIB, "{bytes}");
    assert_eq!(report.findings.len(), 100);
    expect(&report, "ffu", &["tampered"]);
}

#[test]
fn tenants_are_told_apart_to_the_last_character() {
    let count = 4_000;
    let long = "t".repeat(4_096);
    let records = (0..count).map(|n| call(&format!("{n:032x}"), &format!("{long}{n}")));
    let (bytes, report) = kept(&pinned(), records);
    assert!(bytes < 1_000 * count, "{bytes}");
    assert_eq!(report.chain_count, count);
    assert_eq!(report.chains[0].tenant, format!("{}…", &long[..128]));
}

/// An unsigned seal with so many ids of nothing.
fn listing(ids: usize, count: usize) -> String {
    let ids = vec!["\"\""; ids].join(",");
    format!(
        r#"{{"batch_id":"b","merkle_root":"","leaf_count":{count},"receipt_ids":[{ids}],"signature":""}}"#
    )
}

#[test]
fn lists_that_do_not_fit_are_not_kept() {
    let (bytes, report) = kept(&pinned(), (0..3).map(|_| listing(1_000_001, 1_000_001)));
    assert!(bytes < MIB, "{bytes}");
    assert!(classes_of(&report).contains(&"malformed"), "{report:?}");
    let (bytes, report) = kept(&pinned(), (0..3).map(|n| listing(300_000 + n, 1)));
    assert!(bytes < MIB, "{bytes}");
    assert!(classes_of(&report).contains(&"forged-seal"), "{report:?}");
    // As many as may be listed are.
    let (bytes, report) = kept(&pinned(), [listing(1_000_000, 1_000_000)]);
    assert!((17_000_000..18_000_000).contains(&bytes), "{bytes}");
    assert!(!classes_of(&report).contains(&"malformed"), "{report:?}");
}

fn classes_of(report: &PythonReport) -> Vec<&'static str> {
    crate::sources::classes(report)
}

#[test]
fn seals_that_list_too_much_together() {
    let (receipts, mut before) = (decisions(1, "acme", &own()), String::new());
    let seals = (0..5).map(|n| {
        let mut seal = batch_seal(n, &receipts, &before, &own());
        before = text_of(&seal, "merkle_root");
        seal["receipt_ids"] = vec![Value::from(""); 900_000].into();
        seal["leaf_count"] = 900_000.into();
        sign_seal(&mut seal, &own());
        seal.to_string()
    });
    let seals: Vec<String> = seals.collect();
    let (bytes, report) = kept(&pinned(), seals[..4].iter().cloned());
    assert!(bytes < 65 * MIB, "{bytes}");
    expect(&report, "vvu", &[]);
    let (bytes, report) = kept(&pinned(), seals);
    assert!(bytes < 65 * MIB, "{bytes}");
    expect(&report, "uvu", &[]);
    let told = report
        .remarks
        .iter()
        .any(|it| it.contains("1 seal was not followed"));
    assert!(told, "{report:?}");
}
