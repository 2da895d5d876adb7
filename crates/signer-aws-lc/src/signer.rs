//! The signer: a key that AWS-LC holds.

use ai_audit_core::{SIGNATURE_LEN, Signature, Signer, SignerError, SigningKey, VerifyingKey};
use aws_lc_rs::signature::Ed25519KeyPair;
use core::fmt;

/// An Ed25519 secret key that AWS-LC holds and signs with.
///
/// Neither `Copy` nor `Clone` nor serialisable; `Debug` shows only the key id. The secret is in memory
/// of AWS-LC's own, which overwrites all that it frees; nothing here keeps another copy of it.
///
/// ```compile_fail
/// # use ai_audit_core::SigningKey;
/// # use ai_audit_signer_aws_lc::AwsLcSigner;
/// let key = AwsLcSigner::new(&SigningKey::from_bytes(&[1; 32])).unwrap();
/// let second = key.clone();
/// ```
pub struct AwsLcSigner {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

impl AwsLcSigner {
    /// Takes over a key. The caller drops his own, which wipes it.
    ///
    /// # Errors
    ///
    /// When AWS-LC computes another public key from the secret, or signs a message otherwise: one of the
    /// two is broken then, and nothing should be signed.
    pub fn new(key: &SigningKey) -> Result<Self, SignerError> {
        Self::from_parts(key, key.verifying_key())
    }

    fn from_parts(key: &SigningKey, public: VerifyingKey) -> Result<Self, SignerError> {
        let seed = key.to_seed();
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed.as_slice(), public.as_bytes())
            .map_err(|_| {
                SignerError::new("AWS-LC makes another public key of this secret; it is not used")
            })?;
        let signer = Self { pair, public };
        // A library that was built wrong shows here, not in a log that nobody can verify.
        const PROBE: &[u8] = b"ai-audit: signatures of AWS-LC and of ai-audit-core are the same";
        if signer.try_sign(PROBE)? != key.sign(PROBE) {
            return Err(SignerError::new(
                "AWS-LC makes another signature with this secret; it is not used",
            ));
        }
        Ok(signer)
    }
}

impl Signer for AwsLcSigner {
    fn verifying_key(&self) -> VerifyingKey {
        self.public
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        let failed = || SignerError::new("AWS-LC could not sign");
        let signature = self.pair.try_sign(message).map_err(|_| failed())?;
        let bytes: [u8; SIGNATURE_LEN] = signature.as_ref().try_into().map_err(|_| failed())?;
        Ok(Signature::from_bytes(bytes))
    }

    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        Some(self)
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsLcSigner({}, secret)", self.public.id())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_of_another_secret_is_refused() {
        let [one, other] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let error = AwsLcSigner::from_parts(&one, other.verifying_key()).unwrap_err();
        assert!(error.to_string().contains("another public key"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let signer = AwsLcSigner::new(&SigningKey::from_bytes(&[7; 32])).unwrap();
        let text = format!("{signer:?}");
        assert!(
            text.ends_with(", secret)") && !text.contains("0707"),
            "{text}"
        );
    }
}
