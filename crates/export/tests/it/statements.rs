//! The note beside a report (A53): which bytes, signed by whom, and what it does not show.

use ai_audit_core::{Exit, LogId, NodeHash, Question, SigningKey, Status, Timestamp};
use ai_audit_export::{ManifestFile, ReportStatement, StatementReport, verify_statement};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{Pin, TrustPolicy};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

const ORIGIN: &str = "example.org/log/00112233445566778899aabbccddeeff";
const OTHER: &str = "example.org/other/00112233445566778899aabbccddeeff";

type Folder = BTreeMap<String, Vec<u8>>;

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn folder() -> Folder {
    let files = [("q3.html", "<p>report</p>"), ("q3.json", "{}")];
    files
        .map(|(name, contents)| (name.into(), contents.into()))
        .into()
}

fn statement(folder: &Folder) -> ReportStatement {
    let files = folder
        .iter()
        .map(|(name, contents)| ManifestFile::of(name, contents));
    ReportStatement::new(
        ORIGIN,
        LogId::from_bytes([3; 32]),
        TreeSize::new(30),
        NodeHash::from_bytes([4; 32]),
        Timestamp::from_micros(1_790_000_000_000_000),
        files.collect(),
    )
    .unwrap()
}

fn line(origin: &str, number: u8) -> Pin {
    let line = VKey::ed25519(origin, key(number).verifying_key()).unwrap();
    Pin::parse(&line.to_string()).unwrap()
}

fn pinned() -> TrustPolicy {
    TrustPolicy::new().pin(line(ORIGIN, 1))
}

fn verify(note: &[u8], policy: &TrustPolicy, folder: &Folder) -> StatementReport {
    verify_statement(note, policy, |name| {
        Ok(folder
            .get(name)
            .map(|contents| Cursor::new(contents.clone())))
    })
}

fn note() -> String {
    statement(&folder()).sign(&key(1)).unwrap().to_string()
}

fn fails(report: &StatementReport, what: &str) {
    let reason = report.verdict.integrity.to_string();
    assert!(
        report.verdict.integrity.is_failed() && reason.contains(what),
        "{what}: {report:?}"
    );
    assert_eq!(report.exit(&[]), Exit::Failed);
}

#[test]
fn a_signed_report_verifies_and_says_what_that_does_not_show() {
    let report = verify(note().as_bytes(), &pinned(), &folder());
    assert!(report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified());
    let why = report.verdict.completeness.to_string();
    assert!(
        why.contains("only making it again from the package"),
        "{why}"
    );
    assert!(matches!(report.verdict.time, Status::Unverified { .. }));
    assert_eq!(report.verdict.erasure, Status::NotApplicable);
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    let asked = [Question::Integrity, Question::Attribution];
    assert_eq!(report.exit(&asked), Exit::Verified);
    assert_eq!(report.statement, Some(statement(&folder())));
    // Without a pin nothing says that this is what was signed.
    let report = verify(note().as_bytes(), &TrustPolicy::new(), &folder());
    assert!(matches!(
        report.verdict.integrity,
        Status::Unverified { .. }
    ));
    assert!(matches!(
        report.verdict.attribution,
        Status::Unverified { .. }
    ));
    assert_eq!(report.exit(&asked), Exit::Unverified);
}

#[test]
fn a_bare_key_says_nothing_of_the_log() {
    let bare = |number| TrustPolicy::new().pin(Pin::Key(key(number).verifying_key()));
    let report = verify(note().as_bytes(), &bare(1), &folder());
    assert!(report.verdict.attribution.is_verified());
    assert!(report.remarks[0].contains("not shown"), "{report:?}");
    // The log's receipt key, perhaps: it leads nowhere without the log.
    let report = verify(note().as_bytes(), &bare(2), &folder());
    assert!(matches!(
        report.verdict.attribution,
        Status::Unverified { .. }
    ));
    assert!(!report.verdict.integrity.is_verified());
    // Beside a key line it counts for nothing.
    let both = bare(1).pin(line(OTHER, 7));
    let report = verify(note().as_bytes(), &both, &folder());
    assert!(report.verdict.attribution.is_failed());
}

#[test]
fn a53_a_report_beside_its_note_is_exchanged_edited_or_gone() {
    let note = note();
    for change in [
        |folder: &mut Folder| folder.get_mut("q3.html").unwrap()[3] ^= 1,
        |folder: &mut Folder| folder.get_mut("q3.html").unwrap().push(b'\n'),
        |folder: &mut Folder| folder.get_mut("q3.html").unwrap().truncate(12),
        |folder: &mut Folder| folder.get_mut("q3.html").unwrap().clear(),
        |folder: &mut Folder| drop(folder.remove("q3.html")),
        |folder: &mut Folder| {
            let json = folder["q3.json"].clone();
            folder.insert("q3.html".into(), json);
        },
    ] {
        let mut folder = folder();
        change(&mut folder);
        for policy in [pinned(), TrustPolicy::new()] {
            fails(&verify(note.as_bytes(), &policy, &folder), "q3.html");
        }
    }
    let empty = verify(note.as_bytes(), &pinned(), &Folder::new());
    fails(&empty, "q3.html: the statement lists it");
    assert!(empty.remarks[0].contains("also: q3.json"), "{empty:?}");
    // One that never ends is not read to its end, one that cannot be read fails.
    let endless = verify_statement(note.as_bytes(), &pinned(), |_| Ok(Some(io::repeat(0))));
    fails(&endless, "q3.html: expected the 13 bytes");
    let unreadable = verify_statement(note.as_bytes(), &pinned(), |_| {
        Err::<Option<io::Empty>, _>(io::Error::other("expected a plain file"))
    });
    fails(&unreadable, "q3.html: expected a plain file");
}

#[test]
fn a53_a_statement_of_another_log_key_or_history() {
    // Edited after it was signed.
    for (from, to) in [("size 30", "size 31"), ("q3.html", "q2.html")] {
        let edited = note().replacen(from, to, 1);
        let mut folder = folder();
        let html = folder["q3.html"].clone();
        folder.insert("q2.html".into(), html);
        let report = verify(edited.as_bytes(), &pinned(), &folder);
        fails(&report, "not the bytes that were signed");
        assert!(report.verdict.attribution.is_failed());
    }
    // Signed by another key under the log's name, and by another log's under its own.
    let forged = statement(&folder()).sign(&key(9)).unwrap().to_string();
    let report = verify(forged.as_bytes(), &pinned(), &folder());
    assert!(report.verdict.attribution.is_failed() && !report.verdict.integrity.is_verified());
    let text = statement(&folder()).to_string();
    let other = SignedNote::sign(&text, OTHER, &key(7)).unwrap().to_string();
    let both = pinned().pin(line(OTHER, 7));
    for policy in [&both, &TrustPolicy::new().pin(line(OTHER, 7))] {
        let report = verify(other.as_bytes(), policy, &folder());
        assert!(report.verdict.attribution.is_failed(), "{report:?}");
    }
    // A checkpoint that was kept: of the same size with another root, or larger.
    let checkpoint = |size, root, number| {
        let checkpoint = Checkpoint {
            origin: ORIGIN.into(),
            size: TreeSize::new(size),
            root: NodeHash::from_bytes([root; 32]),
            extensions: Vec::new(),
        };
        let note = checkpoint.sign(&key(number)).unwrap().to_string();
        let policy = pinned().checkpoint(note.as_bytes()).unwrap();
        verify(self::note().as_bytes(), &policy, &folder())
    };
    fails(&checkpoint(30, 5, 1), "another history");
    assert!(checkpoint(30, 4, 1).verdict.integrity.is_verified());
    // By a key that is not the log's it accuses nobody.
    assert!(checkpoint(30, 5, 2).verdict.integrity.is_verified());
    let larger = checkpoint(40, 5, 1).verdict;
    assert!(larger.integrity.is_verified());
    assert!(larger.completeness.to_string().contains("known to have 40"));
}

#[test]
fn a53_names_that_lead_elsewhere_are_never_opened() {
    for name in [
        "../q3.html",
        "/etc/passwd",
        "a/b",
        "..",
        "C:x",
        "a\\b",
        "NUL",
    ] {
        let text = statement(&folder()).to_string().replace("q3.html", name);
        let note = SignedNote::sign(&text, ORIGIN, &key(1))
            .unwrap()
            .to_string();
        let mut opened = Vec::new();
        let report = verify_statement(note.as_bytes(), &pinned(), |name| {
            opened.push(name.to_string());
            Ok(Some(io::empty()))
        });
        assert!(opened.is_empty() && report.statement.is_none(), "{name}");
        fails(&report, "statement of a report");
    }
}

proptest! {
    #[test]
    fn a53_any_changed_byte_is_seen_and_nothing_panics(at in 0_usize..2000, to in 1_u8..255) {
        let mut bytes = note().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= to;
        let report = verify(&bytes, &pinned(), &folder());
        prop_assert!(!report.verdict.attribution.is_verified(), "{report:?}");
        prop_assert!(!report.verdict.integrity.is_verified(), "{report:?}");
    }

    #[test]
    fn a53_no_text_panics(text in "\\PC{0,200}|(ai-audit/report/v1\n[ -~\n]{0,200})") {
        let mut read = 0;
        let report = verify_statement(text.as_bytes(), &pinned(), |_| {
            read += 1;
            Ok(Some(io::empty().take(0)))
        });
        prop_assert!(report.verdict.integrity.is_failed() && read == 0);
    }
}
