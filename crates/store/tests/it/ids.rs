//! Ids that callers choose: keys by which single texts are disclosed are made from them.

use crate::rig::{Gate, NOW, decision, gated_log, kinds, record, rig};
use ai_audit_core::{Kind, ReceiptId, Timestamp};
use ai_audit_store::{AppendError, EncodedRecordBody, LogName, Record, SubmitError};
use std::sync::Arc;

#[test]
fn an_id_is_given_once_and_is_a_uuid_v7() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let id = |n| ReceiptId::from_parts(Timestamp::from_micros(NOW), [n; 10]);
    let with = |n| record("a").id(id(n));
    let built = |n| Record::build(id(n), |_| EncodedRecordBody::new(&decision("b")));
    let submit = |records| ledger.submit(&log, records);
    // Two receipts of one id would share the key by which a text is disclosed.
    for wrong in [[0; 16], [0xff; 16], *b"not-a-uuid-at-al"] {
        let wrong = ReceiptId::from_bytes(wrong);
        let refused = submit(vec![record("a"), record("b").id(wrong)]).unwrap_err();
        assert_eq!(
            refused,
            SubmitError::Id {
                index: 1,
                id: wrong
            }
        );
    }
    let twice = submit(vec![with(1), built(2), built(1)]).unwrap_err();
    assert_eq!(
        twice,
        SubmitError::IdTwice {
            index: 2,
            id: id(1)
        }
    );
    submit(vec![with(1), built(2)]).unwrap().wait().unwrap();
    for again in [vec![with(3), with(1)], vec![with(3), built(2)]] {
        let refused = submit(again).unwrap().wait().unwrap_err();
        assert!(
            matches!(refused, AppendError::IdTaken { index: 1, .. }),
            "{refused}"
        );
    }
    // The group that was refused is not in the way of its own ids.
    submit(vec![with(3)]).unwrap().wait().unwrap();
    ledger.close("").unwrap();
    // In another run, and while several groups wait for one commit.
    let ledger = rig.attached();
    let tickets: Vec<_> = (0..4)
        .map(|n| ledger.submit(&log, vec![with(3 + n / 2)]).unwrap())
        .collect();
    let outcomes: Vec<bool> = tickets
        .into_iter()
        .map(|ticket| ticket.wait().is_ok())
        .collect();
    assert_eq!(outcomes, [false, false, true, false]);
    ledger.close("").unwrap();
    let decisions = kinds(&*rig.store, &log)
        .iter()
        .filter(|kind| **kind == Kind::DECISION)
        .count();
    assert_eq!(decisions, 4);
}

#[test]
fn an_id_is_given_once_in_one_commit() {
    let rig = rig();
    let log = LogName::default();
    let gate = Arc::new(Gate::default());
    let ledger = rig.open();
    ledger.create_log(log.clone(), gated_log(1, &gate)).unwrap();
    let id = ReceiptId::from_parts(Timestamp::from_micros(NOW), [7; 10]);
    gate.shut();
    let first = ledger.submit(&log, vec![record("first")]).unwrap();
    gate.wait_for_signer();
    let [one, two] = [(); 2].map(|()| ledger.submit(&log, vec![record("a").id(id)]).unwrap());
    gate.open();
    first.wait().unwrap();
    one.wait().unwrap();
    assert_eq!(two.wait(), Err(AppendError::IdTaken { index: 0, id }));
    assert_eq!(ledger.stats().lost, 0, "a caller's mistake is no loss");
}
