//! Batched receipts: how they are sealed, and which the key history takes.

use crate::logs::{at, id, key};
use ai_audit_core::{
    BatchSeal, Body, Decision, DecodeBody, Draft, Genesis, Head, KeyHistory, KeyHistoryError, Kind,
    MAX_PAYLOAD_LEN, NodeHash, SealError, SealMode, Stop, UnverifiedReceipt, encode_body,
};

fn permitted() -> (Head, KeyHistory) {
    let [receipt, checkpoint, recovery] = [1, 2, 3].map(|seed| key(seed).verifying_key());
    let genesis = Genesis::new(
        "example.org/b",
        "",
        &receipt,
        &checkpoint,
        &recovery,
        [7; 16],
    );
    let mut buf = [0; 512];
    let sealed = Draft::new(id(9), at(0))
        .seal(&genesis, &Head::EMPTY, &key(1), &mut buf)
        .unwrap();
    let history = KeyHistory::new(sealed.head().log_id(), &genesis).with_batches();
    (sealed.head(), history)
}

/// A batched decision as the receipt with this `seq`.
fn batched(head: &Head, seq: u64) -> Vec<u8> {
    let head = Head::from_parts(head.log_id(), seq, head.hash(), at(0));
    let mut buf = [0; 512];
    let id_of = key(1).verifying_key().id();
    let sealed = Draft::new(id(9), at(seq)).seal_batched(&Decision::new(), &head, id_of, &mut buf);
    sealed.unwrap().as_bytes().to_vec()
}

fn signed(head: &Head, seq: u64, body: &impl Body) -> Vec<u8> {
    let head = Head::from_parts(head.log_id(), seq, head.hash(), at(0));
    let mut buf = [0; 512];
    let sealed = Draft::new(id(9), at(seq)).seal(body, &head, &key(1), &mut buf);
    sealed.unwrap().as_bytes().to_vec()
}

fn seal(from: u64, count: u64) -> BatchSeal {
    let root = NodeHash::EMPTY;
    BatchSeal { from, count, root }
}

fn take(history: &mut KeyHistory, sealed: &[u8]) -> Result<(), KeyHistoryError> {
    let before = *history;
    let taken = history.take(&UnverifiedReceipt::parse(sealed).unwrap());
    if taken.is_err() {
        assert_eq!(*history, before, "an error changed the history");
    }
    taken.map(drop)
}

#[test]
fn a_batched_receipt_is_its_payload_alone() {
    let (head, _) = permitted();
    let (mut one, mut two, mut three) = ([0; 512], [0; 512], [0; 512]);
    let public = key(1).verifying_key();
    let draft = Draft::new(id(9), at(1)).trace("t").session("s").actor("a");
    let batched = draft
        .seal_batched(&Decision::new(), &head, public.id(), &mut one)
        .unwrap();
    let body = encode_body(&Decision::new()).unwrap();
    let encoded = draft
        .seal_batched_encoded(Kind::DECISION, &body, &head, public.id(), &mut two)
        .unwrap();
    assert_eq!(batched.as_bytes(), encoded.as_bytes());
    assert_eq!(
        (batched.head(), batched.hash()),
        (encoded.head(), encoded.head().hash())
    );
    let signed = draft
        .seal(&Decision::new(), &head, &key(1), &mut three)
        .unwrap();
    assert_eq!(batched.as_bytes().len() + 64, signed.as_bytes().len());
    let receipt = UnverifiedReceipt::parse(batched.as_bytes()).unwrap();
    assert_eq!(receipt.header().mode, SealMode::Batched);
    assert_eq!(receipt.header().key_id, public.id());
    assert_eq!(
        (receipt.payload(), receipt.signature()),
        (batched.as_bytes(), None)
    );
    assert_eq!(
        (receipt.body(), receipt.hash()),
        (&body[..], batched.hash())
    );
    assert!(receipt.verify_signature(&public).is_err());
    assert_eq!(Decision::decode(&receipt), Ok(Decision::new()));
}

#[test]
fn a_batched_receipt_may_fill_all_of_a_payload() {
    let (head, _) = permitted();
    let id_of = key(1).verifying_key().id();
    let draft = Draft::new(id(9), at(1));
    let mut buf = vec![0; MAX_PAYLOAD_LEN + 64];
    let empty = draft
        .seal_batched_encoded(Kind::DECISION, b"", &head, id_of, &mut buf)
        .unwrap();
    let room = MAX_PAYLOAD_LEN - empty.as_bytes().len();
    let body = vec![0; room + 1];
    let mut seal = |len: usize, buf_len: usize| {
        let buf = &mut buf[..buf_len];
        let sealed = draft.seal_batched_encoded(Kind::DECISION, &body[..len], &head, id_of, buf);
        sealed.map(|sealed| sealed.as_bytes().len())
    };
    assert_eq!(seal(room, MAX_PAYLOAD_LEN), Ok(MAX_PAYLOAD_LEN));
    let limit = MAX_PAYLOAD_LEN;
    assert_eq!(
        seal(room + 1, limit + 64),
        Err(SealError::TooLong { limit })
    );
    assert_eq!(
        seal(room, limit - 1),
        Err(SealError::TooLong { limit: limit - 1 })
    );
    assert_eq!(seal(0, 20), Err(SealError::TooLong { limit: 20 }));
}

#[test]
fn a_batched_draft_is_held_to_its_place() {
    let (head, _) = permitted();
    let id_of = key(1).verifying_key().id();
    let mut buf = [0; 512];
    let stop = Stop {
        reason: "".into(),
        size: 1,
    };
    let error = Draft::new(id(9), at(1))
        .seal_batched(&stop, &head, id_of, &mut buf)
        .unwrap_err();
    assert_eq!(error, SealError::Control(Kind::STOP));
    assert!(
        error.to_string().contains("kind stop is never batched"),
        "{error}"
    );
    let late = Head::from_parts(head.log_id(), 1, head.hash(), at(5));
    let error = Draft::new(id(9), at(1)).seal_batched(&Decision::new(), &late, id_of, &mut buf);
    assert_eq!(error.err(), Some(SealError::TimeBackwards { last: at(5) }));
    let error =
        Draft::new(id(9), at(1)).seal_batched(&Decision::new(), &Head::EMPTY, id_of, &mut buf);
    assert_eq!(error.err(), Some(SealError::Genesis));
}

#[test]
fn the_history_follows_batches() {
    let (head, mut history) = permitted();
    assert_eq!(history.unsealed(), None);
    for seq in 1..4 {
        assert_eq!(take(&mut history, &batched(&head, seq)), Ok(()));
        assert_eq!(history.unsealed(), Some((1, seq)));
    }
    let error = take(&mut history, &signed(&head, 4, &Decision::new())).unwrap_err();
    assert_eq!(error, KeyHistoryError::Unsealed { first: 1, last: 3 });
    assert!(
        error.to_string().contains("receipts 1 to 3 are batched"),
        "{error}"
    );
    for (from, count) in [(2, 2), (1, 2), (1, 4), (4, 1)] {
        let error = take(&mut history, &signed(&head, 4, &seal(from, count))).unwrap_err();
        let (after, before) = (0, 1);
        assert_eq!(
            error,
            KeyHistoryError::BatchRange {
                from,
                count,
                after,
                before
            }
        );
        assert!(
            error.to_string().contains("batch seal: signs for"),
            "{error}"
        );
    }
    assert_eq!(take(&mut history, &signed(&head, 4, &seal(1, 3))), Ok(()));
    assert_eq!(history.unsealed(), None);
    assert_eq!(
        take(&mut history, &signed(&head, 5, &Decision::new())),
        Ok(())
    );
    // The seal before is signed already, and so is 5.
    assert!(take(&mut history, &signed(&head, 6, &seal(5, 1))).is_err());
    assert_eq!(take(&mut history, &batched(&head, 6)), Ok(()));
    assert_eq!(take(&mut history, &signed(&head, 7, &seal(6, 1))), Ok(()));
}

#[test]
fn a_batch_ends_at_its_bound() {
    let (head, mut history) = permitted();
    assert_eq!(take(&mut history, &batched(&head, 1)), Ok(()));
    assert_eq!(take(&mut history, &batched(&head, BatchSeal::MAX)), Ok(()));
    let error = take(&mut history, &batched(&head, BatchSeal::MAX + 1)).unwrap_err();
    assert_eq!(error, KeyHistoryError::BatchTooLong { first: 1 });
    assert!(
        error.to_string().contains("a batch seal was due"),
        "{error}"
    );
    let last = BatchSeal::MAX + 1;
    assert_eq!(
        take(&mut history, &signed(&head, last, &seal(1, BatchSeal::MAX))),
        Ok(())
    );
}

#[test]
fn without_permission_there_are_none() {
    let (head, mut permitting) = permitted();
    let [receipt, checkpoint, recovery] = [1, 2, 3].map(|seed| key(seed).verifying_key());
    let mut history = KeyHistory::from_keys(head.log_id(), receipt, checkpoint, recovery);
    for sealed in [batched(&head, 1), signed(&head, 1, &seal(1, 1))] {
        assert_eq!(take(&mut history, &sealed), Err(KeyHistoryError::Batched));
    }
    assert_eq!(history.unsealed(), None);
    // By another key, and with a body that no seal has.
    let mut buf = [0; 512];
    let other = key(4).verifying_key().id();
    let sealed = Draft::new(id(9), at(1)).seal_batched(&Decision::new(), &head, other, &mut buf);
    let error = take(&mut permitting, sealed.unwrap().as_bytes()).unwrap_err();
    assert!(matches!(error, KeyHistoryError::OtherKey { found, .. } if found == other));
    for (from, count) in [(0, 1), (1, 0), (1, BatchSeal::MAX + 1), (u64::MAX, 1)] {
        assert!(seal(from, count).check().is_err(), "{from} {count}");
    }
    let mut body = vec![1, 0];
    body.extend([0; 32]);
    let sealed = Draft::new(id(9), at(1))
        .seal_encoded(Kind::BATCH_SEAL, &body, &head, &key(1), &mut buf)
        .unwrap();
    let error = take(&mut permitting, sealed.as_bytes()).unwrap_err();
    assert!(matches!(error, KeyHistoryError::Body(error) if error.field == "count"));
}
