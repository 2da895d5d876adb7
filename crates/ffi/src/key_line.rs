//! The key line that an auditor pins: written for a genesis, read by a verifier, without an allocator.
#![allow(unsafe_code, reason = "the genesis and the buffer come from C")]

use crate::log::AiAuditGenesis;
use crate::raw;
use crate::signer::AiAuditSigner;
use crate::status::{AiAuditStatus, Result, status};
use ai_audit_core::{Genesis, Origin, Signer, VerifyingKey};
use base64ct::{Base64, Encoding};
use core::ffi::c_char;
use core::fmt::{self, Write};
use sha2::{Digest, Sha256};

/// The type byte of an Ed25519 key in a C2SP vkey.
const ED25519: u8 = 1;
/// Longest origin: a name, a slash, 32 digits.
pub(crate) const MAX_ORIGIN_LEN: usize = 190 + 1 + 32;

/// What a key line pins: the checkpoint key, and the origin that commits to all three.
pub(crate) struct KeyLine<'a> {
    pub(crate) origin: &'a str,
    pub(crate) key: VerifyingKey,
}

impl<'a> KeyLine<'a> {
    /// Reads a C2SP vkey `name+hash+key` of type Ed25519 whose name is an origin.
    pub(crate) fn parse(line: &'a str) -> Result<Self> {
        const BAD: AiAuditStatus = AiAuditStatus::KeyLine;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let mut parts = line.splitn(3, '+');
        let (Some(origin), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(BAD);
        };
        Origin::parse(origin).map_err(|_| BAD)?;
        let mut bytes = [0; 33];
        if Base64::decode(key, &mut bytes).map_err(|_| BAD)?.len() != bytes.len() {
            return Err(BAD);
        }
        let [ED25519, key @ ..] = bytes else {
            return Err(BAD);
        };
        let mut expected = Fixed::<8>::default();
        write!(expected, "{:08x}", key_hash(origin, &key)).map_err(|_| BAD)?;
        if expected.as_bytes() != hash.as_bytes() {
            return Err(BAD);
        }
        let key = VerifyingKey::from_pinned_bytes(&key).map_err(|_| AiAuditStatus::PublicKey)?;
        Ok(Self { origin, key })
    }

    /// Whether a genesis is the one of the pinned log.
    pub(crate) fn is_of(origin: &str, key: &VerifyingKey, genesis: &Genesis<'_>) -> bool {
        Origin::parse(origin).is_ok_and(|pinned| {
            let keys = (
                &genesis.receipt_key,
                &genesis.checkpoint_key,
                &genesis.recovery_key,
            );
            pinned.name() == genesis.name.as_str()
                && genesis.checkpoint_key == *key
                && pinned.commits_to(keys.0, keys.1, keys.2, &genesis.salt)
        })
    }
}

/// First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), as C2SP signed-note has it.
fn key_hash(origin: &str, key: &[u8; 32]) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(origin.as_bytes());
    hasher.update([b'\n', ED25519]);
    hasher.update(key);
    let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
    u32::from_be_bytes([a, b, c, d])
}

/// Writes the log's key line, without a line feed: what auditors pin, to be given to them once and by a
/// way that the device's keeper cannot change later. `log.pub` is this line with a line feed.
/// `AI_AUDIT_MAX_KEY_LINE_LEN` bytes are always enough.
///
/// # Safety
/// `genesis` and `signer` are as for `ai_audit_log_open`; `line` points to `line_len` bytes, `written` to
/// a size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ai_audit_key_line(
    genesis: *const AiAuditGenesis,
    signer: *const AiAuditSigner,
    line: *mut c_char,
    line_len: usize,
    written: *mut usize,
) -> AiAuditStatus {
    status((|| {
        // SAFETY: the caller's promise is the same.
        let (genesis, signer) = unsafe { (raw::reference(genesis)?, raw::reference(signer)?) };
        // SAFETY: the caller's promise is the same.
        let (out, written) =
            unsafe { (raw::bytes_mut(line.cast(), line_len)?, raw::room(written)?) };
        // SAFETY: the caller's promise is the same.
        let key = unsafe { signer.get() }?;
        // SAFETY: the caller's promise is the same.
        let genesis = unsafe { genesis.get(&key.verifying_key()) }?;
        let origin = genesis.origin().map_err(|_| AiAuditStatus::Body)?;
        let mut text = Fixed::<MAX_ORIGIN_LEN>::default();
        write!(text, "{origin}").map_err(|_| AiAuditStatus::Body)?;
        let origin = core::str::from_utf8(text.as_bytes()).map_err(|_| AiAuditStatus::Body)?;
        let public = genesis.checkpoint_key.as_bytes();
        let mut key = [ED25519; 33];
        key[1..].copy_from_slice(public);
        let mut base64 = [0; 44];
        let base64 = Base64::encode(&key, &mut base64).map_err(|_| AiAuditStatus::Body)?;
        let hash = key_hash(origin, public);
        let mut line = Fixed::<{ crate::AI_AUDIT_MAX_KEY_LINE_LEN }>::default();
        write!(line, "{origin}+{hash:08x}+{base64}").map_err(|_| AiAuditStatus::Body)?;
        let line = line.as_bytes();
        let room = out
            .get_mut(..line.len())
            .ok_or(AiAuditStatus::BufferTooSmall)?;
        room.copy_from_slice(line);
        written.write(line.len());
        Ok(())
    })())
}

/// A text of at most `N` bytes that is written piece by piece.
struct Fixed<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Fixed<N> {
    fn default() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }
}

impl<const N: usize> Fixed<N> {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl<const N: usize> Write for Fixed<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
