//! Selections: each receipt in the checkpoint, nothing claimed about the rest.

use crate::logs::Log;
use ai_audit_agentic::ApprovalRule;
use ai_audit_core::{Exit, PolicyChange, PolicyEntry, Question, SigningKey, Status};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier, TrustPolicy};

pub(crate) fn verify(log: &Log, policy: &TrustPolicy, note: SignedNote, seqs: &[u64]) -> Report {
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(policy, note, checkpoint);
    for seq in seqs {
        let sealed = &log.sealed[usize::try_from(*seq).unwrap()];
        verifier.push(sealed, log.path(*seq));
    }
    verifier.finish()
}

#[test]
fn a_selection_verifies_and_is_never_complete() {
    let log = Log::of(1, 12);
    let report = verify(&log, &log.policy(), log.checkpoint(), &[0, 1, 4, 5, 11]);
    assert!(report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified());
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    assert_eq!(
        report.exit(&[Question::Integrity, Question::Attribution]),
        Exit::Verified
    );
}

#[test]
fn order_repetition_and_a_missing_genesis() {
    let log = Log::of(1, 12);
    for seqs in [&[0, 5, 4][..], &[0, 5, 5], &[1, 4], &[0, 0], &[]] {
        let report = verify(&log, &log.policy(), log.checkpoint(), seqs);
        assert!(report.verdict.integrity.is_failed(), "{seqs:?}: {report:?}");
    }
}

#[test]
fn a16_a_proof_of_another_place_or_log() {
    let (log, other) = (Log::of(1, 12), Log::of(2, 12));
    let note = log.checkpoint();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let policy = log.policy();
    let mut verifier = SelectionVerifier::new(&policy, note.clone(), checkpoint.clone());
    verifier.push(&log.sealed[0], log.path(0));
    verifier.push(&log.sealed[5], log.path(6));
    assert!(
        verifier
            .finish()
            .verdict
            .integrity
            .to_string()
            .contains("inclusion")
    );
    let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
    verifier.push(&log.sealed[0], log.path(0));
    verifier.push(&other.sealed[5], log.path(5));
    assert!(verifier.finish().verdict.integrity.is_failed());
}

#[test]
fn a09_a_selection_of_a_rebuilt_log() {
    let (log, rebuilt) = (Log::of(1, 12), Log::of(2, 12));
    let report = verify(&rebuilt, &log.policy(), rebuilt.checkpoint(), &[0, 3]);
    assert!(report.verdict.attribution.is_failed());
    // With the true log's checkpoint beside it.
    let report = verify(&rebuilt, &log.policy(), log.checkpoint(), &[0, 3]);
    assert!(report.verdict.integrity.is_failed() && report.verdict.attribution.is_failed());
}

#[test]
fn a15_another_checkpoint_of_the_same_size() {
    let log = Log::of(1, 12);
    let mut fork = Log::of(1, 11);
    fork.decide("another model");
    let report = verify(&fork, &log.policy(), fork.checkpoint(), &[0, 3, 11]);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    assert!(
        report
            .verdict
            .integrity
            .to_string()
            .contains("two histories")
    );
    // Of another size: nothing connects the two, and that is said.
    let short = Log::of(1, 5);
    let report = verify(&log, &short.policy(), log.checkpoint(), &[0, 3]);
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
    let report = verify(
        &short,
        &log.policy().min_size(12),
        short.checkpoint(),
        &[0, 3],
    );
    // An older genuine checkpoint is no lie; that it is older is said.
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
}

/// Approvals may be in what is not here, so rules are not held against a part of a log. That is said.
#[test]
fn a128_rules_for_approvals_that_nobody_judged_are_told() {
    let officer = SigningKey::from_bytes(&[51; 32]).verifying_key();
    let rules = format!("{{\"pay\":{{\"keys\":[\"{officer}\"],\"needed\":1}}}}");
    let mut log = Log::of(1, 3);
    log.seal(&PolicyChange {
        policy: vec![PolicyEntry {
            name: "approvals".into(),
            value: rules.into(),
        }]
        .into(),
        reason: "".into(),
    });
    let intent = log.intend();
    log.outcome(intent);
    let own = log.policy();
    let rule = ApprovalRule::new(1, vec![officer]).unwrap();
    let brought = log.policy().approvals("pay", rule).unwrap();
    let from = |policy: &TrustPolicy, first: usize| {
        let mut verifier = LogVerifier::new(policy);
        for sealed in &log.sealed[first..] {
            verifier.push(sealed);
        }
        verifier.finish()
    };
    let says = |report: &Report| {
        let words = "approvals were not judged: ";
        let mut remarks = report.remarks.iter();
        let remark = remarks.find_map(|remark| remark.strip_prefix(words));
        remark.map(|remark| remark.split(" say ").next().unwrap().to_owned())
    };
    // The whole log is judged.
    let whole = from(&brought, 0);
    assert!(whole.verdict.integrity.is_failed() && says(&whole).is_none());
    // Receipt 3 has the rules; without it the log is not known to have some.
    let (ours, yours) = ("rules of the log", "rules that you brought");
    let both = "rules of the log, and others that you brought,";
    assert_eq!(says(&from(&own, 2)).as_deref(), Some(ours));
    assert_eq!(says(&from(&own, 4)), None);
    assert_eq!(says(&from(&brought, 2)).as_deref(), Some(both));
    assert_eq!(says(&from(&brought, 4)).as_deref(), Some(yours));
    let all = [0, 1, 2, 3, 4, 5];
    let report = verify(&log, &own, log.checkpoint(), &all);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert_eq!(says(&report).as_deref(), Some(ours));
    let report = verify(&log, &brought, log.checkpoint(), &[0, 1, 2, 4]);
    assert_eq!(says(&report).as_deref(), Some(yours));
}
