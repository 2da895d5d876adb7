//! Packages of whole logs and selections: written, verified, the same each time.

use crate::files::unpack;
use crate::logs::Log;
use ai_audit_core::{Exit, Question, Status};
use ai_audit_export::{Selection, package_tree, verify_package};
use ai_audit_merkle::{TreeSize, consistency_proof};
use ai_audit_note::Checkpoint;
use ai_audit_verify::TrustPolicy;

#[test]
fn a_whole_log_verifies_with_the_pin_and_a_checkpoint() {
    let log = Log::of(1, 25);
    let package = log.package_with(Selection::All, true, &[Log::of(1, 10).checkpoint()]);
    let outcome = verify_package(package.clone(), &log.policy(), |_, _| {});
    let report = outcome.report;
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!((report.receipts, report.complete_to), (25, Some(25)));
    assert_eq!(report.open_tool_intents.len(), 4);
    assert_eq!(outcome.manifest.unwrap().receipts, 25);
    // The checkpoint in the package makes nothing complete, and no key in it is trusted.
    let report = verify_package(package.clone(), &log.pinned(), |_, _| {}).report;
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    let report = verify_package(package, &TrustPolicy::new(), |_, _| {}).report;
    assert!(report.verdict.integrity.is_verified());
    assert!(matches!(
        report.verdict.attribution,
        Status::Unverified { .. }
    ));
}

#[test]
fn selections_verify_and_carry_the_control_receipts() {
    let log = Log::of(1, 25);
    for (selection, receipts) in [
        (Selection::Session("s3".into()), 2 + 6),
        (Selection::Range { from: 10, to: 12 }, 2 + 3),
        (Selection::Trace("t".into()), 25),
        (Selection::Range { from: 24, to: 99 }, 2 + 1),
    ] {
        let package = log.package(selection.clone(), true);
        let report = verify_package(package, &log.policy(), |_, _| {}).report;
        assert_eq!(report.receipts, receipts, "{selection:?}");
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(report.verdict.attribution.is_verified(), "{report:?}");
        assert!(matches!(
            report.verdict.completeness,
            Status::Unverified { .. }
        ));
    }
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let (one, two) = (Log::of(1, 40), Log::of(1, 40));
    for selection in [Selection::All, Selection::Session("s1".into())] {
        assert_eq!(
            one.package(selection.clone(), true),
            two.package(selection, true)
        );
    }
}

#[test]
fn the_json_view_can_be_left_out() {
    let log = Log::of(1, 25);
    let package = log.package(Selection::All, false);
    assert!(
        unpack(&package)
            .iter()
            .all(|(name, _)| name != "receipts.jsonl")
    );
    let report = verify_package(package, &log.policy(), |_, _| {}).report;
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

#[test]
fn the_json_view_is_for_people() {
    let log = Log::of(1, 4);
    let mut files = unpack(&log.package(Selection::All, true));
    let text = String::from_utf8(crate::files::get(&mut files, "receipts.jsonl").clone()).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["kind"], "genesis");
    assert_eq!(lines[0]["body"]["salt"], "09".repeat(16));
    assert_eq!(lines[2]["body"]["action"], "allow");
    assert_eq!(lines[2]["body"]["checks"][0]["score"], 0.25);
    assert_eq!(lines[2]["sealed_at"], "2026-09-21T14:13:20.000002Z");
    assert!(
        lines[2]["body"].get("tags").is_none(),
        "empty fields are left out"
    );
    assert_eq!(lines[2]["prev"], lines[1]["hash"]);
}

#[test]
fn a_selection_of_nothing_and_a_wrong_checkpoint_are_refused() {
    use ai_audit_export::{ExportError, PackageOptions, write_package};
    let log = Log::of(1, 25);
    let write = |selection, checkpoint| {
        let options = PackageOptions {
            selection,
            json_view: true,
            ciphertexts: false,
            timestamp: None,
            reports: None,
        };
        let out = std::io::Cursor::new(Vec::new());
        write_package(
            out,
            &log,
            &checkpoint,
            &[],
            &log.checkpoint_key,
            &options,
            |_, _| {},
        )
    };
    let nothing = write(Selection::Session("no such".into()), log.checkpoint());
    assert!(matches!(nothing, Err(ExportError::Nothing { .. })));
    // Nothing is exported that would not verify.
    let wrong = write(Selection::All, Log::of(2, 25).checkpoint());
    assert!(matches!(wrong, Err(ExportError::Root { size: 25 })));
    let ahead = write(Selection::All, Log::of(1, 26).checkpoint());
    assert!(matches!(ahead, Err(ExportError::Root { size: 26 })));
    // An older checkpoint is good for the log up to it.
    assert_eq!(
        write(Selection::All, Log::of(1, 9).checkpoint())
            .unwrap()
            .manifest
            .receipts,
        9
    );
}

#[test]
fn a_packages_tree_makes_consistency_proofs() {
    let log = Log::of(1, 25);
    let (note, mut tree) = package_tree(log.package(Selection::All, false)).unwrap();
    assert_eq!(note, log.checkpoint());
    let (old, new) = (TreeSize::new(10), TreeSize::new(25));
    let proof = consistency_proof(&mut tree, old, new).unwrap();
    let root = |size| {
        let note = log.checkpoint_at(size);
        Checkpoint::parse(note.text()).unwrap().root
    };
    proof.verify(&root(10), &root(25)).unwrap();
    // A selection has no tree, and other bytes are no package.
    let selection = log.package(Selection::Session("s1".into()), false);
    let error = package_tree(selection).unwrap_err().to_string();
    assert!(error.contains("selection"), "{error}");
    assert!(package_tree(b"PK\x03\x04 and more".to_vec()).is_err());
}
