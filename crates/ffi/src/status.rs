//! What every call returns, and its text.
#![allow(
    unsafe_code,
    reason = "a name for C is unsafe by itself: two of them would clash"
)]

use ai_audit_core::{ChainError, KeyHistoryError, SealError};
use core::ffi::{CStr, c_char};

/// What came of a call. 0 is success; everything else changed no log and no verifier.
///
/// New values may be added; treat one that you do not know as a failure.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AiAuditStatus {
    /// Done.
    Ok = 0,

    /// A pointer that must point to something is null.
    Null = 1,
    /// A pointer is not aligned for what it should point to.
    Misaligned = 2,
    /// A length is larger than any object can be.
    Length = 3,
    /// A text is not UTF-8.
    Utf8 = 4,
    /// An argument is out of its range: a flag other than 0 and 1, an unknown number, a time after the
    /// year 9999, an id that is no UUIDv7.
    Argument = 5,
    /// More items in a list than fit; the header has the limits.
    TooMany = 6,
    /// The block was not initialised, or was closed.
    NotOpen = 7,

    /// The output buffer is too small for what would be written.
    BufferTooSmall = 16,
    /// A field of the body breaks a rule of its kind.
    Body = 17,
    /// The first receipt of a log must be its genesis, and no other may be one.
    GenesisPlace = 18,
    /// The time lies before that of the receipt before.
    Backwards = 19,
    /// The log has 2^64 - 1 receipts.
    Full = 20,
    /// The caller's signer failed.
    Signer = 21,
    /// Bytes that are no Ed25519 public key, or one that nobody may trust.
    PublicKey = 22,

    /// The bytes are no receipt in canonical form. The fault says where.
    Decode = 32,
    /// Receipts are missing before this one.
    Missing = 33,
    /// A receipt of a place that was passed already: a replay or another order.
    Repeated = 34,
    /// The receipt belongs to another log.
    OtherLog = 35,
    /// It does not name the hash of the receipt before.
    Prev = 36,
    /// Its time lies before that of the receipt before.
    TimeBackwards = 37,
    /// It is signed by, or names, another key than the valid one.
    OtherKey = 38,
    /// Its signature does not verify: these are not the bytes that were signed.
    Signature = 39,
    /// It has no signature of its own, or is a batch seal: logs of such receipts are not verified here.
    Batched = 40,
    /// It hands the log over to a key in a way that is not allowed.
    KeyChange = 41,
    /// The genesis does not fit the pinned key line.
    Pin = 42,
    /// The text is no key line.
    KeyLine = 43,
    /// The receipts file is not well-formed here, or ends inside a receipt.
    Frame = 44,
    /// The bytes of this receipt were deleted: only its hash is there.
    Deleted = 45,
}

impl AiAuditStatus {
    const ALL: [Self; 29] = [
        Self::Ok,
        Self::Null,
        Self::Misaligned,
        Self::Length,
        Self::Utf8,
        Self::Argument,
        Self::TooMany,
        Self::NotOpen,
        Self::BufferTooSmall,
        Self::Body,
        Self::GenesisPlace,
        Self::Backwards,
        Self::Full,
        Self::Signer,
        Self::PublicKey,
        Self::Decode,
        Self::Missing,
        Self::Repeated,
        Self::OtherLog,
        Self::Prev,
        Self::TimeBackwards,
        Self::OtherKey,
        Self::Signature,
        Self::Batched,
        Self::KeyChange,
        Self::Pin,
        Self::KeyLine,
        Self::Frame,
        Self::Deleted,
    ];

    const fn text(self) -> &'static CStr {
        match self {
            Self::Ok => c"done",
            Self::Null => c"a pointer that must point to something is null",
            Self::Misaligned => c"a pointer is not aligned for what it should point to",
            Self::Length => c"a length is larger than any object can be",
            Self::Utf8 => c"a text is not UTF-8",
            Self::Argument => c"an argument is out of its range",
            Self::TooMany => c"a list has more items than fit; see the limits in the header",
            Self::NotOpen => c"the block was not initialised, or was closed",
            Self::BufferTooSmall => c"the output buffer is too small",
            Self::Body => c"a field of the body breaks a rule of its kind",
            Self::GenesisPlace => c"the first receipt of a log, and no other, is a genesis",
            Self::Backwards => c"the time lies before that of the receipt before",
            Self::Full => c"the log cannot hold another receipt",
            Self::Signer => c"the signer failed",
            Self::PublicKey => c"not the canonical encoding of a usable Ed25519 public key",
            Self::Decode => c"not a receipt in canonical form",
            Self::Missing => c"receipts are missing before this one",
            Self::Repeated => c"this place was passed already: replayed or reordered",
            Self::OtherLog => c"the receipt belongs to another log",
            Self::Prev => c"prev is not the hash of the receipt before",
            Self::TimeBackwards => c"sealed_at lies before that of the receipt before",
            Self::OtherKey => c"key_id names another key than the valid one",
            Self::Signature => c"the signature does not verify: not the bytes that were signed",
            Self::Batched => c"batched: logs with batched receipts are not verified here",
            Self::KeyChange => c"the log cannot be handed over to this key in this way",
            Self::Pin => c"the genesis does not fit the pinned key line",
            Self::KeyLine => c"not a key line: expected origin, hash and key with '+' between",
            Self::Frame => c"not a well-formed receipts file here, or it ends inside a receipt",
            Self::Deleted => c"the bytes of this receipt were deleted; only its hash is there",
        }
    }
}

/// A status in words: a constant text in English, lower case, without a full stop, ending in a zero.
/// Never null, also for numbers that are no status.
#[unsafe(no_mangle)]
pub extern "C" fn ai_audit_status_text(status: i32) -> *const c_char {
    let known = AiAuditStatus::ALL
        .into_iter()
        .find(|known| *known as i32 == status);
    known
        .map_or(c"unknown status", AiAuditStatus::text)
        .as_ptr()
}

/// What a call of this crate does inside.
pub(crate) type Result<T> = core::result::Result<T, AiAuditStatus>;

/// The status of what a call did.
pub(crate) fn status(result: Result<()>) -> AiAuditStatus {
    result.err().unwrap_or(AiAuditStatus::Ok)
}

impl From<SealError> for AiAuditStatus {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Body(_) => Self::Body,
            SealError::TooLong { .. } => Self::BufferTooSmall,
            SealError::Genesis => Self::GenesisPlace,
            SealError::TimeBackwards { .. } => Self::Backwards,
            SealError::Full => Self::Full,
            // Nothing is sealed batched here.
            SealError::Control(_) => Self::Batched,
            SealError::Signer(_) => Self::Signer,
        }
    }
}

impl From<ChainError> for AiAuditStatus {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Missing { .. } => Self::Missing,
            ChainError::Repeated { .. } => Self::Repeated,
            ChainError::OtherLog { .. } => Self::OtherLog,
            ChainError::Prev => Self::Prev,
            ChainError::TimeBackwards => Self::TimeBackwards,
            ChainError::Genesis => Self::GenesisPlace,
        }
    }
}

impl From<KeyHistoryError> for AiAuditStatus {
    fn from(error: KeyHistoryError) -> Self {
        match error {
            // A history without permission has no more of batches than that.
            KeyHistoryError::Batched
            | KeyHistoryError::BatchedControl { .. }
            | KeyHistoryError::BatchTooLong { .. }
            | KeyHistoryError::Unsealed { .. }
            | KeyHistoryError::BatchRange { .. } => Self::Batched,
            KeyHistoryError::OtherKey { .. } => Self::OtherKey,
            KeyHistoryError::Signature { .. } => Self::Signature,
            KeyHistoryError::Body(_) => Self::Decode,
            KeyHistoryError::Proof { .. }
            | KeyHistoryError::Purpose { .. }
            | KeyHistoryError::Revoked { .. }
            | KeyHistoryError::Recovery
            | KeyHistoryError::After { .. } => Self::KeyChange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_status_has_a_text_of_its_own() {
        let texts: BTreeSet<_> = AiAuditStatus::ALL.map(AiAuditStatus::text).into();
        assert_eq!(texts.len(), AiAuditStatus::ALL.len());
        assert!(
            texts
                .iter()
                .all(|text| text.to_str().is_ok_and(|text| !text.ends_with('.')))
        );
    }
}
