//! A24 and A25 on packages of the Python library: its form of archive and nothing else.

use crate::python_packages::classes;
use ai_audit_core::SigningKey;
use ai_audit_export::archive::{ArchiveWriter, Method};
use ai_audit_export::{PythonPackage, is_python_package, verify_package, verify_python_package};
use ai_audit_import::{PythonReport, SourceTrust};
use ai_audit_testkit::python::{PythonFiles, decisions, python_zip};
use ai_audit_verify::TrustPolicy;
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn files() -> PythonFiles {
    PythonFiles::new(&decisions(5, "acme", &key()), &key())
}

fn verify(zip: &[u8]) -> PythonReport {
    let trust = SourceTrust {
        keys: vec![key().verifying_key()],
        min_size: Some(5),
    };
    verify_python_package(zip, &trust, |_, _| {})
}

/// The package is refused, and the reason names `what`.
#[track_caller]
fn refused(zip: &[u8], what: &str) {
    let report = verify(zip);
    assert!(report.verdict.integrity.is_failed(), "{report:#?}");
    assert!(!report.verdict.completeness.is_verified());
    assert!(classes(&report).contains(&"malformed"), "{report:#?}");
    let reasons: Vec<&str> = report.findings.iter().map(|f| f.reason.as_str()).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains(what)),
        "{what}: {reasons:?}"
    );
}

fn places(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    (0..=bytes.len() - needle.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect()
}

/// Where the headers of a file are: local and central.
fn headers(zip: &[u8], name: &str) -> (usize, usize) {
    let all = places(zip, name.as_bytes());
    let local = all
        .iter()
        .find(|at| **at >= 30 && zip[**at - 30..].starts_with(b"PK\x03\x04"));
    let central = all
        .iter()
        .find(|at| **at >= 46 && zip[**at - 46..].starts_with(b"PK\x01\x02"));
    (local.unwrap() - 30, central.unwrap() - 46)
}

#[test]
fn genuine() {
    let zip = files().zip();
    assert!(is_python_package(&zip));
    let report = verify(&zip);
    assert!(report.verdict.completeness.is_verified(), "{report:#?}");
    assert!(report.findings.is_empty() && report.remarks.is_empty());
    // As Python does it on Windows.
    let mut windows = zip.clone();
    for central in places(&zip, b"PK\x01\x02\x14\x03") {
        windows[central + 5] = 0;
    }
    assert!(verify(&windows).findings.is_empty());
}

#[test]
fn what_pythons_zipfile_writes_here() {
    let script = "import sys,zipfile,json\n\
        z=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n\
        [z.writestr(n,bytes(c)) for n,c in json.load(sys.stdin)]\nz.close()";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.zip");
    let child = Command::new("python3")
        .args(["-B", "-c", script])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("SKIPPED: zipfile: python3 is absent");
        return;
    };
    let input = serde_json::to_vec(&files().files()).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    assert!(child.wait().unwrap().success());
    let report = verify(&std::fs::read(&path).unwrap());
    assert!(report.verdict.completeness.is_verified(), "{report:#?}");
}

#[test]
fn the_parts_of_a_package() {
    let (files, zip) = (files(), files().zip());
    let package = PythonPackage::open(&zip).unwrap();
    assert_eq!(package.file("verify.py").unwrap(), files.script.as_bytes());
    assert!(package.file("verify").is_err());
    for _ in 0..2 {
        let mut text = String::new();
        let mut numbers = Vec::new();
        let digest = package.lines(&mut |line, record| {
            numbers.push(line);
            text += record.unwrap();
            text += "\n";
        });
        assert_eq!(text, files.receipts);
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!(
            digest.unwrap(),
            ai_audit_core::Digest::of(files.receipts.as_bytes())
        );
    }
    let whole = (ai_audit_core::Digest::of(&zip), zip.len() as u64);
    assert_eq!(package.container().unwrap(), whole);
    let mut seen = Vec::new();
    verify_python_package(&zip, &SourceTrust::default(), |done, all| {
        seen.push((done, all))
    });
    assert_eq!(seen, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
}

#[test]
fn whose_package_it_is() {
    let zip = files().zip();
    let named = |names: &[&str]| {
        let files: Vec<(String, Vec<u8>)> =
            names.iter().map(|name| ((*name).into(), vec![])).collect();
        is_python_package(&python_zip(&files))
    };
    assert!(named(&["receipts.jsonl", "x"]));
    assert!(named(&["x", "manifest.json"]));
    // Ours wins, wherever its files are.
    assert!(!named(&["receipts.bin", "receipts.jsonl", "verify.py"]));
    assert!(!named(&[
        "receipts.jsonl",
        "manifest.json",
        "manifest.note"
    ]));
    assert!(!named(&["x", "verify.py"]) && !named(&[]));
    assert!(!is_python_package(&b"PK\x03\x04"[..]) && !is_python_package(&b""[..]));
    // Damaged ones are told by what is left of them.
    for len in (60..zip.len()).step_by(7) {
        assert!(is_python_package(&zip[..len]), "{len}");
        refused(&zip[..len], "archive");
    }
    assert!(is_python_package(&[&zip[..], b"more"].concat()));
    let report = verify_package(&zip, &TrustPolicy::new(), |_, _| {}).report;
    assert!(report.verdict.integrity.is_failed());
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, contents) in files().files() {
        let mut file = writer.start_file(&name, Method::Deflated).unwrap();
        file.write_all(&contents).unwrap();
        file.finish().unwrap();
    }
    let ours = writer.finish().unwrap().into_inner();
    // One of theirs in our own form was made again from an import; ours in theirs is none.
    assert!(is_python_package(&ours));
    let report = verify(&ours);
    assert!(report.verdict.integrity.is_verified(), "{report:#?}");
}

#[test]
fn a24_files_too_many_or_missing() {
    let with = |name: &str, at: usize| {
        let mut files = files().files();
        files.insert(at, (name.into(), b"evil".to_vec()));
        python_zip(&files)
    };
    for name in [
        "extra.txt",
        "extra/evil.txt",
        "../evil.txt",
        "/etc/evil",
        "C:/evil",
        "a\\evil",
        "evil/",
        "Manifest.json",
        "RECEIPTS.JSONL",
        "manifest.json",
        "verify.py",
        "receipts.jsonl/evil",
        "evil.",
        "nul",
        "manifest.json ",
    ] {
        for at in [0, 3, 5] {
            let shown = match name {
                "receipts.jsonl/evil" => "receipts.jsonl".into(),
                name => name.trim_end_matches('/').replace('\\', "\\\\"),
            };
            refused(&with(name, at), &shown);
        }
    }
    // An archive in the archive is a file like any other, and none of a package.
    let mut nested = files().files();
    nested.push(("inner.zip".into(), files().zip()));
    refused(&python_zip(&nested), "inner.zip");
    let mut nested = files().files();
    nested[0].1 = files().zip();
    refused(&python_zip(&nested), "line 1");
    for gone in 0..5 {
        let mut files = files().files();
        let (name, _) = files.remove(gone);
        refused(&python_zip(&files), &name);
    }
}

#[test]
fn a24_each_field_of_one_header_alone() {
    let honest = files().zip();
    for name in ["receipts.jsonl", "verify.py", "manifest.json"] {
        let (local, central) = headers(&honest, name);
        for field in [4, 6, 8, 10, 12, 14, 18, 22, 26, 28] {
            for at in [local + field, central + field + 2] {
                let mut bytes = honest.clone();
                bytes[at] ^= 1;
                refused(&bytes, "");
            }
        }
        let mut bytes = honest.clone();
        bytes[local + 30] ^= 1;
        refused(&bytes, "name");
    }
}

#[test]
fn a24_kinds_of_entries() {
    let honest = files().zip();
    let (local, central) = headers(&honest, "verify.py");
    let both = |field: usize, value: u8, what: &str| {
        let mut bytes = honest.clone();
        bytes[local + field] = value;
        bytes[central + field + 2] = value;
        refused(&bytes, what);
    };
    both(6, 1, "encrypted");
    both(6, 8, "data descriptor");
    both(7, 8, "flags");
    both(8, 12, "method 12");
    both(4, 45, "version");
    let one = |at: usize, value: u8, what: &str| {
        let mut bytes = honest.clone();
        bytes[central + at] = value;
        refused(&bytes, what);
    };
    one(4, 45, "made by");
    one(5, 19, "host system");
    one(32, 1, "comment");
    one(34, 1, "disk");
    one(36, 1, "internal");
    // Attributes: a directory of DOS, other permissions, a regular file by type, a symbolic link.
    one(38, 0x10, "regular file");
    one(40, 0xa4, "regular file");
    one(41, 0x81, "regular file");
    one(41, 0xa1, "regular file");
}

#[test]
fn a24_data_before_between_and_after() {
    let honest = files().zip();
    let report = verify(&[b"#!/bin/sh\n", honest.as_slice()].concat());
    assert_eq!(classes(&report), ["malformed"]);
    refused(&[honest.as_slice(), b"more"].concat(), "end record");
    let mut comment = honest.clone();
    let end = comment.len();
    comment[end - 2] = 4;
    comment.extend(b"more");
    refused(&comment, "end record");
    // A gap between two entries, with the directory's offset made to fit.
    let (local, _) = headers(&honest, "manifest.json");
    let mut gap = honest.clone();
    gap.splice(local..local, *b"????");
    let (_, central) = headers(&gap, "manifest.json");
    for at in [central + 42, gap.len() - 6] {
        let old = u32::from_le_bytes(gap[at..at + 4].try_into().unwrap());
        gap[at..at + 4].copy_from_slice(&(old + 4).to_le_bytes());
    }
    refused(&gap, "manifest.json");
    let mut overlap = honest.clone();
    let (_, central) = headers(&honest, "manifest.json");
    overlap[central + 42..central + 46].fill(0);
    refused(&overlap, "manifest.json");
    let mut count = honest;
    let end = count.len() - 22;
    count[end + 8] = 4;
    count[end + 10] = 4;
    refused(&count, "entries");
}

#[test]
fn a01_any_flipped_bit_is_refused_or_without_effect() {
    let honest = files();
    let zip = honest.zip();
    let mut without_effect = 0;
    for at in 0..zip.len() {
        let mut bytes = zip.clone();
        bytes[at] ^= 1 << (at % 8);
        if !verify(&bytes).verdict.integrity.is_verified() {
            continue;
        }
        // The bits behind the end of compressed data mean nothing.
        without_effect += 1;
        let package = PythonPackage::open(&bytes).unwrap();
        for (name, contents) in honest.files().iter().skip(1) {
            assert_eq!(&package.file(name).unwrap(), contents, "{at}");
        }
        let digest = package.lines(&mut |_, _| {}).unwrap();
        assert_eq!(
            digest,
            ai_audit_core::Digest::of(honest.receipts.as_bytes())
        );
    }
    assert!(without_effect <= 5, "{without_effect}");
}

#[test]
fn a25_bombs() {
    let mut bomb = files();
    bomb.receipts = "\n".repeat(64 << 20);
    bomb.cover(&key());
    refused(&bomb.zip(), "receipts.jsonl");
    let mut bomb = files();
    bomb.script = " ".repeat(2 << 20);
    bomb.cover(&key());
    refused(&bomb.zip(), "verify.py");
    // Not by its ratio, but longer than such a file may be.
    let mut long = files();
    long.script = decisions(2000, "acme", &key())
        .iter()
        .map(|r| format!("{r}\n"))
        .collect();
    long.cover(&key());
    assert!(long.script.len() > 1 << 20);
    refused(&long.zip(), "verify.py");
    // Sizes that lie: declared smaller and larger than they are.
    let honest = files().zip();
    let (local, central) = headers(&honest, "receipts.jsonl");
    for size in [100_u32, 1 << 20] {
        let mut lying = honest.clone();
        for at in [local + 22, central + 24] {
            lying[at..at + 4].copy_from_slice(&size.to_le_bytes());
        }
        refused(&lying, "receipts.jsonl");
    }
    let many: Vec<(String, Vec<u8>)> = (0..65).map(|n| (format!("f{n}"), vec![])).collect();
    refused(&python_zip(&many), "65 entries");
    let mut crc = honest.clone();
    crc[local + 14] ^= 1;
    crc[central + 16] ^= 1;
    refused(&crc, "CRC-32");
}
