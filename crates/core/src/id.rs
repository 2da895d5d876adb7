//! Receipt ids: UUID version 7 (RFC 9562), made from a given time and given random bytes.

use crate::Timestamp;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a receipt: 16 bytes, a UUIDv7.
///
/// ```
/// use ai_audit_core::{ReceiptId, Timestamp};
/// let id = ReceiptId::from_parts(Timestamp::from_micros(1_000), [0xff; 10]);
/// assert_eq!(id.to_string(), "00000000-0001-7fff-bfff-ffffffffffff");
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptId([u8; 16]);

/// A text that is no receipt id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a receipt id: 32 hexadecimal digits grouped 8-4-4-4-12")
    }
}

impl core::error::Error for ParseIdError {}

impl ReceiptId {
    /// The UUIDv7 of a time (its milliseconds) and 74 bits of `random`.
    #[must_use]
    pub fn from_parts(time: Timestamp, random: [u8; 10]) -> Self {
        let millis = (time.as_micros() / 1_000).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(bytes)
    }

    /// Takes the 16 bytes of an id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Whether it has the version and variant of a UUIDv7. Readers take any id; writers make no other.
    ///
    /// ```
    /// use ai_audit_core::{ReceiptId, Timestamp};
    /// assert!(ReceiptId::from_parts(Timestamp::from_micros(0), [0; 10]).is_v7());
    /// assert!(!ReceiptId::from_bytes([0; 16]).is_v7());
    /// ```
    #[must_use]
    pub const fn is_v7(&self) -> bool {
        self.0[6] >> 4 == 7 && self.0[8] >> 6 == 0b10
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptId({self})")
    }
}

impl FromStr for ReceiptId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let text = text.as_bytes();
        if text.len() != 36 {
            return Err(ParseIdError);
        }
        let mut digits = [0u8; 32];
        let mut count = 0;
        for (i, &c) in text.iter().enumerate() {
            if matches!(i, 8 | 13 | 18 | 23) {
                if c != b'-' {
                    return Err(ParseIdError);
                }
            } else {
                digits[count] = c;
                count += 1;
            }
        }
        let digits = core::str::from_utf8(&digits).map_err(|_| ParseIdError)?;
        crate::hex::parse(digits)
            .map(Self)
            .map_err(|_| ParseIdError)
    }
}

impl Serialize for ReceiptId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            crate::codec::Raw(self.0).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ReceiptId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::codec::Raw::<16>::deserialize(deserializer).map(|raw| Self(raw.0))
    }
}
