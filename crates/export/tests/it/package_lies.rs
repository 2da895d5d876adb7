//! A15, A20, A45, A48 and A49: packages that say less, more or something else than they claim, under
//! both verifiers.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::{Auditor, Log};
use crate::python::agrees;
use ai_audit_core::{
    Check, Decision, Exit, KeyRevocation, KeyRotation, NodeHash, Question, Signer as _, SigningKey,
    UnverifiedReceipt,
};
use ai_audit_export::{Selection, verify_package};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::Report;
use base64ct::{Base64, Encoding as _};

pub(crate) fn both(files: &Files, auditor: &Auditor) -> Report {
    let report = verify_package(pack(files), auditor, |_, _| {}).report;
    agrees(files, auditor, &report);
    report
}

fn fails(report: &Report, what: &str) {
    let reason = report.verdict.integrity.to_string();
    assert!(
        report.verdict.integrity.is_failed() && reason.contains(what),
        "{reason}"
    );
}

fn whole() -> (Log, Files) {
    let log = Log::of(1, 12);
    let files = unpack(&log.package(Selection::All, true));
    (log, files)
}

/// Signs whatever text, as somebody does who does not use our writer.
pub(crate) fn sign(text: &str, origin: &str, key: &SigningKey) -> Vec<u8> {
    let line = VKey::ed25519(origin, key.verifying_key()).unwrap();
    let mut blob = line.hash().to_vec();
    blob.extend_from_slice(key.try_sign(text.as_bytes()).unwrap().as_bytes());
    format!(
        "{text}\n\u{2014} {origin} {}\n",
        Base64::encode_string(&blob)
    )
    .into_bytes()
}

/// The file of older checkpoints.
pub(crate) fn older(notes: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"ai-audit/checkpoints/v1\n".to_vec();
    for note in notes {
        file.extend_from_slice(&u32::try_from(note.len()).unwrap().to_be_bytes());
        file.extend_from_slice(note);
    }
    file
}

/// Puts a file in its place, and the manifest right.
pub(crate) fn with(mut files: Files, name: &str, contents: Vec<u8>, key: &SigningKey) -> Files {
    match files.iter_mut().find(|(file, _)| file == name) {
        Some(file) => file.1 = contents,
        None => {
            let place = files
                .iter()
                .position(|(file, _)| file == "key-history.json")
                .unwrap();
            files.insert(place, (name.into(), contents));
        }
    }
    remanifest(&mut files, key, |_| {});
    files
}

#[test]
fn a45_receipts_that_cannot_be_read_leave_attribution_open() {
    let (log, files) = whole();
    let files: Files = files
        .into_iter()
        .filter(|(name, _)| name != "receipts.jsonl")
        .collect();
    let receipts = &files[0].1;
    let cut = receipts[..receipts.len() - 30].to_vec();
    let mut garbage = receipts.clone();
    garbage.extend_from_slice(b"\0\x04none\0");
    let mut half = receipts.clone();
    half.truncate(ai_audit_export::RECEIPTS_MAGIC.len() + 5);
    let mut seal = receipts.clone();
    let len = seal.len();
    seal[len - 65] = 0;
    for bytes in [cut, garbage, half, seal] {
        let report = both(
            &with(files.clone(), "receipts.bin", bytes, &log.checkpoint_key),
            &log.policy(),
        );
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        assert!(!report.verdict.attribution.is_verified(), "{report:?}");
        assert!(!report.verdict.attribution.is_failed(), "{report:?}");
    }
}

#[test]
fn a45_a_lie_beside_the_receipts_hides_no_stranger() {
    let mut log = Log::of(1, 11);
    let stranger = SigningKey::from_bytes(&[99; 32]);
    let own = std::mem::replace(&mut log.receipt_key, stranger);
    log.seal(&Decision::new(), "s1");
    log.receipt_key = own;
    log.seal(&Decision::new(), "s1");
    // The view of receipt 2 is wrong, the stranger signed receipt 11.
    let mut files = unpack(&log.package(Selection::All, true));
    let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
    *get(&mut files, "receipts.jsonl") = view.replacen("\"allow\"", "\"reject\"", 1).into_bytes();
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    let report = both(&files, &log.policy());
    fails(&report, "receipts.jsonl");
    assert!(
        report
            .verdict
            .attribution
            .to_string()
            .contains("at receipt 11"),
        "{report:?}"
    );
    // With proofs that end too early it is the same.
    let mut files = unpack(&log.package(Selection::Session("s1".into()), false));
    get(&mut files, "proofs.bin").truncate(60);
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    let report = both(&files, &log.policy());
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
}

#[test]
fn a04_a_package_without_its_genesis_is_nobodys() {
    let (log, files) = whole();
    let stranger = SigningKey::from_bytes(&[99; 32]);
    let mut files: Files = files
        .into_iter()
        .filter(|(name, _)| name != "receipts.jsonl")
        .collect();
    let first = 2 + usize::from(u16::from_be_bytes([files[0].1[21], files[0].1[22]])) + 65;
    files[0].1.drain(21..21 + first);
    // The history that goes with no genesis, all of it signed by a stranger.
    *get(&mut files, "key-history.json") =
        b"{\n  \"note\": \"\",\n  \"origin\": \"\",\n  \"keys\": []\n}\n".to_vec();
    let text = SignedNote::parse(get(&mut files, "checkpoint.note")).unwrap();
    *get(&mut files, "checkpoint.note") = sign(text.text(), &log.origin, &stranger);
    remanifest(&mut files, &stranger, |manifest| {
        manifest.receipts -= 1;
        manifest.log_id = log.head.log_id();
    });
    for auditor in [log.policy(), log.pinned(), Auditor::default()] {
        fails(&both(&files, &auditor), "genesis");
    }
}

#[test]
fn a15_older_checkpoints_of_a_selection_are_judged_too() {
    let log = Log::of(1, 12);
    let selection = || unpack(&log.package(Selection::Session("s1".into()), false));
    let note = |log: &Log| log.checkpoint().to_string().into_bytes();
    let (five, eight) = (Log::of(1, 5), Log::of(1, 8));
    let key = &log.checkpoint_key;
    let of = |notes: &[Vec<u8>]| with(selection(), "checkpoints.bin", older(notes), key);
    let sound = both(&of(&[note(&five), note(&eight)]), &log.pinned());
    assert!(sound.verdict.integrity.is_verified(), "{sound:?}");
    let mut fork = Log::of(1, 11);
    fork.seal(&Decision::new(), "another");
    let forged = sign(
        five.checkpoint().text(),
        &log.origin,
        &SigningKey::from_bytes(&[99; 32]),
    );
    for (what, notes) in [
        ("another log", vec![note(&Log::of(2, 5))]),
        ("not signed", vec![forged]),
        ("ascending", vec![note(&eight), note(&five)]),
        ("ascending", vec![note(&five), note(&five)]),
        ("ascending", vec![note(&fork)]),
        ("ascending", vec![note(&Log::of(1, 13))]),
        ("checkpoints.bin", vec![b"none".to_vec()]),
    ] {
        fails(&both(&of(&notes), &log.pinned()), what);
    }
    // The auditor kept another one of that size.
    let mut other = Log::of(1, 4);
    other.seal(&Decision::new(), "another");
    let auditor = log.pinned().checkpoint(&other.checkpoint());
    fails(&both(&of(&[note(&five)]), &auditor), "two histories");
    // A whole log's are held against its tree.
    let all = unpack(&log.package(Selection::All, false));
    let of = |notes: &[Vec<u8>]| with(all.clone(), "checkpoints.bin", older(notes), key);
    let sound = both(&of(&[note(&five), note(&eight)]), &log.policy());
    assert_eq!(sound.exit(&Question::DEFAULT), Exit::Verified);
    fails(
        &both(&of(&[note(&other), note(&eight)]), &log.policy()),
        "root",
    );
    fails(
        &both(&of(&[note(&eight), note(&five)]), &log.policy()),
        "ascending",
    );
}

#[test]
fn a48_holes_and_nothing_at_all() {
    let log = Log::of(1, 25);
    let range = |from, to| Selection::Range { from, to };
    // Receipts 10 to 12, which it calls more, another range, a session, nothing.
    let files = unpack(&log.package(range(10, 12), false));
    for (claim, missing) in [
        (range(9, 12), "receipt 9 "),
        (range(10, 13), "receipt 13 "),
        (range(10, u64::MAX), "receipt 13 "),
        (range(0, 12), "receipt 2 "),
        (range(12, 10), "does not belong"),
        (Selection::Session("nobody".into()), "does not belong"),
    ] {
        let mut files = files.clone();
        remanifest(&mut files, &log.checkpoint_key, |manifest| {
            manifest.selection = claim
        });
        fails(&both(&files, &log.pinned()), missing);
    }
    // A hole in the middle: the package of every other receipt, called a range.
    let mut holes = unpack(&log.package(Selection::Session("s2".into()), false));
    remanifest(&mut holes, &log.checkpoint_key, |manifest| {
        manifest.selection = range(2, 22);
    });
    fails(&both(&holes, &log.pinned()), "receipt 3 ");
    // Nothing but receipts about the log.
    let mut control = unpack(&log.package(range(2, 2), false));
    let bytes = get(&mut control, "receipts.bin");
    let last = log.sealed[2].len() + 3;
    bytes.truncate(bytes.len() - last);
    let proofs = get(&mut control, "proofs.bin");
    proofs.truncate(proofs.len() - 1 - 5 * 32);
    for claim in [
        range(5, 1),
        range(100, 200),
        Selection::Session("nobody".into()),
        Selection::Trace(String::new()),
    ] {
        remanifest(&mut control, &log.checkpoint_key, |manifest| {
            manifest.selection = claim;
            manifest.receipts = 2;
        });
        fails(&both(&control, &log.pinned()), "nothing of the selection");
    }
    // The end of a range may lie beyond the log.
    let clipped = unpack(&log.package(range(20, u64::MAX), false));
    assert!(
        both(&clipped, &log.pinned())
            .verdict
            .integrity
            .is_verified()
    );
}

#[test]
fn a20_other_forms_of_a_manifest() {
    let log = Log::of(1, 8);
    for (selection, from, to) in [
        (
            Selection::Range { from: 2, to: 5 },
            "range 2 5",
            "range 02 5",
        ),
        (
            Selection::Range { from: 2, to: 5 },
            "range 2 5",
            "range 2 +5",
        ),
        (
            Selection::Range { from: 2, to: 5 },
            "range 2 5",
            "range 2 5 ",
        ),
        (
            Selection::Range { from: 2, to: 7 },
            "range 2 7",
            "range 2 18446744073709551616",
        ),
        (Selection::Session("s2".into()), "\"s2\"", "\"\\u00732\""),
        (Selection::Session("s2".into()), "\"s2\"", " \"s2\""),
        (
            Selection::Session("s2".into()),
            "session \"s2\"",
            "session 2",
        ),
        (Selection::Trace("t".into()), "\"t\"", "\"\\t\"x"),
        (
            Selection::Time {
                from: ai_audit_core::Timestamp::from_micros(0),
                to: ai_audit_core::Timestamp::MAX,
            },
            "253402300799999999",
            "253402300800000000",
        ),
        (Selection::All, "all", "all "),
        (Selection::All, "receipts 8", "receipts 08"),
        (Selection::All, "checkpoint 8", "checkpoint +8"),
        (Selection::All, "file ", "file  "),
    ] {
        let mut files = unpack(&log.package(selection, false));
        let note = SignedNote::parse(get(&mut files, "manifest.note")).unwrap();
        let text = note.text().replacen(from, to, 1);
        assert_ne!(text, note.text(), "{from}");
        *get(&mut files, "manifest.note") = sign(&text, &log.origin, &log.checkpoint_key);
        fails(&both(&files, &log.pinned()), "manifest");
    }
}

#[test]
fn a20_lines_of_a_checkpoint() {
    let (log, files) = whole();
    let text = log.checkpoint().text().to_string();
    let lines = |count| format!("{text}{}", "a\n".repeat(count));
    for (text, sound) in [
        (lines(100), true),
        (format!("{text}é\u{200b}\n"), true),
        (lines(101), false),
        (format!("{text}a\u{7f}b\n"), false),
        (format!("{text}a\u{85}b\n"), false),
        (format!("{text}\n"), false),
    ] {
        let note = sign(&text, &log.origin, &log.checkpoint_key);
        let files = with(files.clone(), "checkpoint.note", note, &log.checkpoint_key);
        let report = both(&files, &log.policy());
        assert_eq!(report.verdict.integrity.is_verified(), sound, "{report:?}");
    }
}

#[test]
fn a49_who_signed_a_receipt_is_not_whether_its_bytes_were_changed() {
    // By another key.
    let mut log = Log::of(1, 6);
    let own = std::mem::replace(&mut log.receipt_key, SigningKey::from_bytes(&[99; 32]));
    log.seal(&Decision::new(), "s1");
    log.receipt_key = own;
    // By none: the last receipt says that it is batched.
    let mut batched = Log::of(1, 6);
    let mut sealed = batched.sealed.pop().unwrap();
    sealed.truncate(sealed.len() - 64);
    let id = batched.receipt_key.verifying_key().id();
    let at = sealed
        .windows(8)
        .position(|window| window == id.as_bytes())
        .unwrap();
    sealed[at + 8] = 1;
    batched.tree = ai_audit_merkle::MemoryTree::new();
    batched.sealed.push(sealed);
    for sealed in &batched.sealed {
        let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
        batched.tree.push(hash).unwrap();
    }
    for log in [log, batched] {
        let files = unpack(&log.package(Selection::All, true));
        let report = both(&files, &log.policy());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(report.verdict.attribution.is_failed(), "{report:?}");
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    }
}

#[test]
fn both_verifiers_follow_rotations_and_write_numbers_alike() {
    let mut log = Log::of(1, 4);
    for score in [
        0.0,
        1.0,
        0.1,
        -2.5,
        1e-4,
        1e-5,
        1.25e-6,
        1e-7,
        5e-324,
        1e15,
        1e16,
        1.5e17,
        1.5e300,
        -1e22,
        123_456_789_012_345_680.0,
    ] {
        let check = Check {
            score: Some(score),
            detail: "\u{7f}\u{85}é\u{1f600}\"\\\n\u{1}/".into(),
            ..Check::default()
        };
        let decision = Decision {
            checks: vec![check].into(),
            ..Decision::new()
        };
        log.seal(&decision, "s1");
    }
    let new = SigningKey::from_bytes(&[98; 32]);
    let old = log.receipt_key.verifying_key();
    let rotation =
        KeyRotation::new(&log.head.log_id(), &old, log.head.size(), &new, "epoch").unwrap();
    log.seal(&rotation, "");
    log.receipt_key = new;
    log.seal(&Decision::new(), "s1");
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let whole = selection.is_all();
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        assert!(report.verdict.attribution.is_verified(), "{report:?}");
        assert_eq!(report.exit(&Question::DEFAULT) == Exit::Verified, whole);
    }
    // Back to the old key: it was valid before.
    log.receipt_key = SigningKey::from_bytes(&[98; 32]);
    let back = SigningKey::from_bytes(&[4; 32]);
    assert_eq!(back.verifying_key(), old);
    let new = log.receipt_key.verifying_key();
    let rotation =
        KeyRotation::new(&log.head.log_id(), &new, log.head.size(), &back, "back").unwrap();
    log.seal(&rotation, "");
    log.receipt_key = back;
    log.seal(&Decision::new(), "s1");
    let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
}

#[test]
fn both_verifiers_let_no_key_take_over_that_was_revoked_first() {
    let mut log = Log::of(1, 4);
    let [recovery, early, successor] = [6, 97, 98].map(|n| SigningKey::from_bytes(&[n; 32]));
    let (id, at) = (log.head.log_id(), ai_audit_core::Timestamp::from_micros(1));
    let (gone, next) = (early.verifying_key(), successor.verifying_key());
    let revocation = KeyRevocation::sign(&id, gone, 1, at, next, "lost", &recovery).unwrap();
    log.receipt_key = successor;
    log.seal(&revocation, "");
    let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    let rotation = KeyRotation::new(&id, &next, log.head.size(), &early, "due").unwrap();
    log.seal(&rotation, "");
    log.receipt_key = early;
    log.seal(&Decision::new(), "s1");
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        assert!(report.verdict.attribution.is_failed(), "{report:?}");
    }
}

#[test]
fn both_verifiers_take_pins_and_sizes_alike() {
    let (log, files) = whole();
    let other = Log::of(2, 5);
    let bare = |key: &SigningKey| key.verifying_key().to_string();
    let (receipt, checkpoint) = (bare(&log.receipt_key), bare(&log.checkpoint_key));
    let none = Auditor::default;
    let empty = Checkpoint {
        size: ai_audit_merkle::TreeSize::new(0),
        root: NodeHash::EMPTY,
        ..Checkpoint::parse(log.checkpoint().text()).unwrap()
    };
    let empty = empty.sign(&log.checkpoint_key).unwrap();
    let selection = unpack(&log.package(Selection::Session("s1".into()), true));
    for auditor in [
        none(),
        none().pin(&receipt),
        none().pin(&checkpoint),
        none().pin(&receipt).pin(&other.key_line()),
        none().pin(&checkpoint).pin(&other.key_line()),
        none().pin(&bare(&other.receipt_key)),
        none().pin(&other.key_line()).pin(&log.key_line()),
        log.pinned().size(0),
        log.pinned().size(12),
        log.pinned().size(13),
        log.pinned().checkpoint(&empty),
        log.pinned().checkpoint(&Log::of(1, 4).checkpoint()),
        log.pinned().checkpoint(&Log::of(1, 14).checkpoint()),
        log.pinned().checkpoint(&other.checkpoint()),
        log.policy().checkpoint(&other.checkpoint()),
    ] {
        both(&files, &auditor);
        both(&selection, &auditor);
    }
}

#[test]
fn a24_the_manifest_lists_the_files_in_the_order_of_the_archive() {
    let (log, honest) = whole();
    let key = &log.checkpoint_key;
    let mut files = honest.clone();
    remanifest(&mut files, key, |manifest| manifest.files.swap(0, 1));
    fails(&both(&files, &log.policy()), "order of the archive");
    let mut files = honest.clone();
    remanifest(&mut files, key, |manifest| manifest.files.reverse());
    fails(&both(&files, &log.policy()), "order of the archive");
    // An archive in another order has no manifest that helps.
    let mut files = honest.clone();
    files.swap(0, 1);
    remanifest(&mut files, key, |_| {});
    fails(&both(&files, &log.policy()), "in this place");
    let mut files = honest;
    remanifest(&mut files, key, |_| {});
    assert!(both(&files, &log.policy()).verdict.integrity.is_verified());
}
