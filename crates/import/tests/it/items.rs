//! Records as bodies to be sealed.

use ai_audit_core::{
    BulkVerifier, Decision, Digest, Draft, Head, Header, Imported, ImportedItem, ImportedRecord,
    Kind, LeafHash, LogId, MAX_PAYLOAD_LEN, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp,
    UnverifiedReceipt, decode_body,
};
use ai_audit_import::{Item, ItemTooLong, Keys, Problem, Record, check_item};

use crate::made::{decision, key, keys, lines};

const SOURCE: LeafHash = LeafHash::from_bytes([7; 32]);

/// A receipt that brings a record.
pub(crate) struct Sealed(Vec<u8>);

impl Sealed {
    pub(crate) fn new(item: &Item<'_>) -> Self {
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let draft = Draft::new(ReceiptId::from_parts(now, [1; 10]), now)
            .trace(item.trace_id())
            .session(item.session_id())
            .actor(item.actor_id());
        // As long a header as there can be, almost.
        let head = Head::from_parts(LogId::ZERO, u64::MAX - 1, SOURCE, now);
        let signer = SigningKey::from_bytes(&[1; 32]);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let sealed = draft.seal_encoded(Kind::IMPORTED, item.encoded(), &head, &signer, &mut buf);
        let sealed = Self(sealed.unwrap().as_bytes().to_vec());
        assert_eq!(
            Imported {
                record: ImportedRecord::Item(sealed.parts().1)
            },
            item.imported()
        );
        sealed
    }

    pub(crate) fn parts(&self) -> (Header<'_>, ImportedItem<'_>) {
        let receipt = UnverifiedReceipt::parse(&self.0).unwrap();
        let body: Imported<'_> = decode_body(receipt.body()).unwrap();
        let ImportedRecord::Item(body) = body.record else {
            panic!("no item");
        };
        (*receipt.header(), body)
    }
}

/// The receipt of an item, which a verifier takes.
fn holds(item: &Item<'_>) -> Sealed {
    let sealed = Sealed::new(item);
    let (header, body) = sealed.parts();
    assert_eq!(check_item(&header, &body, &mut BulkVerifier::new()), Ok(()));
    sealed
}

#[test]
fn what_holds_goes_into_a_log_and_is_checked_there() {
    for (index, line) in (0..).zip(lines()) {
        let mut record = Record::parse(line).unwrap();
        let examined = record.examine(&mut keys());
        let item = Item::new(&record, &examined, SOURCE, index).unwrap();
        let sealed = holds(&item);
        let (header, body) = sealed.parts();
        assert_eq!((body.source, body.index), (SOURCE, index));
        assert_eq!(body.original, *line);
        assert_eq!(body.key, Some(key().verifying_key()));
        assert_eq!(body.hash, Some(record.hash()));
        assert_eq!(body.signature, record.signature());
        assert_eq!(body.finding, "");
        assert_eq!((&*body.id, &*body.tenant), (record.id(), record.tenant()));
        assert_eq!(body.occurred_at, record.time());
        assert_eq!(
            body.content.map(|content| content.body.0.to_vec()),
            record.content().map(|content| content.1)
        );
        assert_eq!(header.trace_id, record.trace_id());
        assert_eq!(header.session_id, record.session_id());
        assert_eq!(header.actor_id, record.agent_id());
    }
}

#[test]
fn what_does_not_hold_goes_in_with_a_finding() {
    let line = decision("r1", "");
    let changed = line.replace("reject", "allow");
    for (line, keys, hash) in [
        (&line, Keys::new([]), true),
        (
            &line,
            Keys::new([SigningKey::from_bytes(&[9; 32]).verifying_key()]),
            true,
        ),
        (&changed, keys(), false),
    ] {
        let mut record = Record::parse(line).unwrap();
        let examined = record.examine(&mut keys.clone());
        let item = Item::new(&record, &examined, SOURCE, 0).unwrap();
        let sealed = holds(&item);
        let (_, body) = sealed.parts();
        assert_eq!(body.key, None);
        assert_eq!(body.finding, *examined.problem.unwrap().to_string());
        assert_eq!(body.hash.is_some(), hash);
        assert!(body.signature.is_some() && body.content.is_some());
    }
    let record = Record::parse(&changed).unwrap();
    let found = record.hash();
    let mut record = Record::parse(&changed).unwrap();
    let named = Record::parse(&line).unwrap().hash();
    let problem = record.examine(&mut keys()).problem;
    assert_eq!(
        problem,
        Some(Problem::Hash {
            named: Some(named),
            found
        })
    );
}

#[test]
fn what_cannot_be_read_goes_in_as_it_is() {
    for text in ["", "no record", r#"{"receipt_id":1}"#, r#"{"a":1,"a":2}"#] {
        let error = Record::parse(text).unwrap_err();
        let item = Item::unreadable(text, &error, SOURCE, 3).unwrap();
        let sealed = holds(&item);
        let (_, body) = sealed.parts();
        assert_eq!(body.original, *text);
        assert_eq!(body.finding, *error.to_string());
        assert_eq!(
            (body.hash, body.signature, body.content),
            (None, None, None)
        );
    }
    let long = "x".repeat(MAX_PAYLOAD_LEN);
    let error = Record::parse(&long).unwrap_err();
    let item = Item::unreadable(&long, &error, SOURCE, 3);
    assert_eq!(
        item.unwrap_err(),
        ItemTooLong {
            original: MAX_PAYLOAD_LEN
        }
    );
}

/// A decision whose one check has a detail of this many bytes.
fn detailed(bytes: usize) -> String {
    decision(
        "r1",
        &format!(
            r#"{{"name":"n","detail":{{"text":"{}"}}}}"#,
            "x".repeat(bytes)
        ),
    )
}

fn details(item: &Item<'_>) -> usize {
    let sealed = holds(item);
    let content = sealed.parts().1.content.unwrap();
    let decision: Decision<'_> = decode_body(content.body.0).unwrap();
    assert_eq!(decision.checks.len(), 1);
    decision.checks[0].detail.len()
}

#[test]
fn details_are_left_out_where_there_is_no_room() {
    let with = |line: &str| {
        let mut record = Record::parse(line).unwrap();
        let examined = record.examine(&mut keys());
        let item = Item::new(&record, &examined, SOURCE, 0).map(|item| details(&item));
        item.map_err(|error| {
            assert_eq!(error.original, line.len());
            assert!(error.to_string().contains("65535"), "{error}");
        })
    };
    let mut seen = [0; 3];
    // Twice in the receipt up to 32,000 bytes and something, once up to 65,000 and something.
    for bytes in (1_000..66_000)
        .step_by(997)
        .chain(31_900..32_400)
        .chain(64_200..64_900)
    {
        match with(&detailed(bytes)) {
            Ok(0) => {
                assert!(bytes > 32_000, "{bytes}");
                seen[1] += 1;
            }
            Ok(kept) => {
                assert!(kept > bytes && bytes < 33_000, "{bytes}");
                seen[0] += 1;
            }
            Err(()) => {
                assert!(bytes > 64_000, "{bytes}");
                seen[2] += 1;
            }
        }
    }
    assert!(seen.iter().all(|seen| *seen > 100), "{seen:?}");
}

#[test]
fn details_that_grow_when_they_are_written_canonically() {
    // A million, in three bytes and in seven.
    let numbers = vec!["1e6"; 14_000].join(",");
    let line = decision(
        "r1",
        &format!(r#"{{"name":"n","detail":{{"a":[{numbers}]}}}}"#),
    );
    let mut record = Record::parse(&line).unwrap();
    let examined = record.examine(&mut keys());
    let item = Item::new(&record, &examined, SOURCE, 0).unwrap();
    assert_eq!(details(&item), 0);
    assert_eq!(examined.hash, Some(Digest::of(record.signed_bytes())));
}
