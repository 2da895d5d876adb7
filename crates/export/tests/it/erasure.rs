//! Erasures, encrypted fields, accesses and policy changes in packages: both verifiers read them.

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use ai_audit_core::{Decision, PolicyChange, PolicyEntry, Redaction, UnverifiedReceipt};
use ai_audit_export::Selection;
use ai_audit_shredding::{Access, AccessOutcome};
use ai_audit_testkit::erasures::{encrypted_decision, erasure_completion, erasure_request};

fn encrypted(key: u8) -> Decision<'static> {
    Decision {
        redactions: ["CREDIT_CARD", "EMAIL"]
            .map(|kind| Redaction {
                field: "input".into(),
                kind: kind.into(),
                count: 3,
            })
            .into_iter()
            .collect(),
        ..encrypted_decision("person-7", key)
    }
}

/// A log in which person-7 is erased, and whether the wrapping key is replaced thereby.
fn erased(new_kek: u8) -> Log {
    let mut log = Log::of(1, 4);
    log.seal(
        &PolicyChange {
            policy: vec![PolicyEntry {
                name: "redaction".into(),
                value: "{\"version\":1}".into(),
            }]
            .into(),
            reason: "".into(),
        },
        "",
    );
    log.seal(&encrypted(5), "s1");
    log.seal(
        &Access {
            subject: "person-7".into(),
            receipt: None,
            field: "".into(),
            purpose: "GDPR Art. 15".into(),
            outcome: AccessOutcome::Disclosed,
        },
        "",
    );
    log.seal(&erasure_request(&[5]), "");
    let last = log.sealed.last().unwrap().clone();
    let request = UnverifiedReceipt::parse(&last).unwrap().hash();
    log.seal(&erasure_completion(request, &[5], new_kek), "");
    log
}

#[test]
fn packages_with_an_erasure_verify_whole_and_selected() {
    let log = erased(2);
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        let erasure = report.verdict.erasure.to_string();
        assert!(erasure.contains("cannot be told offline"), "{erasure}");
    }
}

#[test]
fn a28_a_destroyed_key_that_comes_back_fails_in_both_verifiers() {
    let mut log = erased(2);
    log.seal(&encrypted(5), "s1");
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        assert!(report.verdict.erasure.is_failed(), "{report:?}");
    }
}

#[test]
fn a28_a_wrapping_key_that_was_not_replaced_fails_in_both_verifiers() {
    let log = erased(1);
    let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
    assert!(report.verdict.erasure.is_failed(), "{report:?}");
}

#[test]
fn a50_an_erasure_of_a_key_that_was_never_the_subjects_fails_in_both_verifiers() {
    // The request names key 5; the subject's field hangs on another one.
    let mut log = Log::of(1, 4);
    log.seal(&encrypted(6), "s1");
    log.seal(&erasure_request(&[5]), "");
    for selection in [Selection::All, Selection::Session("s1".into())] {
        let report = both(&unpack(&log.package(selection, true)), &log.policy());
        assert!(report.verdict.erasure.is_failed(), "{report:?}");
    }
    // A second key beside the first: told of a whole log, not of a part of it.
    let mut log = Log::of(1, 4);
    log.seal(&encrypted(5), "s1");
    log.seal(&encrypted(6), "s1");
    let report = both(&unpack(&log.package(Selection::All, true)), &log.policy());
    assert!(report.verdict.erasure.is_failed(), "{report:?}");
    let part = log.package(Selection::Session("s1".into()), true);
    let report = both(&unpack(&part), &log.policy());
    let said = report.verdict.erasure.to_string();
    assert!(said.starts_with("unverified: "), "{said}");
}
