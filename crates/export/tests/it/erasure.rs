//! Erasures, encrypted fields, accesses and policy changes in packages: both verifiers read them.

use crate::files::unpack;
use crate::logs::Log;
use crate::package_lies::both;
use ai_audit_core::{
    Decision, LeafHash, PolicyChange, PolicyEntry, Redaction, SubjectKeyId, UnverifiedReceipt,
};
use ai_audit_export::Selection;
use ai_audit_shredding::{Access, AccessOutcome, ErasedSubject, ErasureRequested, KekId};
use ai_audit_testkit::erasures::{
    ciphertext, decision_with, encrypted_decision, erasure_completion, erasure_request,
};

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

fn key(byte: u8) -> SubjectKeyId {
    SubjectKeyId::from_bytes([byte; 16])
}

fn decide(log: &mut Log, subject: &'static str, key: u8) {
    log.seal(&encrypted_decision(subject, key), "s1");
}

/// Asks for the erasure of one subject's key under key-encryption key `kek`.
fn ask(log: &mut Log, subject: &'static str, keys: &[u8], kek: u8) -> LeafHash {
    let body = ErasureRequested {
        subjects: vec![ErasedSubject {
            subject: subject.into(),
            keys: keys.iter().map(|byte| key(*byte)).collect(),
        }]
        .into(),
        kek: KekId::from_bytes([kek; 16]),
        ..erasure_request(&[])
    };
    log.seal(&body, "");
    let last = log.sealed.last().unwrap();
    UnverifiedReceipt::parse(last).unwrap().hash()
}

fn complete(log: &mut Log, request: LeafHash, keys: &[u8], kek: u8) {
    log.seal(&erasure_completion(request, keys, kek), "");
}

/// The erasure line of both verifiers for one subject, in the whole log and in a session.
fn lines(log: &Log, subject: &'static str) -> [String; 2] {
    [Selection::All, Selection::Session("s1".into())].map(|selection| {
        let auditor = log.policy().subject(subject);
        let report = both(&unpack(&log.package(selection, true)), &auditor);
        report.verdict.erasure.to_string()
    })
}

/// `whole` and `part` are what the lines begin with.
#[track_caller]
fn says(log: &Log, subject: &'static str, whole: &str, part: &str) {
    let [of_whole, of_part] = lines(log, subject);
    assert!(of_whole.starts_with(whole), "{subject}: {of_whole}");
    assert!(of_part.starts_with(part), "{subject}: {of_part}");
}

const ERASED: &str = "unverified: erasures were recorded";
const NOT_NAMED: &str = "unverified: no receipt here names this subject: ";
const PART: &str = "unverified: no erasure of the subject is recorded in the part";

/// Person 7 is erased; person 8 is recorded, and of person 9 and of the log itself nothing but that
/// somebody looked.
fn one_of_several() -> Log {
    let mut log = Log::of(1, 4);
    decide(&mut log, "person-7", 5);
    decide(&mut log, "person-8", 8);
    for subject in ["person-9", ""] {
        let access = Access {
            subject: subject.into(),
            receipt: None,
            field: "".into(),
            purpose: "".into(),
            outcome: AccessOutcome::Disclosed,
        };
        log.seal(&access, "");
    }
    let request = ask(&mut log, "person-7", &[5], 1);
    complete(&mut log, request, &[5], 2);
    log
}

#[test]
fn both_verifiers_answer_for_one_subject() {
    let log = one_of_several();
    says(&log, "person-7", ERASED, ERASED);
    for named in ["person-8", "person-9", ""] {
        says(&log, named, "unverified: nothing of the subject", PART);
    }
    says(&log, "person-70", NOT_NAMED, PART);
    says(&log, "Person-7", NOT_NAMED, PART);
    // Asked for person 8 while he waits.
    let mut log = one_of_several();
    ask(&mut log, "person-8", &[8], 2);
    let waits = "unverified: the erasure that receipt 10 asks for";
    says(&log, "person-8", waits, waits);
    says(&log, "person-7", ERASED, ERASED);
    // Who comes again does not undo it.
    let mut log = one_of_several();
    decide(&mut log, "person-7", 6);
    says(&log, "person-7", ERASED, ERASED);
}

#[test]
fn a28_what_fails_about_one_subject_fails_nobody_else_in_both_verifiers() {
    let mut log = one_of_several();
    decide(&mut log, "person-7", 5);
    says(&log, "person-7", "FAILED at receipt 10", "FAILED");
    says(&log, "person-8", "unverified: nothing of the subject", PART);
    says(&log, "person-70", NOT_NAMED, PART);
    // A second key beside the first: the erasure in between may be missing in a part.
    let mut log = one_of_several();
    decide(&mut log, "person-8", 9);
    says(&log, "person-8", "FAILED at receipt 10", "unverified: ");
    says(&log, "person-7", ERASED, ERASED);
    // A request that does not name his key.
    let mut log = one_of_several();
    ask(&mut log, "person-8", &[9], 2);
    says(&log, "person-8", "FAILED at receipt 10", "FAILED");
    says(&log, "person-7", ERASED, ERASED);
}

#[test]
fn a28_a_destroyed_key_under_another_name_fails_for_both_names_in_both_verifiers() {
    let mut log = one_of_several();
    decide(&mut log, "person-6", 5);
    for subject in ["person-6", "person-7"] {
        says(&log, subject, "FAILED at receipt 10", "FAILED");
    }
    says(&log, "person-8", "unverified: nothing of the subject", PART);
}

#[test]
fn a28_a_completion_that_does_not_hold_fails_for_everybody_in_both_verifiers() {
    for replaced in [1, 2] {
        let mut log = one_of_several();
        let request = ask(&mut log, "person-8", &[8], 2);
        complete(&mut log, request, &[8], replaced);
        for subject in ["person-7", "person-8", "person-70"] {
            says(&log, subject, "FAILED at receipt 11", "FAILED");
        }
    }
    // Nobody asked for it.
    let mut log = one_of_several();
    complete(&mut log, LeafHash::of(b"nothing"), &[8], 3);
    says(&log, "person-70", "FAILED at receipt 10", "unverified: ");
}

#[test]
fn of_a_log_that_does_not_hold_nobody_says_whom_it_does_not_name() {
    let mut log = one_of_several();
    // The signature of the last receipt.
    *log.sealed.last_mut().unwrap().last_mut().unwrap() ^= 1;
    says(&log, "person-70", "unverified: integrity failed", PART);
}

/// A decision with a field under each of these keys, in this order.
fn decide_under(log: &mut Log, subject: &'static str, keys: [u8; 2]) {
    let fields = keys.map(|key| ciphertext(key, b"bytes"));
    log.seal(&decision_with(subject, &fields), "s1");
}

#[test]
fn a127_a_second_key_hides_no_field_under_a_destroyed_one_in_either_verifier() {
    // Key 9 would be a second one of person 8; key 5 is the destroyed one of person 7.
    for keys in [[9, 5], [5, 9]] {
        let mut log = one_of_several();
        decide_under(&mut log, "person-8", keys);
        let fails = "FAILED at receipt 10: kept: encrypted under key 0505";
        let to = log.head.size() - 1;
        for selection in [
            Selection::All,
            Selection::Session("s1".into()),
            Selection::Range { from: 0, to },
        ] {
            let report = both(&unpack(&log.package(selection, true)), &log.policy());
            let said = report.verdict.erasure.to_string();
            assert!(said.starts_with(fails), "{keys:?}: {said}");
        }
        for subject in ["person-7", "person-8"] {
            says(&log, subject, fails, fails);
        }
        says(&log, "person-9", "unverified: nothing of the subject", PART);
    }
}

#[test]
fn a127_of_two_destroyed_keys_in_a_receipt_neither_hides_the_other() {
    for keys in [[5, 8], [8, 5]] {
        let mut log = one_of_several();
        let request = ask(&mut log, "person-8", &[8], 2);
        complete(&mut log, request, &[8], 3);
        decide_under(&mut log, "person-6", keys);
        for (subject, key) in [("person-6", ""), ("person-7", "0505"), ("person-8", "0808")] {
            let fails = format!("FAILED at receipt 12: kept: encrypted under key {key}");
            says(&log, subject, &fails, &fails);
        }
        says(&log, "person-9", "unverified: nothing of the subject", PART);
    }
}
