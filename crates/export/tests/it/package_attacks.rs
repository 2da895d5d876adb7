//! A23 and A41, and the attacks on logs once more against packages.

use crate::files::{Files, get, pack, remanifest, unpack};
use crate::logs::{Auditor, Log};
use crate::python::agrees;
use ai_audit_core::{Exit, Question, SigningKey, Status};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{Manifest, Selection, verify_package};
use ai_audit_note::SignedNote;
use ai_audit_verify::{Report, TrustPolicy};
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// What both verifiers say, ours and the independent one.
fn verify(files: &Files, auditor: &Auditor) -> Report {
    let report = ours(files, auditor);
    agrees(files, auditor, &report);
    report
}

/// What ours says, on one thread and on several.
fn ours(files: &Files, auditor: &Auditor) -> Report {
    let package = pack(files);
    let report = verify_package(package.clone(), auditor, |_, _| {}).report;
    let three = TrustPolicy::clone(auditor).threads(NonZeroUsize::MIN.saturating_add(2));
    let other = verify_package(package, &three, |_, _| {}).report;
    assert_eq!(format!("{other:?}"), format!("{report:?}"));
    report
}

/// Integrity fails and the reason names `what`.
fn fails(report: &Report, what: &str) {
    let reason = report.verdict.integrity.to_string();
    assert!(
        report.verdict.integrity.is_failed() && reason.contains(what),
        "{reason}"
    );
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
}

fn whole() -> (Log, Files) {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::All, true));
    (log, files)
}

#[test]
fn a23_unsigned_or_covering_nothing() {
    let (log, files) = whole();
    let unsigned: Files = files
        .iter()
        .filter(|(name, _)| name != "manifest.note")
        .cloned()
        .collect();
    fails(
        &verify(&unsigned, &log.policy()),
        "manifest.note is missing",
    );
    let mut nothing = files.clone();
    remanifest(&mut nothing, &log.checkpoint_key, |manifest| {
        manifest.files.clear()
    });
    fails(&verify(&nothing, &log.policy()), "does not list it");
    let mut empty = files;
    get(&mut empty, "manifest.note").clear();
    fails(&verify(&empty, &log.policy()), "manifest.note");
}

#[test]
fn a23_a_file_changed_with_and_without_the_manifest() {
    let (log, files) = whole();
    for name in [
        "README.md",
        "verify.py",
        "key-history.json",
        "checkpoint.note",
    ] {
        let mut changed = files.clone();
        get(&mut changed, name).push(b'\n');
        let report = verify(&changed, &log.policy());
        assert!(report.verdict.integrity.is_failed(), "{name}");
        // Signed by somebody else.
        remanifest(&mut changed, &SigningKey::from_bytes(&[77; 32]), |_| {});
        let report = verify(&changed, &log.policy());
        assert!(report.verdict.integrity.is_failed(), "{name}");
    }
    let mut edited = files.clone();
    let text = String::from_utf8(get(&mut edited, "manifest.note").clone()).unwrap();
    *get(&mut edited, "manifest.note") = text.replace("receipts 25", "receipts 24").into_bytes();
    fails(&verify(&edited, &log.policy()), "manifest.note");
}

#[test]
fn a23_keys_replaced() {
    let (log, mut files) = whole();
    // The package of another log, under the first one's name in every place that is not signed.
    let other = Log::of(2, 25);
    let report = verify(&unpack(&other.package(Selection::All, true)), &log.policy());
    assert!(report.verdict.attribution.is_failed());
    // Its key history in this package, signed by the true key: a lie all the same.
    let mut theirs = unpack(&other.package(Selection::All, true));
    *get(&mut files, "key-history.json") = get(&mut theirs, "key-history.json").clone();
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    fails(&verify(&files, &log.policy()), "key-history.json");
}

#[test]
fn a23_claims_that_are_not_true() {
    let (log, files) = whole();
    let lies: [fn(&mut Manifest); 5] = [
        |manifest| manifest.receipts = 24,
        |manifest| manifest.checkpoint = 26,
        |manifest| manifest.log_id = ai_audit_core::LogId::ZERO,
        |manifest| manifest.selection = Selection::Session("s1".into()),
        |manifest| manifest.files.reverse(),
    ];
    for (case, lie) in lies.into_iter().enumerate() {
        let mut files = files.clone();
        remanifest(&mut files, &log.checkpoint_key, lie);
        let report = verify(&files, &log.policy());
        let failed = report.verdict.integrity.is_failed();
        assert!(failed, "case {case}: {report:?}");
    }
}

#[test]
fn a24_a_file_that_is_not_listed_or_not_known() {
    let (log, files) = whole();
    let mut more = files.clone();
    more.insert(6, ("notes.txt".into(), b"read me".to_vec()));
    fails(&verify(&more, &log.policy()), "notes.txt");
    // Listed and signed: still no file of a package.
    remanifest(&mut more, &log.checkpoint_key, |_| {});
    fails(&verify(&more, &log.policy()), "notes.txt");
    let mut fewer: Files = files
        .iter()
        .filter(|(name, _)| name != "README.md")
        .cloned()
        .collect();
    fails(&verify(&fewer, &log.policy()), "README.md");
    remanifest(&mut fewer, &log.checkpoint_key, |_| {});
    fails(&verify(&fewer, &log.policy()), "README.md");
    let mut reordered = files;
    reordered.swap(0, 1);
    // A folder has no order.
    fails(&ours(&reordered, &log.policy()), "place");
}

#[test]
fn a25_an_archive_within_the_archive_is_never_opened() {
    // It is refused as an archive by having no place: as a file's contents it is bytes.
    let (log, mut files) = whole();
    let nested = pack(&files);
    *get(&mut files, "README.md") = nested;
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    let report = verify(&files, &log.policy());
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

#[test]
fn a41_a_json_view_that_says_something_else_than_the_bytes() {
    let (log, files) = whole();
    for (from, to) in [
        ("\"allow\"", "\"reject\""),
        ("gpt-4o", "gpt-5o"),
        ("\"seq\":3,", "\"seq\":3, "),
        ("}\n", "}\n\n"),
    ] {
        let mut lying = files.clone();
        let text = String::from_utf8(get(&mut lying, "receipts.jsonl").clone()).unwrap();
        assert!(text.contains(from), "{from}");
        *get(&mut lying, "receipts.jsonl") = text.replacen(from, to, 1).into_bytes();
        // Even the true key does not make it true.
        remanifest(&mut lying, &log.checkpoint_key, |_| {});
        fails(&verify(&lying, &log.policy()), "receipts.jsonl");
    }
    for change in [0, 1] {
        let mut lying = files.clone();
        let view = get(&mut lying, "receipts.jsonl");
        if change == 0 {
            view.extend_from_slice(b"{}\n");
        } else {
            view.truncate(view.len() - 1);
        }
        remanifest(&mut lying, &log.checkpoint_key, |_| {});
        fails(&verify(&lying, &log.policy()), "receipts.jsonl");
    }
}

#[test]
fn a01_to_a08_in_a_package_name_the_receipt() {
    let (log, files) = whole();
    let starts = starts(&files);
    type Change<'a> = Box<dyn Fn(&mut Vec<u8>) + 'a>;
    let cases: [(&str, Change<'_>, u64); 4] = [
        ("A01", Box::new(|bytes| bytes[starts[7] + 90] ^= 1), 7),
        (
            "A03",
            Box::new(|bytes| drop(bytes.drain(starts[7]..starts[8]))),
            7,
        ),
        (
            "A06",
            Box::new(|bytes| bytes[starts[7]..starts[9]].rotate_left(starts[8] - starts[7])),
            7,
        ),
        (
            "A08",
            Box::new(|bytes| bytes.extend_from_within(starts[7]..starts[8])),
            25,
        ),
    ];
    for (case, change, seq) in cases {
        let mut changed: Files = files
            .iter()
            .filter(|(name, _)| name != "receipts.jsonl")
            .cloned()
            .collect();
        change(get(&mut changed, "receipts.bin"));
        for signed in [false, true] {
            if signed {
                remanifest(&mut changed, &log.checkpoint_key, |_| {});
            }
            let report = verify(&changed, &log.policy());
            let text = report.verdict.integrity.to_string();
            assert!(
                text.contains(&format!("at receipt {seq}")),
                "{case}: {text}"
            );
        }
    }
}

/// Where each receipt begins in receipts.bin, and where the last one ends.
fn starts(files: &Files) -> Vec<usize> {
    let bytes = &files
        .iter()
        .find(|(name, _)| name == "receipts.bin")
        .unwrap()
        .1;
    let mut at = ai_audit_export::RECEIPTS_MAGIC.len();
    let mut starts = vec![at];
    while at < bytes.len() {
        at += 2 + usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]])) + 1 + 64;
        starts.push(at);
    }
    starts
}

#[test]
fn a04_a05_cut_packages() {
    let (log, _) = whole();
    // Cut at the end, with an older genuine checkpoint, all signed by the true keys.
    let short = Log::of(1, 20);
    let package = short.package(Selection::All, true);
    let report = verify(&unpack(&package), &log.pinned());
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Unverified,
        "{report:?}"
    );
    let report = verify(&unpack(&package), &log.policy());
    assert!(report.verdict.completeness.is_failed());
    // Cut at the beginning.
    let (_, mut files) = whole();
    let starts = starts(&files);
    get(&mut files, "receipts.bin").drain(starts[0]..starts[3]);
    remanifest(&mut files, &log.checkpoint_key, |_| {});
    let report = verify(&files, &log.policy());
    assert!(report.verdict.completeness.is_failed(), "{report:?}");
}

#[test]
fn a16_proofs_of_a_selection_that_were_changed() {
    let log = Log::of(1, 25);
    let files = unpack(&log.package(Selection::Session("s1".into()), true));
    for change in 0..4 {
        let mut changed = files.clone();
        let proofs = get(&mut changed, "proofs.bin");
        match change {
            0 => proofs[40] ^= 1,
            1 => proofs.push(0),
            2 => drop(proofs.pop()),
            _ => proofs[0] ^= 1,
        }
        remanifest(&mut changed, &log.checkpoint_key, |_| {});
        let report = verify(&changed, &log.policy());
        assert!(
            report.verdict.integrity.is_failed(),
            "case {change}: {report:?}"
        );
    }
    // A receipt that does not belong to the selection.
    let mut changed = files;
    remanifest(&mut changed, &log.checkpoint_key, |manifest| {
        manifest.selection = Selection::Session("s2".into());
    });
    fails(&verify(&changed, &log.policy()), "does not belong");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_flipped_bit_of_a_package_is_refused_or_without_effect(place: prop::sample::Index, bit in 0..8u8) {
        let log = Log::of(1, 6);
        let package = log.package(Selection::All, true);
        let honest = unpack(&package);
        let mut changed = package.clone();
        let place = place.index(changed.len());
        changed[place] ^= 1 << bit;
        let report = verify_package(changed.clone(), &log.policy(), |_, _| {}).report;
        if report.exit(&Question::DEFAULT) == Exit::Verified {
            prop_assert_eq!(unpack(&changed), honest, "byte {}", place);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, place: prop::sample::Index, len in 0..64usize) {
        let policy = TrustPolicy::new();
        let report = verify_package(bytes.clone(), &policy, |_, _| {}).report;
        prop_assert!(report.verdict.integrity.is_failed());
        let mut package = Log::of(1, 4).package(Selection::All, true);
        let at = place.index(package.len());
        let end = (at + len).min(package.len());
        package.splice(at..end, bytes.iter().copied());
        let _ = verify_package(package, &policy, |_, _| {});
    }
}

#[test]
fn a_manifest_signature_is_no_checkpoint_signature() {
    let (log, mut files) = whole();
    let manifest = SignedNote::parse(get(&mut files, "manifest.note")).unwrap();
    let policy = TrustPolicy::clone(&log.pinned()).checkpoint(manifest.to_string().as_bytes());
    assert!(policy.is_err());
}

#[test]
fn a01_any_damage_behind_the_genesis_names_a_receipt() {
    let log = Log::of(1, 12);
    let (from, to) = (0, 11);
    for selection in [Selection::All, Selection::Range { from, to }] {
        let package = log.package(selection, false);
        let archive = Archive::open(package.clone(), Limits::default()).unwrap();
        let len = archive.entry("receipts.bin").unwrap().compressed_size();
        // The first entry, with its header of 30 bytes and its name.
        let end = 30 + 12 + usize::try_from(len).unwrap();
        for place in 800..end {
            let mut damaged = package.clone();
            damaged[place] ^= 1;
            let report = verify_package(damaged, &log.policy(), |_, _| {}).report;
            let integrity = &report.verdict.integrity;
            assert!(
                matches!(integrity, Status::Failed { receipt: Some(seq), .. } if *seq > 0),
                "byte {place}: {integrity}"
            );
        }
    }
}
