//! SHA-256 digests, each meaning a type of its own.

use crate::domain;
use crate::hex::hex_newtype;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest of bytes: of a text, a configuration, a file.
///
/// ```
/// use ai_audit_core::Digest;
/// let digest = Digest::of(b"abc");
/// assert!(digest.to_string().starts_with("ba7816bf"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The hash of a receipt: SHA-256(0x00 ‖ payload), its RFC 6962 leaf hash.
///
/// It serves as chain link, as Merkle leaf and as reference from other receipts.
///
/// A leaf is no interior node; the types do not mix:
///
/// ```compile_fail
/// # use ai_audit_core::{LeafHash, NodeHash};
/// let leaf = LeafHash::of(b"payload");
/// let node: NodeHash = leaf;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafHash([u8; 32]);

/// The hash of an interior node, or the root, of an RFC 6962 Merkle tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeHash([u8; 32]);

/// A log's id: the hash of its genesis receipt. All zero inside the genesis itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId([u8; 32]);

macro_rules! bytes32 {
    ($name:ident) => {
        impl $name {
            /// Takes 32 bytes that are such a digest already.
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
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        hex_newtype!($name, 32);
    };
}
bytes32!(Digest);
bytes32!(LeafHash);
bytes32!(NodeHash);
bytes32!(LogId);

impl Digest {
    /// SHA-256 of `bytes`, without prefix or key.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl LeafHash {
    /// What the first receipt of a log has in place of a predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The leaf hash of a payload: SHA-256(0x00 ‖ `payload`) (RFC 6962 section 2.1).
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([domain::LEAF]);
        hasher.update(payload);
        Self(hasher.finalize().into())
    }

    /// The log id that a genesis with this hash gives its log.
    #[must_use]
    pub const fn to_log_id(self) -> LogId {
        LogId(self.0)
    }
}

impl NodeHash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The parent of two nodes: SHA-256(0x01 ‖ `left` ‖ `right`) (RFC 6962 section 2.1).
    #[must_use]
    pub fn parent(left: &Self, right: &Self) -> Self {
        let mut block = [domain::NODE; 65];
        block[1..33].copy_from_slice(&left.0);
        block[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(block).into())
    }

    /// A leaf as the root of the tree that holds only it.
    #[must_use]
    pub const fn from_leaf(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

impl LogId {
    /// The id inside a genesis, whose hash is not known yet.
    pub const ZERO: Self = Self([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_root_is_sha256_of_nothing() {
        assert_eq!(NodeHash::EMPTY.0, Digest::of(b"").0);
    }

    #[test]
    fn hexadecimal_round_trip_and_refusals() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert!("00".parse::<Digest>().is_err());
        assert!("g".repeat(64).parse::<Digest>().is_err());
    }
}
