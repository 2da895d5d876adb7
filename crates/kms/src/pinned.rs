//! The pinned public key, and what comes back held against it.

use ai_audit_core::{SIGNATURE_LEN, Signature, VerifyingKey};

/// What is signed when a signer is opened.
const PROBE: &[u8] = b"ai-audit/kms-probe/v1\0";

/// The message that a signer signs when it is opened, to see that the service has the pinned key and signs with
/// it. No other format of ours begins like it.
///
/// ```
/// # use ai_audit_core::SigningKey;
/// let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
/// assert!(ai_audit_kms::probe(&key).starts_with(b"ai-audit/kms-probe/v1\0"));
/// ```
#[must_use]
pub fn probe(key: &VerifyingKey) -> Vec<u8> {
    [PROBE, key.as_bytes()].concat()
}

/// Why a signature that came back is not used.
pub(crate) const OTHER_KEY: &str = "what came back was not signed by the pinned key over what was sent, and is not used: the key there was replaced or rotated, or somebody answers in the service's place; compare its public key with the pinned one";

/// The signature in what a service returned, once it verifies under the pinned key. None otherwise.
pub(crate) fn verified(key: &VerifyingKey, message: &[u8], bytes: &[u8]) -> Option<Signature> {
    let bytes: [u8; SIGNATURE_LEN] = bytes.try_into().ok()?;
    let signature = Signature::from_bytes(bytes);
    key.verify(message, &signature).ok()?;
    Some(signature)
}
