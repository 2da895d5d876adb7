//! A76: evidence that was looked at no deeper than its tree is taken for verified.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::Log;
use crate::tile_store::published;
use ai_audit_core::{Question, Status};
use ai_audit_export::tiles::verify_tiles;
use ai_audit_export::{Selection, verify_package};
use ai_audit_verify::{Depth, Report, TrustPolicy};

fn at(depth: Depth, policy: &TrustPolicy, files: &Files) -> Report {
    let policy = policy.clone().depth(depth);
    verify_package(pack(files), &policy, |_, _| {}).report
}

fn code(report: &Report) -> u8 {
    report.exit(&Question::DEFAULT).code()
}

#[test]
fn a76_a_tree_says_what_was_not_checked() {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::All, true));
    let report = at(Depth::Tree, &log.policy(), &files);
    assert_eq!(report.verdict.completeness, Status::Verified);
    assert_eq!((report.receipts, report.complete_to), (25, Some(25)));
    assert_eq!(code(&report), 3, "never as good as the whole");
    assert_eq!(report.exit(&[Question::Completeness]).code(), 0);
    for open in [&report.verdict.integrity, &report.verdict.attribution] {
        let said = open.to_string();
        assert!(said.contains("signatures, chain and contents"), "{said}");
    }
    assert_eq!(code(&at(Depth::Full, &log.policy(), &files)), 0);
}

#[test]
fn a76_what_the_checkpoint_does_not_have_fails() {
    let (log, other) = (Log::of(1, 25), Log::of(2, 25));
    let files = unpack(&log.package(Selection::All, false));
    // Changed by somebody who has the checkpoint key and signs the manifest anew.
    let mut changed = files.clone();
    let receipts = get(&mut changed, "receipts.bin");
    let middle = receipts.len() / 2;
    receipts[middle] ^= 1;
    let bare = changed.clone();
    remanifest(&mut changed, &log.checkpoint_key, |_| {});
    // The files of one log around the receipts of another.
    let mut swapped = files.clone();
    let others = unpack(&other.package(Selection::All, false));
    let taken = others
        .iter()
        .find(|(name, _)| name == "receipts.bin")
        .unwrap();
    get(&mut swapped, "receipts.bin").clone_from(&taken.1);
    remanifest(&mut swapped, &log.checkpoint_key, |_| {});
    // A manifest by another key, and one that claims other numbers.
    let mut signed = files.clone();
    remanifest(&mut signed, &other.checkpoint_key, |_| {});
    let mut claims = files.clone();
    remanifest(&mut claims, &log.checkpoint_key, |manifest| {
        manifest.receipts += 1
    });
    for wrong in [bare, changed, swapped, signed, claims] {
        let report = at(Depth::Tree, &log.policy(), &wrong);
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        assert!(!report.verdict.completeness.is_verified());
    }
    // Another log than the pinned one.
    let report = at(Depth::Tree, &other.pinned(), &files);
    assert!(report.verdict.attribution.is_failed());
}

#[test]
fn a76_a_changed_signature_is_what_it_does_not_see() {
    let log = Log::of(1, 25);
    let mut files = unpack(&log.package(Selection::All, false));
    *get(&mut files, "receipts.bin").last_mut().unwrap() ^= 1;
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    assert_eq!(code(&at(Depth::Full, &log.policy(), &files)), 1);
    let report = at(Depth::Tree, &log.policy(), &files);
    assert_eq!(code(&report), 3);
    assert!(!report.verdict.attribution.is_verified());
}

#[test]
fn selections_are_looked_at_in_full() {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::Session("s3".into()), true));
    let [tree, full] =
        [Depth::Tree, Depth::Full].map(|depth| format!("{:?}", at(depth, &log.policy(), &files)));
    assert_eq!(tree, full);
}

#[test]
fn a76_published_logs_as_well() {
    let log = Log::of(1, 300);
    let out = published(&log, false);
    let policy = TrustPolicy::clone(&log.policy()).depth(Depth::Tree);
    let report = verify_tiles(&out, &policy, |_, _| {});
    assert_eq!(report.verdict.completeness, Status::Verified);
    assert_eq!((code(&report), report.receipts), (3, 300));
    let said = report.verdict.attribution.to_string();
    assert!(said.contains("signatures, chain and contents"), "{said}");
}
