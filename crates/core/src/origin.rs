//! Origins: a log's global name, which commits to its genesis keys.

use crate::{VerifyingKey, domain};
use core::fmt;
use sha2::{Digest as _, Sha256};

/// A log's origin, `<name>/<32 hex digits>`, in parts.
///
/// The digits are the first 16 bytes of SHA-256 over a label, the three genesis public keys
/// (receipt, checkpoint, recovery) and a salt, so that whoever pins the origin pins the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin<'a> {
    name: &'a str,
    commitment: [u8; 16],
}

/// A text that is no origin, or an origin that does not fit its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginError {
    /// The name is empty, longer than 190 bytes, or has a space, a control character or a `+`.
    Name,
    /// The part after the last `/` is not 32 lower-case hexadecimal digits.
    Commitment,
    /// The digits do not follow from the keys and the salt.
    Mismatch,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "name of an origin must have 1 to 190 bytes without space, control character or '+'"
            }
            Self::Commitment => "an origin must end in '/' and 32 lower-case hexadecimal digits",
            Self::Mismatch => "origin does not commit to these genesis keys",
        })
    }
}

impl core::error::Error for OriginError {}

impl<'a> Origin<'a> {
    /// The origin of a name, three keys and a salt.
    ///
    /// # Errors
    ///
    /// When the name cannot stand in a C2SP key name.
    pub fn new(
        name: &'a str,
        receipt: &VerifyingKey,
        checkpoint: &VerifyingKey,
        recovery: &VerifyingKey,
        salt: &[u8; 16],
    ) -> Result<Self, OriginError> {
        check_name(name)?;
        Ok(Self {
            name,
            commitment: commitment(receipt, checkpoint, recovery, salt),
        })
    }

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// When the text does not have the form `<name>/<32 hex digits>`.
    pub fn parse(text: &'a str) -> Result<Self, OriginError> {
        let (name, digits) = text.rsplit_once('/').ok_or(OriginError::Commitment)?;
        check_name(name)?;
        if digits.bytes().any(|c| c.is_ascii_uppercase()) {
            return Err(OriginError::Commitment);
        }
        let commitment = crate::hex::parse(digits).map_err(|_| OriginError::Commitment)?;
        Ok(Self { name, commitment })
    }

    /// The name before the digits.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Whether the digits follow from these keys and this salt.
    #[must_use]
    pub fn commits_to(
        &self,
        receipt: &VerifyingKey,
        checkpoint: &VerifyingKey,
        recovery: &VerifyingKey,
        salt: &[u8; 16],
    ) -> bool {
        self.commitment == commitment(receipt, checkpoint, recovery, salt)
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.name)?;
        crate::hex::write(f, &self.commitment)
    }
}

/// C2SP signed-note: a key name is not empty and has no Unicode space and no plus sign. 190 bytes
/// leave room for the digits in a 255-byte file name.
fn check_name(name: &str) -> Result<(), OriginError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > 190 || name.chars().any(bad) {
        return Err(OriginError::Name);
    }
    Ok(())
}

fn commitment(
    receipt: &VerifyingKey,
    checkpoint: &VerifyingKey,
    recovery: &VerifyingKey,
    salt: &[u8; 16],
) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(domain::ORIGIN);
    for key in [receipt, checkpoint, recovery] {
        hasher.update(key.as_bytes());
    }
    hasher.update(salt);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut out = [0; 16];
    out.copy_from_slice(&digest[..16]);
    out
}
