//! Which evidence counts, and for what.

use crate::logs::{DAY, Log, SECOND};
use ai_audit_compliance::{Catalogues, ControlResult, Crosswalk, Period, Status};
use ai_audit_core::{Action, Timestamp};
use ai_audit_merkle::{InclusionProof, LeafIndex, TreeSize};
use ai_audit_verify::TrustPolicy;

const FRAMEWORK: &str = r#"
schema = 1
id = "own"
name = "Own"
title = "A framework of one's own"
edition = "1"
checked = 2026-11-28
[[group]]
id = "A"
[[group]]
id = "B"
"#;

fn control(id: &str, group: &str, support: &str, rest: &str) -> String {
    format!(
        "[[control]]\nid = \"{id}\"\ntitle = \"t\"\ngroup = \"{group}\"\nrequirement = \"r\"\n\
         support = \"{support}\"\nlimits = \"l\"\nsource = \"s\"\nverification = \"verified\"\n{rest}\n"
    )
}

fn own(controls: &[String]) -> Catalogues {
    let mut catalogues = Catalogues::empty().unwrap();
    let text = format!("{FRAMEWORK}{}", controls.concat());
    catalogues.add("own.toml", &text).unwrap();
    catalogues
}

fn find<'a>(crosswalk: &'a Crosswalk, id: &str) -> &'a ControlResult {
    let controls = &crosswalk.frameworks[0].controls;
    controls.iter().find(|control| control.id == id).unwrap()
}

fn all_four() -> Catalogues {
    own(&[
        control(
            "models",
            "A",
            "direct",
            "evidence = [\"decisions-with-model\"]",
        ),
        control(
            "checks",
            "A",
            "direct",
            "evidence = [\"decisions-with-thresholds\"]",
        ),
        control(
            "reviews",
            "B",
            "direct",
            "evidence = [\"reviews\"]\nneeds = [\"completeness\"]",
        ),
        control(
            "context",
            "B",
            "context",
            "evidence = [\"decisions-with-model\"]",
        ),
        control("culture", "B", "none", ""),
        control(
            "whole",
            "A",
            "direct",
            "evidence = [\"decisions\"]\nneeds = [\"completeness\"]",
        ),
    ])
}

#[test]
fn a_status_follows_from_what_is_carried() {
    let mut log = Log::new();
    log.decide(Action::Allow);
    log.checked("gpt-4o");
    let crosswalk = log.crosswalk(all_four(), &log.trust());
    assert_eq!(crosswalk.nothing_counts, None);
    for (id, status) in [
        ("models", Status::EvidenceAvailable),
        ("checks", Status::PartialEvidence),
        ("reviews", Status::NoEvidence),
        ("context", Status::PartialEvidence),
        ("culture", Status::NotAddressable),
        ("whole", Status::EvidenceAvailable),
    ] {
        assert_eq!(find(&crosswalk, id).status, status, "{id}");
    }
    let checks = find(&crosswalk, "checks");
    let coverage = &crosswalk.coverage[checks.evidence[0]];
    assert_eq!((coverage.n, coverage.m), (1, 2));
    assert_eq!(
        coverage.words(),
        "1 of 2 decisions carry checks, checks.score, checks.threshold"
    );
    assert!(
        checks
            .missing
            .iter()
            .any(|missing| missing == "1 of 2 decisions lack checks.threshold")
    );
    assert_eq!(
        find(&crosswalk, "reviews").missing,
        ["no review receipts: record human approvals (ai-audit review)"]
    );
    let groups = &crosswalk.frameworks[0].groups;
    // Each selector once: with model 2 of 2, with thresholds 1 of 2, decisions 2 of 2.
    assert_eq!((groups[0].n, groups[0].m), (5, 6));
    assert_eq!(groups[0].totals.evidence_available, 2);
    assert_eq!(crosswalk.frameworks[0].totals.not_addressable, 1);
}

#[test]
fn what_hangs_on_completeness_is_partial_without_it() {
    let mut log = Log::new();
    log.decide(Action::Allow);
    let crosswalk = log.crosswalk(all_four(), &log.pinned());
    assert!(!crosswalk.verdict.completeness.is_verified());
    let whole = find(&crosswalk, "whole");
    assert_eq!(whole.status, Status::PartialEvidence);
    assert!(whole.missing[0].starts_with("completeness is not verified: bring"));
    // Whoever has but a part of a log cannot say that all of it carries something.
    assert_eq!(find(&crosswalk, "models").status, Status::PartialEvidence);
}

#[test]
fn nothing_unverified_counts() {
    let mut log = Log::new();
    log.checked("gpt-4o");
    // No key was pinned: anybody may have signed it.
    let unpinned = log.crosswalk(all_four(), &TrustPolicy::new());
    // A byte was changed.
    log.sealed[2][40] ^= 1;
    let changed = log.crosswalk(all_four(), &log.trust());
    // The end was cut off, and the auditor knows where it was.
    let mut cut = Log::new();
    cut.checked("gpt-4o");
    let trust = cut.trust();
    cut.sealed.pop();
    let cut = cut.crosswalk(all_four(), &trust);
    for crosswalk in [unpinned, changed, cut] {
        assert!(crosswalk.nothing_counts.is_some());
        for control in &crosswalk.frameworks[0].controls {
            let expected = match control.id.as_str() {
                "culture" => Status::NotAddressable,
                _ => Status::NoEvidence,
            };
            assert_eq!(control.status, expected, "{}", control.id);
        }
        assert!(
            crosswalk
                .coverage
                .iter()
                .all(|found| found.n == 0 && found.m == 0)
        );
        assert!(
            crosswalk
                .coverage
                .iter()
                .all(|found| found.pointers.is_empty())
        );
        assert!(
            crosswalk
                .gaps
                .iter()
                .all(|gap| gap.state.words() == "cannot tell")
        );
    }
}

#[test]
fn evidence_before_what_was_changed_does_not_count_either() {
    let mut log = Log::new();
    for _ in 0..10 {
        log.checked("gpt-4o");
    }
    log.sealed.swap(8, 9);
    let crosswalk = log.crosswalk(all_four(), &log.trust());
    assert!(crosswalk.counts.verified > 0, "the verifier gave some back");
    assert_eq!(find(&crosswalk, "models").status, Status::NoEvidence);
    assert!(crosswalk.pointers.is_empty());
}

#[test]
fn every_pointer_is_proven_in_the_tree() {
    let mut log = Log::new();
    for _ in 0..600 {
        log.checked("gpt-4o");
    }
    let crosswalk = log.crosswalk(all_four(), &log.trust());
    let tree = crosswalk.tree.unwrap();
    assert_eq!(tree.size, log.size());
    assert!(crosswalk.pointers.len() >= 6);
    for pointer in crosswalk.pointers.values() {
        let proof = InclusionProof {
            index: LeafIndex::new(pointer.seq),
            size: TreeSize::new(tree.size),
            path: pointer.path.clone().unwrap(),
        };
        assert_eq!(proof.verify(&pointer.hash, &tree.root), Ok(()));
    }
    for found in &crosswalk.coverage {
        for seq in &found.pointers {
            assert!(crosswalk.pointers.contains_key(seq));
        }
    }
}

#[test]
fn only_receipts_of_the_period_count() {
    let mut log = Log::new();
    log.checked("a");
    log.now += DAY;
    let from = log.now;
    log.checked("a");
    log.checked("b");
    let to = log.now + SECOND;
    log.now += DAY;
    log.checked("c");
    let period = Period {
        from: Some(Timestamp::from_micros(from)),
        to: Some(Timestamp::from_micros(to)),
    };
    let catalogues = own(&[
        control(
            "models",
            "A",
            "direct",
            "evidence = [\"decisions-with-model\"]",
        ),
        control(
            "first",
            "A",
            "direct",
            "evidence = [\"models-first-seen\"]\nneeds = [\"completeness\"]",
        ),
    ]);
    let crosswalk = log.crosswalk_of(catalogues, &log.trust(), period);
    let models = &crosswalk.coverage[find(&crosswalk, "models").evidence[0]];
    assert_eq!((models.n, models.m), (2, 2));
    // `a` was seen before the period, `b` was not.
    let first = &crosswalk.coverage[find(&crosswalk, "first").evidence[0]];
    assert_eq!((first.n, first.pointers.as_slice()), (1, [4].as_slice()));
    assert_eq!(crosswalk.counts.in_period, 2);
    assert_eq!(crosswalk.counts.verified, log.size());
}

#[test]
fn reviews_count_for_what_they_are_of() {
    let mut log = Log::new();
    let escalated = log.decide(Action::Escalate);
    let allowed = log.decide(Action::Allow);
    log.review(escalated, 7);
    log.review(escalated, 8);
    log.review(allowed, 7);
    let catalogues = own(&[
        control(
            "escalations",
            "A",
            "direct",
            "evidence = [\"reviews-of-escalations\"]",
        ),
        control(
            "two",
            "A",
            "direct",
            "evidence = [\"second-reviews\"]\nneeds = [\"completeness\"]",
        ),
        control(
            "all",
            "A",
            "direct",
            "evidence = [\"reviews\", \"overrides\"]",
        ),
    ]);
    let crosswalk = log.crosswalk(catalogues, &log.trust());
    let count = |id: &str| crosswalk.coverage[find(&crosswalk, id).evidence[0]].n;
    assert_eq!(
        (count("escalations"), count("two"), count("all")),
        (2, 1, 3)
    );
}

#[test]
fn tags_and_checks_narrow_a_selector() {
    let mut log = Log::new();
    log.checked("m");
    log.decide(Action::Allow);
    let mut catalogues = Catalogues::empty().unwrap();
    let selector = "[[selector]]\nname = \"own-toxicity\"\nsays = \"decisions held against toxicity\"\n\
                    kind = [\"decision\"]\ncheck = \"toxicity\"\nmissing = \"run it\"\n";
    let text = format!(
        "{FRAMEWORK}{selector}{}{}",
        control(
            "check",
            "A",
            "direct",
            "evidence = [\"own-toxicity\"]\nneeds = [\"completeness\"]"
        ),
        control(
            "tag",
            "A",
            "direct",
            "evidence = [\"notices-shown\"]\nneeds = [\"completeness\"]"
        )
    );
    catalogues.add("own.toml", &text).unwrap();
    let crosswalk = log.crosswalk(catalogues, &log.trust());
    assert_eq!(find(&crosswalk, "check").status, Status::EvidenceAvailable);
    assert_eq!(find(&crosswalk, "tag").status, Status::NoEvidence);
}

#[test]
fn the_same_receipts_give_the_same_crosswalk() {
    let mut log = Log::new();
    for number in 0..50 {
        log.checked(&format!("m{number}"));
    }
    let once = log.crosswalk(Catalogues::builtin().unwrap(), &log.trust());
    let twice = log.crosswalk(Catalogues::builtin().unwrap(), &log.trust());
    let json = |crosswalk: &Crosswalk| serde_json::to_string(crosswalk).unwrap();
    assert_eq!(json(&once), json(&twice));
}

/// What was deleted may have lacked what the rest carries.
#[test]
fn a_deletion_does_not_raise_a_status() {
    let mut log = Log::new();
    log.decide(Action::Allow);
    let poor = log.size() - 1;
    log.seal_epoch_and_delete(&[poor]);
    log.checked("gpt-4o");
    let crosswalk = log.crosswalk(all_four(), &log.trust());
    assert_eq!(crosswalk.nothing_counts, None, "{:?}", crosswalk.verdict);
    assert_eq!(crosswalk.counts.deleted, 1);
    let checks = find(&crosswalk, "checks");
    let coverage = &crosswalk.coverage[checks.evidence[0]];
    assert_eq!((coverage.n, coverage.m), (1, 1));
    assert_eq!(checks.status, Status::PartialEvidence);
    assert!(
        checks
            .missing
            .iter()
            .any(|missing| missing.contains("receipts are deleted"))
    );
}

/// A selection is chosen by who hands it over.
#[test]
fn a_selection_is_partial_evidence_at_most() {
    let mut log = Log::new();
    log.decide(Action::Escalate);
    log.checked("gpt-4o");
    let crosswalk = log.selection(all_four(), &[0, 1, 2, 3]);
    assert_eq!(crosswalk.nothing_counts, None, "{:?}", crosswalk.verdict);
    assert!(!crosswalk.whole);
    let models = find(&crosswalk, "models");
    assert_eq!(models.status, Status::PartialEvidence);
    assert!(
        models
            .missing
            .iter()
            .any(|missing| missing.contains("a selection"))
    );
    for pointer in crosswalk.pointers.values() {
        assert!(pointer.path.is_some(), "{}", pointer.seq);
    }
    // The review may be among what was left out.
    for gap in &crosswalk.gaps {
        assert_eq!(gap.state.words(), "cannot tell", "{}", gap.id);
    }
}

/// A bare key leads to the receipts' keys at the end only: what went by before was nobody's word yet.
#[test]
fn under_a_bare_checkpoint_key_nothing_counts() {
    let mut log = Log::new();
    log.checked("gpt-4o");
    let crosswalk = log.crosswalk_with_checkpoint(all_four());
    assert!(
        crosswalk.verdict.attribution.is_verified(),
        "{:?}",
        crosswalk.verdict
    );
    assert!(
        crosswalk
            .nothing_counts
            .unwrap()
            .contains("pin the log's key line")
    );
    assert!(
        crosswalk
            .gaps
            .iter()
            .all(|gap| gap.state.words() == "cannot tell")
    );
}

#[test]
fn a_long_name_is_cut_before_it_is_kept() {
    let mut log = Log::new();
    log.checked(&"ü".repeat(20_000));
    let crosswalk = log.crosswalk(all_four(), &log.trust());
    assert_eq!(crosswalk.models.len(), 1);
    assert!(crosswalk.models[0].len() <= 128 + '…'.len_utf8());
}
