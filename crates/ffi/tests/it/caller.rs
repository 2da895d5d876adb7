//! What a careful C program would have: blocks, buffers, keys, and calls that must succeed.

use ai_audit_core::{SigningKey, VerifyingKey};
use ai_audit_ffi::*;
use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;
use std::ptr;

/// The time of the first receipt.
pub(crate) const START: u64 = 1_790_000_000_000_000;

/// `Ok`, or the test fails with the status in words.
pub(crate) fn must(status: AiAuditStatus) {
    assert_eq!(status, AiAuditStatus::Ok, "{}", words(status));
}

pub(crate) fn words(status: AiAuditStatus) -> &'static str {
    // SAFETY: the texts are constants that end in a zero.
    let text = unsafe { CStr::from_ptr(ai_audit_status_text(status as i32)) };
    text.to_str().unwrap()
}

pub(crate) fn text(text: &str) -> AiAuditText {
    AiAuditText {
        data: text.as_ptr().cast(),
        len: text.len(),
    }
}

/// What a text from the interface says.
pub(crate) fn read(text: AiAuditText) -> String {
    if text.len == 0 {
        return String::new();
    }
    // SAFETY: the tests read it while the bytes that it points to are there.
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn public(seed: u8) -> VerifyingKey {
    SigningKey::from_bytes(&[seed; 32]).verifying_key()
}

pub(crate) fn signer(seed: &[u8; 32]) -> AiAuditSigner {
    AiAuditSigner {
        seed: seed.as_ptr(),
        sign: None,
        context: ptr::null_mut(),
        public_key: [0; 32],
    }
}

/// Signs with the seed that `context` points to.
pub(crate) unsafe extern "C" fn sign_elsewhere(
    context: *mut c_void,
    message: *const u8,
    len: usize,
    signature: *mut u8,
) -> i32 {
    // SAFETY: the tests give a seed as context, the interface a message and room for 64 bytes.
    unsafe {
        let seed = &*context.cast::<[u8; 32]>();
        let message = std::slice::from_raw_parts(message, len);
        let made = SigningKey::from_bytes(seed).sign(message);
        signature.cast::<[u8; 64]>().write(*made.as_bytes());
    }
    0
}

pub(crate) fn genesis() -> AiAuditGenesis {
    AiAuditGenesis {
        name: text("example.org/tests"),
        tenant: text("acme"),
        checkpoint_key: *public(2).as_bytes(),
        recovery_key: *public(3).as_bytes(),
        salt: [7; 16],
    }
}

pub(crate) fn draft(n: u64) -> AiAuditDraft {
    let mut draft = AiAuditDraft {
        time_us: START + n,
        id: [0; 16],
        trace_id: text("t-1"),
        session_id: AiAuditText::default(),
        actor_id: text("arm"),
    };
    let random = [u8::try_from(n % 251).unwrap(); 10];
    // SAFETY: ten bytes, and room for sixteen.
    must(unsafe { ai_audit_receipt_id(draft.time_us, random.as_ptr(), draft.id.as_mut_ptr()) });
    draft
}

pub(crate) fn decision() -> AiAuditDecision {
    // SAFETY: null pointers, zeros and lengths of 0 are a decision that says nothing.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

pub(crate) fn log_block() -> AiAuditLog {
    AiAuditLog {
        opaque: [MaybeUninit::new(0); AI_AUDIT_LOG_WORDS],
    }
}

pub(crate) fn verifier_block() -> AiAuditVerifier {
    AiAuditVerifier {
        opaque: [MaybeUninit::new(0); AI_AUDIT_VERIFIER_WORDS],
    }
}

/// A log that was opened with the key of seed 1, and its genesis.
pub(crate) fn open() -> (AiAuditLog, Vec<u8>) {
    let (mut log, mut out, mut len) = (log_block(), [0; 512], 0);
    let (genesis, signer, draft) = (genesis(), signer(&[1; 32]), draft(0));
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        ai_audit_log_open(
            &mut log,
            &genesis,
            &signer,
            &draft,
            out.as_mut_ptr(),
            out.len(),
            &mut len,
        )
    });
    (log, out[..len].to_vec())
}

pub(crate) fn key_line() -> String {
    let (mut line, mut len) = ([0_u8; AI_AUDIT_MAX_KEY_LINE_LEN], 0);
    let (genesis, signer) = (genesis(), signer(&[1; 32]));
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        ai_audit_key_line(
            &genesis,
            &signer,
            line.as_mut_ptr().cast(),
            line.len(),
            &mut len,
        )
    });
    String::from_utf8(line[..len].to_vec()).unwrap()
}

pub(crate) fn seal(
    log: &mut AiAuditLog,
    draft: &AiAuditDraft,
    decision: &AiAuditDecision,
) -> Vec<u8> {
    let (mut out, mut len) = ([0; 2048], 0);
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        ai_audit_seal_decision(log, draft, decision, out.as_mut_ptr(), out.len(), &mut len)
    });
    out[..len].to_vec()
}

pub(crate) fn rotate(log: &mut AiAuditLog, draft: &AiAuditDraft, seed: u8) -> Vec<u8> {
    let (mut out, mut len, seed) = ([0; 512], 0, [seed; 32]);
    // SAFETY: all of them are what the function asks for.
    must(unsafe {
        let new = signer(&seed);
        ai_audit_seal_rotation(
            log,
            draft,
            &new,
            text("due"),
            out.as_mut_ptr(),
            out.len(),
            &mut len,
        )
    });
    out[..len].to_vec()
}

pub(crate) fn log_head(log: &mut AiAuditLog) -> AiAuditHead {
    let mut head = AiAuditHead::default();
    // SAFETY: both are there.
    must(unsafe { ai_audit_log_head(log, &mut head) });
    head
}

pub(crate) fn verifier(line: &str) -> AiAuditVerifier {
    let mut verifier = verifier_block();
    // SAFETY: both are there.
    must(unsafe { ai_audit_verifier_init(&mut verifier, text(line)) });
    verifier
}

pub(crate) fn take(verifier: &mut AiAuditVerifier, sealed: &[u8]) -> AiAuditStatus {
    // SAFETY: the receipt is as long as is said; null says that nothing is to be told.
    unsafe {
        ai_audit_verifier_take(
            verifier,
            sealed.as_ptr(),
            sealed.len(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    }
}

pub(crate) fn head(verifier: &mut AiAuditVerifier) -> AiAuditHead {
    let mut head = AiAuditHead::default();
    // SAFETY: both are there.
    must(unsafe { ai_audit_verifier_head(verifier, &mut head) });
    head
}

pub(crate) fn keys(verifier: &mut AiAuditVerifier) -> AiAuditKeys {
    let mut keys = AiAuditKeys::default();
    // SAFETY: both are there.
    must(unsafe { ai_audit_verifier_keys(verifier, &mut keys) });
    keys
}

/// A log of a genesis, a decision, a rotation to the key of seed 4, and a decision.
pub(crate) fn small_log() -> Vec<Vec<u8>> {
    let (mut log, first) = open();
    let second = seal(&mut log, &draft(1), &decision());
    let third = rotate(&mut log, &draft(2), 4);
    let fourth = seal(&mut log, &draft(3), &decision());
    vec![first, second, third, fourth]
}
