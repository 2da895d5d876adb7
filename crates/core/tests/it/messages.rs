//! What errors say: where, what was expected, what was found.

use crate::logs::{Log, at, decision, id, key};
use ai_audit_core::{
    BodyError, ChainError, Decision, DecodeBody, DecodeError, Digest, Draft, GenesisError, Head,
    KeyError, Kind, LeafHash, LogId, Origin, OriginError, ParseHexError, ReceiptId, SealError,
    SignatureError, SignerError, Start, UnverifiedReceipt, VerifyingKey, decode_body, encode_body,
};

#[test]
fn digits_that_are_none_are_counted_and_placed() {
    let parse = |text: &str| text.parse::<Digest>().unwrap_err();
    let length = ParseHexError::Length {
        expected: 64,
        found: 2,
    };
    assert_eq!(parse("00"), length);
    assert_eq!(
        length.to_string(),
        "expected 64 hexadecimal digits, found 2 characters"
    );
    let digit = parse(&format!("{}g{}", "0".repeat(30), "0".repeat(33)));
    assert_eq!(digit, ParseHexError::Digit { offset: 30 });
    assert_eq!(digit.to_string(), "character 30 is no hexadecimal digit");
    let mixed = "0123456789abcdefABCDEF0123456789"
        .repeat(2)
        .parse::<Digest>()
        .unwrap();
    assert_eq!(
        mixed.to_string(),
        "0123456789abcdefabcdef0123456789".repeat(2)
    );
    assert!(
        "0".repeat(32)
            .parse::<ReceiptId>()
            .unwrap_err()
            .to_string()
            .contains("8-4-4-4-12")
    );
}

#[test]
fn bodies_say_field_and_expectation() {
    let body = BodyError {
        field: "to",
        expected: "a time not before `from`",
    };
    assert_eq!(body.to_string(), "to: expected a time not before `from`");
    let decode = DecodeError {
        offset: 7,
        field: "seq",
        expected: "a varint",
    };
    assert_eq!(decode.to_string(), "seq at byte 7: expected a varint");
}

/// A start is a text, a varint and a boolean, which fail in ways of their own.
#[test]
fn each_way_to_fail_is_told_apart() {
    let start = Start {
        software: "x".into(),
        size: 1,
        clean: true,
    };
    let bytes = encode_body(&start).unwrap();
    assert_eq!(bytes, [1, b'x', 1, 1]);
    let refuse = |bytes: &[u8]| {
        let error = decode_body::<Start<'_>>(bytes).unwrap_err();
        (error.field, error.expected)
    };
    let long = [&[1, b'x'][..], &[0xff; 11], &[1]].concat();
    let varint = "a varint of at most its type's width";
    assert_eq!(refuse(&long), ("size", varint));
    assert_eq!(refuse(&[1, b'x', 1, 2]), ("clean", "a boolean of 0 or 1"));
    assert_eq!(refuse(&[1, 0xff, 1, 1]), ("software", "UTF-8"));
    assert_eq!(refuse(&[1, b'x', 1]), ("clean", "more bytes"));
    assert_eq!(
        refuse(&[1, b'x', 1, 1, 0]),
        ("body", "no bytes after the last field")
    );
    // In a decision: the option's tag, and an unknown action.
    let bytes = encode_body(&Decision::new()).unwrap();
    let refuse = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        let error = decode_body::<Decision<'_>>(&bytes).unwrap_err();
        (error.field, error.expected)
    };
    assert_eq!(refuse(0, 2), ("occurred_at", "an option tag of 0 or 1"));
    assert_eq!(refuse(7, 6), ("action", "a value in the field's range"));
}

#[test]
fn offsets_count_from_the_start_of_the_receipt() {
    let mut log = Log::new(1);
    log.push(&decision(1));
    let sealed = log.sealed.last().unwrap();
    let receipt = UnverifiedReceipt::parse(sealed).unwrap();
    let start = receipt.body_offset();
    let said = receipt.said_itself();
    let own = Start::decode(&receipt).unwrap_err();
    assert_eq!(own.field, "kind");
    assert_eq!(Start::decode_said(&said).unwrap_err().offset, start);
    // The first byte of the body is an option's tag.
    let mut changed = sealed.clone();
    changed[start] = 2;
    let receipt = UnverifiedReceipt::parse(&changed).unwrap();
    let (own, said) = (
        Decision::decode(&receipt),
        Decision::decode_said(&receipt.said()),
    );
    let (own, said) = (own.unwrap_err(), said.unwrap_err());
    assert_eq!(
        (own.field, own.expected),
        ("occurred_at", "an option tag of 0 or 1")
    );
    assert_eq!(own, said);
    assert!(own.offset > start && own.offset <= start + 1, "{own}");
}

#[test]
fn chains_say_what_is_missing_or_again() {
    let missing = |expected, found| ChainError::Missing { expected, found }.to_string();
    assert_eq!(
        missing(3, 4),
        "receipt 3 is missing: seq 4 came in its place"
    );
    assert_eq!(
        missing(3, 7),
        "receipts 3 to 6 are missing: seq 7 came in their place"
    );
    let repeated = ChainError::Repeated {
        expected: 3,
        found: 2,
    };
    assert_eq!(
        repeated.to_string(),
        "seq 2 came where 3 was expected: replayed or reordered"
    );
    let found = LogId::from_bytes([0xab; 32]);
    let other = ChainError::OtherLog { found }.to_string();
    assert_eq!(
        other,
        format!("log_id names another log, {}", "ab".repeat(32))
    );
    for (error, word) in [
        (ChainError::Prev, "prev"),
        (ChainError::TimeBackwards, "sealed_at"),
        (ChainError::Genesis, "genesis"),
    ] {
        assert!(error.to_string().contains(word));
    }
}

#[test]
fn sealing_says_why_not() {
    let last = at(5);
    for (error, words) in [
        (SealError::TooLong { limit: 9 }, "longer than the 9 bytes"),
        (SealError::Genesis, "is a genesis"),
        (
            SealError::TimeBackwards { last },
            "before that of the receipt before, 2026-",
        ),
        (SealError::Full, "cannot hold another receipt"),
        (
            SealError::Signer(SignerError::new("no token")),
            "signer failed: no token",
        ),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
    let mut buf = [0; 512];
    let head = Head::from_parts(LogId::ZERO, 1, LeafHash::ZERO, at(0));
    let gap = ai_audit_core::Gap {
        from: at(2),
        to: at(1),
        lost: None,
        reason: "".into(),
    };
    let error = Draft::new(id(1), at(1))
        .seal(&gap, &head, &key(1), &mut buf)
        .unwrap_err();
    let text = "body cannot be sealed: to: expected a time not before `from`";
    assert_eq!(error.to_string(), text);
}

#[test]
fn keys_and_origins_say_why_not() {
    let mut texts = Vec::new();
    for error in [KeyError::NotAPoint, KeyError::SmallOrder, KeyError::Torsion] {
        texts.push(error.to_string());
    }
    for error in [
        OriginError::Name,
        OriginError::Commitment,
        OriginError::Mismatch,
    ] {
        texts.push(error.to_string());
        texts.push(GenesisError::Origin(error).to_string());
    }
    texts.push(SignatureError.to_string());
    let different: std::collections::BTreeSet<_> = texts.iter().collect();
    assert_eq!(different.len(), texts.len());
    assert!(texts.iter().all(|text| text.len() > 20), "{texts:?}");
    assert_eq!(Origin::parse("a").unwrap_err(), OriginError::Commitment);
    assert_eq!(
        VerifyingKey::from_bytes(&[0; 32]),
        Err(KeyError::SmallOrder)
    );
    assert_eq!(Kind::new(300).to_string(), "unknown_300");
}
