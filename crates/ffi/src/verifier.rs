//! Verifying a log receipt by receipt, from a pinned key line or from where it was verified before.
#![allow(unsafe_code, reason = "the block and the receipts come from C")]

use crate::genesis;
use crate::key_line::{KeyLine, MAX_ORIGIN_LEN};
use crate::raw;
use crate::receipt::{AiAuditReceipt, Fault};
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{self, AiAuditFault, AiAuditHead, AiAuditKeys, AiAuditText};
use ai_audit_core::{Chain, KeyHistory, KeyHistoryError, UnverifiedReceipt, VerifyingKey};
use core::mem::MaybeUninit;

/// Size of a verifier's block, in units of 8 bytes.
pub const AI_AUDIT_VERIFIER_WORDS: usize = 160;

/// A walk along a log. 1280 bytes, aligned like `uint64_t`, without meaning outside of the library, and
/// without secrets. It may be copied while no call works on it, and both copies go on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AiAuditVerifier {
    /// Not for you.
    pub opaque: [MaybeUninit<u64>; AI_AUDIT_VERIFIER_WORDS],
}

impl core::fmt::Debug for AiAuditVerifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AiAuditVerifier(..)")
    }
}

/// What stands in a verifier's block.
#[repr(C)]
struct Walk {
    magic: u64,
    chain: Chain,
    checkpoint: VerifyingKey,
    keys: Keys,
}

/// From where the walk knows the log's keys.
#[allow(
    clippy::large_enum_variant,
    reason = "it lies in a block of fixed size, and there is no allocator to box with"
)]
enum Keys {
    /// From nowhere yet: the genesis has to fit this origin.
    Pinned {
        origin: [u8; MAX_ORIGIN_LEN],
        len: usize,
    },
    /// From the receipts so far.
    Walked(KeyHistory),
}

/// What a verifier's block begins with: "ai-audit", the verifier.
const MAGIC: u64 = 0x6169_2d61_7564_7601;

const _: () = assert!(size_of::<Walk>() <= size_of::<AiAuditVerifier>());
const _: () = assert!(align_of::<Walk>() <= align_of::<AiAuditVerifier>());

impl Walk {
    /// # Safety
    /// As [`raw::placed`]: the block is initialised memory.
    unsafe fn at<'a>(verifier: *mut AiAuditVerifier) -> Result<&'a mut Self> {
        if !verifier.is_aligned() {
            return Err(AiAuditStatus::Misaligned);
        }
        // SAFETY: a block is large and aligned enough, as asserted above, and the rest is the caller's
        // promise. Only `place` writes MAGIC at a block's start, in front of a Walk.
        unsafe { raw::placed(verifier.cast::<Self>(), MAGIC) }
    }

    /// # Safety
    /// Where `verifier` is aligned and not null, it points to a block that nobody else uses meanwhile.
    unsafe fn place(self, verifier: *mut AiAuditVerifier) -> Result<()> {
        if !verifier.is_aligned() {
            return Err(AiAuditStatus::Misaligned);
        }
        // SAFETY: a block is large and aligned enough, as asserted above; the rest is the caller's promise.
        let room = unsafe { raw::room(verifier.cast::<Self>()) }?;
        room.write(self);
        Ok(())
    }

    fn take(&mut self, receipt: &UnverifiedReceipt<'_>, fault: &mut Fault<'_>) -> Result<()> {
        let mut chain = self.chain;
        chain.push(receipt)?;
        let mut history = match &self.keys {
            Keys::Walked(history) => *history,
            Keys::Pinned { origin, len } => {
                let genesis = genesis::decode(receipt).map_err(|error| fault.decode(error))?;
                let origin = origin
                    .get(..*len)
                    .and_then(|text| core::str::from_utf8(text).ok());
                if !origin.is_some_and(|origin| KeyLine::is_of(origin, &self.checkpoint, &genesis))
                {
                    return Err(AiAuditStatus::Pin);
                }
                KeyHistory::new(chain.head().log_id(), &genesis)
            }
        };
        history.take(receipt).map_err(|error| match error {
            KeyHistoryError::Body(error) => fault.decode(error),
            error => error.into(),
        })?;
        self.chain = chain;
        self.keys = Keys::Walked(history);
        Ok(())
    }
}

/// Begins with a key line that the caller trusts, `log.pub`, with or without its line feed. The next
/// receipt must be the log's genesis.
///
/// # Safety
/// `verifier` points to a block, `key_line` to what it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verifier_init(
    verifier: *mut AiAuditVerifier,
    key_line: AiAuditText,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let line = KeyLine::parse(unsafe { key_line.as_str() }?)?;
        let (mut origin, len) = ([0; MAX_ORIGIN_LEN], line.origin.len());
        let room = origin.get_mut(..len).ok_or(AiAuditStatus::KeyLine)?;
        room.copy_from_slice(line.origin.as_bytes());
        let walk = Walk {
            magic: MAGIC,
            chain: Chain::new(),
            checkpoint: line.key,
            keys: Keys::Pinned { origin, len },
        };
        // SAFETY: the caller's promise is the same.
        unsafe { walk.place(verifier) }
    })())
}

/// Goes on after a head, with the keys that were valid there. Both have to come from where nobody else
/// writes: they are trusted as the key line is.
///
/// # Safety
/// `verifier` points to a block, `head` and `keys` to such structs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verifier_resume(
    verifier: *mut AiAuditVerifier,
    head: *const AiAuditHead,
    keys: *const AiAuditKeys,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (head, keys) = unsafe { (raw::reference(head)?.get()?, raw::reference(keys)?) };
        let receipt = types::key(&keys.receipt)?;
        let (checkpoint, recovery) = (types::key(&keys.checkpoint)?, types::key(&keys.recovery)?);
        let history = KeyHistory::from_keys(head.log_id(), receipt, checkpoint, recovery);
        let walk = Walk {
            magic: MAGIC,
            chain: Chain::resume(head),
            checkpoint,
            keys: Keys::Walked(history),
        };
        // SAFETY: the caller's promise is the same.
        unsafe { walk.place(verifier) }
    })())
}

/// Verifies the next receipt: its form, its place in the chain, its signature under the key that is valid
/// there, and changes of that key. `receipt` gets what it says, also where chain or key are wrong; it may
/// be null.
///
/// # Safety
/// `verifier` points to an initialised block, `sealed` to `sealed_len` bytes; `receipt` and `fault` are
/// null or point to room for one. None of them overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verifier_take(
    verifier: *mut AiAuditVerifier,
    sealed: *const u8,
    sealed_len: usize,
    receipt: *mut AiAuditReceipt,
    fault: *mut AiAuditFault,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (walk, sealed) = unsafe { (Walk::at(verifier)?, raw::items(sealed, sealed_len)?) };
        // SAFETY: the caller's promise is the same.
        let (out, mut fault) = unsafe { (raw::wanted(receipt)?, Fault::at(fault)?) };
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|error| fault.decode(error))?;
        if let Some(out) = out {
            out.write(AiAuditReceipt::from(&receipt));
        }
        walk.take(&receipt, &mut fault)
    })())
}

/// Where the verified part of the log ends. `AI_AUDIT_STATUS_NOT_OPEN` before its genesis.
///
/// # Safety
/// `verifier` points to an initialised block, `head` to room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verifier_head(
    verifier: *mut AiAuditVerifier,
    head: *mut AiAuditHead,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (walk, out) = unsafe { (Walk::at(verifier)?, raw::room(head)?) };
        let head = *walk.chain.head();
        if head.is_empty() {
            return Err(AiAuditStatus::NotOpen);
        }
        out.write(head.into());
        Ok(())
    })())
}

/// The keys that are valid for the next receipt. `AI_AUDIT_STATUS_NOT_OPEN` before the genesis.
///
/// # Safety
/// `verifier` points to an initialised block, `keys` to room for such a struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_verifier_keys(
    verifier: *mut AiAuditVerifier,
    keys: *mut AiAuditKeys,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (walk, out) = unsafe { (Walk::at(verifier)?, raw::room(keys)?) };
        let Keys::Walked(history) = &walk.keys else {
            return Err(AiAuditStatus::NotOpen);
        };
        out.write(AiAuditKeys {
            receipt: *history.valid().as_bytes(),
            checkpoint: *walk.checkpoint.as_bytes(),
            recovery: *history.recovery().as_bytes(),
        });
        Ok(())
    })())
}
