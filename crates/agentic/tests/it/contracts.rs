//! Bodies of contracts: what they must hold to, and how activations are followed.

use crate::bodies::sealed;
use ai_audit_agentic::{
    ContractActivation, ContractAudit, ContractError, ContractState, ContractVerdict, JsonDigest,
};
use ai_audit_core::{DecodeBody as _, Digest, LeafHash, SealError, Text, UnverifiedReceipt};

fn activation(file: &[u8], version: &'static str) -> ContractActivation<'static> {
    ContractActivation {
        contract: Digest::of(file),
        name: "refunds".into(),
        version: version.into(),
        description: "first".into(),
    }
}

fn names(of: &[&'static str]) -> Vec<Text<'static>> {
    of.iter().map(|name| (*name).into()).collect()
}

fn state(
    verdict: ContractVerdict,
    hard: &[&'static str],
    soft: &[&'static str],
    preconditions: &[&'static str],
) -> ContractState<'static> {
    ContractState {
        contract: Digest::of(b"file"),
        step: 7,
        state: Some(JsonDigest::of_text("{}", None)),
        verdict,
        hard: names(hard).into(),
        soft: names(soft).into(),
        preconditions: names(preconditions).into(),
        parents: vec![LeafHash::of(b"decision")].into(),
    }
}

#[test]
fn bodies_round_trip() {
    let activation = activation(b"file", "1");
    let bytes = sealed(&activation).unwrap();
    let receipt = UnverifiedReceipt::parse(&bytes).unwrap();
    assert_eq!(ContractActivation::decode(&receipt), Ok(activation));
    let state = state(ContractVerdict::HardBreach, &["a", "b"], &["c"], &[]);
    let bytes = sealed(&state).unwrap();
    let receipt = UnverifiedReceipt::parse(&bytes).unwrap();
    assert_eq!(ContractState::decode(&receipt), Ok(state));
}

#[test]
fn the_verdict_is_the_one_that_the_broken_rules_make() {
    use ContractVerdict::{Compliant, HardBreach, SoftViolation};
    for (hard, soft, preconditions, expected) in [
        (&[][..], &[][..], &[][..], Compliant),
        (&[], &["s"], &[], SoftViolation),
        (&["h"], &[], &[], HardBreach),
        (&["h"], &["s"], &[], HardBreach),
        (&[], &["s"], &["p"], HardBreach),
    ] {
        for verdict in [Compliant, SoftViolation, HardBreach] {
            let outcome = sealed(&state(verdict, hard, soft, preconditions));
            match outcome {
                Ok(_) => assert_eq!(verdict, expected),
                Err(SealError::Body(error)) => {
                    assert_ne!(verdict, expected);
                    assert_eq!(error.field, "verdict");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn names_are_there_and_there_once() {
    use ContractVerdict::HardBreach;
    let field = |body: ContractState<'_>| match sealed(&body) {
        Err(SealError::Body(error)) => error.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(state(HardBreach, &[""], &[], &[])), "hard");
    assert_eq!(field(state(HardBreach, &["a", "a"], &[], &[])), "hard");
    assert_eq!(
        field(state(HardBreach, &["a"], &["b", "c", "b"], &[])),
        "soft"
    );
    assert_eq!(
        field(state(HardBreach, &[], &[], &["p", "p"])),
        "preconditions"
    );
    let mut nameless = activation(b"file", "1");
    nameless.name = "".into();
    assert!(matches!(sealed(&nameless), Err(SealError::Body(error)) if error.field == "name"));
    assert!(
        matches!(sealed(&activation(b"file", "")), Err(SealError::Body(error)) if error.field == "version")
    );
}

#[test]
fn the_audit_knows_what_was_activated() {
    let mut audit = ContractAudit::new();
    let mut push = |bytes: &[u8]| audit.push(&UnverifiedReceipt::parse(bytes).unwrap());
    let evaluation = sealed(&state(ContractVerdict::Compliant, &[], &[], &[])).unwrap();
    let digest = Digest::of(b"file");
    assert_eq!(push(&evaluation), Err(ContractError::NotActivated(digest)));
    assert_eq!(push(&sealed(&activation(b"file", "1")).unwrap()), Ok(None));
    assert_eq!(push(&evaluation), Ok(None));
    let changed = push(&sealed(&activation(b"other", "1")).unwrap());
    assert_eq!(changed.map(|changed| changed.is_some()), Ok(true));
    assert!(audit.is_active(&digest) && !audit.is_active(&Digest::of(b"never")));
    assert_eq!(audit.version("refunds", "1"), Some(Digest::of(b"other")));
    assert_eq!(audit.version("refunds", "2"), None);
}
