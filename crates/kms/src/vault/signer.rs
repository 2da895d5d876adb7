//! A signer whose secret is in Vault's transit engine.

use super::access::{VaultAccess, part};
use crate::http::Repeat;
use crate::pinned::{OTHER_KEY, probe, verified};
use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{Signature, Signer, SignerError, VerifyingKey};
use base64ct::{Base64, Encoding as _};
use core::fmt;
use serde::Deserialize;
use std::sync::Arc;
use ureq::http::Method;
use zeroize::Zeroizing;

/// Signs with an Ed25519 key of transit.
pub struct VaultSigner {
    access: Arc<VaultAccess>,
    path: String,
    version: u32,
    pinned: VerifyingKey,
}

#[derive(Deserialize)]
struct Signed {
    signature: String,
}

impl VaultSigner {
    /// Has the key sign a probe with the given version of it, which is 1 until it is rotated in Vault.
    ///
    /// ```no_run
    /// use ai_audit_core::{Signer as _, VerifyingKey};
    /// use ai_audit_kms::{Credential, Patience, VaultAccess, VaultSigner};
    ///
    /// // The public key that was noted when the key was made: 32 bytes.
    /// let pinned = VerifyingKey::from_bytes(std::fs::read("receipts.pub")?.as_slice().try_into()?)?;
    /// let token = Credential::in_file("/run/credentials/vault-token");
    /// let access = VaultAccess::new("https://vault.example.org:8200", token, Patience::default())?;
    /// let signer = VaultSigner::open(access.into(), "transit", "receipts", 1, pinned)?;
    /// let signature = signer.try_sign(b"message")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a name cannot be, there is no such key, the token may not sign with it, or it is another one than the
    /// pinned.
    pub fn open(
        access: Arc<VaultAccess>,
        mount: &str,
        key: &str,
        version: u32,
        pinned: VerifyingKey,
    ) -> Result<Self, KmsError> {
        let mount = part("mount", mount, true)?;
        let key = part("key name", key, false)?;
        let signer = Self {
            access,
            path: format!("{mount}/sign/{key}"),
            version,
            pinned,
        };
        signer.sign(&probe(&pinned))?;
        Ok(signer)
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KmsError> {
        let body = serde_json::json!({
            "input": Base64::encode_string(message),
            "key_version": self.version,
        });
        let body = Zeroizing::new(body.to_string().into_bytes());
        // The same message has the same signature, so that asking again is safe.
        let signed: Signed =
            self.access
                .ask(&self.path, Repeat::Safe, &Method::POST, Some(&body))?;
        let prefix = format!("vault:v{}:", self.version);
        let bytes = signed
            .signature
            .strip_prefix(&prefix)
            .and_then(|text| Base64::decode_vec(text).ok());
        let other = || {
            KmsError::new(
                KmsErrorKind::OtherKey,
                self.access.place(&self.path),
                OTHER_KEY,
            )
        };
        let bytes = bytes.ok_or_else(|| {
            let what = format!("expected a signature that begins with {prefix}");
            KmsError::new(KmsErrorKind::Answer, self.access.place(&self.path), what)
        })?;
        verified(&self.pinned, message, &bytes).ok_or_else(other)
    }
}

impl Signer for VaultSigner {
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

impl fmt::Debug for VaultSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.access.place(&self.path);
        write!(f, "VaultSigner({}, {place})", self.pinned.id())
    }
}
