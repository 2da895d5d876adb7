//! Logs made for the tests, the whole check of one, and the tools of an attacker.

use ai_audit_core::{
    Action, Body, Chain, ChainError, Check, ClockAnomaly, Decision, DecodeBody, DecodeError,
    Digest, Draft, Gap, Genesis, Head, Header, Kind, LeafHash, Origin, PolicyEntry, ReceiptId,
    SignatureError, SigningKey, Start, Stop, TextDigest, Timestamp, UnverifiedReceipt,
    VerifyingKey,
};

/// When the first receipt of every test log is sealed.
pub(crate) const T0: u64 = 1_790_000_000_000_000;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(T0 + micros)
}

pub(crate) fn id(n: u8) -> ReceiptId {
    ReceiptId::from_parts(at(0), [n; 10])
}

/// Receipts as they are sealed one after the other.
pub(crate) struct Log {
    pub(crate) key: SigningKey,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) head: Head,
}

impl Log {
    /// A log that has its genesis; `seed` and the two seeds after it make its keys.
    pub(crate) fn new(seed: u8) -> Self {
        let [receipt, checkpoint, recovery] = [seed, seed + 1, seed + 2].map(key);
        let policy = [PolicyEntry {
            name: "checkpoint-every".into(),
            value: "1000".into(),
        }];
        let mut genesis = Genesis::new(
            "example.org/tests",
            "acme",
            &receipt.verifying_key(),
            &checkpoint.verifying_key(),
            &recovery.verifying_key(),
            [seed; 16],
        );
        genesis.policy = (&policy).into();
        let mut log = Self {
            key: receipt,
            sealed: Vec::new(),
            head: Head::EMPTY,
        };
        log.push(&genesis);
        log
    }

    /// A log with a receipt of each kind that this crate knows.
    pub(crate) fn full(seed: u8) -> Self {
        let mut log = Self::new(seed);
        log.push(&Start {
            software: "tests 1.0".into(),
            size: 1,
            clean: true,
        });
        log.push(&decision(1));
        log.push(&ClockAnomaly {
            observed: at(0),
            last: at(1),
        });
        log.push(&Gap {
            from: at(0),
            to: at(9),
            lost: Some(300),
            reason: "queue lost".into(),
        });
        log.push(&Decision::new());
        log.push(&Stop {
            reason: "done".into(),
            size: 6,
        });
        log
    }

    pub(crate) fn push<B: Body>(&mut self, body: &B) {
        let n = u8::try_from(self.sealed.len()).unwrap();
        let draft = Draft::new(id(n), at(u64::from(n) * 1_000));
        let mut buf = [0; 4096];
        let sealed = draft
            .trace("4bf92f3577b34da6a3ce929d0e0e4736")
            .session("session-1")
            .actor("agent")
            .seal(body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.sealed.push(sealed.as_bytes().to_vec());
    }
}

/// A decision with something in every field.
pub(crate) fn decision(n: u8) -> Decision<'static> {
    Decision {
        occurred_at: Some(at(u64::from(n))),
        subject: "person-7".into(),
        input: Some(TextDigest::plain("input")),
        input_canonical: Some(TextDigest::plain("canonical")),
        output: Some(TextDigest::Keyed(Digest::of(&[n]))),
        state: Some(Digest::of(b"state")),
        checks: vec![Check {
            name: "toxicity".into(),
            version: "2".into(),
            score: Some(0.25),
            threshold: Some(0.5),
            fired: false,
            detail: "{}".into(),
        }]
        .into(),
        action: Action::Escalate,
        reason_codes: vec!["refund".into(), "limit".into()].into(),
        tags: vec!["eu".into()].into(),
        provider: "openai".into(),
        model: "gpt-4o".into(),
        operation: "chat".into(),
        input_tokens: Some(300),
        output_tokens: Some(20),
        duration_us: Some(1_234_567),
        config: Some(Digest::of(b"config")),
        policy: Some(Digest::of(b"policy")),
        kept: Vec::new().into(),
        redactions: Vec::new().into(),
        parents: vec![LeafHash::of(b"parent")].into(),
    }
}

/// Why a log was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Decode(DecodeError),
    Chain(ChainError),
    Signature(SignatureError),
}

/// Everything that can be checked of one receipt with the key that a verifier brought.
pub(crate) fn check_one(chain: &mut Chain, sealed: &[u8], key: &VerifyingKey) -> Result<Head, Why> {
    let receipt = UnverifiedReceipt::parse(sealed).map_err(Why::Decode)?;
    let head = chain.push(&receipt).map_err(Why::Chain)?;
    receipt.verify_signature(key).map_err(Why::Signature)?;
    decode(&receipt).map_err(Why::Decode)?;
    Ok(head)
}

/// Everything that can be checked of a log; `Err` has the place of the first bad receipt.
pub(crate) fn check<S: AsRef<[u8]>>(
    receipts: impl IntoIterator<Item = S>,
    key: &VerifyingKey,
) -> Result<Head, (usize, Why)> {
    let mut chain = Chain::new();
    for (place, sealed) in receipts.into_iter().enumerate() {
        check_one(&mut chain, sealed.as_ref(), key).map_err(|why| (place, why))?;
    }
    Ok(*chain.head())
}

/// Decodes a body of a kind that this crate knows.
pub(crate) fn decode(receipt: &UnverifiedReceipt<'_>) -> Result<(), DecodeError> {
    match receipt.header().kind {
        Kind::GENESIS => Genesis::decode(receipt).map(drop),
        Kind::DECISION => Decision::decode(receipt).map(drop),
        Kind::START => Start::decode(receipt).map(drop),
        Kind::STOP => Stop::decode(receipt).map(drop),
        Kind::GAP => Gap::decode(receipt).map(drop),
        Kind::CLOCK_ANOMALY => ClockAnomaly::decode(receipt).map(drop),
        _ => Ok(()),
    }
}

/// Signs any payload as the specification says, without this crate's own sealing.
pub(crate) fn sign(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let mut message = b"ai-audit/receipt/v1\0".to_vec();
    message.extend_from_slice(LeafHash::of(payload).as_bytes());
    [payload, key.sign(&message).as_bytes()].concat()
}

/// Writes a receipt's header and body again after `change`, and signs it with `key`.
pub(crate) fn edit(
    sealed: &[u8],
    key: &SigningKey,
    change: impl FnOnce(&mut Header<'_>, &mut Vec<u8>),
) -> Vec<u8> {
    let receipt = UnverifiedReceipt::parse(sealed).unwrap();
    let (mut header, mut body) = (*receipt.header(), receipt.body().to_vec());
    change(&mut header, &mut body);
    let mut payload = postcard::to_allocvec(&header).unwrap();
    payload.extend_from_slice(&body);
    sign(&payload, key)
}

pub(crate) fn hash_of(sealed: &[u8]) -> LeafHash {
    UnverifiedReceipt::parse(sealed).unwrap().hash()
}

#[test]
fn a_whole_log_verifies_and_its_origin_holds() {
    let log = Log::full(1);
    assert_eq!(check(&log.sealed, &log.key.verifying_key()), Ok(log.head));
    assert_eq!(log.head.size(), 7);
    let receipt = UnverifiedReceipt::parse(&log.sealed[0]).unwrap();
    let genesis = Genesis::decode(&receipt).unwrap();
    let origin = genesis.origin().unwrap().to_string();
    let parsed = Origin::parse(&origin).unwrap();
    let keys = [1, 2, 3].map(|seed| key(seed).verifying_key());
    assert!(parsed.commits_to(&keys[0], &keys[1], &keys[2], &[1; 16]));
    // The order of the keys is part of it, and so is the salt.
    assert!(!parsed.commits_to(&keys[1], &keys[0], &keys[2], &[1; 16]));
    assert!(!parsed.commits_to(&keys[0], &keys[1], &keys[2], &[2; 16]));
    assert_eq!(log.head.log_id(), receipt.hash().to_log_id());
    assert_eq!(genesis.policy_value("checkpoint-every"), Some("1000"));
}

#[test]
fn editing_without_a_change_gives_the_same_bytes() {
    let log = Log::full(1);
    for sealed in &log.sealed {
        assert_eq!(&edit(sealed, &log.key, |_, _| {}), sealed);
    }
}
