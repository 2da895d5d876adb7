//! Batched receipts in packages and published logs: both verifiers say the same of them.

use crate::files::{get, remanifest, unpack};
use crate::logs::Log;
use crate::package_lies::both;
use crate::tile_store::published;
use ai_audit_core::{BatchSeal, Exit, PolicyEntry, Question, Status};
use ai_audit_export::Selection;
use ai_audit_export::tiles::verify_tiles;

const TWO: [Question; 2] = [Question::Integrity, Question::Attribution];

/// Two batches of 20, at 2 to 21 and 24 to 43, a signed receipt between their seals.
fn batched() -> Log {
    let permission = [PolicyEntry {
        name: BatchSeal::POLICY.into(),
        value: BatchSeal::PERMITTED.into(),
    }];
    let mut log = Log::promising(1, &permission);
    log.batch(20);
    log.close_batch(20);
    log.seal(&ai_audit_core::Decision::new(), "s1");
    log.batch(20);
    log.close_batch(20);
    log
}

#[test]
fn packages_of_batched_receipts_verify_whole_and_in_part() {
    let log = batched();
    let files = unpack(&log.package(Selection::All, true));
    let report = both(&files, &log.policy());
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    // With genesis and start, the batch seals behind what was selected, and no other ones.
    for (selection, receipts) in [
        (Selection::Range { from: 5, to: 9 }, 2 + 5 + 1),
        (Selection::Range { from: 18, to: 30 }, 2 + 13 + 1),
        (Selection::Range { from: 23, to: 23 }, 2 + 1),
        (Selection::Session("s2".into()), 2 + 10 + 2),
    ] {
        let files = unpack(&log.package(selection.clone(), true));
        let report = both(&files, &log.policy());
        assert_eq!(report.receipts, receipts, "{selection:?}");
        assert_eq!(
            report.exit(&TWO),
            Exit::Verified,
            "{selection:?}: {report:?}"
        );
    }
    // The view has no signature of such a receipt, and says how it is sealed.
    let mut files = files;
    let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
    let line = view.lines().nth(2).unwrap();
    assert!(
        line.contains("\"mode\":\"batched\"") && !line.contains("signature"),
        "{line}"
    );
    assert!(
        view.lines()
            .nth(22)
            .unwrap()
            .contains("\"body\":{\"count\":20,\"from\":2,\"root\":")
    );
}

#[test]
fn a_log_that_ends_in_a_batch_is_open() {
    let mut log = batched();
    log.batch(3);
    for selection in [Selection::All, Selection::Range { from: 40, to: 47 }] {
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        let attribution = &report.verdict.attribution;
        assert!(
            matches!(attribution, Status::Unverified { .. }),
            "{report:?}"
        );
        assert!(
            attribution
                .to_string()
                .contains("receipts 45 to 47 are batched"),
            "{attribution}"
        );
        assert!(report.verdict.integrity.is_verified());
    }
    let report = verify_tiles(&published(&log, false), &log.policy(), |_, _| {});
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Unverified,
        "{report:?}"
    );
}

#[test]
fn a73_a_selection_without_the_batch_seal() {
    let log = batched();
    let mut files = unpack(&log.package(Selection::Range { from: 24, to: 30 }, false));
    // The last receipt and its proof are those of the second seal: cut off, and the manifest signed anew.
    let receipts = get(&mut files, "receipts.bin");
    let seal = log.sealed.last().unwrap();
    receipts.truncate(receipts.len() - (2 + 1 + seal.len()));
    let count = u64::try_from(log.sealed.len()).unwrap();
    let path = ai_audit_merkle::inclusion_proof(
        &mut log.tree.clone(),
        ai_audit_merkle::LeafIndex::new(count - 1),
        log.tree.size(),
    )
    .unwrap()
    .path;
    let proofs = get(&mut files, "proofs.bin");
    proofs.truncate(proofs.len() - (1 + 32 * path.len()));
    remanifest(&mut files, &log.checkpoint_key, |manifest| {
        manifest.receipts -= 1
    });
    let report = both(&files, &log.policy());
    let attribution = report.verdict.attribution.to_string();
    assert!(
        attribution.contains("receipts 24 to 30 are batched"),
        "{attribution}"
    );
}

#[test]
fn a_published_log_of_batched_receipts_verifies() {
    let log = batched();
    let report = verify_tiles(&published(&log, false), &log.policy(), |_, _| {});
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}
