//! Bytes from anywhere: nothing that is not a log is taken, and nothing makes a call panic.

use crate::caller::*;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_ffi::*;
use proptest::prelude::*;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// Under Miri a signature takes seconds.
const CASES: u32 = if cfg!(miri) { 4 } else { 256 };

fn log() -> &'static (Vec<Vec<u8>>, String) {
    static LOG: OnceLock<(Vec<Vec<u8>>, String)> = OnceLock::new();
    LOG.get_or_init(|| (small_log(), key_line()))
}

/// Parses through the interface, and says what the core says.
fn parse_agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (mut said, mut fault) = (MaybeUninit::uninit(), MaybeUninit::<AiAuditFault>::uninit());
    // SAFETY: the bytes are as long as is said, and there is room for both.
    let status = unsafe {
        ai_audit_parse(
            bytes.as_ptr(),
            bytes.len(),
            said.as_mut_ptr(),
            fault.as_mut_ptr(),
        )
    };
    // SAFETY: a fault is written in every case in which there is room for it.
    let fault = unsafe { fault.assume_init() };
    match UnverifiedReceipt::parse(bytes) {
        Ok(receipt) => {
            prop_assert_eq!(status, AiAuditStatus::Ok);
            // SAFETY: after success it is written.
            let said: AiAuditReceipt = unsafe { said.assume_init() };
            prop_assert_eq!(said.hash, *receipt.hash().as_bytes());
            prop_assert_eq!(fault.field.len, 0);
        }
        Err(error) => {
            prop_assert_eq!(status, AiAuditStatus::Decode);
            prop_assert_eq!(fault.offset, error.offset);
            prop_assert_eq!(read(fault.field), error.field);
            prop_assert_eq!(read(fault.expected), error.expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_parsed_as_the_core_does(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        parse_agrees(&bytes)?;
    }

    #[test]
    fn a_changed_receipt_is_never_taken(place in 0_usize..4, at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let (receipts, line) = log();
        let mut verifier = verifier(line);
        for receipt in &receipts[..place] {
            must(take(&mut verifier, receipt));
        }
        let mut changed = receipts[place].clone();
        let at = at.index(changed.len());
        changed[at] ^= 1_u8 << bit;
        parse_agrees(&changed)?;
        prop_assert_ne!(take(&mut verifier, &changed), AiAuditStatus::Ok);
        prop_assert_eq!(take(&mut verifier, &receipts[place]), AiAuditStatus::Ok);
    }

    #[test]
    fn a_cut_or_longer_receipt_is_never_taken(place in 0_usize..4, by in 1_usize..80) {
        let (receipts, line) = log();
        let mut verifier = verifier(line);
        for receipt in &receipts[..place] {
            must(take(&mut verifier, receipt));
        }
        let receipt = &receipts[place];
        prop_assert_ne!(take(&mut verifier, &receipt[..receipt.len() - by]), AiAuditStatus::Ok);
        let longer = [&receipt[..], &receipt[..by]].concat();
        prop_assert_ne!(take(&mut verifier, &longer), AiAuditStatus::Ok);
    }

    #[test]
    fn any_text_is_a_key_line_or_refused(line in "[ -~]{0,40}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]{0,48}") {
        let mut verifier = verifier_block();
        // SAFETY: both are there.
        let status = unsafe { ai_audit_verifier_init(&mut verifier, text(&line)) };
        prop_assert!(matches!(status, AiAuditStatus::KeyLine | AiAuditStatus::PublicKey));
    }

    #[test]
    fn a_changed_key_line_is_never_taken(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let line = &log().1;
        let mut bytes = line.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let changed = AiAuditText { data: bytes.as_ptr().cast(), len: bytes.len() };
        let mut verifier = verifier_block();
        // SAFETY: both are there.
        let status = unsafe { ai_audit_verifier_init(&mut verifier, changed) };
        prop_assert_ne!(status, AiAuditStatus::Ok);
    }

    #[test]
    fn any_bytes_are_frames_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), room in 0_usize..200) {
        let (mut out, mut len, mut consumed) = (vec![0; room], 0, 0);
        // SAFETY: both are as long as is said.
        let status = unsafe {
            ai_audit_unframe(bytes.as_ptr(), bytes.len(), out.as_mut_ptr(), room, &mut len, &mut consumed)
        };
        if matches!(status, AiAuditStatus::Ok | AiAuditStatus::Deleted) {
            prop_assert!(consumed <= bytes.len() && len <= room && len < consumed);
        } else {
            prop_assert_eq!((len, consumed), (0, 0));
        }
    }

    #[test]
    fn every_buffer_is_long_enough_or_refused(room in 0_usize..400) {
        let (mut log, _) = open();
        let (draft, decision) = (draft(1), decision());
        let before = log_head(&mut log);
        let (mut out, mut len) = (vec![0xa5; room + 8], 0);
        // SAFETY: the buffer is longer than is said.
        let status = unsafe {
            ai_audit_seal_decision(&mut log, &draft, &decision, out.as_mut_ptr(), room, &mut len)
        };
        prop_assert_eq!(&out[room..], &[0xa5; 8], "nothing is written behind its end");
        if status == AiAuditStatus::Ok {
            prop_assert!(len <= room);
            prop_assert_eq!(log_head(&mut log).size, 2);
        } else {
            prop_assert_eq!(status, AiAuditStatus::BufferTooSmall);
            prop_assert_eq!(log_head(&mut log), before);
        }
    }
}
