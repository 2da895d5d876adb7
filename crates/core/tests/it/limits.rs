//! Sizes: what the benchmark's receipt takes, what fits, what does not.

use crate::logs::{Log, at, decision, id};
use ai_audit_core::{
    Check, Decision, DecodeBody as _, Digest, Draft, Genesis, Head, Kind, LogId, MAX_PAYLOAD_LEN,
    MAX_SEALED_LEN, SealError, TextDigest, UnverifiedReceipt, encode_body,
};

/// Two checks, trace, session, actor and model ids, four digests: at most 450 bytes sealed.
#[test]
fn the_benchmark_receipt_takes_at_most_450_bytes() {
    let check = |name: &'static str| Check {
        name: name.into(),
        version: "1.0".into(),
        score: Some(0.125),
        threshold: Some(0.8),
        fired: false,
        ..Check::default()
    };
    let decision = Decision {
        input: Some(TextDigest::plain("input")),
        input_canonical: Some(TextDigest::plain("canonical")),
        output: Some(TextDigest::plain("output")),
        state: Some(Digest::of(b"state")),
        checks: vec![check("toxicity"), check("pii_leak")].into(),
        model: "gpt-4o".into(),
        ..Decision::new()
    };
    let log = Log::new(1);
    let mut buf = [0; MAX_SEALED_LEN];
    // A log of a billion receipts, so that `seq` is as long as it gets in practice.
    let head = Head::from_parts(log.head.log_id(), 1 << 30, log.head.hash(), at(0));
    let sealed = Draft::new(id(1), at(1))
        .trace("4bf92f3577b34da6a3ce929d0e0e4736")
        .session("session-42")
        .actor("agent-7")
        .seal(&decision, &head, &log.key, &mut buf)
        .unwrap();
    let len = sealed.as_bytes().len();
    assert!(len <= 450, "{len} bytes");
    assert!(
        len >= 4 * 32 + 64 + 64,
        "{len} bytes are too few to be true"
    );
    println!("the benchmark's receipt takes {len} bytes sealed");
}

#[test]
fn the_longest_payload_fits_and_one_byte_more_does_not() {
    let mut log = Log::new(1);
    let draft = Draft::new(id(1), at(1));
    let mut buf = vec![0; MAX_SEALED_LEN];
    let empty = draft
        .seal_encoded(Kind::DECISION, b"", &log.head, &log.key, &mut buf)
        .unwrap();
    let room = MAX_SEALED_LEN - empty.as_bytes().len();
    let body = vec![7; room + 1];
    let limit = MAX_PAYLOAD_LEN;
    let refused = draft.seal_encoded(Kind::DECISION, &body, &log.head, &log.key, &mut buf);
    assert_eq!(refused.err(), Some(SealError::TooLong { limit }));
    let sealed = draft
        .seal_encoded(Kind::DECISION, &body[1..], &log.head, &log.key, &mut buf)
        .unwrap();
    assert_eq!(sealed.as_bytes().len(), MAX_SEALED_LEN);
    log.head = sealed.head();
    let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
    assert_eq!(receipt.payload().len(), MAX_PAYLOAD_LEN);
    assert_eq!(receipt.verify_signature(&log.key.verifying_key()), Ok(()));
    // One byte more is refused by its length alone.
    let mut longer = sealed.as_bytes().to_vec();
    longer.push(0);
    let error = UnverifiedReceipt::parse(&longer).unwrap_err();
    assert_eq!((error.field, error.offset), ("payload", MAX_SEALED_LEN));
}

#[test]
fn buffers_of_any_length_are_filled_or_refused() {
    let log = Log::new(1);
    let draft = Draft::new(id(1), at(1)).trace("t");
    let mut long = [0; 4096];
    let whole = draft
        .seal(&decision(1), &log.head, &log.key, &mut long)
        .unwrap()
        .as_bytes();
    // Every length; under Miri, each signature being some seconds, the ends and some between.
    let between = if cfg!(miri) { 37 } else { 1 };
    let end = whole.len() + 2;
    let lens = (0..end).filter(|len| len % between == 0 || *len + 4 > end);
    for len in lens {
        let mut buf = vec![0; len];
        match draft.seal(&decision(1), &log.head, &log.key, &mut buf) {
            Ok(sealed) => assert!(len >= whole.len() && sealed.as_bytes() == whole, "{len}"),
            Err(error) => {
                let limit = len.saturating_sub(64);
                assert_eq!(error, SealError::TooLong { limit });
                assert!(len < whole.len(), "{len}");
            }
        }
    }
}

#[test]
fn a_log_that_is_full_takes_no_more() {
    let log = Log::new(1);
    let mut buf = [0; 4096];
    let draft = Draft::new(id(1), at(1));
    let full = Head::from_parts(LogId::ZERO, u64::MAX, log.head.hash(), at(0));
    let refused = draft.seal(&decision(1), &full, &log.key, &mut buf);
    assert_eq!(refused.err(), Some(SealError::Full));
    let last = Head::from_parts(LogId::ZERO, u64::MAX - 1, log.head.hash(), at(0));
    let sealed = draft.seal(&decision(1), &last, &log.key, &mut buf).unwrap();
    let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
    let head = ai_audit_core::Chain::resume(last).push(&receipt).unwrap();
    assert_eq!(head.size(), u64::MAX);
}

/// A genesis that could not stand at the head of a log is refused before it is sealed.
#[test]
fn geneses_that_do_not_hold() {
    let keys = [1, 2, 3].map(|seed| crate::logs::key(seed).verifying_key());
    let genesis = |name, keys: [&_; 3]| Genesis::new(name, "t", keys[0], keys[1], keys[2], [0; 16]);
    let [a, b, c] = [&keys[0], &keys[1], &keys[2]];
    let long = "n".repeat(191);
    for (body, field) in [
        (genesis("", [a, b, c]), "name"),
        (genesis("a b", [a, b, c]), "name"),
        (genesis("a+b", [a, b, c]), "name"),
        (genesis("a\u{2003}b", [a, b, c]), "name"),
        (genesis("a\nb", [a, b, c]), "name"),
        (genesis(&long, [a, b, c]), "name"),
        (genesis("n", [a, a, c]), "recovery_key"),
        (genesis("n", [a, b, a]), "recovery_key"),
        (genesis("n", [a, b, b]), "recovery_key"),
    ] {
        let Err(SealError::Body(error)) = encode_body(&body) else {
            panic!("{body:?} passes")
        };
        assert_eq!(error.field, field);
    }
    assert!(encode_body(&genesis(&long[1..], [a, b, c])).is_ok());
}

#[test]
fn a_body_is_encoded_up_to_the_longest_payload() {
    let of = |len: usize| {
        let model = "x".repeat(len);
        encode_body(&Decision {
            model: model.as_str().into(),
            ..Decision::new()
        })
    };
    // A length above 16,383 takes three bytes where the empty text's takes one.
    let rest = of(0).unwrap().len() + 2;
    let longest = of(MAX_PAYLOAD_LEN - rest).unwrap();
    assert_eq!(longest.len(), MAX_PAYLOAD_LEN);
    let limit = MAX_PAYLOAD_LEN;
    assert_eq!(
        of(MAX_PAYLOAD_LEN - rest + 1),
        Err(SealError::TooLong { limit })
    );
}

#[test]
fn a_body_of_another_kind_is_told_where_the_kind_stands() {
    let log = Log::new(1);
    let receipt = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
    let error = Decision::decode(&receipt).unwrap_err();
    // Version, log id, seq, prev, sealed_at, id, key id, mode.
    assert_eq!(error.offset, 1 + 32 + 1 + 32 + 8 + 16 + 8 + 1, "{error}");
}
