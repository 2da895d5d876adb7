//! Keys: a seed in memory, or a secure element of the caller's.
#![allow(unsafe_code, reason = "seeds and signing functions come from C")]

use crate::raw;
use crate::status::{AiAuditStatus, Result, status};
use crate::types;
use ai_audit_core::{Signature, Signer, SignerError, SigningKey, VerifyingKey};
use core::ffi::c_void;

/// Signs a message by Ed25519 (RFC 8032) somewhere else, and writes the 64 bytes of the signature.
/// Returns 0 if it did. It may not call into a log or verifier that is being worked on.
pub type AiAuditSign = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        message: *const u8,
        message_len: usize,
        signature: *mut u8,
    ) -> i32,
>;

/// A receipt key: its seed, or the function that signs with it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct AiAuditSigner {
    /// 32 bytes from a cryptographic random source, the RFC 8032 seed; or null if the key is elsewhere.
    /// They are copied; wipe yours.
    pub seed: *const u8,
    /// Where `seed` is null: signs, for as long as the log is open. What it returns is not verified.
    pub sign: AiAuditSign,
    /// Handed to `sign` as it is.
    pub context: *mut c_void,
    /// Where `seed` is null: the public key.
    pub public_key: [u8; 32],
}

/// The key of an open log.
pub(crate) enum Key {
    /// In this memory.
    Here(SigningKey),
    /// Behind a function of the caller's.
    Elsewhere(Elsewhere),
}

/// A function of the caller's that signs.
pub(crate) struct Elsewhere {
    sign: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut u8) -> i32,
    context: *mut c_void,
    public: VerifyingKey,
}

impl AiAuditSigner {
    /// # Safety
    /// `seed` is null or points to 32 initialised bytes; `sign` is a function as described.
    pub(crate) unsafe fn get(&self) -> Result<Key> {
        if !self.seed.is_null() {
            // SAFETY: the caller's promise is the same.
            let seed = unsafe { raw::array(self.seed) }?;
            return Ok(Key::Here(SigningKey::from_bytes(seed)));
        }
        Ok(Key::Elsewhere(Elsewhere {
            sign: self.sign.ok_or(AiAuditStatus::Null)?,
            context: self.context,
            public: types::key(&self.public_key)?,
        }))
    }
}

impl Signer for Key {
    fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::Here(key) => key.verifying_key(),
            Self::Elsewhere(key) => key.public,
        }
    }

    fn try_sign(&self, message: &[u8]) -> core::result::Result<Signature, SignerError> {
        match self {
            Self::Here(key) => key.try_sign(message),
            Self::Elsewhere(key) => {
                let mut signature = [0; 64];
                // SAFETY: whoever gave the function promised that it takes these, and it reads and writes
                // no more than what they point to.
                let failed = unsafe {
                    (key.sign)(
                        key.context,
                        message.as_ptr(),
                        message.len(),
                        signature.as_mut_ptr(),
                    )
                };
                if failed != 0 {
                    return Err(SignerError::new(
                        "the function that signs returned a failure",
                    ));
                }
                Ok(Signature::from_bytes(signature))
            }
        }
    }
}

/// The public key of a seed.
///
/// # Safety
/// `seed` points to 32 bytes, `public_key` to room for 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_public_key(
    seed: *const u8,
    public_key: *mut u8,
) -> AiAuditStatus {
    // SAFETY: the caller's promise is the same.
    let (seed, out) = unsafe {
        (
            raw::array::<32>(seed),
            raw::room::<[u8; 32]>(public_key.cast()),
        )
    };
    status((|| {
        out?.write(*SigningKey::from_bytes(seed?).verifying_key().as_bytes());
        Ok(())
    })())
}
