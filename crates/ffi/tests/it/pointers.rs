//! Null, misaligned, impossible: every function with each of its pointers wrong in turn.

use crate::caller::*;
use ai_audit_ffi::AiAuditStatus as S;
use ai_audit_ffi::*;
use std::mem::MaybeUninit;
use std::ptr::{self, null_mut as null};

/// `ptr` one byte further: inside what it points to, and not aligned.
fn off<T>(ptr: *const T) -> *mut T {
    ptr.cast::<u8>().wrapping_add(1).cast_mut().cast()
}

#[test]
fn null_is_found_wherever_something_must_be() {
    let (mut log, sealed) = open();
    let (genesis, signer, draft, decision) = (genesis(), signer(&[1; 32]), draft(1), decision());
    let (mut out, mut len, mut head) = ([0_u8; 512], 0_usize, log_head(&mut log));
    let (at, room) = (out.as_mut_ptr(), out.len());
    let (g, s, d, n): (*const _, *const _, *const _, *mut _) = (
        &raw const genesis,
        &raw const signer,
        &raw const draft,
        &raw mut len,
    );
    let (de, h, l) = (&raw const decision, &raw mut head, &raw mut log);
    let line = at.cast();
    let sealed_at = sealed.as_ptr();
    // SAFETY: what is not null is what the functions ask for, and null is what is tried.
    let found = unsafe {
        [
            ai_audit_log_open(null(), g, s, d, at, room, n),
            ai_audit_log_open(l, null(), s, d, at, room, n),
            ai_audit_log_open(l, g, null(), d, at, room, n),
            ai_audit_log_open(l, g, s, null(), at, room, n),
            ai_audit_log_open(l, g, s, d, null(), room, n),
            ai_audit_log_open(l, g, s, d, at, room, null()),
            ai_audit_log_resume(null(), s, h),
            ai_audit_log_resume(l, null(), h),
            ai_audit_log_resume(l, s, null()),
            ai_audit_log_head(null(), h),
            ai_audit_log_head(l, null()),
            ai_audit_log_close(null()),
            ai_audit_key_line(null(), s, line, room, n),
            ai_audit_key_line(g, null(), line, room, n),
            ai_audit_key_line(g, s, null(), room, n),
            ai_audit_key_line(g, s, line, room, null()),
            ai_audit_seal_decision(null(), d, de, at, room, n),
            ai_audit_seal_decision(l, null(), de, at, room, n),
            ai_audit_seal_decision(l, d, null(), at, room, n),
            ai_audit_seal_decision(l, d, de, null(), room, n),
            ai_audit_seal_decision(l, d, de, at, room, null()),
            ai_audit_seal_tool_intent(l, d, null(), at, room, n),
            ai_audit_seal_tool_outcome(l, d, null(), at, room, n),
            ai_audit_seal_body(l, d, 2, null(), 1, at, room, n),
            ai_audit_seal_rotation(l, d, null(), text(""), at, room, n),
            ai_audit_parse(null(), 1, null(), null()),
            ai_audit_parse(sealed_at, sealed.len(), null(), null()),
            ai_audit_verify_signature(sealed_at, sealed.len(), null(), null()),
            ai_audit_verifier_init(null(), text(&key_line())),
            ai_audit_verifier_resume(null(), h, null()),
            ai_audit_verifier_take(null(), sealed_at, sealed.len(), null(), null()),
            ai_audit_verifier_head(null(), h),
            ai_audit_verifier_keys(null(), null()),
            ai_audit_leaf_hash(null(), 1, at),
            ai_audit_leaf_hash(at, 1, null()),
            ai_audit_digest_plain(text("x"), null()),
            ai_audit_digest_exact(text("x"), null(), at, text("f"), null()),
            ai_audit_digest_parts(null(), 1, at),
            ai_audit_receipt_id(0, null(), at),
            ai_audit_receipt_id(0, at, null()),
            ai_audit_public_key(null(), at),
            ai_audit_public_key(at, null()),
            ai_audit_frame(null(), 1, at, room, n),
            ai_audit_unframe(null(), 1, at, room, n, n),
        ]
    };
    for (which, status) in found.into_iter().enumerate() {
        assert_eq!(status, S::Null, "call {which}");
    }
    assert_eq!(log_head(&mut log).size, 1, "nothing of it moved the log");
}

#[test]
fn what_is_not_aligned_is_found() {
    let (mut log, sealed) = open();
    let (genesis, signer, draft, decision) = (genesis(), signer(&[1; 32]), draft(1), decision());
    let (mut out, mut len, mut head) = ([0_u8; 512], 0_usize, log_head(&mut log));
    let (at, room) = (out.as_mut_ptr(), out.len());
    let (g, s, d, n) = (
        &raw const genesis,
        &raw const signer,
        &raw const draft,
        &raw mut len,
    );
    let (de, h, l) = (&raw const decision, &raw mut head, &raw mut log);
    let mut verifier = verifier(&key_line());
    let v = &raw mut verifier;
    let (bytes, len) = (sealed.as_ptr(), sealed.len());
    let mut said = MaybeUninit::<[AiAuditReceipt; 2]>::uninit();
    let mut fault = MaybeUninit::<[AiAuditFault; 2]>::uninit();
    let parts = [AiAuditBytes { data: bytes, len }; 2];
    // SAFETY: what is aligned is what the functions ask for; the rest is what is tried.
    let found = unsafe {
        [
            ai_audit_log_open(off(l), g, s, d, at, room, n),
            ai_audit_log_open(l, off(g), s, d, at, room, n),
            ai_audit_log_open(l, g, off(s), d, at, room, n),
            ai_audit_log_open(l, g, s, off(d), at, room, n),
            ai_audit_log_open(l, g, s, d, at, room, off(n)),
            ai_audit_log_head(off(l), h),
            ai_audit_log_head(l, off(h)),
            ai_audit_log_close(off(l)),
            ai_audit_seal_decision(l, d, off(de), at, room, n),
            ai_audit_verifier_init(off(v), text(&key_line())),
            ai_audit_verifier_take(off(v), bytes, len, ptr::null_mut(), ptr::null_mut()),
            ai_audit_verifier_take(
                v,
                bytes,
                len,
                off(said.as_mut_ptr()).cast(),
                ptr::null_mut(),
            ),
            ai_audit_verifier_take(
                v,
                bytes,
                len,
                ptr::null_mut(),
                off(fault.as_mut_ptr()).cast(),
            ),
            ai_audit_verifier_head(v, off(h)),
            ai_audit_digest_parts(off(parts.as_ptr()), 1, at),
        ]
    };
    for (which, status) in found.into_iter().enumerate() {
        assert_eq!(status, S::Misaligned, "call {which}: {}", words(status));
    }
    must(take(&mut verifier, &sealed));
}

#[test]
fn impossible_lengths_and_texts_are_found() {
    let (mut log, _) = open();
    let mut from = decision();
    let (mut out, mut len, draft) = ([0_u8; 512], 0_usize, draft(1));
    let mut seal = |from: &AiAuditDecision| {
        // SAFETY: what is wrong in the decision is found before anything of it is read.
        unsafe { ai_audit_seal_decision(&mut log, &draft, from, out.as_mut_ptr(), 512, &mut len) }
    };
    from.model = AiAuditText {
        data: c"x".as_ptr(),
        len: usize::MAX,
    };
    assert_eq!(seal(&from), S::Length);
    from.model.len = 0;
    let checks = [AiAuditCheck::default(); AI_AUDIT_MAX_CHECKS + 1];
    (from.checks, from.checks_len) = (checks.as_ptr(), usize::MAX / 2);
    assert_eq!(seal(&from), S::Length);
    from.checks_len = checks.len();
    assert_eq!(seal(&from), S::TooMany);
    from.checks_len -= 1;
    assert_eq!(seal(&from), S::Ok);
    from.checks_len = 0;
    let texts = [AiAuditText::default(); AI_AUDIT_MAX_TEXTS + 1];
    (from.tags, from.tags_len) = (texts.as_ptr(), texts.len());
    assert_eq!(seal(&from), S::TooMany);
    from.tags_len -= 1;
    assert_eq!(seal(&from), S::Ok);
    let parents = [0; 32 * (AI_AUDIT_MAX_PARENTS + 1)];
    (from.parents, from.parents_len) = (parents.as_ptr(), AI_AUDIT_MAX_PARENTS + 1);
    assert_eq!(seal(&from), S::TooMany);
    from.parents_len = 0;
    for (flaw, expected) in [
        (&b"\xff"[..], S::Utf8),
        (b"\xc3", S::Utf8),
        (b"\xed\xa0\x80", S::Utf8),
        (b"\x00", S::Ok),
    ] {
        from.model = AiAuditText {
            data: flaw.as_ptr().cast(),
            len: flaw.len(),
        };
        assert_eq!(seal(&from), expected, "{flaw:?}");
    }
}

#[test]
fn flags_numbers_and_times_out_of_range_are_found() {
    let (mut log, _) = open();
    let (mut out, mut len) = ([0_u8; 512], 0_usize);
    let mut seal = |draft: &AiAuditDraft, from: &AiAuditDecision| {
        // SAFETY: all of them are what the function asks for.
        unsafe { ai_audit_seal_decision(&mut log, draft, from, out.as_mut_ptr(), 512, &mut len) }
    };
    let good = draft(1);
    let wrong: [fn(&mut AiAuditDecision); 7] = [
        |from| from.action = 6,
        |from| from.state.present = 2,
        |from| from.duration_us.present = 255,
        |from| from.input.form = 3,
        |from| {
            from.occurred_at_us = AiAuditOptionalU64 {
                value: u64::MAX,
                present: 1,
            }
        },
        |from| from.input_tokens.present = 3,
        |from| from.policy.present = 9,
    ];
    for (n, wrong) in wrong.into_iter().enumerate() {
        let mut from = decision();
        wrong(&mut from);
        assert_eq!(seal(&good, &from), S::Argument, "{n}");
    }
    let mut check = AiAuditCheck::default();
    let mut from = decision();
    check.score = AiAuditOptionalF64 {
        value: f64::NAN,
        present: 1,
    };
    (from.checks, from.checks_len) = (&raw const check, 1);
    assert_eq!(seal(&good, &from), S::Body);
    from.checks_len = 0;
    let mut late = good;
    late.time_us = 253_402_300_800_000_000;
    assert_eq!(seal(&late, &from), S::Argument);
    let mut early = good;
    early.time_us = START - 1;
    assert_eq!(seal(&early, &from), S::Backwards);
    let mut nobody = good;
    nobody.id = [0; 16];
    assert_eq!(seal(&nobody, &from), S::Argument);
    assert_eq!(seal(&good, &from), S::Ok);
}

#[test]
fn control_bodies_have_their_own_functions_and_places() {
    let (mut log, _) = open();
    let (mut out, mut len) = ([0_u8; 512], 0_usize);
    for (kind, expected) in [
        (0, S::GenesisPlace),
        (13, S::Argument),
        (14, S::Argument),
        (2, S::Ok),
    ] {
        // SAFETY: all of them are what the function asks for.
        let status = unsafe {
            let (draft, at) = (draft(1), out.as_mut_ptr());
            ai_audit_seal_body(&mut log, &draft, kind, [0].as_ptr(), 1, at, 512, &mut len)
        };
        assert_eq!(status, expected, "{kind}");
    }
    let (name, mut genesis) = ("a name", genesis());
    genesis.name = text(name);
    let (signer, draft) = (signer(&[1; 32]), draft(0));
    let mut other = log_block();
    // SAFETY: all of them are what the function asks for.
    let mut open = |genesis: &AiAuditGenesis| unsafe {
        let at = out.as_mut_ptr();
        ai_audit_log_open(&mut other, genesis, &signer, &draft, at, 512, &mut len)
    };
    assert_eq!(open(&genesis), S::Body);
    genesis.name = text("name");
    genesis.recovery_key = genesis.checkpoint_key;
    assert_eq!(open(&genesis), S::Body);
    genesis.recovery_key = [0; 32];
    assert_eq!(open(&genesis), S::PublicKey);
}

#[test]
fn closed_and_fresh_blocks_are_not_open() {
    let (mut log, _) = open();
    let mut head = AiAuditHead::default();
    let (mut fresh, mut verifier) = (log_block(), verifier_block());
    // SAFETY: blocks of zeros and a place for a head are what the functions ask for.
    unsafe {
        must(ai_audit_log_close(&mut log));
        assert_eq!(ai_audit_log_head(&mut log, &mut head), S::NotOpen);
        assert_eq!(ai_audit_log_close(&mut log), S::NotOpen);
        assert_eq!(ai_audit_log_head(&mut fresh, &mut head), S::NotOpen);
        assert_eq!(ai_audit_verifier_head(&mut verifier, &mut head), S::NotOpen);
        let all_zero = log.opaque.iter().all(|word| word.assume_init() == 0);
        assert!(all_zero, "the key is wiped");
        // A head that no log has.
        let signer = signer(&[1; 32]);
        assert_eq!(ai_audit_log_resume(&mut fresh, &signer, &head), S::Argument);
    }
}

#[test]
fn unknown_statuses_have_a_text() {
    for status in [-1, 8, 46, i32::MIN, i32::MAX] {
        // SAFETY: the text is a constant that ends in a zero.
        let text = unsafe { std::ffi::CStr::from_ptr(ai_audit_status_text(status)) };
        assert_eq!(text, c"unknown status");
    }
    assert_eq!(words(S::Ok), "done");
}
