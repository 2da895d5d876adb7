//! Every domain-separation label of the project, in one place.
//!
//! A label ends in a zero byte, which none of them holds elsewhere, so no label is a prefix of
//! another one's message.

/// What a receipt key signs: this label, then the receipt's hash.
pub(crate) const RECEIPT: &[u8] = b"ai-audit/receipt/v1\0";
/// What a new receipt key signs to show that it is held: this label, log id, old key, new key, seq.
pub(crate) const ROTATION: &[u8] = b"ai-audit/rotation/v1\0";
/// What a recovery key signs: this label, log id, digest of what is said.
pub(crate) const REVOCATION: &[u8] = b"ai-audit/revocation/v1\0";
/// Key ids: this label, then the public key.
pub(crate) const KEY_ID: &[u8] = b"ai-audit/key-id/v1\0";
/// Origins: this label, the three genesis keys, the salt.
pub(crate) const ORIGIN: &[u8] = b"ai-audit/origin/v1\0";
/// Digests over length-prefixed parts.
pub(crate) const PARTS: &[u8] = b"ai-audit/parts/v1\0";
/// Derivation of the key of one exact digest: this label, receipt id, field name.
pub(crate) const EXACT: &[u8] = b"ai-audit/digest/exact/v1\0";
/// Derivation of the key of all canonical digests of a secret.
pub(crate) const CANONICAL: &[u8] = b"ai-audit/digest/canonical/v1\0";
/// RFC 6962 section 2.1: leaves and interior nodes.
pub(crate) const LEAF: u8 = 0x00;
pub(crate) const NODE: u8 = 0x01;
