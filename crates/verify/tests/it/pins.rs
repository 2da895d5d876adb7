//! What the different pins lead to.

use crate::logs::{Log, verify};
use ai_audit_core::{Exit, Question, Status, VerifyingKey};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};

fn bare(key: VerifyingKey) -> TrustPolicy {
    TrustPolicy::new().pin(Pin::parse(&key.to_string()).unwrap())
}

#[test]
fn a_bare_receipt_key_leaves_the_origin_open() {
    let log = Log::of(1, 5);
    let report = verify(
        &bare(log.receipt_key.verifying_key()).min_size(5),
        &log.sealed,
    );
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert!(report.remarks[0].contains("origin is unverified"));
}

#[test]
fn a_bare_checkpoint_key_needs_a_checkpoint() {
    let log = Log::of(1, 5);
    let policy = bare(log.checkpoint_key.verifying_key());
    let report = verify(&policy, &log.sealed);
    assert!(
        matches!(report.verdict.attribution, Status::Unverified { .. }),
        "{report:?}"
    );
    let mut verifier = LogVerifier::new(&policy);
    verifier
        .evidence_checkpoint(log.checkpoint().to_string().as_bytes())
        .unwrap();
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    assert!(verifier.finish().verdict.attribution.is_verified());
}

#[test]
fn a_genesis_key_that_is_no_signing_key_pins_nothing() {
    let (log, other) = (Log::of(1, 5), Log::of(2, 5));
    let report = verify(&bare(other.receipt_key.verifying_key()), &log.sealed);
    assert!(report.verdict.attribution.is_failed());
}

#[test]
fn one_of_several_pins_is_enough() {
    let (log, other) = (Log::of(1, 5), Log::of(2, 5));
    let policy = TrustPolicy::new().pin(other.pin()).pin(log.pin());
    assert!(
        verify(&policy, &log.sealed)
            .verdict
            .attribution
            .is_verified()
    );
    let policy = TrustPolicy::new().pin(other.pin()).pin(other.pin());
    assert!(verify(&policy, &log.sealed).verdict.attribution.is_failed());
}

#[test]
fn a_thief_of_the_checkpoint_key_alone_cannot_put_other_receipt_keys_under_it() {
    let log = Log::of(1, 5);
    // Same name, checkpoint key and salt, own receipt key: the digits of the origin differ.
    let mut thief = Log::of(2, 5);
    thief.checkpoint_key = ai_audit_core::SigningKey::from_bytes(&log.checkpoint_key.to_seed());
    thief.origin.clone_from(&log.origin);
    let policy = TrustPolicy::new().pin(log.pin());
    let report = verify(&policy, &thief.sealed);
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
}

#[test]
fn the_cut_beginning_of_a_log_under_a_bare_receipt_key() {
    let log = Log::of(1, 6);
    let report = verify(&bare(log.receipt_key.verifying_key()), &log.sealed[2..]);
    assert!(report.verdict.attribution.is_verified());
    assert!(report.verdict.completeness.is_failed());
}
