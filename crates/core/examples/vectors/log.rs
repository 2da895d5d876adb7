//! The log of the vectors: one receipt of each kind that this crate knows, and one that it does not.

use ai_audit_core::{
    Action, Body, Check, ClockAnomaly, Content, Decision, Digest, DigestSecret, Draft, Encrypted,
    Gap, Genesis, Head, KeptField, Kind, LeafHash, PartsHasher, PolicyChange, PolicyEntry,
    ReceiptId, Redaction, SigningKey, Start, Stop, SubjectKeyId, TextDigest, Timestamp,
    canonical_text,
};

/// 2026-09-21T14:13:20Z.
pub(crate) const T0: u64 = 1_790_000_000_000_000;
pub(crate) const SALT: [u8; 16] = *b"salt of vectors!";
pub(crate) const SECRET: [u8; 32] = [0x5e; 32];
pub(crate) const INPUT: &str = "  I want a REFUND of 10² €\n";
pub(crate) const OUTPUT: &str = "Your refund is on its way.";

pub(crate) struct Log {
    pub(crate) key: SigningKey,
    pub(crate) checkpoint_key: SigningKey,
    pub(crate) recovery_key: SigningKey,
    pub(crate) origin: String,
    pub(crate) head: Head,
    /// Name, sealed bytes, and the body as JSON where its kind is known.
    pub(crate) sealed: Vec<(&'static str, Vec<u8>, Option<String>)>,
}

pub(crate) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(T0 + micros)
}

pub(crate) fn genesis(log: &Log) -> Genesis<'static> {
    let entry = |name: &'static str, value: &'static str| PolicyEntry {
        name: name.into(),
        value: value.into(),
    };
    Genesis {
        policy: vec![entry("checkpoint-every", "1000"), entry("retention", "10y")].into(),
        ..Genesis::new(
            "example.org/support",
            "acme",
            &log.key.verifying_key(),
            &log.checkpoint_key.verifying_key(),
            &log.recovery_key.verifying_key(),
            SALT,
        )
    }
}

/// A decision with something in every field. The digest of the input is keyed for receipt `id`.
pub(crate) fn decision(id: &ReceiptId) -> Decision<'static> {
    let secret = DigestSecret::from_bytes(SECRET);
    let mut state = PartsHasher::new();
    state.part("prompt v7");
    state.part("");
    state.part([0, 1, 2]);
    Decision {
        occurred_at: Some(at(1_999_000)),
        subject: "person-7".into(),
        input: Some(TextDigest::keyed(INPUT, &secret.exact_key(id, "input"))),
        input_canonical: Some(TextDigest::keyed(
            &canonical_text(INPUT),
            &secret.canonical_key(),
        )),
        output: Some(TextDigest::plain(OUTPUT)),
        state: Some(state.finish()),
        checks: vec![
            Check {
                name: "toxicity".into(),
                version: "2.1".into(),
                score: Some(0.0625),
                threshold: Some(0.5),
                fired: false,
                detail: "{\"labels\":[\"none\"]}".into(),
            },
            Check {
                name: "amount-limit".into(),
                fired: true,
                ..Check::default()
            },
        ]
        .into(),
        action: Action::Escalate,
        reason_codes: vec!["refund".into(), "over-limit".into()].into(),
        tags: vec!["eu".into()].into(),
        provider: "openai".into(),
        model: "gpt-4o".into(),
        operation: "chat".into(),
        input_tokens: Some(127),
        output_tokens: Some(128),
        duration_us: Some(1_234_567),
        config: Some(Digest::of(b"temperature=0")),
        policy: Some(Digest::of(b"refund policy 3")),
        kept: vec![
            KeptField {
                name: "input".into(),
                content: Content::Encrypted(Encrypted {
                    key: SubjectKeyId::from_bytes([0x11; 16]),
                    nonce: [0x22; 12],
                    commitment: [0x33; 32],
                    ciphertext: Digest::of(b"a ciphertext"),
                }),
            },
            KeptField {
                name: "output".into(),
                content: Content::Plain(OUTPUT.into()),
            },
        ]
        .into(),
        redactions: vec![Redaction {
            field: "input".into(),
            kind: "EMAIL".into(),
            count: 2,
        }]
        .into(),
        parents: vec![LeafHash::of(b"a receipt of another log")].into(),
    }
}

impl Log {
    pub(crate) fn full() -> Self {
        let key = |n| SigningKey::from_bytes(&[n; 32]);
        let mut log = Self {
            key: key(1),
            checkpoint_key: key(2),
            recovery_key: key(3),
            origin: String::new(),
            head: Head::EMPTY,
            sealed: Vec::new(),
        };
        let genesis = genesis(&log);
        log.origin = genesis.origin().unwrap().to_string();
        log.push("genesis", &genesis, ["", "", ""]);
        log.push(
            "start",
            &Start {
                software: "ai-audit 0.1.0".into(),
                size: 1,
                clean: true,
            },
            ["", "", "ledger"],
        );
        let ids = ["4bf92f3577b34da6a3ce929d0e0e4736", "session-1", "agent-1"];
        let full = decision(&log.next_id());
        log.push("decision with every field", &full, ids);
        log.push("decision without any field", &Decision::new(), ids);
        log.push(
            "clock anomaly",
            &ClockAnomaly {
                observed: at(2_500_000),
                last: at(3_000_000),
            },
            ["", "", "ledger"],
        );
        let reason = "queue lost in a power cut – 3 of them".into();
        let gap = Gap {
            from: at(3_000_000),
            to: at(4_000_000),
            lost: Some(3),
            reason,
        };
        log.push("gap", &gap, ["", "", "ledger"]);
        let change = PolicyChange {
            policy: vec![PolicyEntry {
                name: "redaction".into(),
                value: "{\"default\":\"redact\",\"version\":1}".into(),
            }]
            .into(),
            reason: "personal data".into(),
        };
        log.push("policy", &change, ["", "", "ledger"]);
        log.push_unknown("private kind", Kind::new(0x8001), b"\x00\xffany bytes");
        log.push(
            "stop",
            &Stop {
                reason: String::new().into(),
                size: 8,
            },
            ["", "", "ledger"],
        );
        log
    }

    pub(crate) fn next_id(&self) -> ReceiptId {
        let n = u8::try_from(self.sealed.len()).unwrap();
        ReceiptId::from_parts(self.next_time(), [n; 10])
    }

    fn next_time(&self) -> Timestamp {
        at(1_000_000 * self.head.size())
    }

    fn push<B: Body>(&mut self, name: &'static str, body: &B, ids: [&str; 3]) {
        let mut buf = [0; 2048];
        let draft = Draft::new(self.next_id(), self.next_time());
        let draft = draft.trace(ids[0]).session(ids[1]).actor(ids[2]);
        let sealed = draft.seal(body, &self.head, &self.key, &mut buf).unwrap();
        self.head = sealed.head();
        let view = serde_json::to_string(body).unwrap();
        self.sealed
            .push((name, sealed.as_bytes().to_vec(), Some(view)));
    }

    fn push_unknown(&mut self, name: &'static str, kind: Kind, body: &[u8]) {
        let mut buf = [0; 2048];
        let draft = Draft::new(self.next_id(), self.next_time()).actor("somebody else");
        let sealed = draft
            .seal_encoded(kind, body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.sealed.push((name, sealed.as_bytes().to_vec(), None));
    }

    /// All receipts in the framing of a receipts file.
    pub(crate) fn receipts_file(&self) -> Vec<u8> {
        let mut out = b"ai-audit/receipts/v1\n".to_vec();
        for (_, sealed, _) in &self.sealed {
            let (payload, seal) = sealed.split_at(sealed.len() - 64);
            out.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
            out.extend_from_slice(payload);
            out.push(64);
            out.extend_from_slice(seal);
        }
        out
    }
}
