//! The erasure line of the verdict, from the log alone.

use crate::logs::Log;
use ai_audit_core::{Exit, LeafHash, Question, Status};
use ai_audit_testkit::erasures::{encrypted_decision, erasure_completion, erasure_request};
use ai_audit_verify::{LogVerifier, Report, TrustPolicy};

fn request(log: &mut Log) -> LeafHash {
    log.seal(&erasure_request(&[5]))
}

fn complete(log: &mut Log, request: LeafHash) {
    log.seal(&erasure_completion(request, &[5], 2));
}

fn encrypted(log: &mut Log) {
    log.seal(&encrypted_decision("person-7", 5));
}

fn report(log: &Log) -> Report {
    let policy = TrustPolicy::new();
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    verifier.finish()
}

#[test]
fn without_erasures_the_question_does_not_arise() {
    let mut log = Log::of(1, 4);
    encrypted(&mut log);
    assert_eq!(report(&log).verdict.erasure, Status::NotApplicable);
}

#[test]
fn a_whole_erasure_is_unverified_without_the_key_store() {
    let mut log = Log::of(1, 4);
    encrypted(&mut log);
    let hash = request(&mut log);
    let under_way = report(&log).verdict.erasure.to_string();
    assert!(under_way.contains("receipt 5"), "{under_way}");
    complete(&mut log, hash);
    let report = report(&log);
    let erasure = report.verdict.erasure.to_string();
    assert!(erasure.starts_with("unverified: ") && erasure.contains("offline"));
    assert!(report.verdict.integrity.is_verified());
}

/// The receipts are genuine and signed; what they say of erasures does not hold.
#[test]
fn a28_a_field_under_a_destroyed_key_fails() {
    let mut log = Log::of(1, 4);
    let hash = request(&mut log);
    complete(&mut log, hash);
    encrypted(&mut log);
    let report = report(&log);
    let erasure = report.verdict.erasure.to_string();
    assert!(
        erasure.starts_with("FAILED at receipt 6: kept: encrypted under key 0505"),
        "{erasure}"
    );
    assert!(report.verdict.integrity.is_verified());
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
}

#[test]
fn a_completion_that_nobody_asked_for_fails() {
    let mut log = Log::of(1, 4);
    complete(&mut log, LeafHash::of(b"nothing"));
    let erasure = report(&log).verdict.erasure.to_string();
    assert!(
        erasure.starts_with("FAILED at receipt 4: request: "),
        "{erasure}"
    );
}

#[test]
fn a_part_of_a_log_accuses_nobody_for_what_is_not_in_it() {
    let mut log = Log::of(1, 4);
    encrypted(&mut log);
    let hash = request(&mut log);
    complete(&mut log, hash);
    log.decide("gpt-4o");
    let erasure = |from: usize| {
        let policy = TrustPolicy::new();
        let mut verifier = LogVerifier::new(&policy);
        for sealed in &log.sealed[from..] {
            verifier.push(sealed);
        }
        verifier.finish().verdict.erasure.to_string()
    };
    // The request is cut off, then the completion too.
    let said = erasure(6);
    assert!(
        said.starts_with("unverified: receipt 6: request: "),
        "{said}"
    );
    let said = erasure(7);
    assert!(
        said.starts_with("unverified: no erasure is recorded in"),
        "{said}"
    );
    assert!(erasure(0).contains("cannot be told offline"));
}

#[test]
fn a_request_removed_from_the_middle_is_a_broken_chain_and_no_false_erasure() {
    let mut log = Log::of(1, 4);
    let hash = request(&mut log);
    complete(&mut log, hash);
    log.sealed.remove(4);
    let report = report(&log);
    assert!(report.verdict.integrity.is_failed());
    let said = report.verdict.erasure.to_string();
    assert!(said.starts_with("unverified: receipt 5: "), "{said}");
}
