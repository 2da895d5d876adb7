//! Records with ciphertexts: the ledger stores those that the decision names, and no others.

use crate::rig::{NOW, kinds, record, rig};
use ai_audit_core::{Digest, Kind, ReceiptId, Timestamp};
use ai_audit_shredding::{Access, AccessOutcome};
use ai_audit_store::{
    AppendError, Ciphertext, EncodedRecordBody, Ledger, LogName, Record, Store as _,
};
use ai_audit_testkit::Fault;
use ai_audit_testkit::erasures::{ciphertext, decision_with};

fn two() -> Vec<Ciphertext> {
    vec![ciphertext(1, b"one"), ciphertext(2, b"two")]
}

fn encrypted() -> Record {
    Record::new(&decision_with("person-7", &two()))
}

fn submitted(ledger: &Ledger, records: Vec<Record>) -> Result<u64, AppendError> {
    let ticket = ledger.submit(&LogName::default(), records).unwrap();
    Ok(ticket.wait()?[0].seq)
}

#[test]
fn ciphertexts_stand_beside_the_receipt_that_names_them() {
    let rig = rig();
    let (ledger, log) = (rig.created(), LogName::default());
    let id = ReceiptId::from_parts(Timestamp::from_micros(NOW), [1; 10]);
    let built = Record::build(id, |_| {
        EncodedRecordBody::new(&decision_with("person-7", &two()))
    });
    let group = vec![
        record("without"),
        encrypted().ciphertexts(two()),
        built.ciphertexts(two()),
        // What it names may be kept elsewhere.
        encrypted(),
    ];
    assert_eq!(submitted(&ledger, group).unwrap(), 2);
    let beside = |seq| rig.store.ciphertexts(&log, seq).unwrap();
    assert_eq!([3, 4].map(beside), [two(), two()]);
    assert_eq!([1, 2, 5].map(beside), [vec![], vec![], vec![]]);
    // A commit that fails leaves none, and one of which nobody knew has them.
    rig.store.fail_next(Fault::Before);
    submitted(&ledger, vec![encrypted().ciphertexts(two())]).unwrap_err();
    assert!(beside(6).is_empty());
    // The gap comes before.
    let seq = submitted(&ledger, vec![encrypted().ciphertexts(two())]).unwrap();
    assert_eq!((seq, beside(seq)), (7, two()));
    rig.store.fail_next(Fault::After);
    submitted(&ledger, vec![encrypted().ciphertexts(two())]).unwrap_err();
    assert_eq!(beside(8), two());
}

#[test]
fn ciphertexts_that_the_decision_does_not_name_are_refused_with_their_group() {
    let rig = rig();
    let (ledger, log) = (rig.created(), LogName::default());
    let [one, two_] = [two()[0].clone(), two()[1].clone()];
    let longest = ciphertext(1, &vec![0; Ciphertext::MAX_LEN]);
    let too_long = ciphertext(1, &vec![0; Ciphertext::MAX_LEN + 1]);
    let long = |one: &Ciphertext| {
        Record::new(&decision_with("person-7", std::slice::from_ref(one)))
            .ciphertexts(vec![one.clone()])
    };
    let access = Access {
        subject: "person-7".into(),
        receipt: None,
        field: "".into(),
        purpose: "".into(),
        outcome: AccessOutcome::Disclosed,
    };
    let digest = Digest::of(b"one").to_string();
    let refused = [
        (
            encrypted().ciphertexts(vec![two_.clone(), one.clone()]),
            "\"input\" is under key 0202",
        ),
        (
            encrypted().ciphertexts(vec![one.clone()]),
            "1 ciphertexts, but the decision has 2",
        ),
        (
            encrypted().ciphertexts(vec![one.clone(), two_.clone(), one.clone()]),
            "3 ciphertexts",
        ),
        (
            encrypted().ciphertexts(vec![ciphertext(1, b"other"), two_.clone()]),
            digest.as_str(),
        ),
        (
            encrypted().ciphertexts(vec![one.clone(), ciphertext(2, b"")]),
            "\"field-1\" is another one",
        ),
        (
            record("in the clear").ciphertexts(vec![one.clone()]),
            "the decision has 0",
        ),
        (
            Record::new(&access).ciphertexts(vec![one.clone()]),
            "only a decision",
        ),
        (long(&too_long), "16777233 bytes; expected at most 16777232"),
    ];
    for (bad, what) in refused {
        let group = vec![encrypted().ciphertexts(two()), bad, record("behind")];
        match submitted(&ledger, group) {
            Err(AppendError::Ciphertexts {
                index: 1,
                what: said,
            }) => {
                assert!(said.contains(what), "{said}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(submitted(&ledger, vec![long(&longest)]).unwrap(), 2);
    ledger.close("").unwrap();
    // A caller's mistakes are no loss to declare, and nothing of their groups is there.
    let expected = [Kind::GENESIS, Kind::START, Kind::DECISION, Kind::STOP];
    assert_eq!(kinds(&*rig.store, &log), expected);
    assert!(rig.store.ciphertexts(&log, 2).unwrap() == [longest]);
}
