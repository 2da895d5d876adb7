//! The hash functions that tokens may use.

use crate::oid;
use alloc::vec::Vec;
use der::Tag;
use der::asn1::{Any, ObjectIdentifier};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// A hash function of the SHA-2 family. Others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "others would be a decision of their own"
)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Hashes bytes.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// The name that people write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        }
    }

    /// The algorithm, whose parameters are absent or NULL (RFC 5754 section 2).
    pub(crate) fn from_identifier(identifier: &AlgorithmIdentifierOwned) -> Option<Self> {
        if !is_plain(identifier.parameters.as_ref()) {
            return None;
        }
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|hash| hash.oid() == identifier.oid)
    }
}

/// Whether an algorithm's parameters are absent or NULL.
pub(crate) fn is_plain(parameters: Option<&Any>) -> bool {
    use der::Tagged;
    parameters.is_none_or(|any| any.tag() == Tag::Null && any.value().is_empty())
}
