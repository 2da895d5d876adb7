//! Texts kept beside their digests, in the clear or encrypted, and counts of what was replaced.

use crate::hex::hex_newtype;
use crate::{Digest, Text};
use serde::{Deserialize, Serialize};

/// A text kept beside its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptField<'a> {
    /// Which one: `input` or `output`, or a name of the caller's.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// The text.
    #[serde(borrow)]
    pub content: Content<'a>,
}

/// How a kept text is held. Later versions of the project append variants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content<'a> {
    /// In the clear, because the caller asked for it.
    #[serde(borrow)]
    Plain(Text<'a>),
    /// Encrypted under a key of the person concerned, which can be destroyed.
    Encrypted(Encrypted),
}

/// What a receipt says of a ciphertext that stands beside it (`docs/spec/erasure.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Encrypted {
    /// The subject key that it hangs on.
    pub key: SubjectKeyId,
    /// The nonce of AES-256-GCM.
    #[serde(with = "crate::codec::hex_or_raw")]
    pub nonce: [u8; 12],
    /// Commits to the encryption key, so that no ciphertext opens to two texts.
    #[serde(with = "crate::codec::hex_or_raw")]
    pub commitment: [u8; 32],
    /// SHA-256 of the ciphertext.
    pub ciphertext: Digest,
}

/// The id of a subject key: 16 random bytes, never used for another key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKeyId([u8; 16]);

impl SubjectKeyId {
    /// Takes the 16 bytes of an id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl AsRef<[u8]> for SubjectKeyId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
hex_newtype!(SubjectKeyId, 16);

/// How often personal data of one kind was found in one text. The values are nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction<'a> {
    /// The text: `input`, `output`, or another field.
    #[serde(borrow)]
    pub field: Text<'a>,
    /// The kind, such as `EMAIL`.
    #[serde(borrow)]
    pub kind: Text<'a>,
    /// How often; above 0.
    pub count: u64,
}
