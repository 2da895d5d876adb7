//! Imported records: their bytes, what is refused of them, and what readers of decisions see.

use crate::logs::{Log, at, decision, edit, id, key, sign};
use ai_audit_core::{
    Body, BodyError, Bytes, Decision, DecodeBody as _, Digest, Draft, Gap, Imported,
    ImportedAnswer, ImportedBody, ImportedFile, ImportedItem, ImportedRecord, ImportedSource, Kind,
    LeafHash, List, MAX_SEALED_LEN, SealError, UnverifiedReceipt, decode_body, encode_body,
};

const ORIGINAL: &str = r#"{"receipt_id":"r-1","signature":"00"}"#;

fn source() -> ImportedSource<'static> {
    ImportedSource {
        system: "ai-audit-trail".into(),
        form: "package".into(),
        name: "evidence.zip".into(),
        digest: Digest::of(b"evidence"),
        size: 8,
        items: 1,
        keys: vec![key(9).verifying_key()].into(),
        integrity: ImportedAnswer::Verified,
        attribution: ImportedAnswer::Failed("by another key".into()),
        completeness: ImportedAnswer::Unverified("no size was brought".into()),
        files: vec![file("manifest.json"), file("public_key.hex")].into(),
    }
}

fn file(name: &'static str) -> ImportedFile<'static> {
    ImportedFile {
        name: name.into(),
        contents: "{}".into(),
    }
}

/// An item whose proof held, which says this.
fn item(content: Option<(Kind, &[u8])>) -> ImportedItem<'_> {
    ImportedItem {
        source: LeafHash::of(b"source"),
        index: 7,
        id: "r-1".into(),
        tenant: "acme".into(),
        occurred_at: Some(at(5)),
        original: ORIGINAL.into(),
        hash: Some(Digest::of(b"signed bytes")),
        signature: Some(key(9).sign(b"signed bytes")),
        key: Some(key(9).verifying_key()),
        finding: "".into(),
        content: content.map(|(kind, body)| ImportedBody {
            kind,
            body: Bytes(body),
        }),
    }
}

fn of_item(item: ImportedItem<'_>) -> Imported<'_> {
    Imported {
        record: ImportedRecord::Item(item),
    }
}

fn of_source(source: ImportedSource<'_>) -> Imported<'_> {
    Imported {
        record: ImportedRecord::Source(source),
    }
}

/// The sealed bytes of a receipt with this body.
fn sealed(body: &impl Body) -> Vec<u8> {
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(id(1), at(100)).trace("t");
    let head = Log::new(1).head;
    let sealed = draft.seal(body, &head, &key(1), &mut buf).unwrap();
    sealed.as_bytes().to_vec()
}

/// The same of bytes that sealing would refuse.
fn sealed_bytes(body: &[u8]) -> Vec<u8> {
    let whole = sealed(&of_source(source()));
    edit(&whole, &key(1), |_, own| *own = body.to_vec())
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let bytes = encode_body(&of_item(item(Some((Kind::DECISION, b"body"))))).unwrap();
    let item = item(None);
    let mut expected = vec![1];
    expected.extend_from_slice(item.source.as_bytes());
    expected.extend_from_slice(b"\x07\x03r-1\x04acme\x01");
    expected.extend_from_slice(&postcard::to_allocvec(&at(5).as_micros()).unwrap());
    expected.push(u8::try_from(ORIGINAL.len()).unwrap());
    expected.extend_from_slice(ORIGINAL.as_bytes());
    expected.push(1);
    expected.extend_from_slice(item.hash.unwrap().as_bytes());
    expected.push(1);
    expected.extend_from_slice(item.signature.unwrap().as_bytes());
    expected.push(1);
    expected.extend_from_slice(item.key.unwrap().as_bytes());
    // No finding; a content of kind 2 with four bytes.
    expected.extend_from_slice(b"\x00\x01\x02\x04body");
    assert_eq!(bytes, expected);

    let bytes = encode_body(&of_source(source())).unwrap();
    let mut expected = b"\x00\x0eai-audit-trail\x07package\x0cevidence.zip".to_vec();
    expected.extend_from_slice(Digest::of(b"evidence").as_bytes());
    expected.extend_from_slice(b"\x08\x01\x01");
    expected.extend_from_slice(key(9).verifying_key().as_bytes());
    expected.extend_from_slice(b"\x00\x01\x0eby another key\x02\x13no size was brought");
    expected.extend_from_slice(b"\x02\x0dmanifest.json\x02{}\x0epublic_key.hex\x02{}");
    assert_eq!(bytes, expected);
}

#[test]
fn what_was_sealed_is_read_back() {
    let body = encode_body(&decision(1)).unwrap();
    let unproven = ImportedItem {
        occurred_at: None,
        hash: None,
        signature: None,
        key: None,
        finding: "the hash does not fit".into(),
        ..item(None)
    };
    for body in [
        of_source(source()),
        of_item(item(Some((Kind::DECISION, &body)))),
        of_item(item(None)),
        of_item(unproven),
    ] {
        let sealed = sealed(&body);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        assert_eq!(Imported::decode(&receipt).unwrap(), body);
    }
}

#[test]
fn what_contradicts_itself_is_neither_sealed_nor_read() {
    let unsigned = |change: fn(&mut ImportedItem<'_>)| {
        let mut item = item(None);
        change(&mut item);
        of_item(item)
    };
    let files = |names: [&'static str; 2]| {
        of_source(ImportedSource {
            files: names.map(file).to_vec().into(),
            ..source()
        })
    };
    let nameless = of_source(ImportedSource {
        system: "".into(),
        ..source()
    });
    let inner = encode_body(&of_item(item(None))).unwrap();
    for (field, body) in [
        ("system", nameless),
        ("files", files(["b", "a"])),
        ("files", files(["a", "a"])),
        // By their bytes, of which those of é are greater than any letter of ASCII.
        ("files", files(["é", "Z"])),
        ("finding", unsigned(|item| item.key = None)),
        ("finding", unsigned(|item| item.finding = "why".into())),
        ("key", unsigned(|item| item.hash = None)),
        ("key", unsigned(|item| item.signature = None)),
        (
            "content.kind",
            of_item(item(Some((Kind::IMPORTED, &inner)))),
        ),
    ] {
        let refused = body.check().unwrap_err();
        assert_eq!(refused.field, field, "{body:?}");
        assert!(matches!(
            encode_body(&body),
            Err(SealError::Body(BodyError { field: found, .. })) if found == field
        ));
        let bytes = postcard::to_allocvec(&body).unwrap();
        assert_eq!(
            decode_body::<Imported<'_>>(&bytes).unwrap_err().field,
            field
        );
        // What cannot be read says nothing but what its own header does.
        let sealed = sealed_bytes(&bytes);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        assert_eq!(receipt.said().kind, Kind::IMPORTED);
        assert!(!receipt.said().imported);
    }
}

#[test]
fn bytes_in_another_form_are_refused() {
    let body = encode_body(&decision(1)).unwrap();
    let good = encode_body(&of_item(item(Some((Kind::DECISION, &body))))).unwrap();
    assert!(decode_body::<Imported<'_>>(&good).is_ok());
    let refused = |bytes: &[u8]| decode_body::<Imported<'_>>(bytes).unwrap_err();
    // The length of the content's body, and the index, in more bytes than they need.
    let at = good.len() - body.len() - 2;
    let length = &good[at..at + 2];
    assert_eq!(
        postcard::from_bytes::<u64>(length).unwrap(),
        body.len() as u64,
        "two bytes long"
    );
    let mut overlong = good.clone();
    overlong.splice(at..at + 2, [length[0], length[1] | 0x80, 0]);
    refused(&overlong);
    let mut overlong = good.clone();
    assert_eq!(overlong[33], 7);
    overlong.splice(33..34, [0x87, 0]);
    refused(&overlong);
    // A third variant; an option that is neither there nor not.
    for (place, byte) in [(0, 2), (43, 2)] {
        let mut other = good.clone();
        assert_eq!(other[place], 1);
        other[place] = byte;
        refused(&other);
    }
    // The original is a text.
    let original = good
        .windows(5)
        .position(|found| found == b"{\"rec")
        .unwrap();
    let mut other = good.clone();
    other[original] = 0xff;
    assert_eq!(refused(&other).expected, "UTF-8");
    for end in 0..good.len() {
        refused(&good[..end]);
    }
    refused(&[good.as_slice(), b"\0"].concat());
}

#[test]
fn a_list_of_files_that_claims_to_be_long_reserves_nothing() {
    let bare = ImportedSource {
        files: List::EMPTY,
        ..source()
    };
    let mut bytes = encode_body(&of_source(bare)).unwrap();
    assert_eq!(bytes.pop(), Some(0));
    bytes.extend_from_slice(&[0xff; 9]);
    bytes.push(1);
    let error = decode_body::<Imported<'_>>(&bytes).unwrap_err();
    assert_eq!(error.expected, "more bytes");
}

#[test]
fn readers_of_decisions_see_the_imported_one() {
    let body = encode_body(&decision(1)).unwrap();
    let imported = sealed(&of_item(item(Some((Kind::DECISION, &body)))));
    let receipt = UnverifiedReceipt::parse(&imported).unwrap();
    let said = receipt.said();
    assert_eq!((said.kind, said.time), (Kind::DECISION, at(5)));
    assert!(said.imported && !said.unproven);
    assert_eq!(Decision::decode_said(&said).unwrap(), decision(1));
    // The receipt's own body is none.
    assert_eq!(Decision::decode(&receipt).unwrap_err().field, "kind");

    let own = sealed(&decision(1));
    let receipt = UnverifiedReceipt::parse(&own).unwrap();
    let said = receipt.said();
    assert_eq!((said.kind, said.time), (Kind::DECISION, at(100)));
    assert!(!said.imported && !said.unproven);
    assert_eq!(Decision::decode_said(&said).unwrap(), decision(1));
    assert_eq!(Gap::decode_said(&said).unwrap_err().field, "kind");
}

#[test]
fn one_without_a_time_or_a_proof_says_so() {
    let body = encode_body(&decision(1)).unwrap();
    let imported = sealed(&of_item(ImportedItem {
        occurred_at: None,
        key: None,
        finding: "no key was trusted".into(),
        ..item(Some((Kind::DECISION, &body)))
    }));
    let receipt = UnverifiedReceipt::parse(&imported).unwrap();
    let said = receipt.said();
    assert_eq!((said.kind, said.time), (Kind::DECISION, at(100)));
    assert!(said.imported && said.unproven);
}

#[test]
fn a_body_that_is_no_decision_is_refused_as_one() {
    let imported = sealed(&of_item(item(Some((Kind::DECISION, b"\x07")))));
    let receipt = UnverifiedReceipt::parse(&imported).unwrap();
    let said = receipt.said();
    assert_eq!(said.kind, Kind::DECISION);
    let error = Decision::decode_said(&said).unwrap_err();
    assert!(error.offset >= receipt.body_offset(), "{error}");
}

#[test]
fn nothing_but_decisions_and_tool_outcomes_is_read_through() {
    let gap = encode_body(&Gap {
        from: at(0),
        to: at(1),
        lost: None,
        reason: "".into(),
    })
    .unwrap();
    let all = (0..=30).chain([0x8000, u16::MAX]);
    // Miri signs for some seconds.
    for number in all.step_by(if cfg!(miri) { 2 } else { 1 }) {
        let kind = Kind::new(number);
        if kind == Kind::IMPORTED {
            continue;
        }
        let imported = sealed(&of_item(item(Some((kind, &gap)))));
        let said = UnverifiedReceipt::parse(&imported).unwrap().said();
        let read = kind == Kind::DECISION || kind == Kind::TOOL_OUTCOME;
        let expected = if read { kind } else { Kind::IMPORTED };
        assert_eq!((said.kind, said.imported), (expected, read), "{kind}");
        assert_eq!(said.time, if read { at(5) } else { at(100) }, "{kind}");
    }
}

#[test]
fn a_source_and_an_item_without_content_say_what_they_are() {
    for body in [of_source(source()), of_item(item(None))] {
        let sealed = sealed(&body);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        let said = receipt.said();
        assert_eq!((said.kind, said.time), (Kind::IMPORTED, at(100)));
        assert!(!said.imported);
        assert_eq!(Imported::decode_said(&said).unwrap(), body);
    }
}

#[test]
fn the_view_has_hexadecimal_digits_of_the_content() {
    let view = serde_json::to_value(of_item(item(Some((Kind::DECISION, b"\x00\xff"))))).unwrap();
    assert_eq!(
        view["record"]["item"]["content"],
        serde_json::json!({"kind": "decision", "body": "00ff"})
    );
    assert_eq!(view["record"]["item"]["original"], ORIGINAL);
    let view = serde_json::to_value(of_source(source())).unwrap();
    assert_eq!(view["record"]["source"]["integrity"], "verified");
    let why = &view["record"]["source"]["attribution"]["failed"];
    assert_eq!(*why, "by another key");
}

#[test]
fn a_record_that_is_too_long_is_refused() {
    let long = "x".repeat(ai_audit_core::MAX_PAYLOAD_LEN);
    let body = of_item(ImportedItem {
        original: long.as_str().into(),
        ..item(None)
    });
    assert!(matches!(encode_body(&body), Err(SealError::TooLong { .. })));
    // Whoever seals it all the same has a receipt that is none.
    let whole = sealed(&of_item(item(None)));
    let receipt = UnverifiedReceipt::parse(&whole).unwrap();
    let mut payload = whole[..receipt.body_offset()].to_vec();
    payload.extend_from_slice(&postcard::to_allocvec(&body).unwrap());
    let forged = sign(&payload, &key(1));
    assert!(UnverifiedReceipt::parse(&forged).is_err());
}

#[test]
fn a_format_that_is_no_bytes_is_told_what_was_expected() {
    let error = serde_json::from_str::<Bytes<'_>>("1").unwrap_err();
    assert!(error.to_string().contains("expected bytes"), "{error}");
}

#[test]
fn bytes_are_shown_in_hex() {
    assert_eq!(format!("{:?}", Bytes(&[0x0a, 0xff])), "Bytes(0aff)");
}
