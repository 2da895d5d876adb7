//! The plain structs that C and Rust hand each other, and how they become the core's types.
#![allow(
    unsafe_code,
    reason = "structs from C hold pointers; what they point to is the caller's promise"
)]

use crate::raw;
use crate::status::{AiAuditStatus, Result};
use ai_audit_core::{
    DecodeError, Digest, Head, LeafHash, LogId, Text, TextDigest, Timestamp, VerifyingKey,
};
use core::ffi::c_char;
use core::ptr;

/// The longest sealed receipt, in bytes. A buffer of this size is always long enough.
pub const AI_AUDIT_MAX_SEALED_LEN: usize = 65_599;
/// The longest key line, in bytes, without a line feed.
pub const AI_AUDIT_MAX_KEY_LINE_LEN: usize = 277;
const _: () = assert!(AI_AUDIT_MAX_SEALED_LEN == ai_audit_core::MAX_SEALED_LEN);

/// A UTF-8 text: so many bytes from a place on, without a terminating zero. Null with length 0 is the
/// empty text.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditText {
    /// First byte.
    pub data: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

/// So many bytes from a place on.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditBytes {
    /// First byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// A number that may be absent.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditOptionalU64 {
    /// The number.
    pub value: u64,
    /// 1 if there is one, else 0.
    pub present: u8,
}

/// A finite number that may be absent.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditOptionalF64 {
    /// The number.
    pub value: f64,
    /// 1 if there is one, else 0.
    pub present: u8,
}

/// A SHA-256 digest that may be absent.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditOptionalDigest {
    /// The digest.
    pub bytes: [u8; 32],
    /// 1 if there is one, else 0.
    pub present: u8,
}

/// There is no digest.
pub const AI_AUDIT_DIGEST_NONE: u8 = 0;
/// SHA-256 of a text. A short or guessable text can be found from it.
pub const AI_AUDIT_DIGEST_PLAIN: u8 = 1;
/// HMAC-SHA-256 of a text. Without the key it says nothing of the text.
pub const AI_AUDIT_DIGEST_KEYED: u8 = 2;

/// The digest of a text, and whether a key went into it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AiAuditTextDigest {
    /// The digest.
    pub bytes: [u8; 32],
    /// One of the `AI_AUDIT_DIGEST_` numbers.
    pub form: u8,
}

/// Where a log ends: what sealing or verifying the next receipt needs to know. Plain bytes, to be stored.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiAuditHead {
    /// How many receipts the log has: the `seq` of the next one.
    pub size: u64,
    /// When the last one was sealed, in microseconds since 1970-01-01T00:00:00Z.
    pub sealed_at_us: u64,
    /// The log: the hash of its genesis.
    pub log_id: [u8; 32],
    /// The hash of the last receipt.
    pub hash: [u8; 32],
}

/// A log's three public keys, as they are valid at some place.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiAuditKeys {
    /// Signs the receipts.
    pub receipt: [u8; 32],
    /// Signs checkpoints and packages.
    pub checkpoint: [u8; 32],
    /// May revoke receipt keys.
    pub recovery: [u8; 32],
}

/// Why bytes were not taken: where, which field, what was expected. The texts are constants.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditFault {
    /// Byte offset in the sealed receipt.
    pub offset: usize,
    /// The field, as the specification names it; empty where it is none in particular.
    pub field: AiAuditText,
    /// What should have been there; empty where the status says all.
    pub expected: AiAuditText,
}

impl AiAuditText {
    pub(crate) const fn of(text: &str) -> Self {
        Self {
            data: text.as_ptr().cast(),
            len: text.len(),
        }
    }

    /// # Safety
    /// It points to what it says, initialised, and nobody writes to that during `'a`.
    pub(crate) unsafe fn as_str<'a>(&self) -> Result<&'a str> {
        // SAFETY: the caller's promise is the same.
        let bytes = unsafe { raw::items(self.data.cast::<u8>(), self.len) }?;
        core::str::from_utf8(bytes).map_err(|_| AiAuditStatus::Utf8)
    }

    /// # Safety
    /// As [`AiAuditText::as_str`].
    pub(crate) unsafe fn as_text<'a>(&self) -> Result<Text<'a>> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.as_str() }.map(Text::borrowed)
    }
}

impl Default for AiAuditText {
    fn default() -> Self {
        Self {
            data: ptr::null(),
            len: 0,
        }
    }
}

impl AiAuditBytes {
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        Self {
            data: bytes.as_ptr(),
            len: bytes.len(),
        }
    }
}

/// A flag of C's as a boolean.
pub(crate) const fn flag(value: u8) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(AiAuditStatus::Argument),
    }
}

/// A time that the format can hold.
pub(crate) fn time(micros: u64) -> Result<Timestamp> {
    let time = Timestamp::from_micros(micros);
    if time.as_micros() == micros {
        Ok(time)
    } else {
        Err(AiAuditStatus::Argument)
    }
}

/// The bytes of a public key that somebody trusts.
pub(crate) fn key(bytes: &[u8; 32]) -> Result<VerifyingKey> {
    VerifyingKey::from_bytes(bytes).map_err(|_| AiAuditStatus::PublicKey)
}

impl AiAuditOptionalU64 {
    pub(crate) fn get(&self) -> Result<Option<u64>> {
        Ok(flag(self.present)?.then_some(self.value))
    }

    pub(crate) fn time(&self) -> Result<Option<Timestamp>> {
        self.get()?.map(time).transpose()
    }
}

impl AiAuditOptionalF64 {
    pub(crate) fn get(&self) -> Result<Option<f64>> {
        Ok(flag(self.present)?.then_some(self.value))
    }
}

impl AiAuditOptionalDigest {
    pub(crate) fn get(&self) -> Result<Option<Digest>> {
        Ok(flag(self.present)?.then_some(Digest::from_bytes(self.bytes)))
    }

    pub(crate) fn hash(&self) -> Result<Option<LeafHash>> {
        Ok(flag(self.present)?.then_some(LeafHash::from_bytes(self.bytes)))
    }
}

impl AiAuditTextDigest {
    pub(crate) fn get(&self) -> Result<Option<TextDigest>> {
        let digest = Digest::from_bytes(self.bytes);
        match self.form {
            AI_AUDIT_DIGEST_NONE => Ok(None),
            AI_AUDIT_DIGEST_PLAIN => Ok(Some(TextDigest::Plain(digest))),
            AI_AUDIT_DIGEST_KEYED => Ok(Some(TextDigest::Keyed(digest))),
            _ => Err(AiAuditStatus::Argument),
        }
    }
}

impl From<TextDigest> for AiAuditTextDigest {
    fn from(digest: TextDigest) -> Self {
        let (form, digest) = match digest {
            TextDigest::Plain(digest) => (AI_AUDIT_DIGEST_PLAIN, digest),
            TextDigest::Keyed(digest) => (AI_AUDIT_DIGEST_KEYED, digest),
        };
        Self {
            bytes: *digest.as_bytes(),
            form,
        }
    }
}

impl From<Head> for AiAuditHead {
    fn from(head: Head) -> Self {
        Self {
            size: head.size(),
            sealed_at_us: head.sealed_at().as_micros(),
            log_id: *head.log_id().as_bytes(),
            hash: *head.hash().as_bytes(),
        }
    }
}

impl AiAuditHead {
    /// The head that it says, if a log can have it.
    pub(crate) fn get(&self) -> Result<Head> {
        if self.size == 0 {
            return Err(AiAuditStatus::Argument);
        }
        let (log_id, hash) = (
            LogId::from_bytes(self.log_id),
            LeafHash::from_bytes(self.hash),
        );
        Ok(Head::from_parts(
            log_id,
            self.size,
            hash,
            time(self.sealed_at_us)?,
        ))
    }
}

impl AiAuditFault {
    pub(crate) fn none() -> Self {
        Self {
            offset: 0,
            field: AiAuditText::default(),
            expected: AiAuditText::default(),
        }
    }
}

impl From<DecodeError> for AiAuditFault {
    fn from(error: DecodeError) -> Self {
        Self {
            offset: error.offset,
            field: AiAuditText::of(error.field),
            expected: AiAuditText::of(error.expected),
        }
    }
}
