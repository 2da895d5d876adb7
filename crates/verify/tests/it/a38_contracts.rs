//! A38: a contract is swapped after the fact. Its digest must be in the log before its first evaluation.

use crate::logs::Log;
use ai_audit_agentic::{ContractActivation, ContractState, ContractVerdict};
use ai_audit_core::{Digest, Exit, Question};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier};

fn activate(log: &mut Log, file: &[u8], version: &str) {
    log.seal(&ContractActivation {
        contract: Digest::of(file),
        name: "refunds".into(),
        version: version.to_owned().into(),
        description: "".into(),
    });
}

fn evaluate(log: &mut Log, file: &[u8]) {
    log.seal(&ContractState {
        contract: Digest::of(file),
        step: 0,
        state: None,
        verdict: ContractVerdict::Compliant,
        hard: vec![].into(),
        soft: vec![].into(),
        preconditions: vec![].into(),
        parents: vec![].into(),
    });
}

fn report(log: &Log, from: usize) -> Report {
    let policy = log.policy();
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &log.sealed[from..] {
        verifier.push(sealed);
    }
    verifier.finish()
}

fn remarks(report: &Report) -> String {
    report.remarks.join("\n")
}

#[test]
fn a38_an_activation_before_the_first_evaluation_holds() {
    let mut log = Log::of(1, 3);
    activate(&mut log, b"strict", "1");
    evaluate(&mut log, b"strict");
    evaluate(&mut log, b"strict");
    let report = report(&log, 0);
    assert!(report.verdict.integrity.is_verified());
    assert!(!remarks(&report).contains("contract"));
}

#[test]
fn a38_a_contract_that_was_not_activated_before_fails() {
    for activated in [None, Some(&b"strict"[..])] {
        let mut log = Log::of(1, 3);
        if let Some(file) = activated {
            activate(&mut log, file, "1");
        }
        let place = log.sealed.len();
        // Evaluated under another one, which is activated afterwards.
        evaluate(&mut log, b"lenient");
        activate(&mut log, b"lenient", "2");
        evaluate(&mut log, b"lenient");
        let report = report(&log, 0);
        let integrity = report.verdict.integrity.to_string();
        let digest = Digest::of(b"lenient").to_string();
        let begins = format!("FAILED at receipt {place}: an evaluation of contract {digest}");
        assert!(integrity.starts_with(&begins), "{integrity}");
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    }
}

#[test]
fn a38_a_contract_that_was_changed_without_a_new_version_is_told() {
    let mut log = Log::of(1, 3);
    activate(&mut log, b"strict", "1");
    evaluate(&mut log, b"strict");
    activate(&mut log, b"lenient", "1");
    evaluate(&mut log, b"lenient");
    // The old one may still be used: both are in the log.
    evaluate(&mut log, b"strict");
    let told = report(&log, 0);
    assert!(told.verdict.integrity.is_verified());
    let expected =
        "receipt 5 activates another contract under name and version of the one of receipt 3";
    assert!(remarks(&told).contains(expected), "{told:?}");
    // With a version of its own nothing is to be told.
    let mut log = Log::of(1, 3);
    activate(&mut log, b"strict", "1");
    activate(&mut log, b"lenient", "2");
    activate(&mut log, b"strict", "1");
    assert!(!remarks(&report(&log, 0)).contains("without a new version"));
}

#[test]
fn a38_of_many_changes_a_few_are_named() {
    let mut log = Log::of(1, 3);
    for byte in 0..10 {
        activate(&mut log, &[byte], "1");
    }
    let remarks = remarks(&report(&log, 0));
    assert_eq!(remarks.matches("activates another contract").count(), 5);
    assert!(
        remarks.contains("4 more contracts were changed"),
        "{remarks}"
    );
}

#[test]
fn a38_a_part_of_a_log_accuses_nobody() {
    let mut log = Log::of(1, 3);
    activate(&mut log, b"strict", "1");
    evaluate(&mut log, b"strict");
    log.decide("m");
    let part = report(&log, 4);
    assert!(
        !part
            .verdict
            .integrity
            .to_string()
            .contains("an evaluation of contract")
    );
    assert!(remarks(&part).contains("receipt 4 evaluates a contract that no receipt here"));
    let of = |seqs: &[u64]| {
        let (policy, note) = (log.policy(), log.checkpoint());
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        for seq in seqs {
            let sealed = &log.sealed[usize::try_from(*seq).unwrap()];
            verifier.push(sealed, log.path(*seq));
        }
        verifier.finish()
    };
    let without = of(&[0, 4]);
    assert!(without.verdict.integrity.is_verified());
    assert!(remarks(&without).contains("receipt 4 evaluates a contract that no receipt here"));
    assert!(!remarks(&of(&[0, 3, 4])).contains("evaluates a contract"));
}
