//! Reports in packages and beside their notes (A53): both verifiers see what was exchanged.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::{Auditor, Log};
use crate::python::agrees;
use ai_audit_core::{Digest, LogId, NodeHash, SigningKey, Timestamp, UnverifiedReceipt};
use ai_audit_export::{
    ExportError, ManifestFile, PackageOptions, PackageReports, ReportStatement, ReportsError,
    Selection, verify_package, write_package,
};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_verify::Report;
use std::io::Cursor;

/// Receipts of the logs: the independent verifier takes its time over each.
const SIZE: u64 = 7;
const MADE: Timestamp = Timestamp::from_micros(1_790_000_001_000_000);
const HTML: &[u8] = b"<!doctype html><title>What the log shows</title>";
const JSON: &[u8] = b"{\"receipts\":25}";
const OSCAL: &[u8] = b"{\"assessment-results\":{\"uuid\":\"1\"}}";

/// A statement of this log as it is, over these files.
fn statement(log: &Log, files: &[(&str, &[u8])]) -> ReportStatement {
    let head = Checkpoint::parse(log.checkpoint().text()).unwrap();
    let log_id = UnverifiedReceipt::parse(&log.sealed[0]).unwrap().hash();
    let files = files
        .iter()
        .map(|(name, contents)| ManifestFile::of(*name, contents));
    ReportStatement::new(
        &log.origin,
        log_id.to_log_id(),
        head.size,
        head.root,
        MADE,
        files.collect(),
    )
    .unwrap()
}

fn options(selection: Selection, reports: PackageReports) -> PackageOptions {
    PackageOptions {
        selection,
        json_view: true,
        ciphertexts: false,
        timestamp: None,
        reports: Some(reports),
    }
}

/// What the reason names, and what was done to the statement.
type Change = (&'static str, fn(&mut ReportStatement));

const FILES: [(&str, &[u8]); 3] = [
    ("q3.json", JSON),
    ("q3.HTML", HTML),
    ("results.json", OSCAL),
];

fn reports(log: &Log) -> PackageReports {
    let statement = statement(log, &FILES);
    let mut reports = PackageReports::new(statement.clone());
    let places = FILES.map(|(name, contents)| {
        let place = reports.add(&statement, name, contents.to_vec());
        place.unwrap()
    });
    assert_eq!(places, ["report.json", "report.html", "oscal.json"]);
    reports
}

/// A log, and the files of a package of it with three reports.
fn packed(selection: Selection) -> (Log, Files) {
    let log = Log::of(1, SIZE);
    let options = options(selection, reports(&log));
    let package = log.package_of(&[], &options);
    assert_eq!(package, log.package_of(&[], &options), "deterministic");
    let files = unpack(&package);
    (log, files)
}

/// What both verifiers say.
fn verify(files: &Files, auditor: &Auditor) -> Report {
    let report = verify_package(pack(files), auditor, |_, _| {}).report;
    agrees(files, auditor, &report);
    report
}

fn fails(files: &Files, log: &Log, what: &str) {
    let report = verify(files, &log.policy());
    let reason = report.verdict.integrity.to_string();
    assert!(
        report.verdict.integrity.is_failed() && reason.contains(what),
        "{reason}"
    );
    assert!(!report.verdict.completeness.is_verified());
    // Who signed the receipts is another question.
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
    assert!(!report.remarks.iter().any(|one| one.contains("issued")));
}

/// Changes the statement, and signs it and the manifest with these keys.
fn restate(
    files: &mut Files,
    key: &SigningKey,
    manifest: &SigningKey,
    change: impl FnOnce(&mut ReportStatement),
) {
    let note = SignedNote::parse(get(files, "report.note")).unwrap();
    let mut statement = ReportStatement::parse(note.text()).unwrap();
    change(&mut statement);
    let name = statement.origin.clone();
    let note = SignedNote::sign(&statement.to_string(), &name, key).unwrap();
    *get(files, "report.note") = note.to_string().into_bytes();
    remanifest(files, manifest, |_| {});
}

#[test]
fn reports_travel_in_packages_of_logs_and_selections() {
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let (log, mut files) = packed(selection);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let at = names
            .iter()
            .position(|name| *name == "report.html")
            .unwrap();
        assert_eq!(
            names[at..],
            [
                "report.html",
                "report.json",
                "oscal.json",
                "report.note",
                "key-history.json",
                "README.md",
                "verify.py",
                "manifest.note"
            ]
        );
        let report = verify(&files, &log.policy());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        let remark = report.remarks.iter().find(|one| one.contains("issued"));
        let remark = remark.unwrap();
        assert!(
            remark.contains("oscal.json, report.html, report.json")
                && remark.contains("only making them again")
                && remark.contains("2026-09-21"),
            "{remark}"
        );
        assert_eq!(get(&mut files, "report.html"), HTML);
        assert_eq!(get(&mut files, "oscal.json"), OSCAL);
        let note = SignedNote::parse(get(&mut files, "report.note")).unwrap();
        let stated = ReportStatement::parse(note.text()).unwrap();
        assert_eq!((stated.made, stated.size.as_u64()), (MADE, SIZE));
        let readme = String::from_utf8(get(&mut files, "README.md").clone()).unwrap();
        assert!(readme.contains("- `report.json`") && readme.contains("- `report.note`"));
        assert!(!readme.contains("report.pdf"));
        // Without a pin nobody is trusted, with or without reports.
        let report = verify(&files, &Auditor::default());
        assert!(!report.verdict.attribution.is_verified());
    }
}

#[test]
fn a53_a_report_in_a_package_is_exchanged_edited_added_or_taken_out() {
    let (log, honest) = packed(Selection::All);
    let key = &log.checkpoint_key;
    // Edited, with and without a manifest that fits.
    let mut files = honest.clone();
    get(&mut files, "report.html")[20] ^= 1;
    fails(&files, &log, "report.html");
    remanifest(&mut files, key, |_| {});
    fails(&files, &log, "report.html");
    // Exchanged for each other.
    let mut files = honest.clone();
    let html = std::mem::take(get(&mut files, "report.html"));
    *get(&mut files, "report.html") = std::mem::replace(get(&mut files, "report.json"), html);
    remanifest(&mut files, key, |_| {});
    fails(&files, &log, "report");
    // Taken out, added, all without their note, the note without them.
    for gone in ["report.html", "report.json", "oscal.json", "report.note"] {
        let mut files: Files = honest.clone();
        files.retain(|(name, _)| name != gone);
        remanifest(&mut files, key, |_| {});
        fails(
            &files,
            &log,
            match gone {
                "report.note" => "oscal.json: there is no report.note",
                gone => gone,
            },
        );
    }
    let mut files = honest.clone();
    let at = files
        .iter()
        .position(|(name, _)| name == "oscal.json")
        .unwrap();
    files.insert(at, ("report.pdf".into(), b"%PDF".to_vec()));
    remanifest(&mut files, key, |_| {});
    fails(&files, &log, "report.pdf");
    let mut files = honest.clone();
    files.retain(|(name, _)| !name.ends_with(".html") && !name.ends_with(".json"));
    let mut whole = unpack(&log.package(Selection::All, true));
    let keys = get(&mut whole, "key-history.json").clone();
    let at = files
        .iter()
        .position(|(name, _)| name == "README.md")
        .unwrap();
    files.insert(at, ("key-history.json".into(), keys));
    remanifest(&mut files, key, |_| {});
    fails(&files, &log, "report.note");
    // A name that no package has.
    let mut files = honest.clone();
    let at = files
        .iter()
        .position(|(name, _)| name == "report.json")
        .unwrap();
    files[at].0 = "report.txt".into();
    restate(&mut files, key, key, |statement| {
        statement.files[2].name = "report.txt".into();
    });
    fails(&files, &log, "report.txt");
}

#[test]
fn a53_a_statement_in_a_package_is_of_another_log_size_root_or_file() {
    let (log, honest) = packed(Selection::All);
    let key = &log.checkpoint_key;
    let changes: [Change; 9] = [
        ("size", |s| s.size = TreeSize::new(SIZE - 1)),
        ("size", |s| s.size = TreeSize::new(SIZE + 1)),
        ("root", |s| s.root = NodeHash::EMPTY),
        ("log", |s| s.log_id = LogId::from_bytes([1; 32])),
        ("report.html", |s| s.files[1].digest = Digest::of(b"")),
        ("report.html", |s| s.files[1].size += 1),
        ("report.json", |s| s.files.truncate(2)),
        ("report.pdf", |s| {
            s.files.push(ManifestFile::of("report.pdf", b"%PDF"))
        }),
        ("verify.py", |s| {
            s.files.push(ManifestFile::of("verify.py", b""))
        }),
    ];
    for (what, change) in changes {
        let mut files = honest.clone();
        restate(&mut files, key, key, change);
        fails(&files, &log, what);
        let mut files = honest.clone();
        restate(&mut files, key, key, |statement| {
            change(statement);
            statement.origin = statement.origin.replace("example.org/", "example.com/");
        });
        fails(&files, &log, "report");
    }
    // By another key, and by none that counts.
    for other in [&log.receipt_key, &Log::of(2, 3).checkpoint_key] {
        let mut files = honest.clone();
        restate(&mut files, other, key, |_| {});
        fails(&files, &log, "report.note is not signed");
    }
    // Of another log, with its own note; of the same log when it was smaller.
    for (other, what) in [(Log::of(2, SIZE), "origin"), (Log::of(1, SIZE - 1), "size")] {
        let files = FILES.map(|(_, contents)| contents);
        let names = ["report.json", "report.html", "oscal.json"];
        let listed: Vec<_> = names.into_iter().zip(files).collect();
        let note = statement(&other, &listed)
            .sign(&other.checkpoint_key)
            .unwrap();
        let mut files = honest.clone();
        *get(&mut files, "report.note") = note.to_string().into_bytes();
        remanifest(&mut files, key, |_| {});
        fails(&files, &log, what);
    }
    // Forms that are none.
    for (from, to) in [
        ("v1", "v2"),
        ("size 7", "size 07"),
        ("made 2026-09-21", "made 2026-9-21"),
        ("made 2026-09-21", "made 2026-09-31"),
        ("made 2026-09-21T14", "made 2026-09-21t14"),
        ("oscal.json", "../oscal.json"),
        (" oscal.json", "  oscal.json"),
        ("file ", "file  "),
    ] {
        let mut files = honest.clone();
        let note = SignedNote::parse(get(&mut files, "report.note")).unwrap();
        assert!(note.text().contains(from));
        let text = note.text().replacen(from, to, 1);
        let note = SignedNote::sign(&text, &log.origin, key).unwrap();
        *get(&mut files, "report.note") = note.to_string().into_bytes();
        remanifest(&mut files, key, |_| {});
        fails(&files, &log, "report.note");
    }
    let mut files = honest;
    get(&mut files, "report.note").clear();
    remanifest(&mut files, key, |_| {});
    fails(&files, &log, "report.note");
}

#[test]
fn a53_what_is_not_of_this_log_is_not_packed() {
    let log = Log::of(1, SIZE);
    let stated = statement(&log, &FILES);
    let mut reports = PackageReports::new(stated.clone());
    let mut add = |statement: &ReportStatement, name: &str, contents: &[u8]| {
        reports.add(statement, name, contents.to_vec()).unwrap_err()
    };
    assert!(matches!(
        add(&stated, "q3.json", HTML),
        ReportsError::NotListed { .. }
    ));
    assert!(matches!(
        add(&stated, "q4.json", JSON),
        ReportsError::NotListed { .. }
    ));
    let later = ReportStatement {
        made: Timestamp::from_micros(1),
        ..stated.clone()
    };
    assert!(matches!(
        add(&later, "q3.json", JSON),
        ReportsError::Differs { .. }
    ));
    let text = statement(&log, &[("q3.txt", b"x"), ("q3", b"x"), (".html", b"x")]);
    assert!(matches!(
        add(&text, "q3.txt", b"x"),
        ReportsError::Form { .. }
    ));
    assert!(matches!(add(&text, "q3", b"x"), ReportsError::Form { .. }));
    let two = statement(&log, &[("a.html", HTML), ("b.html", HTML)]);
    reports.add(&two, "a.html", HTML.to_vec()).unwrap();
    assert!(matches!(
        reports.add(&two, "b.html", HTML.to_vec()),
        Err(ReportsError::Twice {
            place: "report.html",
            ..
        })
    ));
    let write = |reports| {
        let (key, note) = (&log.checkpoint_key, log.checkpoint());
        let options = options(Selection::All, reports);
        let mut out = Cursor::new(Vec::new());
        write_package(&mut out, &log, &note, &[], key, &options, |_, _| {}).unwrap_err()
    };
    let changes: [Change; 4] = [
        ("size", |s| s.size = TreeSize::new(SIZE - 1)),
        ("root", |s| s.root = NodeHash::EMPTY),
        ("log", |s| s.log_id = LogId::ZERO),
        ("origin", |s| {
            s.origin = s.origin.replace("example.org/", "example.com/")
        }),
    ];
    for (expected, change) in changes {
        let mut other = stated.clone();
        change(&mut other);
        let mut reports = PackageReports::new(other.clone());
        reports.add(&other, "q3.json", JSON.to_vec()).unwrap();
        let error = write(reports);
        let ExportError::Reports(ReportsError::Other { what, .. }) = error else {
            panic!("{error}");
        };
        assert_eq!(what, expected);
    }
    let error = write(PackageReports::new(stated));
    assert!(error.to_string().contains("lists no file"), "{error}");
}

#[test]
fn a53_both_verifiers_take_the_same_times() {
    let (log, honest) = packed(Selection::All);
    let key = &log.checkpoint_key;
    for (made, good) in [
        ("1970-01-01T00:00:00.000000Z", true),
        ("9999-12-31T23:59:59.999999Z", true),
        ("2028-02-29T23:59:59.000001Z", true),
        ("1969-12-31T23:59:59.999999Z", false),
        ("0001-01-01T00:00:00.000000Z", false),
        ("0000-01-01T00:00:00.000000Z", false),
        ("2026-02-29T00:00:00.000000Z", false),
        ("2026-06-30T23:59:60.000000Z", false),
        ("2026-01-01T24:00:00.000000Z", false),
        ("2026-01-01T00:00:00.00000Z", false),
    ] {
        let mut files = honest.clone();
        let text = SignedNote::parse(get(&mut files, "report.note")).unwrap();
        let text = text.text().replace(&MADE.to_string(), made);
        let note = SignedNote::sign(&text, &log.origin, key).unwrap();
        *get(&mut files, "report.note") = note.to_string().into_bytes();
        remanifest(&mut files, key, |_| {});
        if good {
            let report = verify(&files, &log.policy());
            assert!(report.verdict.integrity.is_verified(), "{made}: {report:?}");
        } else {
            fails(&files, &log, "made and a time");
        }
    }
}
