//! What C seals is, byte for byte, what the crates for Rust read and write.

use crate::caller::*;
use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{
    Action, Check, Decision, DecodeBody, Digest, DigestSecret, Gap, Genesis, Kind, LeafHash,
    PartsHasher, ReceiptId, Start, Stop, Text, TextDigest, Timestamp, UnverifiedReceipt,
};
use ai_audit_ffi::*;
use ai_audit_note::VKey;
use std::ptr;

fn optional(value: u64) -> AiAuditOptionalU64 {
    AiAuditOptionalU64 { value, present: 1 }
}

fn number(value: f64) -> AiAuditOptionalF64 {
    AiAuditOptionalF64 { value, present: 1 }
}

fn digest(bytes: [u8; 32]) -> AiAuditOptionalDigest {
    AiAuditOptionalDigest { bytes, present: 1 }
}

fn plain(of: &str) -> AiAuditTextDigest {
    let mut digest = AiAuditTextDigest::default();
    // SAFETY: both are there.
    must(unsafe { ai_audit_digest_plain(text(of), &mut digest) });
    digest
}

#[test]
fn the_genesis_and_the_key_line_are_those_of_the_core() {
    let (_, sealed) = open();
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    let genesis = Genesis::decode(&receipt).unwrap();
    assert_eq!(
        (genesis.name.as_str(), genesis.tenant.as_str()),
        ("example.org/tests", "acme")
    );
    assert_eq!(genesis.receipt_key, public(1));
    assert_eq!(genesis.recovery_key, public(3));
    let origin = genesis.origin().unwrap().to_string();
    let line = VKey::ed25519(&origin, public(2)).unwrap().to_string();
    assert_eq!(key_line(), line);
}

#[test]
fn a_full_decision_is_the_cores() {
    let (mut log, _) = open();
    let draft = draft(1);
    let (secret, parents) = ([9; 32], [[1_u8; 32], [2; 32]].concat());
    let mut keyed = AiAuditTextDigest::default();
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let id = draft.id.as_ptr();
        ai_audit_digest_exact(text("10²"), secret.as_ptr(), id, text("input"), &mut keyed)
    });
    let checks = [
        AiAuditCheck {
            name: text("toxicity"),
            version: text("2"),
            detail: text("{}"),
            score: number(0.25),
            threshold: number(0.5),
            fired: 1,
        },
        AiAuditCheck::default(),
    ];
    let (codes, tags) = ([text("a"), text("b")], [text("tag")]);
    let mut from = decision();
    from.occurred_at_us = optional(START);
    from.subject = text("person-1");
    from.input = keyed;
    from.input_canonical = plain("canonical");
    from.output = plain("out");
    from.state = digest([3; 32]);
    (from.checks, from.checks_len) = (checks.as_ptr(), 2);
    (from.reason_codes, from.reason_codes_len) = (codes.as_ptr(), 2);
    (from.tags, from.tags_len) = (tags.as_ptr(), 1);
    (from.parents, from.parents_len) = (parents.as_ptr(), 2);
    (from.provider, from.model, from.operation) = (text("p"), text("m"), text("chat"));
    (from.input_tokens, from.output_tokens) = (optional(5), optional(0));
    from.duration_us = optional(7);
    (from.config, from.policy) = (digest([4; 32]), digest([5; 32]));
    from.action = AI_AUDIT_ACTION_ESCALATE;
    let sealed = seal(&mut log, &draft, &from);
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    let key = DigestSecret::from_bytes(secret).exact_key(&ReceiptId::from_bytes(draft.id), "input");
    let expected_checks = [
        Check {
            name: "toxicity".into(),
            version: "2".into(),
            score: Some(0.25),
            threshold: Some(0.5),
            fired: true,
            detail: "{}".into(),
        },
        Check::default(),
    ];
    let (codes, tags) = (["a", "b"].map(Text::borrowed), ["tag"].map(Text::borrowed));
    let parents = [LeafHash::from_bytes([1; 32]), LeafHash::from_bytes([2; 32])];
    let expected = Decision {
        occurred_at: Some(Timestamp::from_micros(START)),
        subject: "person-1".into(),
        input: Some(TextDigest::keyed("10²", &key)),
        input_canonical: Some(TextDigest::plain("canonical")),
        output: Some(TextDigest::plain("out")),
        state: Some(Digest::from_bytes([3; 32])),
        checks: (&expected_checks).into(),
        action: Action::Escalate,
        reason_codes: (&codes).into(),
        tags: (&tags).into(),
        provider: "p".into(),
        model: "m".into(),
        operation: "chat".into(),
        input_tokens: Some(5),
        output_tokens: Some(0),
        duration_us: Some(7),
        config: Some(Digest::from_bytes([4; 32])),
        policy: Some(Digest::from_bytes([5; 32])),
        parents: (&parents).into(),
        ..Decision::new()
    };
    assert_eq!(Decision::decode(&receipt), Ok(expected));
    let header = receipt.header();
    assert_eq!(
        (header.trace_id, header.session_id, header.actor_id),
        ("t-1", "", "arm")
    );
    assert_eq!(
        (header.seq, header.id),
        (1, ReceiptId::from_bytes(draft.id))
    );
}

#[test]
fn a_decision_of_zeros_says_nothing() {
    let (mut log, _) = open();
    let sealed = seal(&mut log, &draft(1), &decision());
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    assert_eq!(Decision::decode(&receipt), Ok(Decision::new()));
}

#[test]
fn every_action_has_its_number() {
    let numbers = [
        AI_AUDIT_ACTION_ALLOW,
        AI_AUDIT_ACTION_REJECT,
        AI_AUDIT_ACTION_FAIL_RETRY,
        AI_AUDIT_ACTION_CACHE_HIT,
        AI_AUDIT_ACTION_ESCALATE,
        AI_AUDIT_ACTION_BYPASS,
    ];
    let (mut log, _) = open();
    for (n, (action, number)) in Action::ALL.into_iter().zip(numbers).enumerate() {
        let mut from = decision();
        from.action = number;
        let sealed = seal(&mut log, &draft(n as u64 + 1), &from);
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        assert_eq!(Decision::decode(&receipt).unwrap().action, action);
    }
}

#[test]
fn tool_calls_are_those_of_agentic() {
    let (mut log, _) = open();
    let (mut out, mut len) = ([0; 1024], 0);
    let parents = [8_u8; 32];
    let intent = AiAuditToolIntent {
        occurred_at_us: optional(START),
        tool: text("grip"),
        call_id: text("c"),
        arguments: AiAuditJsonDigest {
            digest: plain("{}"),
            form: AI_AUDIT_JSON_CANONICAL,
        },
        parents: parents.as_ptr(),
        parents_len: 1,
    };
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        ai_audit_seal_tool_intent(
            &mut log,
            &draft(1),
            &intent,
            out.as_mut_ptr(),
            out.len(),
            &mut len,
        )
    });
    let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
    let hash = receipt.hash();
    let hashes = [LeafHash::from_bytes(parents)];
    let expected = ToolIntent {
        occurred_at: Some(Timestamp::from_micros(START)),
        tool: "grip".into(),
        call_id: "c".into(),
        arguments: Some(JsonDigest::Canonical(TextDigest::plain("{}"))),
        parents: (&hashes).into(),
    };
    assert_eq!(ToolIntent::decode(&receipt), Ok(expected));

    let statuses = [
        (AI_AUDIT_TOOL_UNKNOWN, ToolStatus::Unknown),
        (AI_AUDIT_TOOL_OK, ToolStatus::Ok),
        (AI_AUDIT_TOOL_ERROR, ToolStatus::Error),
        (AI_AUDIT_TOOL_DENIED, ToolStatus::Denied),
        (AI_AUDIT_TOOL_TIMED_OUT, ToolStatus::TimedOut),
    ];
    for (n, (number, status)) in statuses.into_iter().enumerate() {
        let outcome = AiAuditToolOutcome {
            occurred_at_us: AiAuditOptionalU64::default(),
            tool: text("grip"),
            call_id: text("c"),
            intent: digest(*hash.as_bytes()),
            result: AiAuditJsonDigest {
                digest: plain("no json"),
                form: AI_AUDIT_JSON_RAW,
            },
            duration_us: optional(300),
            error: text("timeout"),
            parents: ptr::null(),
            parents_len: 0,
            status: number,
        };
        let draft = draft(n as u64 + 2);
        // SAFETY: all of them are what the function asks for.
        must(unsafe {
            ai_audit_seal_tool_outcome(
                &mut log,
                &draft,
                &outcome,
                out.as_mut_ptr(),
                out.len(),
                &mut len,
            )
        });
        let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
        let expected = ToolOutcome {
            occurred_at: None,
            tool: "grip".into(),
            call_id: "c".into(),
            intent: Some(hash),
            status,
            result: Some(JsonDigest::Raw(TextDigest::plain("no json"))),
            duration_us: Some(300),
            error: "timeout".into(),
            parents: (&[]).into(),
        };
        assert_eq!(ToolOutcome::decode(&receipt), Ok(expected));
    }
}

#[test]
fn the_writers_own_notes_are_the_cores() {
    let (mut log, _) = open();
    let (mut out, mut len) = ([0; 512], 0);
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let (at, room) = (out.as_mut_ptr(), out.len());
        ai_audit_seal_start(&mut log, &draft(1), text("fw 1"), 1, at, room, &mut len)
    });
    let start = Start {
        software: "fw 1".into(),
        size: 1,
        clean: true,
    };
    let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
    assert_eq!(Start::decode(&receipt), Ok(start));
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let (at, room) = (out.as_mut_ptr(), out.len());
        let lost = optional(3);
        ai_audit_seal_gap(
            &mut log,
            &draft(2),
            5,
            6,
            lost,
            text("power"),
            at,
            room,
            &mut len,
        )
    });
    let gap = Gap {
        from: Timestamp::from_micros(5),
        to: Timestamp::from_micros(6),
        lost: Some(3),
        reason: "power".into(),
    };
    let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
    assert_eq!(Gap::decode(&receipt), Ok(gap));
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let (at, room) = (out.as_mut_ptr(), out.len());
        ai_audit_seal_body(
            &mut log,
            &draft(3),
            0x8001,
            [1, 2].as_ptr(),
            2,
            at,
            room,
            &mut len,
        )
    });
    let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
    assert_eq!(
        (receipt.header().kind, receipt.body()),
        (Kind::new(0x8001), &[1, 2][..])
    );
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let (at, room) = (out.as_mut_ptr(), out.len());
        ai_audit_seal_stop(&mut log, &draft(4), text("off"), at, room, &mut len)
    });
    let stop = Stop {
        reason: "off".into(),
        size: 4,
    };
    let receipt = UnverifiedReceipt::parse(&out[..len]).unwrap();
    assert_eq!(Stop::decode(&receipt), Ok(stop));
}

#[test]
fn digests_and_hashes_are_the_cores() {
    let mut found = [0; 32];
    // SAFETY: seven bytes, and room for 32.
    must(unsafe { ai_audit_leaf_hash(b"payload".as_ptr(), 7, found.as_mut_ptr()) });
    assert_eq!(found, *LeafHash::of(b"payload").as_bytes());
    let parts = [&b"a|b"[..], b"c"];
    let from = parts.map(|part| AiAuditBytes {
        data: part.as_ptr(),
        len: part.len(),
    });
    // SAFETY: two parts that are there, and room for 32 bytes.
    must(unsafe { ai_audit_digest_parts(from.as_ptr(), 2, found.as_mut_ptr()) });
    let mut hasher = PartsHasher::new();
    for part in parts {
        hasher.part(part);
    }
    assert_eq!(found, *hasher.finish().as_bytes());
    let mut key = [0; 32];
    // SAFETY: 32 bytes, and room for 32.
    must(unsafe { ai_audit_public_key([4; 32].as_ptr(), key.as_mut_ptr()) });
    assert_eq!(key, *public(4).as_bytes());
}
