//! One field of one receipt, encrypted.

use crate::SubjectKey;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ai_audit_core::{Digest, Encrypted, ReceiptId, SubjectKeyId};
use alloc::vec::Vec;
use core::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Label of derivation and associated data.
const FIELD: &[u8] = b"ai-audit/field/v1\0";

/// The most bytes of a field's name and of a subject.
pub const MAX_NAME: usize = 255;
/// The most bytes of a text: 16 MiB.
pub const MAX_TEXT: usize = 16 << 20;

/// Where in the log a text belongs. A ciphertext opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The receipt's id.
    pub receipt: ReceiptId,
    /// The decision's subject; empty where the log's own key is used.
    pub subject: &'a str,
    /// The kept text's name.
    pub field: &'a str,
}

/// Why a field could not be encrypted or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// A name or the text is too long.
    TooLong {
        /// Which one.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The most bytes that it may have.
        most: usize,
    },
    /// The field hangs on another key.
    OtherKey {
        /// The key that it names.
        named: SubjectKeyId,
    },
    /// These bytes are not the ciphertext that the receipt names.
    OtherCiphertext,
    /// The key is not the one that the receipt commits to.
    Commitment,
    /// It does not open: it belongs to another log, receipt, field or subject.
    NotHere,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { what, len, most } => {
                write!(f, "{what} of {len} bytes, expected at most {most}")
            }
            Self::OtherKey { named } => write!(f, "encrypted under another key: {named}"),
            Self::OtherCiphertext => {
                f.write_str("the ciphertext is not the one whose digest the receipt has")
            }
            Self::Commitment => f.write_str(
                "the key is not the one that the receipt commits to for this receipt and field",
            ),
            Self::NotHere => f.write_str(
                "the ciphertext does not open: it belongs to another log, receipt, field or subject",
            ),
        }
    }
}

impl core::error::Error for FieldError {}

impl SubjectKey {
    /// Encrypts a text for its place. Returns what the receipt says of it, and the ciphertext that
    /// stands beside the receipt. `nonce` is 12 random bytes.
    ///
    /// # Errors
    ///
    /// [`FieldError::TooLong`].
    pub fn encrypt(
        &self,
        place: &Place<'_>,
        text: &[u8],
        nonce: [u8; 12],
    ) -> Result<(Encrypted, Vec<u8>), FieldError> {
        within("text", text.len(), MAX_TEXT)?;
        let aad = self.associated(place)?;
        let (cipher, commitment) = self.field_key(place);
        let payload = Payload {
            msg: text,
            aad: &aad,
        };
        // It fails only for texts beyond 64 GiB.
        let ciphertext = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| FieldError::NotHere)?;
        let field = Encrypted {
            key: self.id(),
            nonce,
            commitment,
            ciphertext: Digest::of(&ciphertext),
        };
        Ok((field, ciphertext))
    }

    /// Reads a text again. Nothing is decrypted before digest and commitment hold.
    ///
    /// # Errors
    ///
    /// See [`FieldError`].
    pub fn decrypt(
        &self,
        place: &Place<'_>,
        field: &Encrypted,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, FieldError> {
        if field.key != self.id() {
            return Err(FieldError::OtherKey { named: field.key });
        }
        within("ciphertext", ciphertext.len(), MAX_TEXT + 16)?;
        let aad = self.associated(place)?;
        if Digest::of(ciphertext) != field.ciphertext {
            return Err(FieldError::OtherCiphertext);
        }
        let (cipher, commitment) = self.field_key(place);
        if !bool::from(commitment.ct_eq(&field.commitment)) {
            return Err(FieldError::Commitment);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        cipher
            .decrypt(&Nonce::from(field.nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| FieldError::NotHere)
    }

    /// Whether a receipt's field is encrypted under these very bytes of key. Needs no ciphertext.
    #[must_use]
    pub fn opens(&self, place: &Place<'_>, field: &Encrypted) -> bool {
        field.key == self.id()
            && self.associated(place).is_ok()
            && self.commits(place, &field.commitment)
    }

    /// Whether a commitment was derived from these very bytes of key, under whatever id they were.
    pub(crate) fn commits(&self, place: &Place<'_>, commitment: &[u8; 32]) -> bool {
        let (_, own) = self.field_key(place);
        bool::from(own.ct_eq(commitment))
    }

    /// The cipher of one field of one receipt, and the commitment to its key.
    fn field_key(&self, place: &Place<'_>) -> (Aes256Gcm, [u8; 32]) {
        let info = [FIELD, place.receipt.as_bytes(), place.field.as_bytes()];
        split(&self.expand(&info))
    }

    /// What is authenticated with a field.
    fn associated(&self, place: &Place<'_>) -> Result<Vec<u8>, FieldError> {
        let len = FIELD.len() + 68 + place.field.len() + place.subject.len();
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(FIELD);
        out.extend_from_slice(self.log().as_bytes());
        out.extend_from_slice(place.receipt.as_bytes());
        out.extend_from_slice(self.id().as_bytes());
        for (what, name) in [("field name", place.field), ("subject", place.subject)] {
            let len = within(what, name.len(), MAX_NAME)?;
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(name.as_bytes());
        }
        Ok(out)
    }
}

/// Cipher and commitment out of 64 derived bytes.
pub(crate) fn split(okm: &[u8; 64]) -> (Aes256Gcm, [u8; 32]) {
    let mut key = Zeroizing::new([0; 32]);
    let mut commitment = [0; 32];
    key.copy_from_slice(&okm[..32]);
    commitment.copy_from_slice(&okm[32..]);
    let cipher = Aes256Gcm::new(<&Key<Aes256Gcm>>::from(&*key));
    (cipher, commitment)
}

/// The length as 16 bits; texts beyond that need no number.
fn within(what: &'static str, len: usize, most: usize) -> Result<u16, FieldError> {
    if len > most {
        return Err(FieldError::TooLong { what, len, most });
    }
    Ok(u16::try_from(len).unwrap_or(u16::MAX))
}
