//! Subject keys, and what is derived from them.

use crate::hkdf::Prk;
use ai_audit_core::{DigestSecret, LogId, SubjectKeyId};
use alloc::boxed::Box;
use core::fmt;
use zeroize::Zeroizing;

/// Derivation of a subject's digest secret.
const DIGEST: &[u8] = b"ai-audit/subject-digest/v1\0";
/// Derivation of a log's key of pseudonyms.
const PSEUDONYM: &[u8] = b"ai-audit/pseudonym/v1\0";

/// 32 secret bytes in one place of the heap, so that moving their owner copies nothing of them.
/// Wiped when dropped.
pub(crate) struct Secret(Box<Zeroizing<[u8; 32]>>);

impl Secret {
    pub(crate) fn copied(bytes: &[u8; 32]) -> Self {
        let mut own = Box::new(Zeroizing::new([0; 32]));
        own.copy_from_slice(bytes);
        Self(own)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key of one person in one log, or of the log itself, on which everything said of him hangs.
///
/// Neither `Copy` nor `Clone` nor serialisable; wiped when dropped; `Debug` shows only its id.
pub struct SubjectKey {
    id: SubjectKeyId,
    log: LogId,
    secret: Secret,
    /// Extracted once with the log's id as salt.
    prk: Prk,
}

impl SubjectKey {
    /// A key of 32 bytes from a cryptographic random source, under an id that no other key ever has.
    /// The caller wipes his copy.
    #[must_use]
    pub fn new(id: SubjectKeyId, log: LogId, bytes: &[u8; 32]) -> Self {
        let secret = Secret::copied(bytes);
        let prk = Prk::extract(log.as_bytes(), secret.bytes());
        Self {
            id,
            log,
            secret,
            prk,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SubjectKeyId {
        self.id
    }

    /// The log that it belongs to.
    #[must_use]
    pub const fn log(&self) -> &LogId {
        &self.log
    }

    /// A copy of the 32 bytes, for a [`KeyWrapper`](crate::KeyWrapper) elsewhere that wraps them.
    /// Whoever has it needs nobody's leave to read what is said of the subject.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.secret.bytes())
    }

    /// The 32 bytes, to wrap them.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.secret.bytes()
    }

    /// The secret under which the texts of this subject are digested. It goes with the key.
    #[must_use]
    pub fn digest_secret(&self) -> DigestSecret {
        DigestSecret::from_bytes(*self.expand(&[DIGEST]))
    }

    /// The key of the log's pseudonyms, for HMAC-SHA-256. Taken from the log's own key, so that one
    /// value has one token in the log and another one in every other log.
    #[must_use]
    pub fn pseudonym_key(&self) -> Zeroizing<[u8; 32]> {
        self.expand(&[PSEUDONYM])
    }

    /// What hangs on the key under an info whose parts are joined.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
        self.prk.expand(info)
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({})", self.id)
    }
}
