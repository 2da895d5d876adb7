//! Logs sealed and verified through the interface, to their end and up to where they break.

use crate::caller::*;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_ffi::*;
use std::ffi::c_void;
use std::ptr;

#[test]
fn a_log_is_verified_from_its_key_line() {
    let (mut log, first) = open();
    let mut verifier = verifier(&format!("{}\n", key_line()));
    must(take(&mut verifier, &first));
    let key_at_first = keys(&mut verifier).receipt;
    for n in 1..4 {
        must(take(&mut verifier, &seal(&mut log, &draft(n), &decision())));
    }
    must(take(&mut verifier, &rotate(&mut log, &draft(4), 4)));
    must(take(&mut verifier, &seal(&mut log, &draft(5), &decision())));
    assert_eq!(head(&mut verifier), log_head(&mut log));
    let keys = keys(&mut verifier);
    assert_eq!(key_at_first, *public(1).as_bytes());
    assert_eq!(keys.receipt, *public(4).as_bytes());
    assert_eq!(keys.checkpoint, *public(2).as_bytes());
    assert_eq!(keys.recovery, *public(3).as_bytes());
}

#[test]
fn verifying_goes_on_after_a_restart() {
    let receipts = small_log();
    let mut first = verifier(&key_line());
    for (place, receipt) in receipts.iter().enumerate() {
        must(take(&mut first, receipt));
        let (head, keys) = (head(&mut first), keys(&mut first));
        let mut second = verifier_block();
        // SAFETY: all three are there.
        must(unsafe { ai_audit_verifier_resume(&mut second, &head, &keys) });
        for receipt in &receipts[place + 1..] {
            must(take(&mut second, receipt));
        }
        assert_eq!(crate::caller::head(&mut second).size, 4);
    }
}

#[test]
fn sealing_goes_on_after_a_restart_and_with_a_key_elsewhere() {
    let (mut log, first) = open();
    let head = log_head(&mut log);
    let mut seed = [1_u8; 32];
    let mut elsewhere = AiAuditSigner {
        seed: ptr::null(),
        sign: Some(sign_elsewhere),
        context: (&raw mut seed).cast::<c_void>(),
        public_key: *public(1).as_bytes(),
    };
    let mut other = log_block();
    // SAFETY: all three are there, and the seed lives as long as the log.
    must(unsafe { ai_audit_log_resume(&mut other, &elsewhere, &head) });
    let there = seal(&mut other, &draft(1), &decision());
    assert_eq!(
        there,
        seal(&mut log, &draft(1), &decision()),
        "Ed25519 is deterministic"
    );
    let mut verifier = verifier(&key_line());
    must(take(&mut verifier, &first));
    must(take(&mut verifier, &there));

    // A signer that fails, and one that is none.
    unsafe extern "C" fn failing(_: *mut c_void, _: *const u8, _: usize, _: *mut u8) -> i32 {
        -1
    }
    elsewhere.sign = Some(failing);
    let (mut out, mut len) = ([0; 512], 77);
    // SAFETY: all of them are what the functions ask for.
    unsafe {
        must(ai_audit_log_resume(&mut other, &elsewhere, &head));
        let (draft, decision) = (draft(1), decision());
        let status = ai_audit_seal_decision(
            &mut other,
            &draft,
            &decision,
            out.as_mut_ptr(),
            512,
            &mut len,
        );
        assert_eq!((status, len), (AiAuditStatus::Signer, 77));
        elsewhere.sign = None;
        let status = ai_audit_log_resume(&mut other, &elsewhere, &head);
        assert_eq!(status, AiAuditStatus::Null);
    }
    assert_eq!(log_head(&mut other), head, "what failed moved nothing");
}

#[test]
fn what_does_not_follow_is_refused_with_its_own_status() {
    use AiAuditStatus as S;
    let receipts = small_log();
    let refused = |places: &[usize]| {
        let mut verifier = verifier(&key_line());
        let (last, before) = places.split_last().unwrap();
        for place in before {
            must(take(&mut verifier, &receipts[*place]));
        }
        take(&mut verifier, &receipts[*last])
    };
    assert_eq!(refused(&[1]), S::Missing);
    assert_eq!(refused(&[0, 0]), S::OtherLog, "a genesis names no log");
    assert_eq!(refused(&[0, 2]), S::Missing);
    assert_eq!(refused(&[0, 1, 1]), S::Repeated);
    assert_eq!(refused(&[0, 1, 2, 3]), S::Ok);

    // Another log, and another log under the same genesis: a fork.
    let (mut log, first) = open();
    let mut verifier = verifier(&key_line());
    must(take(&mut verifier, &first));
    let fork = seal(&mut log, &draft(9), &decision());
    must(take(&mut verifier, &fork));
    assert_eq!(take(&mut verifier, &receipts[2]), S::Prev);
    let last = receipts[3].len() - 1;
    let mut changed = receipts[3].clone();
    changed[last] ^= 1;
    let mut whole = crate::caller::verifier(&key_line());
    for receipt in &receipts[..3] {
        must(take(&mut whole, receipt));
    }
    let (before, keys_before) = (head(&mut whole), keys(&mut whole));
    assert_eq!(take(&mut whole, &changed), S::Signature);
    assert_eq!((head(&mut whole), keys(&mut whole)), (before, keys_before));
    must(take(&mut whole, &receipts[3]));
}

#[test]
fn the_old_key_is_not_valid_after_a_rotation() {
    let (mut log, first) = open();
    let head_before = log_head(&mut log);
    let rotation = rotate(&mut log, &draft(1), 4);
    let head_after = log_head(&mut log);
    let old = signer(&[1; 32]);
    let mut thief = log_block();
    // SAFETY: all three are there.
    must(unsafe { ai_audit_log_resume(&mut thief, &old, &head_after) });
    let stolen = seal(&mut thief, &draft(2), &decision());
    let mut verifier = verifier(&key_line());
    must(take(&mut verifier, &first));
    assert_eq!(head(&mut verifier), head_before);
    must(take(&mut verifier, &rotation));
    assert_eq!(take(&mut verifier, &stolen), AiAuditStatus::OtherKey);
    // SAFETY: all of them are what the function asks for.
    let to_itself = unsafe {
        let (mut out, mut len, same) = ([0; 512], 0, signer(&[4; 32]));
        let why = AiAuditText::default();
        ai_audit_seal_rotation(
            &mut log,
            &draft(3),
            &same,
            why,
            out.as_mut_ptr(),
            512,
            &mut len,
        )
    };
    assert_eq!(to_itself, AiAuditStatus::KeyChange);
    // To the log's recovery key: it seals, since the log does not know the others, and no verifier takes it.
    let bad = rotate(&mut log, &draft(3), 3);
    assert_eq!(take(&mut verifier, &bad), AiAuditStatus::KeyChange);
}

#[test]
fn a_genesis_that_does_not_fit_the_pin_is_refused() {
    let (_, sealed) = open();
    for (seed, fits) in [(1, true), (5, false)] {
        let (mut line, mut len) = ([0_u8; AI_AUDIT_MAX_KEY_LINE_LEN], 0);
        let (genesis, seed) = (genesis(), [seed; 32]);
        // SAFETY: all of them are what the function asks for.
        must(unsafe {
            let signer = signer(&seed);
            ai_audit_key_line(
                &genesis,
                &signer,
                line.as_mut_ptr().cast(),
                line.len(),
                &mut len,
            )
        });
        let line = std::str::from_utf8(&line[..len]).unwrap();
        let expected = if fits {
            AiAuditStatus::Ok
        } else {
            AiAuditStatus::Pin
        };
        let mut verifier = verifier(line);
        let mut head = AiAuditHead::default();
        // SAFETY: both are there.
        let status = unsafe { ai_audit_verifier_head(&mut verifier, &mut head) };
        assert_eq!(status, AiAuditStatus::NotOpen, "before the genesis");
        assert_eq!(take(&mut verifier, &sealed), expected);
    }
}

#[test]
fn frames_go_in_and_out() {
    let receipts = small_log();
    let (mut file, mut frame, mut len) = (Vec::new(), [0; 1024], 0);
    for receipt in &receipts {
        let (at, room) = (frame.as_mut_ptr(), frame.len());
        // SAFETY: both are as long as is said.
        must(unsafe { ai_audit_frame(receipt.as_ptr(), receipt.len(), at, room, &mut len) });
        assert_eq!(len, receipt.len() + 3);
        file.extend(&frame[..len]);
        // SAFETY: as before, with a byte less of room.
        let status =
            unsafe { ai_audit_frame(receipt.as_ptr(), receipt.len(), at, len - 1, &mut len) };
        assert_eq!(status, AiAuditStatus::BufferTooSmall);
    }
    let (mut rest, mut out, mut consumed) = (&file[..], [0; 1024], 0);
    for receipt in &receipts {
        // SAFETY: both are as long as is said.
        must(unsafe {
            let (at, room) = (out.as_mut_ptr(), out.len());
            ai_audit_unframe(rest.as_ptr(), rest.len(), at, room, &mut len, &mut consumed)
        });
        assert_eq!(&out[..len], &receipt[..]);
        // Cut anywhere, it is no frame.
        let whole = consumed;
        for cut in 0..whole {
            // SAFETY: both are as long as is said.
            let status = unsafe {
                let (at, room) = (out.as_mut_ptr(), out.len());
                ai_audit_unframe(rest.as_ptr(), cut, at, room, &mut len, &mut consumed)
            };
            assert_eq!(status, AiAuditStatus::Frame, "{cut}");
        }
        rest = &rest[whole..];
    }
    assert!(rest.is_empty());
    let deleted = [&[0, 0][..], &[5; 32]].concat();
    // SAFETY: both are as long as is said.
    let status = unsafe {
        let (at, room) = (out.as_mut_ptr(), out.len());
        ai_audit_unframe(deleted.as_ptr(), 34, at, room, &mut len, &mut consumed)
    };
    assert_eq!((status, len, consumed), (AiAuditStatus::Deleted, 32, 34));
    assert_eq!(out[..32], [5; 32]);
}

#[test]
fn what_a_receipt_says_points_into_its_bytes() {
    let receipts = small_log();
    let mut said = std::mem::MaybeUninit::uninit();
    for (n, sealed) in receipts.iter().enumerate() {
        // SAFETY: the bytes are there, and so is the room; null wants no fault.
        let said: AiAuditReceipt = unsafe {
            let status = ai_audit_parse(
                sealed.as_ptr(),
                sealed.len(),
                said.as_mut_ptr(),
                ptr::null_mut(),
            );
            must(status);
            said.assume_init()
        };
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        assert_eq!((said.seq, said.sealed_at_us), (n as u64, START + n as u64));
        assert_eq!(said.hash, *receipt.hash().as_bytes());
        assert_eq!(said.kind, receipt.header().kind.number());
        assert_eq!((said.is_signed, said.payload.len), (1, sealed.len() - 64));
        assert_eq!(said.payload.data, sealed.as_ptr());
        assert_eq!(said.body.len, receipt.body().len());
        assert_eq!(
            (read(said.trace_id), read(said.actor_id)),
            ("t-1".into(), "arm".into())
        );
    }
}
