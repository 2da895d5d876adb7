//! A signer whose secret is in the token.

use super::Pkcs11Token;
use super::failure::failure;
use crate::pinned::{OTHER_KEY, probe, verified};
use crate::{KmsError, KmsErrorKind};
use ai_audit_core::{Signature, Signer, SignerError, VerifyingKey};
use core::fmt;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use std::sync::{Arc, Mutex, PoisonError};

/// How many sessions are kept for the next signatures; more threads than that open their own.
const KEPT: usize = 8;

/// Signs with an Ed25519 key of a token.
pub struct Pkcs11Signer {
    token: Arc<Pkcs11Token>,
    key: String,
    pinned: VerifyingKey,
    sessions: Mutex<Vec<Ready>>,
}

/// A session and the key's handle in it.
struct Ready {
    session: Session,
    key: ObjectHandle,
}

impl Pkcs11Signer {
    /// Finds the private key by its label and has it sign a probe.
    ///
    /// ```no_run
    /// use ai_audit_core::{Signer as _, VerifyingKey};
    /// use ai_audit_kms::{Credential, Pkcs11Signer, Pkcs11Token};
    ///
    /// // The public key that was noted when the key was made: 32 bytes.
    /// let pinned = VerifyingKey::from_bytes(std::fs::read("receipts.pub")?.as_slice().try_into()?)?;
    /// let pin = Credential::in_file("/run/credentials/pin");
    /// let token = Pkcs11Token::open("/usr/lib/softhsm/libsofthsm2.so", "audit", pin)?;
    /// let signer = Pkcs11Signer::open(token.into(), "receipts", pinned)?;
    /// let signature = signer.try_sign(b"message")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no such key or several, it is not a sensitive Ed25519 key that stays in the token, it
    /// cannot sign, or it is another one than the pinned.
    pub fn open(
        token: Arc<Pkcs11Token>,
        key: impl Into<String>,
        pinned: VerifyingKey,
    ) -> Result<Self, KmsError> {
        let signer = Self {
            token,
            key: key.into(),
            pinned,
            sessions: Mutex::default(),
        };
        signer.sign(&probe(&pinned))?;
        Ok(signer)
    }

    fn place(&self) -> String {
        format!("{}, key {:?}", self.token.place(), self.key)
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KmsError> {
        let bytes = match self.sign_once(message, self.kept()) {
            // A token that was pulled out or a server that was started anew leaves sessions that are none;
            // they go, and it is asked once more in a new one. The same message has the same signature.
            Err(error) if error.kind() == KmsErrorKind::Unavailable => {
                self.sessions().clear();
                self.sign_once(message, None)?
            }
            other => other?,
        };
        verified(&self.pinned, message, &bytes)
            .ok_or_else(|| KmsError::new(KmsErrorKind::OtherKey, self.place(), OTHER_KEY))
    }

    fn sign_once(&self, message: &[u8], kept: Option<Ready>) -> Result<Vec<u8>, KmsError> {
        let ready = kept.map_or_else(|| self.ready(), Ok)?;
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        let bytes = ready
            .session
            .sign(&mechanism, ready.key, message)
            .map_err(|error| failure(&error, &self.place(), "it did not sign"))?;
        let mut sessions = self.sessions();
        if sessions.len() < KEPT {
            sessions.push(ready);
        }
        Ok(bytes)
    }

    fn kept(&self) -> Option<Ready> {
        self.sessions().pop()
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Vec<Ready>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> Result<Ready, KmsError> {
        let session = self.token.session(false)?;
        let place = self.place();
        let failed = |error| failure(&error, &place, "the key cannot be looked up");
        let template = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Label(self.key.as_bytes().to_vec()),
        ];
        let found = session.find_objects(&template).map_err(failed)?;
        let key = match found.as_slice() {
            [key] => *key,
            [] => {
                let what = "there is no private key of this label that this PIN can see";
                return Err(KmsError::new(KmsErrorKind::NoSuchKey, place, what));
            }
            several => {
                let what = format!(
                    "{} private keys have this label, expected one",
                    several.len()
                );
                return Err(KmsError::new(KmsErrorKind::KeyUnusable, place, what));
            }
        };
        let wanted = [
            (Attribute::KeyType(KeyType::EC_EDWARDS), "no Ed25519 key"),
            (Attribute::Sign(true), "a key that may not sign"),
            (
                Attribute::Sensitive(true),
                "a key that can be read (CKA_SENSITIVE)",
            ),
            (
                Attribute::Extractable(false),
                "a key that can be taken out (CKA_EXTRACTABLE)",
            ),
        ];
        let types = [
            AttributeType::KeyType,
            AttributeType::Sign,
            AttributeType::Sensitive,
            AttributeType::Extractable,
        ];
        let has = session.get_attributes(key, &types).map_err(failed)?;
        for (attribute, what) in wanted {
            if !has.contains(&attribute) {
                let what = format!("it is {what}, expected an Ed25519 key that stays in the token");
                return Err(KmsError::new(KmsErrorKind::KeyUnusable, place, what));
            }
        }
        Ok(Ready { session, key })
    }
}

impl Signer for Pkcs11Signer {
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

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Signer({}, {})", self.pinned.id(), self.place())
    }
}
