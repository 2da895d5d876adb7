//! Digests of texts, of parts and of payloads.
#![allow(unsafe_code, reason = "texts and places for digests come from C")]

use crate::raw;
use crate::status::{AiAuditStatus, status};
use crate::types::{AiAuditBytes, AiAuditText, AiAuditTextDigest};
use ai_audit_core::{DigestSecret, LeafHash, PartsHasher, ReceiptId, TextDigest};

/// The hash of a payload: SHA-256(0x00, payload), its RFC 6962 leaf hash.
///
/// # Safety
/// `payload` points to `payload_len` bytes, `hash` to room for 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_leaf_hash(
    payload: *const u8,
    payload_len: usize,
    hash: *mut u8,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let payload = unsafe { raw::items(payload, payload_len) }?;
        // SAFETY: the caller's promise is the same.
        let out = unsafe { raw::room::<[u8; 32]>(hash.cast()) }?;
        out.write(*LeafHash::of(payload).as_bytes());
        Ok(())
    })())
}

/// The plain digest of a text. A short or guessable text can be found from it; prefer a keyed one.
///
/// # Safety
/// `text` points to what it says, `digest` to room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_digest_plain(
    text: AiAuditText,
    digest: *mut AiAuditTextDigest,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (text, out) = unsafe { (text.as_str()?, raw::room(digest)?) };
        out.write(TextDigest::plain(text).into());
        Ok(())
    })())
}

/// The keyed digest of one field's text in one receipt: under a key derived from the log's digest secret,
/// the receipt's id and the field's name, such as `input`.
///
/// # Safety
/// `text` and `field` point to what they say, `secret` to 32 bytes, `receipt_id` to 16, `digest` to room
/// for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_digest_exact(
    text: AiAuditText,
    secret: *const u8,
    receipt_id: *const u8,
    field: AiAuditText,
    digest: *mut AiAuditTextDigest,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (text, field) = unsafe { (text.as_str()?, field.as_str()?) };
        // SAFETY: the caller's promise is the same.
        let (secret, id) = unsafe { (raw::array(secret)?, raw::array(receipt_id)?) };
        // SAFETY: the caller's promise is the same.
        let out = unsafe { raw::room(digest) }?;
        let key = DigestSecret::from_bytes(*secret).exact_key(&ReceiptId::from_bytes(*id), field);
        out.write(TextDigest::keyed(text, &key).into());
        Ok(())
    })())
}

/// The digest of parts whose borders count, for the state of a system.
///
/// # Safety
/// `parts` points to `parts_len` parts that point to what they say, `digest` to room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_digest_parts(
    parts: *const AiAuditBytes,
    parts_len: usize,
    digest: *mut u8,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let parts = unsafe { raw::items(parts, parts_len) }?;
        // SAFETY: the caller's promise is the same.
        let out = unsafe { raw::room::<[u8; 32]>(digest.cast()) }?;
        let mut hasher = PartsHasher::new();
        for part in parts {
            // SAFETY: the caller's promise is the same.
            hasher.part(unsafe { raw::items(part.data, part.len) }?);
        }
        out.write(*hasher.finish().as_bytes());
        Ok(())
    })())
}
