//! Verifier keys as one line: `name+hash+key`.

use ai_audit_core::{KeyError, PUBLIC_KEY_LEN, VerifyingKey};
use alloc::string::{String, ToString};
use base64ct::{Base64, Encoding};
use core::fmt;
use sha2::{Digest, Sha256};

/// A public key with the name that its notes are signed under, and what it signs.
///
/// ```
/// use ai_audit_note::{VKey, VKeyKind};
/// let line = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// let key = VKey::parse(line)?;
/// assert_eq!((key.name(), key.kind()), ("PeterNeumann", VKeyKind::Ed25519));
/// assert_eq!(key.to_string(), line);
/// # Ok::<(), ai_audit_note::VKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VKey {
    name: String,
    kind: VKeyKind,
    key: VerifyingKey,
    hash: [u8; 4],
}

/// What a key signs, as its type byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VKeyKind {
    /// 0x01: a note's text, by Ed25519.
    Ed25519,
    /// 0x04: a checkpoint with a time, as `cosignature/v1`, by Ed25519.
    CosignatureV1,
}

/// Why a text is no key line, or a name none for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VKeyError {
    /// The line does not have three parts with `+` between them.
    Parts,
    /// The name is empty or has a space, a control character or a `+`.
    Name,
    /// The hash is not 8 lower-case hexadecimal digits.
    HashForm,
    /// The key is not canonical base64.
    Base64,
    /// The type byte is none that is known here.
    Type(u8),
    /// The key is not as long as its type calls for.
    Length {
        /// Bytes found after the type byte.
        found: usize,
    },
    /// The hash is not that of name and key.
    Hash {
        /// The hash of name and key.
        expected: [u8; 4],
        /// The hash in the line.
        found: [u8; 4],
    },
    /// The bytes are no public key that may be pinned.
    Key(KeyError),
}

impl VKeyKind {
    /// The type byte.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::CosignatureV1 => 4,
        }
    }
}

impl VKey {
    /// The key line of a key that signs notes under `name`.
    ///
    /// # Errors
    ///
    /// [`VKeyError::Name`].
    pub fn ed25519(name: &str, key: VerifyingKey) -> Result<Self, VKeyError> {
        Self::new(name, VKeyKind::Ed25519, key)
    }

    /// The key line of a witness's key.
    ///
    /// # Errors
    ///
    /// [`VKeyError::Name`].
    pub fn cosignature(name: &str, key: VerifyingKey) -> Result<Self, VKeyError> {
        Self::new(name, VKeyKind::CosignatureV1, key)
    }

    fn new(name: &str, kind: VKeyKind, key: VerifyingKey) -> Result<Self, VKeyError> {
        if !is_name(name) {
            return Err(VKeyError::Name);
        }
        Ok(Self {
            name: name.to_string(),
            kind,
            key,
            hash: key_hash(name, kind, key.as_bytes()),
        })
    }

    /// Reads a key line. The key must be one that may be pinned: no small order, no torsion.
    ///
    /// # Errors
    ///
    /// The first part that is not as it should be, from left to right; the hash is compared before
    /// the key's bytes are looked at as a point.
    pub fn parse(line: &str) -> Result<Self, VKeyError> {
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VKeyError::Parts);
        };
        if !is_name(name) {
            return Err(VKeyError::Name);
        }
        let lower = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != 8 || !hash.bytes().all(lower) {
            return Err(VKeyError::HashForm);
        }
        let hash = u32::from_str_radix(hash, 16).map_err(|_| VKeyError::HashForm)?;
        let key = Base64::decode_vec(key).map_err(|_| VKeyError::Base64)?;
        let (number, bytes) = key.split_first().ok_or(VKeyError::Length { found: 0 })?;
        let kind = match number {
            1 => VKeyKind::Ed25519,
            4 => VKeyKind::CosignatureV1,
            other => return Err(VKeyError::Type(*other)),
        };
        let bytes = <&[u8; PUBLIC_KEY_LEN]>::try_from(bytes)
            .map_err(|_| VKeyError::Length { found: bytes.len() })?;
        let (expected, found) = (key_hash(name, kind, bytes), hash.to_be_bytes());
        if expected != found {
            return Err(VKeyError::Hash { expected, found });
        }
        let key = VerifyingKey::from_pinned_bytes(bytes).map_err(VKeyError::Key)?;
        Self::new(name, kind, key)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The four bytes that stand before its signatures.
    #[must_use]
    pub const fn hash(&self) -> [u8; 4] {
        self.hash
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> VKeyKind {
        self.kind
    }
}

/// First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
fn key_hash(name: &str, kind: VKeyKind, key: &[u8; PUBLIC_KEY_LEN]) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', kind.number()]);
    hasher.update(key);
    let digest: [u8; 32] = hasher.finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A key name: not empty, without Unicode space, control character and `+`.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A key's hash as its line has it.
pub(crate) struct Hash(pub(crate) [u8; 4]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Display for VKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = [0; 1 + PUBLIC_KEY_LEN];
        key[0] = self.kind.number();
        key[1..].copy_from_slice(self.key.as_bytes());
        let key = Base64::encode_string(&key);
        write!(f, "{}+{}+{key}", self.name, Hash(self.hash))
    }
}

impl fmt::Display for VKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts => f.write_str("key line: expected name, hash and key with '+' between"),
            Self::Name => f.write_str(
                "key line, name: expected at least one character and no space, control character or '+'",
            ),
            Self::HashForm => f.write_str("key line, hash: expected 8 lower-case hexadecimal digits"),
            Self::Base64 => f.write_str("key line, key: expected canonical base64"),
            Self::Type(found) => {
                write!(
                    f,
                    "key line, key: expected type 1 (Ed25519) or 4 (cosignature), found {found}"
                )
            }
            Self::Length { found } => {
                write!(f, "key line, key: expected 32 bytes after the type, found {found}")
            }
            Self::Hash { expected, found } => write!(
                f,
                "key line, hash: expected that of name and key, {}, found {}",
                Hash(*expected),
                Hash(*found)
            ),
            Self::Key(error) => write!(f, "key line, key: {error}"),
        }
    }
}

impl core::error::Error for VKeyError {}
