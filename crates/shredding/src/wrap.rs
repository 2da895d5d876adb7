//! Key-encryption keys: subject keys are stored wrapped.

use crate::SubjectKey;
use crate::field::split;
use crate::hkdf::Prk;
use crate::key::Secret;
use aes_gcm::Nonce;
use aes_gcm::aead::{Aead as _, Payload};
use ai_audit_core::{LogId, SubjectKeyId};
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Label of derivation and associated data.
const WRAP: &[u8] = b"ai-audit/wrap/v1\0";
/// Bytes of a wrapped key: commitment, nonce, key, tag.
pub const WRAPPED_LEN: usize = 32 + 12 + 32 + 16;

/// The id of a key-encryption key: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KekId(SubjectKeyId);

impl KekId {
    /// Takes the 16 bytes of an id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(SubjectKeyId::from_bytes(bytes))
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekId({self})")
    }
}

impl Serialize for KekId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KekId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SubjectKeyId::deserialize(deserializer).map(Self)
    }
}

/// Wraps and unwraps subject keys: a key in this process ([`Kek`]), or a service elsewhere.
pub trait KeyWrapper {
    /// Why it could not.
    type Error;

    /// The id of the key-encryption key.
    fn id(&self) -> KekId;

    /// Wraps a key. `nonce` is 12 random bytes.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked.
    fn wrap(
        &self,
        subject: &str,
        key: &SubjectKey,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, Self::Error>;

    /// Unwraps a key.
    ///
    /// # Errors
    ///
    /// When it was wrapped by another key-encryption key, for another log, subject or key id, or
    /// was changed.
    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, Self::Error>;
}

/// A key-encryption key in this process's memory. Wiped when dropped.
pub struct Kek {
    id: KekId,
    secret: Secret,
}

/// Why a wrapped key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapError {
    /// It has another length.
    Length {
        /// Bytes that were there.
        found: usize,
    },
    /// It was wrapped by another key-encryption key, such as one that an erasure destroyed.
    OtherKek,
    /// It was changed, or belongs to another log or subject.
    Changed,
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => write!(
                f,
                "a wrapped key of {found} bytes, expected {WRAPPED_LEN} bytes"
            ),
            Self::OtherKek => f.write_str(
                "wrapped by another key-encryption key, such as one that an erasure destroyed",
            ),
            Self::Changed => {
                f.write_str("the wrapped key was changed, or belongs to another log or subject")
            }
        }
    }
}

impl core::error::Error for WrapError {}

impl Kek {
    /// A key of 32 bytes from a cryptographic random source, under a random id. The caller wipes his
    /// copy.
    #[must_use]
    pub fn new(id: KekId, bytes: &[u8; 32]) -> Self {
        let secret = Secret::copied(bytes);
        Self { id, secret }
    }

    /// The 32 bytes, for writing them to where the key is kept.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.secret.bytes())
    }

    /// The cipher for one subject key, and the commitment to it.
    fn wrap_key(&self, id: &SubjectKeyId) -> (aes_gcm::Aes256Gcm, [u8; 32]) {
        split(&Prk::extract(id.as_bytes(), self.secret.bytes()).expand(&[WRAP]))
    }

    fn associated(&self, log: &LogId, subject: &str, id: &SubjectKeyId) -> Vec<u8> {
        [
            WRAP,
            self.id.as_bytes(),
            log.as_bytes(),
            id.as_bytes(),
            subject.as_bytes(),
        ]
        .concat()
    }
}

impl KeyWrapper for Kek {
    type Error = WrapError;

    fn id(&self) -> KekId {
        self.id
    }

    fn wrap(&self, subject: &str, key: &SubjectKey, nonce: [u8; 12]) -> Result<Vec<u8>, WrapError> {
        let (cipher, commitment) = self.wrap_key(&key.id());
        let payload = Payload {
            msg: key.bytes(),
            aad: &self.associated(key.log(), subject, &key.id()),
        };
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| WrapError::Changed)?;
        Ok([&commitment[..], &nonce, &sealed].concat())
    }

    fn unwrap(
        &self,
        log: &LogId,
        subject: &str,
        id: SubjectKeyId,
        wrapped: &[u8],
    ) -> Result<SubjectKey, WrapError> {
        let parts = wrapped
            .split_first_chunk::<32>()
            .and_then(|(commitment, rest)| {
                let (nonce, sealed) = rest.split_first_chunk::<12>()?;
                (sealed.len() == 48).then_some((commitment, nonce, sealed))
            });
        let Some((committed, nonce, sealed)) = parts else {
            let found = wrapped.len();
            return Err(WrapError::Length { found });
        };
        let (cipher, commitment) = self.wrap_key(&id);
        if !bool::from(commitment.ct_eq(committed)) {
            return Err(WrapError::OtherKek);
        }
        let payload = Payload {
            msg: sealed,
            aad: &self.associated(log, subject, &id),
        };
        let opened = cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| WrapError::Changed)?;
        let bytes = <&[u8; 32]>::try_from(opened.as_slice()).map_err(|_| WrapError::Changed)?;
        Ok(SubjectKey::new(id, *log, bytes))
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kek({})", self.id)
    }
}
