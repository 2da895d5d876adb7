//! Digests of texts: exact and canonical, plain or keyed, streaming.

use crate::{Digest, ReceiptId, domain};
#[cfg(feature = "alloc")]
use alloc::string::String;
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The digest of a text, and whether a key went into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextDigest {
    /// SHA-256 of the text's bytes. A short or guessable text can be found from it.
    Plain(Digest),
    /// HMAC-SHA-256 of the text's bytes. Without the key it says nothing of the text.
    Keyed(Digest),
}

/// The secret from which the keys of a log's text digests are derived. Wiped when dropped.
///
/// Whoever destroys it makes all digests under it unguessable for good.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DigestSecret([u8; 32]);

/// The key of one text digest. Handing it to an auditor discloses that one digest and no other.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DisclosureKey([u8; 32]);

impl DigestSecret {
    /// A secret from 32 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key for the exact digest of one field of one receipt.
    #[must_use]
    pub fn exact_key(&self, receipt: &ReceiptId, field: &str) -> DisclosureKey {
        DisclosureKey(hmac(
            &self.0,
            &[domain::EXACT, receipt.as_bytes(), field.as_bytes()],
        ))
    }

    /// The key for canonical digests: one for all, so that equal texts match.
    #[must_use]
    pub fn canonical_key(&self) -> DisclosureKey {
        DisclosureKey(hmac(&self.0, &[domain::CANONICAL]))
    }
}

impl DisclosureKey {
    /// Takes the 32 bytes of a disclosed key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, to disclose them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

macro_rules! silent {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    )*};
}
silent!(DigestSecret DisclosureKey);

/// Hashes a text piece by piece, exactly as its bytes are.
///
/// ```
/// use ai_audit_core::{Digest, TextDigest, TextHasher};
/// let mut hasher = TextHasher::plain();
/// hasher.update("10");
/// hasher.update("²");
/// assert_eq!(hasher.finish(), TextDigest::Plain(Digest::of("10²".as_bytes())));
/// ```
#[derive(Clone)]
pub struct TextHasher(Inner);

#[derive(Clone)]
enum Inner {
    Plain(Sha256),
    Keyed(Hmac<Sha256>),
}

impl TextHasher {
    /// For a plain digest.
    #[must_use]
    pub fn plain() -> Self {
        Self(Inner::Plain(Sha256::new()))
    }

    /// For a keyed digest.
    #[must_use]
    pub fn keyed(key: &DisclosureKey) -> Self {
        Self(Inner::Keyed(new_hmac(&key.0)))
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: impl AsRef<[u8]>) {
        match &mut self.0 {
            Inner::Plain(hasher) => hasher.update(piece),
            Inner::Keyed(mac) => mac.update(piece.as_ref()),
        }
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> TextDigest {
        match self.0 {
            Inner::Plain(hasher) => TextDigest::Plain(Digest::from_bytes(hasher.finalize().into())),
            Inner::Keyed(mac) => {
                TextDigest::Keyed(Digest::from_bytes(mac.finalize().into_bytes().into()))
            }
        }
    }
}

impl fmt::Debug for TextHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextHasher(..)")
    }
}

impl TextDigest {
    /// The plain digest of a text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::Plain(Digest::of(text.as_bytes()))
    }

    /// The keyed digest of a text.
    #[must_use]
    pub fn keyed(text: &str, key: &DisclosureKey) -> Self {
        let mut hasher = TextHasher::keyed(key);
        hasher.update(text);
        hasher.finish()
    }

    /// Whether this is the digest of `text`, with the key where it is a keyed one.
    #[must_use]
    pub fn matches(&self, text: &str, key: Option<&DisclosureKey>) -> bool {
        let (expected, found) = match (self, key) {
            (Self::Plain(expected), _) => (expected, Self::plain(text)),
            (Self::Keyed(expected), Some(key)) => (expected, Self::keyed(text, key)),
            (Self::Keyed(_), None) => return false,
        };
        let (Self::Plain(found) | Self::Keyed(found)) = found;
        expected.as_bytes().ct_eq(found.as_bytes()).into()
    }
}

/// Hashes parts so that their borders count: each is preceded by its length.
///
/// SHA-256(label ‖ (u64 big-endian length ‖ part)…): `["a|b", "c"]` and `["a", "b|c"]` differ.
#[derive(Clone)]
pub struct PartsHasher(Sha256);

impl PartsHasher {
    /// Without parts yet.
    #[must_use]
    pub fn new() -> Self {
        let mut hasher = Sha256::new();
        hasher.update(domain::PARTS);
        Self(hasher)
    }

    /// Takes the next part.
    pub fn part(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

impl Default for PartsHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PartsHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartsHasher(..)")
    }
}

/// The canonical form of a text: NFKC, white space folded to single spaces and cut at both ends,
/// lower case. Texts that people would call the same have one form; see the specification for what
/// this blurs (`10²` and `102`).
///
/// ```
/// assert_eq!(ai_audit_core::canonical_text("  Ｈello\n\tWORLD "), "hello world");
/// ```
#[cfg(feature = "alloc")]
#[must_use]
pub fn canonical_text(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut folded = String::with_capacity(text.len());
    let mut space = false;
    for c in text.nfkc() {
        if c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}') {
            space = true;
        } else {
            if space && !folded.is_empty() {
                folded.push(' ');
            }
            space = false;
            folded.push(c);
        }
    }
    folded.to_lowercase()
}

fn new_hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key of the block's length: shorter keys are padded with zeros by HMAC itself (RFC 2104),
    // and a fixed length makes the constructor infallible.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mac = Hmac::new(&block.into());
    block.zeroize();
    mac
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = new_hmac(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
