//! Sealing what is neither decision nor tool call: the writer's own notes, key rotations, any body.
#![allow(unsafe_code, reason = "bodies come from C and hold pointers")]

use crate::draft::AiAuditDraft;
use crate::given::Given;
use crate::log::AiAuditLog;
use crate::raw;
use crate::signer::AiAuditSigner;
use crate::status::{AiAuditStatus, status};
use crate::types::{self, AiAuditOptionalU64, AiAuditText};
use ai_audit_core::{Gap, KeyRotation, Kind, Signer, Start, Stop};

/// Seals a body of any kind that is encoded already, as the next receipt. Kinds and their encodings are in
/// `docs/spec/receipt.md`; numbers from 0x8000 up are yours. The bytes are sealed as they are: whether they
/// are a canonical body of that kind shows to whoever decodes them. A genesis, a rotation or a revocation
/// cannot be sealed in this way: what they do to the log's keys would pass unseen.
///
/// # Safety
/// `log` points to an initialised block, `draft` to a draft whose pointers hold what they say, `body` to
/// `body_len` bytes, `out` to `out_len` bytes, `written` to a size. None of them overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_body(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    kind: u16,
    body: *const u8,
    body_len: usize,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        // SAFETY: the caller's promise is the same.
        let body = unsafe { raw::items(body, body_len) }?;
        let kind = Kind::new(kind);
        if matches!(kind, Kind::KEY_ROTATION | Kind::KEY_REVOCATION) {
            return Err(AiAuditStatus::Argument);
        }
        given.seal_encoded(kind, body)
    })())
}

/// Seals that the writer started. `clean` is 1 if the writer before stopped in order, 0 after a crash or a
/// loss of power.
///
/// # Safety
/// As `ai_audit_seal_body`; `software` points to what it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_start(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    software: AiAuditText,
    clean: u8,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        let start = Start {
            // SAFETY: the caller's promise is the same.
            software: unsafe { software.as_text() }?,
            size: given.log.head.size(),
            clean: types::flag(clean)?,
        };
        given.seal(&start)
    })())
}

/// Seals that the writer stops in order.
///
/// # Safety
/// As `ai_audit_seal_body`; `reason` points to what it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_stop(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    reason: AiAuditText,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        let stop = Stop {
            // SAFETY: the caller's promise is the same.
            reason: unsafe { reason.as_text() }?,
            size: given.log.head.size(),
        };
        given.seal(&stop)
    })())
}

/// Seals that receipts are missing from one time to another, as many as `lost` says where that is known.
/// `to_us` is not before `from_us`.
///
/// # Safety
/// As `ai_audit_seal_body`; `reason` points to what it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_gap(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    from_us: u64,
    to_us: u64,
    lost: AiAuditOptionalU64,
    reason: AiAuditText,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        let gap = Gap {
            from: types::time(from_us)?,
            to: types::time(to_us)?,
            lost: lost.get()?,
            // SAFETY: the caller's promise is the same.
            reason: unsafe { reason.as_text() }?,
        };
        given.seal(&gap)
    })())
}

/// Seals with the key until now that another one is valid from the next receipt on, and goes on with that
/// one. The old key is wiped here; destroy the caller's copy when the receipt is stored.
///
/// # Safety
/// As `ai_audit_seal_body`; `new_key` points to a signer as for `ai_audit_log_open`, `reason` to what it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_seal_rotation(
    log: *mut AiAuditLog,
    draft: *const AiAuditDraft,
    new_key: *const AiAuditSigner,
    reason: AiAuditText,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let mut given = unsafe { Given::new(log, draft, out, out_len, written) }?;
        // SAFETY: the caller's promise is the same.
        let new_key = unsafe { raw::reference(new_key)?.get() }?;
        // SAFETY: the caller's promise is the same.
        let reason = unsafe { reason.as_str() }?;
        let (log_id, seq) = (given.log.head.log_id(), given.log.head.size());
        let old = given.log.key.verifying_key();
        if old == new_key.verifying_key() {
            return Err(AiAuditStatus::KeyChange);
        }
        let rotation = KeyRotation::new(&log_id, &old, seq, &new_key, reason)
            .map_err(|_| AiAuditStatus::Signer)?;
        given.seal(&rotation)?;
        given.log.key = new_key;
        Ok(())
    })())
}
