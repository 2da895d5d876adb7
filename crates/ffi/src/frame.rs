//! Receipts files: one receipt into its frame, and out of it.
#![allow(unsafe_code, reason = "buffers come from C")]

use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use ai_audit_core::{SIGNATURE_LEN, UnverifiedReceipt};

/// Puts a sealed receipt into the frame that it has in a receipts file: two bytes of length, payload, one
/// byte of length, signature. That is 3 bytes more than the receipt.
///
/// # Safety
/// `sealed` points to `sealed_len` bytes, `out` to `out_len`, `written` to a size. They do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_frame(
    sealed: *const u8,
    sealed_len: usize,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let sealed = unsafe { raw::items(sealed, sealed_len) }?;
        // SAFETY: the caller's promise is the same.
        let (out, written) = unsafe { (raw::bytes_mut(out, out_len)?, raw::room(written)?) };
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|_| AiAuditStatus::Decode)?;
        let (payload, signature) = sealed
            .split_at_checked(receipt.payload().len())
            .ok_or(AiAuditStatus::Decode)?;
        let len = u16::try_from(payload.len()).map_err(|_| AiAuditStatus::Decode)?;
        let seal = u8::try_from(signature.len()).map_err(|_| AiAuditStatus::Decode)?;
        let parts = [&len.to_be_bytes()[..], payload, &[seal], signature];
        written.write(join(out, &parts)?);
        Ok(())
    })())
}

/// Takes the receipt at the start of `frames` out of its frame. `consumed` gets the length of the frame,
/// `written` that of the receipt. `frames` is what follows a receipts file's first line, or what is left
/// of it; `AI_AUDIT_STATUS_FRAME` where it ends inside a frame. After `AI_AUDIT_STATUS_DELETED` the hash
/// stands in `out`, and `consumed` and `written` are set.
///
/// # Safety
/// `frames` points to `frames_len` bytes, `out` to `out_len`, `written` and `consumed` to sizes. They do not
/// overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_unframe(
    frames: *const u8,
    frames_len: usize,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
    consumed: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let frames = unsafe { raw::items(frames, frames_len) }?;
        // SAFETY: the caller's promise is the same.
        let (out, written) = unsafe { (raw::bytes_mut(out, out_len)?, raw::room(written)?) };
        // SAFETY: the caller's promise is the same.
        let consumed = unsafe { raw::room(consumed) }?;
        let mut rest = frames;
        let len = usize::from(u16::from_be_bytes(*chunk(&mut rest)?));
        if len == 0 {
            let hash = chunk::<32>(&mut rest)?;
            written.write(join(out, &[hash])?);
            consumed.write(frames.len() - rest.len());
            return Err(AiAuditStatus::Deleted);
        }
        let (payload, after) = rest.split_at_checked(len).ok_or(AiAuditStatus::Frame)?;
        rest = after;
        let [seal] = *chunk::<1>(&mut rest)?;
        if !matches!(usize::from(seal), 0 | SIGNATURE_LEN) {
            return Err(AiAuditStatus::Frame);
        }
        let (signature, after) = rest
            .split_at_checked(usize::from(seal))
            .ok_or(AiAuditStatus::Frame)?;
        written.write(join(out, &[payload, signature])?);
        consumed.write(frames.len() - after.len());
        Ok(())
    })())
}

fn chunk<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N]> {
    let (chunk, after) = rest.split_first_chunk().ok_or(AiAuditStatus::Frame)?;
    *rest = after;
    Ok(chunk)
}

/// Puts the parts one behind the other at the start of `out`, if they have room.
fn join(out: &mut [u8], parts: &[&[u8]]) -> Result<usize> {
    let len = parts.iter().map(|part| part.len()).sum();
    let mut room = out.get_mut(..len).ok_or(AiAuditStatus::BufferTooSmall)?;
    for part in parts {
        let (here, after) = room.split_at_mut(part.len());
        here.copy_from_slice(part);
        room = after;
    }
    Ok(len)
}
