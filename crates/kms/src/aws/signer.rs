//! A signer whose secret is in AWS KMS.

use super::service::{Api, AwsService};
use crate::pinned::{OTHER_KEY, probe, verified};
use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{Signature, Signer, SignerError, VerifyingKey};
use base64ct::{Base64, Encoding as _};
use core::fmt;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The longest message that KMS signs whole, in bytes.
const MAX_MESSAGE: usize = 4096;

/// Signs with a key of the specification `ECC_NIST_EDWARDS25519`.
pub struct AwsKmsSigner {
    service: Arc<AwsService>,
    key: String,
    pinned: VerifyingKey,
}

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(rename = "Signature", borrow)]
    signature: &'a str,
}

impl AwsKmsSigner {
    /// Has a key, given by its id, ARN or alias, sign a probe.
    ///
    /// ```no_run
    /// use std::{sync::Arc, time::UNIX_EPOCH};
    /// use ai_audit_core::{Signer as _, Timestamp, VerifyingKey};
    /// use ai_audit_kms::{AwsCredentials, AwsKmsSigner, AwsService, Patience};
    ///
    /// // The public key that was noted when the key was made: 32 bytes.
    /// let pinned = VerifyingKey::from_bytes(std::fs::read("receipts.pub")?.as_slice().try_into()?)?;
    /// let clock = Arc::new(|| Timestamp::from_micros(UNIX_EPOCH.elapsed().map_or(0, |t| t.as_micros() as u64)));
    /// let who = AwsCredentials::in_file("/run/credentials/aws", "audit");
    /// let service = AwsService::new("eu-central-1", who, Patience::default(), clock)?;
    /// let signer = AwsKmsSigner::open(service.into(), "alias/receipts", pinned)?;
    /// let signature = signer.try_sign(b"message")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such key in the region, it cannot or may not sign, or it is another one than the pinned.
    pub fn open(
        service: Arc<AwsService>,
        key: impl Into<String>,
        pinned: VerifyingKey,
    ) -> Result<Self, KmsError> {
        let key = key.into();
        service.check_region(Api::Kms, &key)?;
        let signer = Self {
            service,
            key,
            pinned,
        };
        signer.sign(&probe(&pinned))?;
        Ok(signer)
    }

    fn place(&self) -> String {
        self.service.place(Api::Kms, &format!("key {}", self.key))
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KmsError> {
        if message.len() > MAX_MESSAGE {
            let what = format!(
                "expected a message of at most {MAX_MESSAGE} bytes, found {}",
                message.len()
            );
            return Err(KmsError::new(KmsErrorKind::Settings, self.place(), what));
        }
        let body = json!({
            "KeyId": self.key,
            "Message": Base64::encode_string(message),
            "MessageType": "RAW",
            "SigningAlgorithm": "ED25519_SHA_512",
        });
        let of = format!("key {}", self.key);
        let reply = self.service.call(Api::Kms, "Sign", &of, &body)?;
        let place = self.place();
        let signed: Signed<'_> = AwsService::read(&place, &reply)?;
        let bytes = Base64::decode_vec(signed.signature).map_err(|_| {
            let what = "expected a signature in base64";
            KmsError::new(KmsErrorKind::Answer, &place, what)
        })?;
        verified(&self.pinned, message, &bytes)
            .ok_or_else(|| KmsError::new(KmsErrorKind::OtherKey, place, OTHER_KEY))
    }
}

impl Signer for AwsKmsSigner {
    fn verifying_key(&self) -> VerifyingKey {
        self.pinned
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        Ok(self.sign(message)?)
    }

    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        Some(self)
    }
}

impl fmt::Debug for AwsKmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsKmsSigner({}, {})", self.pinned.id(), self.place())
    }
}
