//! The erasure line of the verdict for one subject. That the independent verifier says the same is
//! tested with packages.

use crate::epochs::keeper::Keeper;
use crate::erasure_store::{Keys, ask, encrypt, erase, report_from};
use crate::logs::{Log, verify};
use ai_audit_core::{Exit, LeafHash, Question, Status};
use ai_audit_merkle::LeafIndex;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_shredding::{Access, AccessOutcome};
use ai_audit_testkit::erasures::{encrypted_decision, erasure_completion};
use ai_audit_verify::{Included, ReceiptProof, Report, SelectionVerifier, TrustPolicy};

const OFFLINE: &str = "unverified: erasures were recorded; ";
const NOTHING: &str = "unverified: nothing of the subject was erased";

const NOT_NAMED: &str =
    "unverified: no receipt here names this subject: names are compared as they are written";

fn about(subject: &str) -> TrustPolicy {
    TrustPolicy::new().subject(subject)
}

fn report(log: &Log, subject: &str) -> Report {
    verify(&about(subject), &log.sealed)
}

fn said(log: &Log, subject: &str) -> String {
    report(log, subject).verdict.erasure.to_string()
}

#[track_caller]
fn says(log: &Log, subject: &str, words: &str) {
    let erasure = said(log, subject);
    assert!(erasure.starts_with(words), "{subject}: {erasure}");
}

/// Person 7 is erased in receipts 6 and 7. Person 8 is recorded, somebody looked at what there is of
/// person 9.
fn one_of_several() -> Log {
    let mut log = Log::of(1, 4);
    encrypt(&mut log, "person-7", 5, [55; 32]);
    encrypt(&mut log, "person-8", 8, [88; 32]);
    erase(&mut log, "person-7", &[5], 1);
    log.seal(&Access {
        subject: "person-9".into(),
        receipt: None,
        field: "".into(),
        purpose: "".into(),
        outcome: AccessOutcome::Failed,
    });
    log
}

#[test]
fn it_answers_for_the_requests_that_name_him() {
    let mut log = one_of_several();
    says(&log, "person-7", OFFLINE);
    let remarks = report(&log, "person-7").remarks.join("\n");
    assert!(
        remarks.contains("asked for in receipt 6 and completed in 7"),
        "{remarks}"
    );
    ask(&mut log, "person-8", &[8], 2);
    says(
        &log,
        "person-8",
        "unverified: the erasure that receipt 9 asks",
    );
    says(&log, "person-7", OFFLINE);
}

#[test]
fn where_no_request_names_him_it_depends_on_whether_anything_does() {
    let log = one_of_several();
    for named in ["person-8", "person-9"] {
        assert_eq!(said(&log, named), NOTHING);
    }
    // A name that is written otherwise is another one, and an answer about it none about him.
    for unseen in ["person-70", "Person-7", "person-7 "] {
        let report = report(&log, unseen);
        assert_eq!(report.verdict.erasure.to_string(), NOT_NAMED);
        assert_eq!(report.exit(&[Question::Erasure]), Exit::Unverified);
        assert!(report.is_of_unknown_subject());
    }
    assert!(!report(&log, "person-8").is_of_unknown_subject());
    // The log itself is whom decisions without a subject are about.
    assert_eq!(said(&log, ""), NOTHING);
}

#[test]
fn a_record_after_the_erasure_is_told_and_fails_nothing() {
    let mut log = one_of_several();
    let again = |log: &Log| {
        let remarks = report(log, "person-7").remarks.join("\n");
        remarks.contains("recorded again after it")
    };
    assert!(!again(&log));
    encrypt(&mut log, "person-7", 6, [66; 32]);
    says(&log, "person-7", OFFLINE);
    let remarks = report(&log, "person-7").remarks.join("\n");
    assert!(
        remarks.contains("receipt 9 keeps a text under key 0606"),
        "{remarks}"
    );
    // Erased again, nothing is left to tell.
    erase(&mut log, "person-7", &[6], 2);
    assert!(!again(&log));
}

#[test]
fn what_fails_about_others_is_told_and_fails_nothing_of_his() {
    let mut log = one_of_several();
    // A second key of person 8.
    log.seal(&encrypted_decision("person-8", 9));
    says(&log, "person-8", "FAILED at receipt 9: kept: ");
    says(&log, "person-7", OFFLINE);
    let remarks = report(&log, "person-7").remarks.join("\n");
    assert!(
        remarks.contains("erasures of others does not hold: FAILED at receipt 9: kept: "),
        "{remarks}"
    );
}

#[test]
fn what_he_hangs_on_fails_whoever_is_named() {
    // His destroyed key is used under another name.
    let mut other = one_of_several();
    other.seal(&encrypted_decision("person-6", 5));
    for subject in ["person-6", "person-7"] {
        says(&other, subject, "FAILED at receipt 9: kept: ");
    }
    says(&other, "person-8", NOTHING);
    // A completion that does not hold names nobody.
    let mut other = one_of_several();
    other.seal(&erasure_completion(LeafHash::of(b"nothing"), &[8], 3));
    says(&other, "person-70", "FAILED at receipt 9: request: ");
}

#[test]
fn a_part_of_the_log_says_nothing_of_what_is_not_in_it() {
    let log = one_of_several();
    let from = |first: usize, subject: &str| {
        let report = verify(&about(subject), &log.sealed[first..]);
        report.verdict.erasure.to_string()
    };
    assert!(from(4, "person-7").starts_with(OFFLINE));
    let of_part = "unverified: no erasure of the subject is recorded in the part";
    for (subject, named) in [("person-8", true), ("person-70", false)] {
        let said = from(4, subject);
        assert!(said.starts_with(of_part), "{said}");
        assert_eq!(!said.contains("no receipt here names"), named, "{said}");
    }
    // Its request is not here: it may be his.
    for subject in ["person-7", "person-70"] {
        assert!(from(7, subject).starts_with("unverified: receipt 7: request: "));
    }
    // The second key of another is none of his business.
    let mut log = one_of_several();
    log.seal(&encrypted_decision("person-8", 9));
    let policy = about("person-7");
    let note = SignedNote::parse(log.checkpoint().to_string().as_bytes()).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
    for seq in [0, 4, 5, 6, 7, 9] {
        verifier.push(&log.sealed[usize::try_from(seq).unwrap()], log.path(seq));
    }
    let report = verifier.finish();
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.erasure.to_string().starts_with(OFFLINE));
    assert!(!report.remarks.join("\n").contains("others"));
}

#[test]
fn one_receipt_alone_answers_for_whom_it_names() {
    let log = one_of_several();
    let included = |seq: u64| Included {
        sealed: log.sealed[usize::try_from(seq).unwrap()].clone(),
        path: log.path(seq),
    };
    let line = |seq: u64, subject: &str| {
        let note = SignedNote::parse(log.checkpoint().to_string().as_bytes()).unwrap();
        let receipt = (included(seq), LeafIndex::new(seq));
        let proof = ReceiptProof::new(note, included(0), Vec::new(), receipt, Vec::new());
        let report = proof.verify(&about(subject), &[]).unwrap();
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        report.verdict.erasure.to_string()
    };
    assert!(line(6, "person-7").starts_with(OFFLINE));
    assert_eq!(line(6, "person-8"), "not applicable");
    assert_eq!(line(4, "person-7"), "not applicable");
}

#[test]
fn of_deleted_receipts_nobody_says_whom_they_named() {
    let mut keeper = Keeper::three_epochs();
    keeper.declare(0);
    let policy = about("person-7");
    let whole = verify(&policy, &keeper.log.sealed);
    assert_eq!(whole.verdict.erasure.to_string(), NOT_NAMED);
    let gone = keeper.bulk(0);
    let report = keeper.verify_with(&policy, |seq, hash| gone(seq).then_some(hash));
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    let erasure = report.verdict.erasure.to_string();
    assert!(
        erasure.ends_with("the bytes of some receipts are deleted"),
        "{erasure}"
    );
}

#[test]
fn with_a_key_store_his_keys_count_and_no_others() {
    let mut log = one_of_several();
    erase(&mut log, "person-8", &[8], 2);
    let mut keys = Keys::of(&log);
    keys.tombstones.insert(5);
    // Said to be destroyed, and there.
    keys.keys.insert(8, ("person-8", [88; 32]));
    let line = |subject: &str| {
        let report = report_from(&log, 0, &keys, &about(subject));
        report.verdict.erasure.to_string()
    };
    assert_eq!(line("person-7"), "verified");
    assert!(line("person-8").starts_with("FAILED at receipt 10: keys: 0808"));
    assert_eq!(line("person-9"), NOTHING);
    assert_eq!(line("person-70"), NOT_NAMED);
    // What others cannot open is none of his business either.
    keys.broken = [8].into();
    let report = report_from(&log, 0, &keys, &about("person-7"));
    assert_eq!(report.verdict.erasure, Status::Verified);
}
