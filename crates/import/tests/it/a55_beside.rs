//! A55: an importer puts another decision, owner, time or place beside an old proof that holds.

use ai_audit_core::{
    BulkVerifier, Bytes, Decision, Digest, Header, ImportedBody, ImportedItem, Kind, LeafHash,
    Signature, SigningKey, Timestamp, encode_body,
};
use ai_audit_import::{Item, ItemError, Keys, Problem, Record, check_item};

use crate::items::Sealed;
use crate::made::{decision, key, keys, receipt};

const SOURCE: LeafHash = LeafHash::from_bytes([7; 32]);

/// The receipt of a record, examined with these keys.
fn receipt_of(line: &str, mut keys: Keys) -> Sealed {
    let mut record = Record::parse(line).unwrap();
    let examined = record.examine(&mut keys);
    Sealed::new(&Item::new(&record, &examined, SOURCE, 0).unwrap())
}

/// Changes an item, or what stands in its receipt's header, and gives what the check says.
fn checked<'c>(
    sealed: &'c Sealed,
    change: impl FnOnce(&mut Header<'c>, &mut ImportedItem<'c>),
) -> Result<(), ItemError> {
    let (mut header, mut item) = sealed.parts();
    change(&mut header, &mut item);
    check_item(&header, &item, &mut BulkVerifier::new())
}

fn body(kind: Kind, body: &[u8]) -> Option<ImportedBody<'_>> {
    let body = Bytes(body);
    Some(ImportedBody { kind, body })
}

fn field(field: &'static str) -> Result<(), ItemError> {
    Err(ItemError::Field { field })
}

#[test]
fn other_fields() {
    let check = r#"{"name":"safety","score":0.5,"fired":true,"detail":{"a":1}}"#;
    let line = decision("r1", check);
    let other = encode_body(&Decision::new()).unwrap();
    let without = decision("r1", &check.replace(r#","detail":{"a":1}"#, ""));
    let (_, without) = Record::parse(&without).unwrap().content().unwrap();
    let (_, own) = Record::parse(&line).unwrap().content().unwrap();
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    // Of what has a key, and of what has none.
    for keys in [keys(), Keys::new([])] {
        let receipt = &receipt_of(&line, keys);
        assert_eq!(checked(receipt, |_, _| {}), Ok(()));
        // Where it came from is the importer's word.
        assert_eq!(checked(receipt, |_, item| item.index = 9), Ok(()));
        assert_eq!(
            checked(receipt, |_, item| item.id = "r2".into()),
            field("id")
        );
        assert_eq!(
            checked(receipt, |_, item| item.tenant = "".into()),
            field("tenant")
        );
        let time = |time| checked(receipt, |_, item| item.occurred_at = time);
        assert_eq!(time(Some(now)), field("occurred_at"));
        assert_eq!(time(None), field("occurred_at"));
        let header = |change: fn(&mut Header<'_>)| checked(receipt, |header, _| change(header));
        assert_eq!(
            header(|header| header.trace_id = "trace-r2"),
            field("trace_id")
        );
        assert_eq!(header(|header| header.session_id = ""), field("session_id"));
        assert_eq!(
            header(|header| header.actor_id = "somebody"),
            field("actor_id")
        );
        let content = |content| checked(receipt, |_, item| item.content = content);
        assert_eq!(content(None), field("content"));
        assert_eq!(content(body(Kind::DECISION, &other)), field("content"));
        assert_eq!(content(body(Kind::TOOL_OUTCOME, &other)), field("content"));
        // Details may be left out only where there is no room for them.
        assert_eq!(content(body(Kind::DECISION, &without)), field("content"));
        assert_eq!(content(body(Kind::DECISION, &own)), Ok(()));
        assert_eq!(content(body(Kind::TOOL_OUTCOME, &own)), field("content"));
        assert_eq!(
            content(body(Kind::DECISION, &own[..own.len() - 1])),
            field("content")
        );
    }
}

#[test]
fn content_where_there_is_none() {
    let seal = receipt(r#""batch_id":"b","merkle_root":"00","receipt_ids":[],"leaf_count":0"#);
    let decision = encode_body(&Decision::new()).unwrap();
    let receipt = receipt_of(&seal, keys());
    assert_eq!(checked(&receipt, |_, _| {}), Ok(()));
    let content = body(Kind::DECISION, &decision);
    assert_eq!(
        checked(&receipt, |_, item| item.content = content),
        field("content")
    );
}

#[test]
fn other_proofs() {
    let line = decision("r1", r#"{"name":"safety","score":0.5}"#);
    let receipt = &receipt_of(&line, keys());
    let hash = |hash| checked(receipt, |_, item| item.hash = hash);
    assert_eq!(hash(Some(Digest::of(b"x"))), field("hash"));
    assert_eq!(hash(None), field("hash"));
    let signature = |signature| checked(receipt, |_, item| item.signature = signature);
    assert_eq!(
        signature(Some(key().sign(b"something else"))),
        field("signature")
    );
    assert_eq!(signature(None), field("signature"));
    let mallory = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert_eq!(
        checked(receipt, |_, item| item.key = Some(mallory)),
        Err(ItemError::Signature)
    );
    // Who says himself that it was not verified says less, and may.
    let less = |_: &mut Header<'_>, item: &mut ImportedItem<'_>| {
        (item.key, item.hash, item.signature) = (None, None, None);
    };
    assert_eq!(checked(receipt, less), Ok(()));
}

#[test]
fn other_originals() {
    // Everything beside the proof was made from the forged text: only the old proof does not fit.
    let line = decision("r1", r#"{"name":"safety","score":0.5}"#);
    let receipt = receipt_of(&line, keys());
    let named = Record::parse(&line).unwrap().hash();
    let forged = line.replace("reject", "allow");
    let record = Record::parse(&forged).unwrap();
    let (found, (kind, says)) = (record.hash(), record.content().unwrap());
    let result = checked(&receipt, |_, item| {
        item.original = forged.as_str().into();
        item.content = body(kind, &says);
    });
    let problem = Problem::Hash {
        named: Some(named),
        found,
    };
    assert_eq!(result, Err(ItemError::Proof(problem)));

    // The same with a hash that fits: then the signature does not.
    let rehashed = forged.replace(&named.to_string(), &found.to_string());
    let result = checked(&receipt, |_, item| {
        item.original = rehashed.as_str().into();
        item.content = body(kind, &says);
        item.hash = Some(found);
    });
    assert_eq!(result, Err(ItemError::Signature));
}

#[test]
fn nothing_is_taken_from_what_cannot_be_read() {
    let text = r#"{"receipt_id":"r1","receipt_id":"r2","checks":[],"action":"allow"}"#;
    let error = Record::parse(text).unwrap_err();
    let receipt = &Sealed::new(&Item::unreadable(text, &error, SOURCE, 0).unwrap());
    let changed = |change: fn(&mut Header<'_>, &mut ImportedItem<'_>)| checked(receipt, change);
    assert_eq!(changed(|_, _| {}), Ok(()));
    assert_eq!(changed(|_, item| item.finding = "x".into()), Ok(()));
    assert_eq!(changed(|_, item| item.id = "r1".into()), field("id"));
    assert_eq!(changed(|_, item| item.tenant = "x".into()), field("tenant"));
    assert_eq!(
        changed(|_, item| item.occurred_at = Some(Timestamp::MAX)),
        field("occurred_at")
    );
    assert_eq!(
        changed(|header, _| header.trace_id = "x"),
        field("trace_id")
    );
    assert_eq!(
        changed(|header, _| header.session_id = "x"),
        field("session_id")
    );
    assert_eq!(
        changed(|header, _| header.actor_id = "x"),
        field("actor_id")
    );
    assert_eq!(
        changed(|_, item| item.hash = Some(Digest::of(b""))),
        field("hash")
    );
    let none = Signature::from_bytes([0; 64]);
    assert_eq!(
        checked(receipt, |_, item| item.signature = Some(none)),
        field("signature")
    );
    assert_eq!(
        changed(|_, item| item.key = Some(key().verifying_key())),
        field("key")
    );
    assert_eq!(
        changed(|_, item| item.content = body(Kind::DECISION, &[])),
        field("content")
    );
}
