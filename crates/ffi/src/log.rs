//! An open log: its key and its head in a block of the caller's.
#![allow(unsafe_code, reason = "the block and what goes into it come from C")]

use crate::draft::AiAuditDraft;
use crate::raw;
use crate::signer::{AiAuditSigner, Key};
use crate::status::{AiAuditStatus, Result, status};
use crate::types::{self, AiAuditHead, AiAuditText};
use ai_audit_core::{
    Body, Draft, Genesis, Head, Kind, SealError, SealedReceipt, Signer, VerifyingKey,
};
use core::mem::MaybeUninit;

/// Size of a log's block, in units of 8 bytes.
pub const AI_AUDIT_LOG_WORDS: usize = 64;

/// A log that is sealed to. 512 bytes, aligned like `uint64_t`, without meaning outside of the library.
/// It may be moved while no call works on it. It holds the key: close it, and do not store it.
#[repr(C)]
pub struct AiAuditLog {
    /// Not for you.
    pub opaque: [MaybeUninit<u64>; AI_AUDIT_LOG_WORDS],
}

impl core::fmt::Debug for AiAuditLog {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AiAuditLog(secret)")
    }
}

/// What opens a log: receipt 0 binds these for good.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditGenesis {
    /// The log's name: 1 to 190 bytes without white space, control character or `+`. A domain and a path
    /// of yours make it unique.
    pub name: AiAuditText,
    /// Whose log it is; may be empty.
    pub tenant: AiAuditText,
    /// Public key that signs checkpoints and packages. Its secret is not for the device.
    pub checkpoint_key: [u8; 32],
    /// Public key that may revoke receipt keys. Its secret is kept offline.
    pub recovery_key: [u8; 32],
    /// Random.
    pub salt: [u8; 16],
}

/// What stands in an open log's block.
#[repr(C)]
pub(crate) struct Open {
    magic: u64,
    pub(crate) key: Key,
    pub(crate) head: Head,
}

/// What an open log's block begins with: "ai-audit", the log.
const MAGIC: u64 = 0x6169_2d61_7564_6c01;

const _: () = assert!(size_of::<Open>() <= size_of::<AiAuditLog>());
const _: () = assert!(align_of::<Open>() <= align_of::<AiAuditLog>());

impl Open {
    /// # Safety
    /// As [`raw::placed`]: the block is initialised memory.
    pub(crate) unsafe fn at<'a>(log: *mut AiAuditLog) -> Result<&'a mut Self> {
        check_block(log)?;
        // SAFETY: a block is large and aligned enough, as asserted above, and the rest is the caller's
        // promise. Only `place` writes MAGIC at a block's start, in front of an Open.
        unsafe { raw::placed(log.cast::<Self>(), MAGIC) }
    }

    /// Seals with the log's own key as the receipt after its head.
    pub(crate) fn seal(
        &mut self,
        draft: &Draft<'_>,
        body: &impl Body,
        out: &mut [u8],
    ) -> Result<usize> {
        self.keep(draft.seal(body, &self.head, &self.key, out))
    }

    /// The same for a body that is encoded already.
    pub(crate) fn seal_encoded(
        &mut self,
        draft: &Draft<'_>,
        kind: Kind,
        body: &[u8],
        out: &mut [u8],
    ) -> Result<usize> {
        self.keep(draft.seal_encoded(kind, body, &self.head, &self.key, out))
    }

    fn keep(
        &mut self,
        sealed: core::result::Result<SealedReceipt<'_>, SealError>,
    ) -> Result<usize> {
        let sealed = sealed?;
        self.head = sealed.head();
        Ok(sealed.as_bytes().len())
    }
}

fn check_block(log: *mut AiAuditLog) -> Result<()> {
    if log.is_null() {
        Err(AiAuditStatus::Null)
    } else if log.is_aligned() {
        Ok(())
    } else {
        Err(AiAuditStatus::Misaligned)
    }
}

/// # Safety
/// Where `log` is aligned and not null, it points to a block that nobody else uses meanwhile.
unsafe fn place(log: *mut AiAuditLog, key: Key, head: Head) -> Result<()> {
    check_block(log)?;
    // SAFETY: a block is large and aligned enough, as asserted above; the rest is the caller's promise.
    let room = unsafe { raw::room(log.cast::<Open>()) }?;
    room.write(Open {
        magic: MAGIC,
        key,
        head,
    });
    Ok(())
}

impl AiAuditGenesis {
    /// # Safety
    /// Its texts point to what they say.
    pub(crate) unsafe fn get(&self, receipt_key: &VerifyingKey) -> Result<Genesis<'_>> {
        // SAFETY: the caller's promise is the same.
        let (name, tenant) = unsafe { (self.name.as_str()?, self.tenant.as_str()?) };
        let (checkpoint, recovery) = (
            types::key(&self.checkpoint_key)?,
            types::key(&self.recovery_key)?,
        );
        Ok(Genesis::new(
            name,
            tenant,
            receipt_key,
            &checkpoint,
            &recovery,
            self.salt,
        ))
    }
}

/// Opens a new log: seals its genesis into `out`, and leaves the log ready for the next receipt. Store
/// the genesis like every receipt.
///
/// # Safety
/// `log` points to a block, `genesis`, `signer` and `draft` to such structs whose pointers hold what they
/// say, `out` to `out_len` bytes, `written` to a size. None of them overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_log_open(
    log: *mut AiAuditLog,
    genesis: *const AiAuditGenesis,
    signer: *const AiAuditSigner,
    draft: *const AiAuditDraft,
    out: *mut u8,
    out_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        check_block(log)?;
        // SAFETY: the caller's promise is the same.
        let (genesis, signer) = unsafe { (raw::reference(genesis)?, raw::reference(signer)?) };
        // SAFETY: the caller's promise is the same.
        let (draft, key) = unsafe { (AiAuditDraft::at(draft)?, signer.get()?) };
        // SAFETY: the caller's promise is the same.
        let (out, written) = unsafe { (raw::bytes_mut(out, out_len)?, raw::room(written)?) };
        // SAFETY: the caller's promise is the same.
        let genesis = unsafe { genesis.get(&key.verifying_key()) }?;
        let sealed = draft.seal(&genesis, &Head::EMPTY, &key, out)?;
        let (head, len) = (sealed.head(), sealed.as_bytes().len());
        // SAFETY: the caller's promise is the same.
        unsafe { place(log, key, head) }?;
        written.write(len);
        Ok(())
    })())
}

/// Goes on with a log after its head, as a store or a verifier has it. Whether the key is the valid one
/// is not asked here; a verifier does.
///
/// # Safety
/// `log` points to a block, `signer` and `head` to such structs whose pointers hold what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_log_resume(
    log: *mut AiAuditLog,
    signer: *const AiAuditSigner,
    head: *const AiAuditHead,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (signer, head) = unsafe { (raw::reference(signer)?, raw::reference(head)?) };
        let head = head.get()?;
        // SAFETY: the caller's promise is the same.
        let key = unsafe { signer.get() }?;
        // SAFETY: the caller's promise is the same.
        unsafe { place(log, key, head) }
    })())
}

/// Where the log ends. Take it before sealing, to go back to it if the receipt could not be stored.
///
/// # Safety
/// `log` points to an initialised block, `head` to room for a head.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_log_head(
    log: *mut AiAuditLog,
    head: *mut AiAuditHead,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (log, head) = unsafe { (Open::at(log)?, raw::room(head)?) };
        head.write(log.head.into());
        Ok(())
    })())
}

/// Wipes the key and ends the use of the block. The log can be resumed.
///
/// # Safety
/// `log` points to an initialised block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_log_close(log: *mut AiAuditLog) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let open = unsafe { Open::at(log) }?;
        // SAFETY: it is a valid Open, and nothing takes it for one again: the block is overwritten next.
        unsafe { core::ptr::drop_in_place(open) };
        // SAFETY: a block is aligned memory of this size, and any bytes are a MaybeUninit.
        let block = unsafe { raw::room(log) }?;
        block.write(AiAuditLog {
            opaque: [MaybeUninit::new(0); AI_AUDIT_LOG_WORDS],
        });
        Ok(())
    })())
}
