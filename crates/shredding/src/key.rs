//! Subject keys, and what is derived from them.

use ai_audit_core::{DigestSecret, LogId, SubjectKeyId};
use core::fmt;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Derivation of a subject's digest secret.
const DIGEST: &[u8] = b"ai-audit/subject-digest/v1\0";
/// Derivation of a log's key of pseudonyms.
const PSEUDONYM: &[u8] = b"ai-audit/pseudonym/v1\0";

/// The key of one person, or of the log itself, on which everything said of him hangs.
///
/// Neither `Copy` nor `Clone` nor serialisable; wiped when dropped; `Debug` shows only its id.
pub struct SubjectKey {
    id: SubjectKeyId,
    bytes: Zeroizing<[u8; 32]>,
}

/// The key of a log's pseudonyms: for HMAC-SHA-256. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 32]);

impl SubjectKey {
    /// A key of 32 bytes from a cryptographic random source, under an id that no other key ever has.
    #[must_use]
    pub fn new(id: SubjectKeyId, bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        Self { id, bytes }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SubjectKeyId {
        self.id
    }

    /// The 32 bytes, to wrap them.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The secret under which the texts of this subject are digested. It goes with the key.
    #[must_use]
    pub fn digest_secret(&self, log: &LogId) -> DigestSecret {
        let mut secret = [0; 32];
        self.derive(log, &[DIGEST], &mut secret);
        let out = DigestSecret::from_bytes(secret);
        secret.zeroize();
        out
    }

    /// The key of the log's pseudonyms. Taken from the log's own key, so that one value has one
    /// token in the log and another one in every other log.
    #[must_use]
    pub fn pseudonym_key(&self, log: &LogId) -> PseudonymKey {
        let mut key = PseudonymKey([0; 32]);
        self.derive(log, &[PSEUDONYM], &mut key.0);
        key
    }

    /// HKDF-SHA-256 (RFC 5869) with the log's id as salt and the parts, joined, as info.
    pub(crate) fn derive(&self, log: &LogId, info: &[&[u8]], out: &mut [u8]) {
        hkdf_into(log.as_bytes(), &*self.bytes, info, out);
    }
}

impl PseudonymKey {
    /// Takes the 32 bytes of such a key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Fills `out`, which has at most 64 bytes here.
pub(crate) fn hkdf_into(salt: &[u8], input: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let hkdf = Hkdf::<Sha256>::new(Some(salt), input);
    let expanded = hkdf.expand_multi_info(info, out);
    // The only error is a length beyond 255 hashes.
    debug_assert!(expanded.is_ok());
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({})", self.id)
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(secret)")
    }
}
