//! The files of packages: genuine ones, and A23 with its relatives.

use crate::sources::{classes, expect, other, own, pinned, sized, verify_files, verify_package};
use ai_audit_import::SourceTrust;
use ai_audit_testkit::python::{PythonFiles, decisions, seal, text_of};
use serde_json::{Value, json};

fn package(size: u64) -> PythonFiles {
    PythonFiles::new(&decisions(size, "acme", &own()), &own())
}

/// Times that say nothing of the chain, as in packages of several writers.
fn shuffled(size: u64) -> Vec<Value> {
    let mut records = decisions(size, "acme", &own());
    let times: Vec<Value> = records
        .iter()
        .map(|record| record["timestamp"].clone())
        .collect();
    for (n, record) in records.iter_mut().enumerate() {
        record["timestamp"] = times[(n * 7 + 3) % times.len()].clone();
    }
    ai_audit_testkit::python::chain(&mut records, &own());
    records
}

#[test]
fn genuine_packages() {
    for size in [1, 2, 25, 101] {
        let package = PythonFiles::new(&shuffled(size), &own());
        expect(&verify_package(&package, &pinned()), "vvu", &[]);
        expect(&verify_package(&package, &sized(size)), "vvv", &[]);
        expect(
            &verify_package(&package, &sized(size + 1)),
            "vvf",
            &["missing"],
        );
        let report = verify_package(&package, &SourceTrust::default());
        expect(&report, "vuu", &[]);
        assert!(!report.keys[0].pinned);
    }
    // One of nothing is genuine, and says nothing of how much there was.
    let empty = PythonFiles::new(&[], &own());
    for trust in [pinned(), sized(0)] {
        expect(&verify_package(&empty, &trust), "vvu", &[]);
    }
    // Without receipts.
    expect(
        &verify_package(&PythonFiles::new(&[], &own()), &pinned()),
        "vvu",
        &[],
    );
    let forged = PythonFiles::new(&[], &other());
    expect(&verify_package(&forged, &pinned()), "vfu", &["wrong-key"]);
}

#[test]
fn what_makers_add_is_signed_like_all_else() {
    let mut package = package(3);
    package.metadata["case"] = json!({"n": 1.50, "é": [1e30, null]});
    package.metadata["tenant_id"] = "Acme Inc.".into();
    package.cover(&own());
    let report = verify_package(&package, &pinned());
    expect(&report, "vvu", &[]);
    assert_eq!(report.remarks.len(), 1);
    // Without what only repeats the key.
    for file in [&mut package.metadata, &mut package.manifest] {
        file.as_object_mut().unwrap().remove("key_fingerprint");
    }
    package.cover(&own());
    expect(&verify_package(&package, &pinned()), "vvu", &[]);
    // Times that are the same, and files with line ends of another system, still covered.
    let mut records = decisions(3, "acme", &own());
    for record in &mut records {
        record["timestamp"] = "2026-05-01T00:00:00Z".into();
    }
    ai_audit_testkit::python::chain(&mut records, &own());
    let mut package = PythonFiles::new(&records, &own());
    package.receipts = package.receipts.replace('\n', "\r\n") + "\r\n \n";
    package.key += "\n";
    package.cover(&own());
    expect(&verify_package(&package, &sized(3)), "vvv", &[]);
}

#[test]
fn a09_by_another_key() {
    for size in [1, 8] {
        let forged = PythonFiles::new(&decisions(size, "acme", &other()), &other());
        expect(&verify_package(&forged, &pinned()), "vfu", &["wrong-key"]);
        expect(
            &verify_package(&forged, &SourceTrust::default()),
            "vuu",
            &[],
        );
    }
    // One receipt alone.
    for place in [0, 4, 7] {
        let mut records = decisions(8, "acme", &own());
        records[place]["action"] = "reject".into();
        seal(&mut records[place], &other());
        let report = verify_package(&PythonFiles::new(&records, &own()), &pinned());
        assert!(report.verdict.integrity.is_failed() && report.verdict.attribution.is_failed());
        // The forger's own package around it.
        let report = verify_package(&PythonFiles::new(&records, &other()), &pinned());
        assert_eq!(
            report.findings[0].class.name(),
            "wrong-key",
            "{:?}",
            report.findings
        );
    }
}

#[test]
fn a23_key_replaced() {
    let mut replaced = package(5);
    replaced.key = other().verifying_key().to_string();
    let report = verify_package(&replaced, &pinned());
    expect(&report, "ffu", &["forged-manifest"]);
    replaced.cover(&other());
    let report = verify_package(&replaced, &pinned());
    expect(&report, "ffu", &["forged-manifest"]);
    // With all that names the key.
    let forged = PythonFiles::new(&decisions(5, "acme", &own()), &other());
    let report = verify_package(&forged, &pinned());
    expect(&report, "ffu", &["forged-manifest"]);
    for key in ["", "no key", &"0".repeat(64), &"f".repeat(63)] {
        let mut package = package(5);
        package.key = key.into();
        package.cover(&own());
        expect(&verify_package(&package, &pinned()), "fvu", &["malformed"]);
    }
}

#[test]
fn a23_manifest() {
    type Change = fn(&mut PythonFiles);
    let unsigned: [(&str, Change); 8] = [
        ("time", |p| p.manifest["created_at"] = "2020-01-01".into()),
        ("unsigned", |p| {
            p.manifest.as_object_mut().unwrap().remove("signature");
        }),
        ("empty", |p| p.manifest["signature"] = "".into()),
        ("null", |p| p.manifest["signature"] = Value::Null),
        ("upper case", |p| {
            p.manifest["signature"] = text_of(&p.manifest, "signature").to_uppercase().into();
        }),
        ("by another", |p| p.sign(&other())),
        ("receipts", |p| p.receipts += "\n"),
        ("script", |p| p.script.clear()),
    ];
    for (what, change) in unsigned {
        let mut package = package(5);
        change(&mut package);
        let report = verify_package(&package, &pinned());
        expect(&report, "ffu", &["forged-manifest"]);
        assert!(
            report.findings[0].reason.contains("manifest.json"),
            "{what}"
        );
    }
    let signed: [(&str, Change); 8] = [
        ("nothing", |p| p.manifest["checksums"] = json!({})),
        ("all but one", |p| {
            let sums = p.manifest["checksums"].as_object_mut().unwrap();
            sums.remove("verify.py");
        }),
        ("one under another name", |p| {
            let sums = p.manifest["checksums"].as_object_mut().unwrap();
            let sum = sums.remove("verify.py").unwrap();
            sums.insert("Verify.py".into(), sum);
        }),
        ("one more", |p| p.manifest["checksums"]["x"] = "".into()),
        ("itself", |p| {
            p.manifest["checksums"]["manifest.json"] = "".into()
        }),
        ("upper case", |p| {
            let sums = &mut p.manifest["checksums"];
            sums["verify.py"] = text_of(sums, "verify.py").to_uppercase().into();
        }),
        ("a number", |p| {
            p.manifest["checksums"]["verify.py"] = 1.into()
        }),
        ("other fingerprint", |p| {
            p.manifest["key_fingerprint"] = "00".into()
        }),
    ];
    for (what, change) in signed {
        let mut package = package(5);
        change(&mut package);
        package.sign(&own());
        let report = verify_package(&package, &pinned());
        assert_eq!(classes(&report), ["forged-manifest"], "{what}");
        expect(&report, "ffu", &["forged-manifest"]);
    }
    let malformed: [Change; 4] = [
        |p| p.manifest["version"] = "2.0".into(),
        |p| p.manifest["format"] = Value::Null,
        |p| p.manifest["checksums"] = json!([]),
        |p| p.manifest = json!(["x"]),
    ];
    for change in malformed {
        let mut package = package(5);
        change(&mut package);
        expect(&verify_package(&package, &pinned()), "fvu", &["malformed"]);
    }
}

#[test]
fn a22_manifest_and_metadata_that_are_refused() {
    for name in ["manifest.json", "chain_metadata.json"] {
        for bad in [
            &b""[..],
            b"\xff",
            b"{\"a\":1,\"a\":1}",
            b"{} {}",
            b"\xef\xbb\xbf{}",
        ] {
            let mut files = package(5).files();
            files.iter_mut().find(|(file, _)| file == name).unwrap().1 = bad.into();
            let report = verify_files(&files, &pinned());
            assert_eq!(report.findings[0].class.name(), "malformed", "{name}");
            assert!(report.verdict.integrity.is_failed());
        }
        // A name that the manifest has twice.
        let mut files = package(5).files();
        let contents = &mut files.iter_mut().find(|(file, _)| file == name).unwrap().1;
        let text = String::from_utf8(contents.clone()).unwrap();
        *contents = text
            .replacen('{', "{\"key_fingerprint\": \"x\",", 1)
            .into_bytes();
        let report = verify_files(&files, &pinned());
        assert_eq!(report.findings[0].class.name(), "malformed", "{name}");
    }
}

#[test]
fn metadata_that_does_not_fit() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("lower", |m| m["total_receipts"] = 4.into()),
        ("higher", |m| m["total_receipts"] = 6.into()),
        ("none", |m| m["total_receipts"] = 0.into()),
        ("no such first", |m| m["first_receipt_id"] = "x".into()),
        ("no first", |m| m["first_receipt_id"] = "".into()),
        ("another first", |m| {
            m["first_receipt_id"] = m["last_receipt_id"].clone()
        }),
        ("another last", |m| {
            m["last_receipt_id"] = m["first_receipt_id"].clone()
        }),
        ("another time", |m| {
            m["last_timestamp"] = "2026-05-01T00:00:00+00:00".into()
        }),
        ("no time", |m| m["first_timestamp"] = "".into()),
    ];
    for (what, change) in changes {
        let mut package = package(5);
        change(&mut package.metadata);
        package.cover(&own());
        let report = verify_package(&package, &pinned());
        assert_eq!(classes(&report), ["missing"], "{what}");
        expect(&report, "vvf", &["missing"]);
    }
    let mut empty = PythonFiles::new(&[], &own());
    empty.metadata["first_receipt_id"] = "x".into();
    empty.cover(&own());
    expect(&verify_package(&empty, &pinned()), "vvf", &["missing"]);
    for (name, value) in [
        ("total_receipts", json!(-1)),
        ("total_receipts", json!(1.5)),
        ("total_receipts", json!("5")),
        ("first_receipt_id", json!(1)),
        ("last_timestamp", Value::Null),
    ] {
        let mut package = package(5);
        package.metadata[name] = value;
        package.cover(&own());
        expect(&verify_package(&package, &pinned()), "fvu", &["malformed"]);
    }
    let mut package = package(5);
    package.metadata["key_fingerprint"] = "0".repeat(16).into();
    package.cover(&own());
    expect(
        &verify_package(&package, &pinned()),
        "ffu",
        &["forged-manifest"],
    );
}

/// Takes lines out of a package's receipts, and signs it again.
fn without(package: &PythonFiles, gone: &[usize]) -> PythonFiles {
    let mut package = package.clone();
    let lines = package.receipts.lines().enumerate();
    package.receipts = lines
        .filter(|(n, _)| !gone.contains(n))
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    package.cover(&own());
    package
}

#[test]
fn a03_a04_a05_what_the_metadata_counts_is_not_there() {
    let ordered = package(20);
    expect(
        &verify_package(&without(&ordered, &[7]), &pinned()),
        "fvf",
        &["missing"],
    );
    expect(
        &verify_package(&without(&ordered, &[7, 12, 13]), &pinned()),
        "fvf",
        &["missing"],
    );
    expect(
        &verify_package(&without(&ordered, &[0, 1]), &pinned()),
        "vvf",
        &["missing"],
    );
    expect(
        &verify_package(&without(&ordered, &[19]), &pinned()),
        "vvf",
        &["missing"],
    );
    let all: Vec<usize> = (0..20).collect();
    let report = verify_package(&without(&ordered, &all), &pinned());
    expect(&report, "vvf", &["missing"]);
    let shuffled = PythonFiles::new(&shuffled(20), &own());
    for gone in 0..20 {
        let report = verify_package(&without(&shuffled, &[gone]), &pinned());
        assert_eq!(classes(&report), ["missing"]);
        assert!(report.verdict.completeness.is_failed());
    }
}

#[test]
fn a06_swapped_with_the_count_unchanged() {
    for (a, b) in [(0, 1), (4, 5), (1, 8), (0, 9), (8, 9)] {
        let mut records = decisions(10, "acme", &own());
        let (time_a, time_b) = (
            records[a]["timestamp"].clone(),
            records[b]["timestamp"].clone(),
        );
        records[a]["timestamp"] = time_b;
        records[b]["timestamp"] = time_a;
        seal(&mut records[a], &own());
        seal(&mut records[b], &own());
        let report = verify_package(&PythonFiles::new(&records, &own()), &pinned());
        expect(&report, "fvu", &["reordered"]);
    }
}

#[test]
fn links_that_something_else_broke() {
    // A line that cannot be read, and a receipt whose hash was made anew: nothing is missing.
    for place in 0..8 {
        let mut cut = package(8);
        let lines: Vec<String> = cut
            .receipts
            .lines()
            .enumerate()
            .map(|(n, line)| {
                if n == place {
                    line[..100].into()
                } else {
                    line.to_owned()
                }
            })
            .collect();
        cut.receipts = lines.join("\n");
        cut.cover(&own());
        expect(&verify_package(&cut, &pinned()), "fuu", &["malformed"]);

        let mut records = decisions(8, "acme", &own());
        let signature = records[place]["signature"].clone();
        records[place]["action"] = "reject".into();
        seal(&mut records[place], &own());
        records[place]["signature"] = signature;
        let report = verify_package(&PythonFiles::new(&records, &own()), &pinned());
        expect(&report, "ffu", &["tampered"]);
    }
    // Both, and one that was deleted: then the metadata counts more.
    let mut records = decisions(8, "acme", &own());
    let mut package = PythonFiles::new(&records, &own());
    records.remove(4);
    let signature = records[1]["signature"].clone();
    records[1]["action"] = "reject".into();
    seal(&mut records[1], &own());
    records[1]["signature"] = signature;
    package.receipts = ai_audit_testkit::python::lines(&records);
    package.cover(&own());
    expect(
        &verify_package(&package, &pinned()),
        "fff",
        &["tampered", "missing"],
    );
}

#[test]
fn a07_a08_in_packages() {
    let records = decisions(8, "acme", &own());
    let foreign = decisions(8, "other", &own());
    let mut spliced = records.clone();
    spliced[3] = foreign[3].clone();
    let report = verify_package(&PythonFiles::new(&spliced, &own()), &pinned());
    assert!(report.verdict.integrity.is_failed() && report.verdict.completeness.is_failed());
    let mut twice = records.clone();
    twice[5] = records[2].clone();
    let report = verify_package(&PythonFiles::new(&twice, &own()), &pinned());
    expect(&report, "fvf", &["replayed", "missing"]);
}
