//! Reading one sealed receipt, and verifying it alone.
#![allow(
    unsafe_code,
    reason = "the bytes come from C, and what was read points into them"
)]

use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{self, AiAuditBytes, AiAuditFault, AiAuditText};
use ai_audit_core::{DecodeError, UnverifiedReceipt};
use core::mem::MaybeUninit;

/// What a sealed receipt says of itself. Texts and body point into the sealed bytes, and are good for as
/// long as those are.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditReceipt {
    /// Place in the log, from 0.
    pub seq: u64,
    /// When it was sealed, in microseconds since 1970-01-01T00:00:00Z.
    pub sealed_at_us: u64,
    /// The log: hash of its genesis; all zero in the genesis.
    pub log_id: [u8; 32],
    /// Hash of the receipt before; all zero in the genesis.
    pub prev: [u8; 32],
    /// SHA-256(0x00, payload): its own hash.
    pub hash: [u8; 32],
    /// Its id.
    pub id: [u8; 16],
    /// Which key signed, by its short name.
    pub key_id: [u8; 8],
    /// Trace it belongs to; may be empty.
    pub trace_id: AiAuditText,
    /// Session it belongs to; may be empty.
    pub session_id: AiAuditText,
    /// Who acted; may be empty.
    pub actor_id: AiAuditText,
    /// The payload, which was hashed and signed.
    pub payload: AiAuditBytes,
    /// The body, which ends the payload.
    pub body: AiAuditBytes,
    /// What the body is: a number of `docs/spec/receipt.md`.
    pub kind: u16,
    /// 1 if it is signed by itself; 0 if batched, which is not verified here.
    pub is_signed: u8,
}

impl From<&UnverifiedReceipt<'_>> for AiAuditReceipt {
    fn from(receipt: &UnverifiedReceipt<'_>) -> Self {
        let header = receipt.header();
        Self {
            seq: header.seq,
            sealed_at_us: header.sealed_at.as_micros(),
            log_id: *header.log_id.as_bytes(),
            prev: *header.prev.as_bytes(),
            hash: *receipt.hash().as_bytes(),
            id: *header.id.as_bytes(),
            key_id: *header.key_id.as_bytes(),
            trace_id: AiAuditText::of(header.trace_id),
            session_id: AiAuditText::of(header.session_id),
            actor_id: AiAuditText::of(header.actor_id),
            payload: AiAuditBytes::of(receipt.payload()),
            body: AiAuditBytes::of(receipt.body()),
            kind: header.kind.number(),
            is_signed: u8::from(receipt.signature().is_some()),
        }
    }
}

/// The place for a fault, where the caller wants one; nothing is wrong yet.
pub(crate) struct Fault<'a>(Option<&'a mut MaybeUninit<AiAuditFault>>);

impl<'a> Fault<'a> {
    /// # Safety
    /// `fault` is null or points to room for one.
    pub(crate) unsafe fn at(fault: *mut AiAuditFault) -> Result<Self> {
        // SAFETY: the caller's promise is the same.
        let mut room = unsafe { raw::wanted(fault) }?;
        if let Some(room) = &mut room {
            room.write(AiAuditFault::none());
        }
        Ok(Self(room))
    }

    pub(crate) fn decode(&mut self, error: DecodeError) -> AiAuditStatus {
        if let Some(room) = &mut self.0 {
            room.write(error.into());
        }
        AiAuditStatus::Decode
    }
}

/// Reads a sealed receipt: payload, then signature. It verifies nothing.
///
/// # Safety
/// `sealed` points to `sealed_len` bytes, `receipt` to room for one, `fault` is null or points to room for
/// one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_parse(
    sealed: *const u8,
    sealed_len: usize,
    receipt: *mut AiAuditReceipt,
    fault: *mut AiAuditFault,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (sealed, mut fault) = unsafe { (raw::items(sealed, sealed_len)?, Fault::at(fault)?) };
        // SAFETY: the caller's promise is the same.
        let out = unsafe { raw::room(receipt) }?;
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| fault.decode(error))?;
        out.write(AiAuditReceipt::from(&receipt));
        Ok(())
    })())
}

/// Verifies the signature of one receipt under a key that the caller trusts. It says nothing of the
/// receipt's place in a log.
///
/// # Safety
/// `sealed` points to `sealed_len` bytes, `public_key` to 32, `fault` is null or points to room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verify_signature(
    sealed: *const u8,
    sealed_len: usize,
    public_key: *const u8,
    fault: *mut AiAuditFault,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (sealed, mut fault) = unsafe { (raw::items(sealed, sealed_len)?, Fault::at(fault)?) };
        // SAFETY: the caller's promise is the same.
        let key = types::key(unsafe { raw::array(public_key) }?)?;
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| fault.decode(error))?;
        if receipt.signature().is_none() {
            return Err(AiAuditStatus::Batched);
        }
        if receipt.header().key_id != key.id() {
            return Err(AiAuditStatus::OtherKey);
        }
        receipt
            .verify_signature(&key)
            .map_err(|_| AiAuditStatus::Signature)
    })())
}
