//! Rotations and revocations of receipt keys, as `docs/spec/keys.md` has them.

use crate::{
    Body, BodyError, DecodeError, Kind, LogId, SIGNATURE_LEN, Signature, SignatureError, Signer,
    SignerError, Text, Timestamp, VerifyingKey, domain,
};
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const ROTATION_LEN: usize = domain::ROTATION.len() + 32 + 32 + 32 + 8;
const REVOCATION_LEN: usize = domain::REVOCATION.len() + 32 + 32;

/// A new receipt key takes over with the next receipt. Sealed with the old key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation<'a> {
    /// Signs receipts from the next `seq` on.
    pub new_key: VerifyingKey,
    /// The new key's signature over log, old key, itself and `seq`: whoever rotates holds it.
    pub proof: Signature,
    /// Why, such as `epoch`; may be empty.
    #[serde(borrow)]
    pub reason: Text<'a>,
}

impl<'a> KeyRotation<'a> {
    /// A rotation to `new`, to be sealed with `old` as the receipt `seq` of the log.
    ///
    /// # Errors
    ///
    /// When the new key's signer cannot sign.
    pub fn new(
        log_id: &LogId,
        old: &VerifyingKey,
        seq: u64,
        new: &(impl Signer + ?Sized),
        reason: &'a str,
    ) -> Result<Self, SignerError> {
        let new_key = new.verifying_key();
        let proof = new.try_sign(&rotation_message(log_id, old, &new_key, seq))?;
        Ok(Self {
            new_key,
            proof,
            reason: reason.into(),
        })
    }

    /// Verifies that the new key was held when the rotation from `old` at `seq` was made.
    ///
    /// # Errors
    ///
    /// When the proof is by another key or for another rotation.
    pub fn verify_proof(
        &self,
        log_id: &LogId,
        old: &VerifyingKey,
        seq: u64,
    ) -> Result<(), SignatureError> {
        let message = rotation_message(log_id, old, &self.new_key, seq);
        self.new_key.verify(&message, &self.proof)
    }
}

impl Body for KeyRotation<'_> {
    const KIND: Kind = Kind::KEY_ROTATION;
}

/// A receipt key is no longer trusted, says the holder of the recovery key; a successor takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevocation<'a> {
    /// The key that is no longer trusted.
    pub revoked_key: VerifyingKey,
    /// Receipts with a higher `seq` under this key's authority are suspect.
    pub after: u64,
    /// When at the earliest somebody else may have had the key.
    pub compromised_at: Timestamp,
    /// The valid key from the revocation on.
    pub successor: VerifyingKey,
    /// Why; may be empty.
    #[serde(borrow)]
    pub reason: Text<'a>,
    /// The recovery key's signature over all of it and the log's id.
    pub signature: Signature,
}

impl<'a> KeyRevocation<'a> {
    /// A revocation signed by the log's recovery key.
    ///
    /// ```
    /// use ai_audit_core::{KeyRevocation, LogId, SigningKey, Timestamp};
    /// let log = LogId::ZERO;
    /// let [stolen, successor, recovery] = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    /// let since = Timestamp::from_micros(1_790_000_000_000_000);
    /// let revocation = KeyRevocation::sign(
    ///     &log, stolen.verifying_key(), 41, since, successor.verifying_key(), "laptop lost", &recovery,
    /// )?;
    /// assert!(revocation.verify(&log, &recovery.verifying_key()).is_ok());
    /// assert!(revocation.verify(&log, &stolen.verifying_key()).is_err());
    /// # Ok::<(), ai_audit_core::SignerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the signer cannot sign.
    pub fn sign(
        log_id: &LogId,
        revoked_key: VerifyingKey,
        after: u64,
        compromised_at: Timestamp,
        successor: VerifyingKey,
        reason: &'a str,
        recovery: &(impl Signer + ?Sized),
    ) -> Result<Self, SignerError> {
        let mut revocation = Self {
            revoked_key,
            after,
            compromised_at,
            successor,
            reason: reason.into(),
            signature: Signature::from_bytes([0; SIGNATURE_LEN]),
        };
        revocation.signature = recovery.try_sign(&revocation.message(log_id))?;
        Ok(revocation)
    }

    /// Verifies that the log's recovery key signed this.
    ///
    /// # Errors
    ///
    /// When it did not, or signed it for another log.
    pub fn verify(&self, log_id: &LogId, recovery: &VerifyingKey) -> Result<(), SignatureError> {
        recovery.verify(&self.message(log_id), &self.signature)
    }

    /// Reads the bytes of a body outside of a receipt, as a detached revocation carries them.
    ///
    /// # Errors
    ///
    /// Offset, field and expectation of the first thing that does not hold.
    pub fn from_body_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        super::decode_body(bytes)
    }

    /// The body's fields but the signature have one encoding, and what was decoded had it, so
    /// hashing it again hashes the bytes that were read.
    fn message(&self, log_id: &LogId) -> [u8; REVOCATION_LEN] {
        let mut serializer = postcard::Serializer {
            output: Hashed(Sha256::new()),
        };
        let said = (
            &self.revoked_key,
            self.after,
            self.compromised_at,
            &self.successor,
            &self.reason,
        );
        // The flavor takes every byte, and plain data always serialises.
        let _ = said.serialize(&mut serializer);
        let digest: [u8; 32] = serializer.output.0.finalize().into();
        let mut message = [0; REVOCATION_LEN];
        fill(
            &mut message,
            [domain::REVOCATION, log_id.as_bytes(), &digest],
        );
        message
    }
}

impl Body for KeyRevocation<'_> {
    const KIND: Kind = Kind::KEY_REVOCATION;

    fn check(&self) -> Result<(), BodyError> {
        if self.successor == self.revoked_key {
            return Err(BodyError {
                field: "successor",
                expected: "another key than the revoked one",
            });
        }
        Ok(())
    }
}

/// Hashes an encoding while it is made.
struct Hashed(Sha256);

impl Flavor for Hashed {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.update([byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.update(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

fn rotation_message(
    log_id: &LogId,
    old: &VerifyingKey,
    new: &VerifyingKey,
    seq: u64,
) -> [u8; ROTATION_LEN] {
    let mut message = [0; ROTATION_LEN];
    let parts: [&[u8]; 5] = [
        domain::ROTATION,
        log_id.as_bytes(),
        old.as_bytes(),
        new.as_bytes(),
        &seq.to_be_bytes(),
    ];
    fill(&mut message, parts);
    message
}

/// Puts the parts, which together are as long as `out`, one behind the other.
fn fill<'p>(out: &mut [u8], parts: impl IntoIterator<Item = &'p [u8]>) {
    let bytes = parts.into_iter().flatten();
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
}
