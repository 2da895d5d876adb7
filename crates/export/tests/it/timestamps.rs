//! Packages with a timestamp over their checkpoint, and with anchors among their receipts.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::Log;
use crate::package_lies::{both, with};
use crate::python::{answers, run};
use ai_audit_core::{NodeHash, SigningKey, Timestamp};
use ai_audit_export::{ExportError, PackageOptions, Selection, verify_package, write_package};
use ai_audit_note::{Anchor, SignedNote, cosign};
use ai_audit_testkit::tsa::{
    Authority, KeyType, OpensslAuthority, SHA1, TokenPlan, integer, oid, sequence,
};
use ai_audit_timestamp::{TimestampResponse, TimestampToken, TrustedCertificates};
use ai_audit_verify::{Report, TrustPolicy};

/// A minute after the receipts were sealed.
fn later() -> Timestamp {
    Timestamp::from_micros(1_790_000_060_000_000)
}

fn options(selection: Selection, token: Option<TimestampToken>) -> PackageOptions {
    PackageOptions {
        selection,
        json_view: true,
        ciphertexts: false,
        timestamp: token,
        reports: None,
    }
}

fn token(authority: &Authority, note: &SignedNote) -> TimestampToken {
    TimestampToken::read(&authority.token(note.text().as_bytes(), later())).unwrap()
}

fn verify(files: &Files, policy: &TrustPolicy) -> Report {
    verify_package(pack(files), policy, |_, _| {}).report
}

fn some() -> Selection {
    Selection::Session("s1".into())
}

#[test]
fn a_timestamp_in_a_package_bounds_all_its_receipts() {
    let log = Log::of(1, 25);
    let authority = Authority::new(1);
    let trusting = log.pinned().timestamp_authority(authority.root.clone());
    for selection in [Selection::All, some()] {
        let options = options(selection, Some(token(&authority, &log.checkpoint())));
        let package = log.package_of(&[], &options);
        assert_eq!(
            package,
            log.package_of(&[], &options),
            "the same bytes each time"
        );
        let mut files = unpack(&package);
        let report = verify(&files, &trusting);
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(report.verdict.time.is_verified(), "{report:?}");
        assert_eq!(report.time_bounds[0].by, "CN=Authority 1");
        // Whom the verifier does not trust tells him nothing.
        let report = verify(&files, &log.pinned());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(!report.verdict.time.is_verified() && report.time_bounds.is_empty());
        // It is the response that other tools read, right after the checkpoint.
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let place = names
            .iter()
            .position(|name| *name == "checkpoint.note")
            .unwrap();
        assert_eq!(names[place + 1], "checkpoint.tsr");
        let readme = String::from_utf8(get(&mut files, "README.md").clone()).unwrap();
        assert!(readme.contains("`checkpoint.tsr`"));
        assert!(TimestampResponse::token(get(&mut files, "checkpoint.tsr")).is_ok());
    }
}

#[test]
fn a_timestamp_of_something_else_is_not_put_in() {
    let (log, authority) = (Log::of(1, 25), Authority::new(1));
    let options = options(
        Selection::All,
        Some(token(&authority, &Log::of(1, 24).checkpoint())),
    );
    let out = std::io::Cursor::new(Vec::new());
    let (note, key) = (log.checkpoint(), &log.checkpoint_key);
    let written = write_package(out, &log, &note, &[], key, &options, |_, _| {});
    assert!(
        matches!(written, Err(ExportError::Timestamp { size: 25 })),
        "{written:?}"
    );
}

#[test]
fn a23_a_timestamp_that_was_changed_moved_or_added() {
    let (log, authority) = (Log::of(1, 25), Authority::new(1));
    let trusting = log.pinned().timestamp_authority(authority.root.clone());
    let good = unpack(&log.package_of(
        &[],
        &options(Selection::All, Some(token(&authority, &log.checkpoint()))),
    ));
    let refused = |files: &Files, words: &str| {
        let report = verify(files, &trusting);
        let reason = report.verdict.integrity.to_string();
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        assert!(reason.contains(words), "{reason}");
        assert!(!report.verdict.time.is_verified());
    };
    let mut changed = good.clone();
    get(&mut changed, "checkpoint.tsr")[100] ^= 1;
    refused(&changed, "checkpoint.tsr");
    // The keeper signs the manifest again over a timestamp of an earlier checkpoint, or none.
    let earlier = token(&authority, &Log::of(1, 24).checkpoint());
    for (contents, words) in [
        (
            TimestampResponse::around(&earlier).unwrap(),
            "it is not over checkpoint.note",
        ),
        (b"garbage".to_vec(), "checkpoint.tsr"),
        // The bare token is not the form of a package.
        (
            token(&authority, &log.checkpoint()).as_bytes().to_vec(),
            "checkpoint.tsr",
        ),
    ] {
        let mut changed = good.clone();
        *get(&mut changed, "checkpoint.tsr") = contents;
        remanifest(&mut changed, &log.checkpoint_key, |_| {});
        refused(&changed, words);
    }
    let mut elsewhere = good.clone();
    let file = elsewhere.remove(3);
    assert_eq!(file.0, "checkpoint.tsr");
    elsewhere.insert(4, file);
    remanifest(&mut elsewhere, &log.checkpoint_key, |_| {});
    refused(&elsewhere, "in this place");
    // One whose signature does not hold is the authority's matter: no bound, and a remark.
    let mut damaged = good;
    *get(&mut damaged, "checkpoint.tsr").last_mut().unwrap() ^= 1;
    remanifest(&mut damaged, &log.checkpoint_key, |_| {});
    let report = verify(&damaged, &trusting);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(!report.verdict.time.is_verified(), "{report:?}");
    assert!(
        report
            .remarks
            .iter()
            .any(|remark| remark.contains("does not count"))
    );
}

fn anchored() -> (Log, SignedNote) {
    let mut log = Log::of(1, 12);
    let witness = SigningKey::from_bytes(&[77; 32]);
    let mut note = log.checkpoint();
    note.add(cosign(&note, "w.example", &witness, later()).unwrap())
        .unwrap();
    log.seal(&log.anchor(&note, vec![]), "");
    log.seal(&ai_audit_core::Decision::new(), "s1");
    let authority = Authority::new(1);
    let stamped = log.checkpoint();
    let token = authority.token(stamped.text().as_bytes(), later());
    log.seal(&log.anchor(&stamped, token), "");
    log.seal(&log.anchor(&note, vec![]), "");
    (log, note)
}

#[test]
fn anchors_travel_with_every_selection_and_have_their_view() {
    let (log, note) = anchored();
    for selection in [Selection::All, some()] {
        let mut files = unpack(&log.package(selection, true));
        let report = verify(&files, &log.pinned());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
        let anchors: Vec<serde_json::Value> = view
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &serde_json::Value| line["kind"] == "anchor")
            .collect();
        assert_eq!(anchors.len(), 3);
        assert_eq!(anchors[0]["body"]["note"], note.to_string());
        assert!(anchors[0]["body"].get("token").is_none());
        let token = anchors[1]["body"]["token"].as_str().unwrap();
        assert!(token.starts_with("3082"), "{token}");
        assert_eq!(anchors[2]["body"]["path"][0].as_str().unwrap().len(), 64);
    }
}

#[test]
fn verify_py_agrees_on_anchors_and_timestamps() {
    let (log, note) = anchored();
    let code = |log: &Log, selection: Selection| {
        let folder = tempfile::tempdir().unwrap();
        let token = token(&Authority::new(1), &log.checkpoint());
        let package = log.package_of(&[], &options(selection, Some(token)));
        for (name, contents) in unpack(&package) {
            std::fs::write(folder.path().join(name), contents).unwrap();
        }
        std::fs::write(folder.path().join("log.pub"), log.key_line()).unwrap();
        let output = run(folder.path(), &[".", "--key", "log.pub"])?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let ours = verify(&unpack(&package), &log.pinned());
        Some((output.status.code(), said, ours.verdict.integrity))
    };
    let Some((exit, said, ours)) = code(&log, Selection::All) else {
        return;
    };
    assert!(exit == Some(3) && ours.is_verified(), "{said}");
    let (exit, said, ours) = code(&log, some()).unwrap();
    assert!(exit == Some(3) && ours.is_verified(), "{said}");
    // Anchors that do not hold, in turn: a wrong path, another history, another log.
    let mut shown = Log::of(1, 11);
    shown.seal(&ai_audit_core::Decision::new(), "shown to the witness only");
    let fork = shown.checkpoint();
    let other = Log::of(2, 12).checkpoint();
    for (note, path) in [
        (&note, vec![NodeHash::EMPTY]),
        (&fork, vec![]),
        (&other, vec![]),
    ] {
        let mut log = Log::of(1, 12);
        log.seal(
            &Anchor {
                note: note.to_string().into(),
                token: vec![].into(),
                path: path.into(),
            },
            "",
        );
        let (exit, said, ours) = code(&log, Selection::All).unwrap();
        assert!(exit == Some(1) && ours.is_failed(), "{said} {ours}");
    }
}

#[test]
fn openssl_reads_the_timestamp_of_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = OpensslAuthority::new(folder.path(), KeyType::P256, KeyType::Rsa2048)
    else {
        return;
    };
    let log = Log::of(1, 25);
    let note = log.checkpoint();
    let request = ai_audit_timestamp::TimestampRequest::new(note.text().as_bytes(), [7; 16]);
    let response = authority.answer(request.unwrap().as_bytes());
    let token = TimestampResponse::token(&response).unwrap();
    let mut files = unpack(&log.package_of(&[], &options(Selection::All, Some(token))));
    let found = get(&mut files, "checkpoint.tsr").clone();
    assert!(authority.accepts(note.text().as_bytes(), &found));
    let mut trusted = TrustedCertificates::new();
    trusted.add_file(&authority.root()).unwrap();
    let root = trusted.iter().next().unwrap().to_vec();
    let report = verify(&files, &log.pinned().timestamp_authority(root));
    assert!(report.verdict.time.is_verified(), "{report:?}");
}

/// A response with this status and token.
fn response(status: u8, token: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&integer(&[status])]), token])
}

/// An extension that nobody knows, with these bytes between its name and its value.
fn extensions(critical: &[u8]) -> Vec<u8> {
    let one = sequence(&[&oid("1.2.3.4"), critical, &[4, 1, 0]]);
    let mut all = vec![0xa1, u8::try_from(one.len()).unwrap()];
    all.extend(one);
    all
}

#[test]
fn a129_both_verifiers_refuse_a_timestamp_that_is_none_or_over_something_else() {
    let (log, authority) = (Log::of(1, 6), Authority::new(1));
    let note = log.checkpoint();
    let text = note.text().as_bytes();
    let good = authority.token(text, later());
    type Changes = fn(&mut TokenPlan);
    let changes: [Changes; 14] = [
        |plan| plan.version = 2,
        |plan| plan.imprint_algorithm = sequence(&[&oid(SHA1)]),
        |plan| plan.imprint.truncate(16),
        |plan| plan.time = "2026-09-21".into(),
        |plan| plan.time = "20261301000000Z".into(),
        |plan| plan.time = "20260230000000Z".into(),
        |plan| plan.time = "20260921101560Z".into(),
        |plan| plan.time = "19691231235959Z".into(),
        // 1,000 milliseconds, an extension that is critical, a nonce in two bytes where one would do.
        |plan| plan.rest = vec![sequence(&[&[0x80, 2, 3, 0xe8]])],
        |plan| plan.rest = vec![extensions(&[1, 1, 0xff])],
        |plan| plan.rest = vec![vec![2, 2, 0, 9]],
        |plan| plan.content_type = oid("1.2.840.113549.1.7.1"),
        |plan| plan.signers = 0,
        |plan| plan.signers = 2,
    ];
    let mut bad: Vec<Vec<u8>> = changes
        .iter()
        .map(|change| response(0, &authority.token_with(text, later(), *change)))
        .collect();
    let other = Log::of(1, 5).checkpoint();
    let full = authority.token_with(text, later(), |plan| {
        plan.rest = vec![
            sequence(&[&integer(&[1]), &[0x80, 2, 3, 0xe7], &[0x81, 1, 1]]),
            vec![1, 1, 0xff],
            integer(&[9]),
            extensions(&[]),
        ];
    });
    let mut longer = response(0, &good);
    longer.push(0);
    // The version of the signer, before whose certificate it is.
    let mut version = response(0, &good);
    let at = version
        .windows(4)
        .rposition(|bytes| bytes == [2, 1, 1, 0x30]);
    version[at.unwrap() + 2] = 7;
    bad.extend([
        b"no timestamp".to_vec(),
        Vec::new(),
        // A token alone, and a response without one.
        good.clone(),
        response(0, &[]),
        response(2, &good),
        // Of the note with its signatures, and of another checkpoint.
        response(0, &authority.token(note.to_string().as_bytes(), later())),
        response(0, &authority.token(other.text().as_bytes(), later())),
        response(0, &good)[..good.len()].to_vec(),
        longer,
        version,
        vec![0; 65_537],
    ]);
    for selection in [Selection::All, some()] {
        let options = options(selection, Some(token(&authority, &note)));
        let files = unpack(&log.package_of(&[], &options));
        let key = &log.checkpoint_key;
        let stamped = |contents| with(files.clone(), "checkpoint.tsr", contents, key);
        for (status, token) in [(0, &good), (1, &good), (0, &full)] {
            let files = stamped(response(status, token));
            let report = both(&files, &log.policy());
            assert!(report.verdict.integrity.is_verified(), "{report:?}");
            if let Some((_, _, said)) = answers(&files, &log.policy()) {
                let words = "timestamp over checkpoint.note; its signature was not checked";
                assert!(said.contains(words), "{said}");
            }
        }
        for contents in &bad {
            let report = both(&stamped(contents.clone()), &log.policy());
            let said = report.verdict.integrity.to_string();
            assert!(said.starts_with("FAILED: checkpoint.tsr: "), "{said}");
        }
    }
}
