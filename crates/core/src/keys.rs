//! Ed25519 keys: signing with a secret that says nothing, verification as strict as it gets.

use crate::domain;
use crate::hex::hex_newtype;
use crate::{LeafHash, Text};
use core::fmt;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

/// Bytes of a public key.
pub const PUBLIC_KEY_LEN: usize = 32;
/// Bytes of a secret key: its RFC 8032 seed.
pub const SECRET_KEY_LEN: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// An Ed25519 public key that is a canonical encoding of a point of large order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

/// A short name of a public key: the first 8 bytes of a labelled SHA-256.
///
/// It finds a key and proves nothing: whoever verifies takes the key from what he trusts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// An Ed25519 signature, not yet verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_LEN]);

hex_newtype!(KeyId, 8);
hex_newtype!(Signature, SIGNATURE_LEN);

/// Bytes that are no usable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// Not the canonical encoding of a curve point.
    NotAPoint,
    /// A point of small order: it would accept signatures for many messages.
    SmallOrder,
    /// The point has a torsion component; no honest key has one.
    Torsion,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPoint => "public key is not the canonical encoding of an Ed25519 point",
            Self::SmallOrder => "public key is a point of small order",
            Self::Torsion => "public key has a torsion component, which no honestly made key has",
        })
    }
}

impl core::error::Error for KeyError {}

/// A signature that is not by this key over these bytes, or not in the strict form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureError;

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("signature does not verify under the key")
    }
}

impl core::error::Error for SignatureError {}

/// A signer that could not sign: a remote service down, a token removed, a key disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerError {
    reason: Text<'static>,
}

impl SignerError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<Text<'static>>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for SignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signer failed: {}", self.reason)
    }
}

impl core::error::Error for SignerError {}

/// Something that signs with one Ed25519 key, in this process or far away (KMS, HSM).
///
/// The secret never has to leave it. What it returns is not trusted: sealing checks nothing of it,
/// verification checks all.
pub trait Signer {
    /// The public key of the signatures.
    fn verifying_key(&self) -> VerifyingKey;

    /// Signs a message by RFC 8032 (pure Ed25519).
    ///
    /// # Errors
    ///
    /// When the signer cannot sign now, or refuses to.
    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError>;

    /// The same signer for several threads at once, where it may be used so: who has many receipts
    /// to sign then signs them side by side. `None` unless a signer says otherwise.
    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        None
    }
}

impl<S: Signer + ?Sized> Signer for &S {
    fn verifying_key(&self) -> VerifyingKey {
        (**self).verifying_key()
    }
    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        (**self).try_sign(message)
    }
    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        (**self).shared()
    }
}

/// An Ed25519 secret key in this process's memory.
///
/// Neither `Copy` nor `Clone` nor serialisable; wiped when dropped; `Debug` shows only the key id.
///
/// ```compile_fail
/// # use ai_audit_core::SigningKey;
/// let key = SigningKey::from_bytes(&[1; 32]);
/// let second = key.clone();
/// ```
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of an RFC 8032 seed: 32 bytes from a cryptographic random source.
    #[must_use]
    // Not inlined: its frame has kilobytes, and a device's stack would hold several of them at once.
    #[inline(never)]
    pub fn from_bytes(seed: &[u8; SECRET_KEY_LEN]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, for writing the key to where it is kept. The caller wipes the copy.
    #[must_use]
    pub fn to_seed(&self) -> zeroize::Zeroizing<[u8; SECRET_KEY_LEN]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs a message by RFC 8032.
    #[must_use]
    // Not inlined: as above.
    #[inline(never)]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl Signer for SigningKey {
    fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key()
    }
    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        Ok(self.sign(message))
    }
    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        Some(self)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret)", self.verifying_key().id())
    }
}

impl VerifyingKey {
    /// Takes the 32 bytes of a public key.
    ///
    /// # Errors
    ///
    /// When they are not the canonical encoding of a point, or the point has small order.
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_LEN]) -> Result<Self, KeyError> {
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        // Decompression also takes the few encodings with y ≥ p or a negative zero; compressing
        // again writes the canonical one.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotAPoint);
        }
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(key))
    }

    /// Takes a key that is about to be pinned: it must also be free of torsion, which is checked
    /// once here because it costs as much as a verification.
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_bytes`], and for a point with a torsion component.
    pub fn from_pinned_bytes(bytes: &[u8; PUBLIC_KEY_LEN]) -> Result<Self, KeyError> {
        let key = Self::from_bytes(bytes)?;
        if key.0.to_edwards().is_torsion_free() {
            Ok(key)
        } else {
            Err(KeyError::Torsion)
        }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LEN] {
        self.0.as_bytes()
    }

    /// The point.
    #[cfg(feature = "alloc")]
    pub(crate) fn to_edwards(self) -> curve25519_dalek::EdwardsPoint {
        self.0.to_edwards()
    }

    /// The short name of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.as_bytes())
    }

    /// Verifies a signature exactly as `verify_strict` of ed25519-dalek does: no small-order
    /// points, no non-canonical encodings, no cofactor.
    ///
    /// # Errors
    ///
    /// When the signature does not verify.
    // Not inlined, as the signing of `SigningKey`.
    #[inline(never)]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| SignatureError)
    }
}

impl serde::Serialize for VerifyingKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            crate::codec::Raw(*self.as_bytes()).serialize(serializer)
        }
    }
}

impl<'de> serde::Deserialize<'de> for VerifyingKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = crate::codec::Raw::<PUBLIC_KEY_LEN>::deserialize(deserializer)?;
        Self::from_bytes(&raw.0).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, self.as_bytes())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl KeyId {
    /// The id of a public key's bytes.
    #[must_use]
    pub fn of(public_key: &[u8; PUBLIC_KEY_LEN]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(domain::KEY_ID);
        hasher.update(public_key);
        let digest: [u8; 32] = hasher.finalize().into();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
    }

    /// The 8 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl Signature {
    /// Takes 64 bytes that claim to be a signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SIGNATURE_LEN]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_LEN] {
        &self.0
    }
}

/// What a receipt key signs for a receipt with this hash.
pub(crate) fn receipt_message(hash: &LeafHash) -> [u8; domain::RECEIPT.len() + 32] {
    let mut message = [0; domain::RECEIPT.len() + 32];
    message[..domain::RECEIPT.len()].copy_from_slice(domain::RECEIPT);
    message[domain::RECEIPT.len()..].copy_from_slice(hash.as_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let text = format!("{key:?}");
        assert!(text.ends_with(", secret)") && !text.contains("0707"));
    }
}
