//! Properties over receipts of any content: they seal, encode, decode, chain and verify; any bit
//! that changes is noticed; bytes of any kind never panic.

use crate::logs::{Why, check_one, decode, key};
use ai_audit_core::{
    Action, Body, Chain, Check, ClockAnomaly, Content, Decision, DecodeBody, Digest, Draft, Gap,
    Genesis, Head, KeptField, Kind, LeafHash, MAX_SEALED_LEN, Origin, Outline, PolicyEntry,
    ReceiptId, Start, Stop, Text, TextDigest, Timestamp, UnverifiedReceipt, VerifyingKey,
    canonical_text,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        any::<String>(),
        "[a-z0-9-]{1,40}",
        "\\PC{120,140}"
    ]
}

fn owned() -> impl Strategy<Value = Text<'static>> {
    text().prop_map(Text::from)
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![0..=1_000_u64, any::<u64>()].prop_map(Timestamp::from_micros)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn text_digest() -> impl Strategy<Value = TextDigest> {
    prop_oneof![
        digest().prop_map(TextDigest::Plain),
        digest().prop_map(TextDigest::Keyed)
    ]
}

fn number() -> impl Strategy<Value = Option<f64>> {
    of(prop_oneof![-1.0..1.0_f64, any::<f64>()].prop_map(|x| {
        // The only values that the format has no form for.
        if x.is_finite() { x + 0.0 } else { 0.5 }
    }))
}

prop_compose! {
    fn one_check()(
        name in owned(), version in owned(), detail in owned(),
        score in number(), threshold in number(), fired in any::<bool>(),
    ) -> Check<'static> {
        Check { name, version, score, threshold, fired, detail }
    }
}

prop_compose! {
    fn texts_of_decision()(
        subject in owned(), provider in owned(), model in owned(), operation in owned(),
        reason_codes in vec(owned(), 0..4), tags in vec(owned(), 0..4),
        kept in vec((owned(), owned()), 0..3),
    ) -> Decision<'static> {
        let keep = |(name, text)| KeptField { name, content: Content::Plain(text) };
        Decision {
            subject, provider, model, operation,
            reason_codes: reason_codes.into(),
            tags: tags.into(),
            kept: kept.into_iter().map(keep).collect(),
            ..Decision::new()
        }
    }
}

prop_compose! {
    fn any_decision()(
        texts in texts_of_decision(),
        occurred_at in of(time()),
        digests in (of(text_digest()), of(text_digest()), of(text_digest())),
        plain in (of(digest()), of(digest()), of(digest())),
        checks in vec(one_check(), 0..4),
        action in prop::sample::select(Action::ALL.to_vec()),
        counts in (of(any::<u64>()), of(any::<u64>()), of(any::<u64>())),
        parents in vec(any::<[u8; 32]>().prop_map(LeafHash::from_bytes), 0..4),
    ) -> Decision<'static> {
        Decision {
            occurred_at,
            input: digests.0, input_canonical: digests.1, output: digests.2,
            state: plain.0, config: plain.1, policy: plain.2,
            checks: checks.into(),
            action,
            input_tokens: counts.0, output_tokens: counts.1, duration_us: counts.2,
            parents: parents.into(),
            ..texts
        }
    }
}

#[derive(Debug, Clone)]
enum Any {
    Decision(Box<Decision<'static>>),
    Start(Start<'static>),
    Stop(Stop<'static>),
    Gap(Gap<'static>),
    Clock(ClockAnomaly),
    Unknown(u16, Vec<u8>),
}

fn any_body() -> impl Strategy<Value = Any> {
    prop_oneof![
        4 => any_decision().prop_map(|body| Any::Decision(Box::new(body))),
        1 => (owned(), any::<u64>(), any::<bool>())
            .prop_map(|(software, size, clean)| Any::Start(Start { software, size, clean })),
        1 => (owned(), any::<u64>()).prop_map(|(reason, size)| Any::Stop(Stop { reason, size })),
        1 => (time(), time(), of(any::<u64>()), owned()).prop_map(|(a, b, lost, reason)| {
            Any::Gap(Gap { from: a.min(b), to: a.max(b), lost, reason })
        }),
        1 => (0..1_000_u64, 1..1_000_u64).prop_map(|(observed, more)| Any::Clock(ClockAnomaly {
            observed: Timestamp::from_micros(observed),
            last: Timestamp::from_micros(observed + more),
        })),
        1 => (26..=u16::MAX, vec(any::<u8>(), 0..50)).prop_map(|(n, bytes)| Any::Unknown(n, bytes)),
    ]
}

prop_compose! {
    /// What a receipt has besides its body; the number is how long after the one before it came.
    fn any_header()(
        id in any::<[u8; 16]>().prop_map(ReceiptId::from_bytes),
        later in prop_oneof![Just(0), 0..10_000_000_u64],
        ids in (text(), text(), text()),
    ) -> (ReceiptId, u64, (String, String, String)) {
        (id, later, ids)
    }
}

fn any_genesis() -> impl Strategy<Value = Genesis<'static>> {
    let policy = prop::collection::btree_map("[a-z0-9-]{1,20}", text(), 0..4);
    ("[a-zA-Z0-9./ä-]{1,90}", owned(), any::<[u8; 16]>(), policy).prop_map(
        |(name, tenant, salt, policy)| {
            let keys = [1, 2, 3].map(|seed| key(seed).verifying_key());
            let entry = |(name, value): (String, String)| PolicyEntry {
                name: name.into(),
                value: value.into(),
            };
            Genesis {
                name: name.into(),
                tenant,
                policy: policy.into_iter().map(entry).collect(),
                ..Genesis::new("", "", &keys[0], &keys[1], &keys[2], salt)
            }
        },
    )
}

/// Decodes as `B`, and the value is the one that was sealed.
fn same<'a, B: DecodeBody<'a> + PartialEq>(receipt: &UnverifiedReceipt<'a>, body: &B) -> bool {
    receipt.header().kind == B::KIND && B::decode(receipt).is_ok_and(|decoded| decoded == *body)
}

/// Any log: a genesis and what comes after it.
type AnyLog = (
    Genesis<'static>,
    Vec<((ReceiptId, u64, (String, String, String)), Any)>,
);

fn any_log(most: usize) -> impl Strategy<Value = AnyLog> {
    (any_genesis(), vec((any_header(), any_body()), 0..most))
}

fn seal(log: &AnyLog) -> Vec<Vec<u8>> {
    let signer = key(1);
    let mut buf = vec![0; MAX_SEALED_LEN];
    let now = 1_790_000_000_000_000;
    let draft = Draft::new(ReceiptId::from_bytes([0; 16]), Timestamp::from_micros(now));
    let first = draft.seal(&log.0, &Head::EMPTY, &signer, &mut buf).unwrap();
    let (mut head, mut sealed) = (first.head(), vec![first.as_bytes().to_vec()]);
    for ((id, later, (trace, session, actor)), body) in &log.1 {
        let time = Timestamp::from_micros(head.sealed_at().as_micros() + later);
        let draft = Draft::new(*id, time)
            .trace(trace)
            .session(session)
            .actor(actor);
        let next = match body {
            Any::Decision(body) => draft.seal(&**body, &head, &signer, &mut buf),
            Any::Start(body) => draft.seal(body, &head, &signer, &mut buf),
            Any::Stop(body) => draft.seal(body, &head, &signer, &mut buf),
            Any::Gap(body) => draft.seal(body, &head, &signer, &mut buf),
            Any::Clock(body) => draft.seal(body, &head, &signer, &mut buf),
            Any::Unknown(kind, bytes) => {
                draft.seal_encoded(Kind::new(*kind), bytes, &head, &signer, &mut buf)
            }
        }
        .unwrap();
        head = next.head();
        sealed.push(next.as_bytes().to_vec());
    }
    sealed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_sequence_seals_encodes_decodes_chains_and_verifies(log in any_log(8)) {
        let sealed = seal(&log);
        let public = key(1).verifying_key();
        let mut chain = Chain::new();
        for (place, bytes) in sealed.iter().enumerate() {
            let head = check_one(&mut chain, bytes, &public).unwrap();
            let receipt = UnverifiedReceipt::parse(bytes).unwrap();
            let outline = Outline::read(bytes).unwrap();
            let header = receipt.header();
            prop_assert_eq!(outline.payload_len, receipt.payload().len());
            prop_assert_eq!((outline.mode, outline.kind), (header.mode, header.kind));
            prop_assert_eq!(receipt.hash(), head.hash());
            prop_assert_eq!(receipt.header().seq, u64::try_from(place).unwrap());
            prop_assert_eq!(receipt.hash(), LeafHash::of(receipt.payload()));
            let Some(before) = place.checked_sub(1) else {
                prop_assert!(same(&receipt, &log.0));
                let origin = log.0.origin().unwrap().to_string();
                prop_assert_eq!(Origin::parse(&origin).unwrap(), log.0.origin().unwrap());
                continue;
            };
            let ((id, _, (trace, session, actor)), body) = &log.1[before];
            let header = receipt.header();
            prop_assert_eq!(&header.id, id);
            prop_assert_eq!((header.trace_id, header.session_id), (&**trace, &**session));
            prop_assert_eq!(header.actor_id, actor);
            let same = match body {
                Any::Decision(body) => same(&receipt, &**body),
                Any::Start(body) => same(&receipt, body),
                Any::Stop(body) => same(&receipt, body),
                Any::Gap(body) => same(&receipt, body),
                Any::Clock(body) => same(&receipt, body),
                Any::Unknown(kind, bytes) =>
                    header.kind == Kind::new(*kind) && receipt.body() == bytes,
            };
            prop_assert!(same, "receipt {}", place);
        }
    }

    #[test]
    fn any_bit_that_changes_is_noticed(
        log in any_log(4),
        picks in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 40),
    ) {
        let sealed = seal(&log);
        let public = key(1).verifying_key();
        let mut before = vec![Chain::new()];
        for bytes in &sealed {
            let mut chain = *before.last().unwrap();
            check_one(&mut chain, bytes, &public).unwrap();
            before.push(chain);
        }
        for (place, bit) in picks {
            let place = place.index(sealed.len());
            let bit = bit.index(sealed[place].len() * 8);
            let mut changed = sealed[place].clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut chain = before[place];
            prop_assert!(check_one(&mut chain, &changed, &public).is_err(), "{place} {bit}");
        }
    }

    #[test]
    fn json_views_are_made_of_anything_that_decodes(log in any_log(4)) {
        for bytes in &seal(&log) {
            let receipt = UnverifiedReceipt::parse(bytes).unwrap();
            let header = serde_json::to_value(receipt.header()).unwrap();
            prop_assert_eq!(&header["log_id"], &receipt.header().log_id.to_string());
            if receipt.header().kind == Kind::DECISION {
                let view = serde_json::to_string(&Decision::decode(&receipt).unwrap()).unwrap();
                let view: serde_json::Value = serde_json::from_str(&view).unwrap();
                prop_assert!(view["action"].is_string());
            }
        }
    }
}

/// Every decoder over the same bytes.
fn decode_all(bytes: &[u8]) {
    if let Ok(receipt) = UnverifiedReceipt::parse(bytes) {
        let _ = decode(&receipt);
        let _ = receipt.verify_signature(&key(1).verifying_key());
        let _ = Chain::new().push(&receipt);
        let _ = format!("{receipt:?}");
    }
}

/// A receipt of `kind` with any bytes as its body.
fn with_body(kind: Kind, body: &[u8]) -> Vec<u8> {
    let head = Head::from_parts(
        LeafHash::of(b"genesis").to_log_id(),
        u64::from(kind != Kind::GENESIS),
        LeafHash::of(b"before"),
        Timestamp::from_micros(0),
    );
    let draft = Draft::new(ReceiptId::from_bytes([1; 16]), Timestamp::from_micros(1));
    let mut buf = vec![0; MAX_SEALED_LEN];
    let sealed = draft
        .seal_encoded(kind, body, &head, &key(1), &mut buf)
        .unwrap();
    sealed.as_bytes().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        decode_all(&bytes);
        // The same with a first byte that gets further.
        decode_all(&[&[1], &bytes[..]].concat());
        // What is a receipt has an outline; most of these have neither.
        for sealed in [&bytes[..], &[&[1], &bytes[..]].concat()[..]] {
            let outline = Outline::read(sealed);
            prop_assert!(outline.is_some() || UnverifiedReceipt::parse(sealed).is_err());
        }
    }

    #[test]
    fn any_bytes_as_a_body_never_panic(
        kind in prop::sample::select(vec![Kind::GENESIS, Kind::DECISION, Kind::START, Kind::GAP]),
        body in vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..300),
    ) {
        decode_all(&with_body(kind, &body));
    }

    /// A decision with bytes changed, inserted or removed, signed again: it decodes to a value that
    /// encodes to just these bytes, or it is refused at an offset inside them.
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        decision in any_decision(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..6),
    ) {
        let mut body = postcard::to_allocvec(&decision).unwrap();
        for (place, byte, how) in edits {
            let at = place.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ if body.len() > 1 => drop(body.remove(at)),
                _ => {}
            }
        }
        let sealed = with_body(Kind::DECISION, &body);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        match Decision::decode(&receipt) {
            Ok(decoded) => {
                prop_assert!(decoded.check().is_ok());
                prop_assert_eq!(postcard::to_allocvec(&decoded).unwrap(), body);
            }
            Err(error) => prop_assert!(
                (receipt.body_offset()..=sealed.len() - 64).contains(&error.offset), "{}", error
            ),
        }
    }

    #[test]
    fn texts_from_outside_never_panic(text in any::<String>(), bytes in any::<[u8; 32]>()) {
        let _ = Origin::parse(&text);
        let _ = text.parse::<Digest>();
        let _ = text.parse::<ReceiptId>();
        let _ = VerifyingKey::from_pinned_bytes(&bytes);
        let once = canonical_text(&text);
        prop_assert!(!once.contains("  ") && once.trim() == once, "{:?}", once);
    }

    #[test]
    fn texts_of_values_read_back(bytes in any::<[u8; 32]>(), id in any::<[u8; 16]>()) {
        let digest = Digest::from_bytes(bytes);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        prop_assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        let id = ReceiptId::from_bytes(id);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }
}

/// A count of billions of items in a few bytes reserves nothing.
#[test]
fn a_count_from_outside_allocates_nothing() {
    let mut body = postcard::to_allocvec(&Decision::new()).unwrap();
    // occurred_at, subject, four digests, then the count of checks.
    let checks = 6;
    for count in [
        &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ] {
        body.splice(checks..=checks, count.iter().copied());
        let sealed = with_body(Kind::DECISION, &body);
        let mut outcome = Ok(());
        let counted = allocation_counter::measure(|| {
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            outcome = Decision::decode(&receipt).map(drop).map_err(Why::Decode);
        });
        assert!(outcome.is_err());
        let most = u64::try_from(sealed.len() * size_of::<Check<'_>>()).unwrap();
        assert!(counted.bytes_max <= most, "{counted:?}");
        body = postcard::to_allocvec(&Decision::new()).unwrap();
    }
}
