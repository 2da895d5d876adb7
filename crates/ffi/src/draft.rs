//! The part of a receipt's header that the caller chooses.
#![allow(unsafe_code, reason = "drafts come from C and hold pointers")]

use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{self, AiAuditText};
use ai_audit_core::{Draft, ReceiptId};

/// What stands in a receipt's header beside what the log knows.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditDraft {
    /// The device's clock: microseconds since 1970-01-01T00:00:00Z, at most up to the year 9999; not
    /// before the receipt before.
    pub time_us: u64,
    /// The receipt's id, from `ai_audit_receipt_id`.
    pub id: [u8; 16],
    /// Trace it belongs to; may be empty.
    pub trace_id: AiAuditText,
    /// Session it belongs to; may be empty.
    pub session_id: AiAuditText,
    /// Who acts: a pseudonym or a system's name; may be empty.
    pub actor_id: AiAuditText,
}

impl AiAuditDraft {
    /// # Safety
    /// `draft` is null or points to a draft whose texts point to what they say.
    pub(crate) unsafe fn at<'a>(draft: *const Self) -> Result<Draft<'a>> {
        // SAFETY: the caller's promise is the same.
        let this = unsafe { raw::reference(draft) }?;
        let id = ReceiptId::from_bytes(this.id);
        if !id.is_v7() {
            return Err(AiAuditStatus::Argument);
        }
        let draft = Draft::new(id, types::time(this.time_us)?);
        // SAFETY: the caller's promise is the same.
        let (trace, session) = unsafe { (this.trace_id.as_str()?, this.session_id.as_str()?) };
        // SAFETY: the caller's promise is the same.
        let actor = unsafe { this.actor_id.as_str() }?;
        Ok(draft.trace(trace).session(session).actor(actor))
    }
}

/// The id of a receipt: the UUIDv7 of a time and 10 random bytes. Two receipts of a log must not have the
/// same.
///
/// # Safety
/// `random` points to 10 bytes, `id` to room for 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_receipt_id(
    time_us: u64,
    random: *const u8,
    id: *mut u8,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (random, out) = unsafe { (raw::array(random)?, raw::room::<[u8; 16]>(id.cast())?) };
        out.write(*ReceiptId::from_parts(types::time(time_us)?, *random).as_bytes());
        Ok(())
    })())
}
