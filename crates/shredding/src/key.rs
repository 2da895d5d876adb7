//! Subject keys, and what is derived from them.

use crate::hkdf;
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

/// The key of one person, or of the log itself, on which everything said of him hangs.
///
/// Neither `Copy` nor `Clone` nor serialisable; wiped when dropped; `Debug` shows only its id.
pub struct SubjectKey {
    id: SubjectKeyId,
    secret: Secret,
}

impl SubjectKey {
    /// A key of 32 bytes from a cryptographic random source, under an id that no other key ever has.
    /// The caller wipes his copy.
    #[must_use]
    pub fn new(id: SubjectKeyId, bytes: &[u8; 32]) -> Self {
        let secret = Secret::copied(bytes);
        Self { id, secret }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SubjectKeyId {
        self.id
    }

    /// The 32 bytes, to wrap them.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.secret.bytes()
    }

    /// The secret under which the texts of this subject are digested. It goes with the key.
    #[must_use]
    pub fn digest_secret(&self, log: &LogId) -> DigestSecret {
        let mut secret = Zeroizing::new([0; 32]);
        self.derive(log, &[DIGEST], &mut secret);
        DigestSecret::from_bytes(*secret)
    }

    /// The key of the log's pseudonyms, for HMAC-SHA-256. Taken from the log's own key, so that one
    /// value has one token in the log and another one in every other log.
    #[must_use]
    pub fn pseudonym_key(&self, log: &LogId) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.derive(log, &[PSEUDONYM], &mut key);
        key
    }

    /// HKDF-SHA-256 with the log's id as salt and the parts, joined, as info.
    pub(crate) fn derive<const N: usize>(&self, log: &LogId, info: &[&[u8]], out: &mut [u8; N]) {
        hkdf::derive(log.as_bytes(), self.bytes(), info, out);
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({})", self.id)
    }
}
