//! Contracts in packages: both verifiers read them, and hold evaluations against activations (A38).

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use crate::python::answers;
use ai_audit_agentic::{ContractActivation, ContractState, ContractVerdict, JsonDigest};
use ai_audit_core::Digest;
use ai_audit_export::Selection;

fn activate(log: &mut Log, file: &[u8], version: &'static str) {
    let activation = ContractActivation {
        contract: Digest::of(file),
        name: "refunds".into(),
        version: version.into(),
        description: "first version".into(),
    };
    log.seal(&activation, "");
}

fn evaluate(log: &mut Log, file: &[u8], session: &str) {
    let state = ContractState {
        contract: Digest::of(file),
        step: 3,
        state: Some(JsonDigest::of_text("{}", None)),
        verdict: ContractVerdict::HardBreach,
        hard: vec!["no-pii-leak".into(), "no-refund".into()].into(),
        soft: vec!["tone".into()].into(),
        preconditions: vec!["known".into()].into(),
        parents: vec![].into(),
    };
    log.seal(&state, session);
}

#[test]
fn activations_travel_with_every_selection() {
    let mut log = Log::of(1, 4);
    activate(&mut log, b"strict", "1");
    evaluate(&mut log, b"strict", "s1");
    evaluate(&mut log, b"strict", "s2");
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let files = unpack(&log.package(selection, true));
        let report = both(&files, &log.policy());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        let told = report.remarks.join("\n");
        assert!(!told.contains("contract"), "{told}");
    }
}

#[test]
fn a38_both_verifiers_refuse_an_evaluation_before_its_activation() {
    let mut log = Log::of(1, 4);
    activate(&mut log, b"strict", "1");
    evaluate(&mut log, b"lenient", "s1");
    activate(&mut log, b"lenient", "1");
    let files = unpack(&log.package(Selection::All, true));
    let report = both(&files, &log.policy());
    let integrity = report.verdict.integrity.to_string();
    assert!(
        integrity.starts_with("FAILED at receipt 5: an evaluation of contract"),
        "{integrity}"
    );
}

/// What a keeper may repeat at will is told so often and no more, by both.
#[test]
fn of_many_changed_contracts_a_few_are_told() {
    let mut log = Log::of(1, 4);
    for file in 0..8_u8 {
        activate(&mut log, &[file], "1");
    }
    let files = unpack(&log.package(Selection::All, true));
    let report = both(&files, &log.policy());
    let counts = |said: &str| {
        assert_eq!(
            said.matches("activates another contract").count(),
            5,
            "{said}"
        );
        assert!(said.contains("2 more contracts were changed"), "{said}");
    };
    counts(&report.remarks.join("\n"));
    if let Some((_, _, said)) = answers(&files, &log.policy()) {
        counts(&said);
    }
}
