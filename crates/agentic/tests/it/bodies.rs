//! Bodies round trip and have one form; digests do not depend on how JSON is written.

use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{
    DecodeBody, DigestSecret, Draft, Head, LeafHash, MAX_SEALED_LEN, ReceiptId, SealError,
    SigningKey, TextDigest, Timestamp, UnverifiedReceipt,
};
use proptest::prelude::*;

pub(crate) fn sealed(body: &impl ai_audit_core::Body) -> Result<Vec<u8>, SealError> {
    let now = Timestamp::from_micros(1);
    let head = Head::from_parts(LeafHash::ZERO.to_log_id(), 1, LeafHash::ZERO, now);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let key = SigningKey::from_bytes(&[1; 32]);
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    Ok(draft.seal(body, &head, &key, &mut buf)?.as_bytes().to_vec())
}

proptest! {
    #[test]
    fn bodies_round_trip(
        tool in "\\PC{1,30}", call_id in "\\PC{0,30}", text in "\\PC{0,50}",
        parents in prop::collection::vec(any::<[u8; 32]>(), 0..4), at in prop::option::of(0..1u64 << 50),
        status in 0..5usize, duration: Option<u64>,
    ) {
        let parents: Vec<_> = parents.into_iter().map(LeafHash::from_bytes).collect();
        let intent = ToolIntent {
            occurred_at: at.map(Timestamp::from_micros),
            tool: tool.as_str().into(),
            call_id: call_id.as_str().into(),
            arguments: Some(JsonDigest::of_either(&text, None)),
            parents: parents.clone().into(),
        };
        let bytes = sealed(&intent).unwrap();
        let receipt = UnverifiedReceipt::parse(&bytes).unwrap();
        prop_assert_eq!(ToolIntent::decode(&receipt), Ok(intent));
        prop_assert!(ToolOutcome::decode(&receipt).is_err());
        let status = [ToolStatus::Unknown, ToolStatus::Ok, ToolStatus::Error, ToolStatus::Denied, ToolStatus::TimedOut][status];
        let outcome = ToolOutcome {
            intent: parents.first().copied(),
            status,
            duration_us: duration,
            result: Some(JsonDigest::of_text(&text, None)),
            ..ToolOutcome::new()
        };
        let bytes = sealed(&outcome).unwrap();
        let receipt = UnverifiedReceipt::parse(&bytes).unwrap();
        prop_assert_eq!(ToolOutcome::decode(&receipt), Ok(outcome));
    }
}

#[test]
fn an_intent_names_its_tool() {
    assert!(
        matches!(sealed(&ToolIntent::new()), Err(SealError::Body(error)) if error.field == "tool")
    );
}

#[test]
fn digests_of_json() {
    let key = DigestSecret::from_bytes([1; 32]).exact_key(
        &ReceiptId::from_parts(Timestamp::from_micros(1), [0; 10]),
        "arguments",
    );
    let digest = JsonDigest::of_json(r#"{"b":1.0,"a":[ ]}"#, Some(&key)).unwrap();
    assert!(digest.matches("{\"a\":[],\"b\":1}", Some(&key)));
    assert!(!digest.matches("{\"a\":[],\"b\":1}", None));
    assert!(!digest.matches("{\"a\":[],\"b\":2}", Some(&key)));
    assert_eq!(
        JsonDigest::of_json(r#"{"b":1.0,"a":[ ]}"#, None).unwrap(),
        JsonDigest::Canonical(TextDigest::plain(r#"{"a":[],"b":1}"#))
    );
    // Duplicate keys have no canonical form; on request the bytes count, tagged as such.
    let double = r#"{"a":1,"a":2}"#;
    assert!(JsonDigest::of_json(double, None).is_err());
    assert_eq!(
        JsonDigest::of_either(double, None),
        JsonDigest::Raw(TextDigest::plain(double))
    );
}
