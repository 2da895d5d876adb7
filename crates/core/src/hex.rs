//! Lower-case hexadecimal for the fixed-size values of this crate.

use core::fmt;

/// A text that is not the hexadecimal form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseHexError {
    /// The text has another length: expected and found number of digits.
    Length {
        /// Number of digits that the value has.
        expected: usize,
        /// Number of bytes in the text.
        found: usize,
    },
    /// A character that is no hexadecimal digit, at this byte offset.
    Digit {
        /// Byte offset of the character.
        offset: usize,
    },
}

impl fmt::Display for ParseHexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(
                    f,
                    "expected {expected} hexadecimal digits, found {found} characters"
                )
            }
            Self::Digit { offset } => {
                write!(f, "character {offset} is no hexadecimal digit")
            }
        }
    }
}

impl core::error::Error for ParseHexError {}

pub(crate) fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for byte in bytes {
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

pub(crate) fn parse<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let text = text.as_bytes();
    if text.len() != N * 2 {
        return Err(ParseHexError::Length {
            expected: N * 2,
            found: text.len(),
        });
    }
    let mut out = [0; N];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = (digit(text, 2 * i)? << 4) | digit(text, 2 * i + 1)?;
    }
    Ok(out)
}

fn digit(text: &[u8], offset: usize) -> Result<u8, ParseHexError> {
    match text.get(offset) {
        Some(c @ b'0'..=b'9') => Ok(c - b'0'),
        Some(c @ b'a'..=b'f') => Ok(c - b'a' + 10),
        Some(c @ b'A'..=b'F') => Ok(c - b'A' + 10),
        _ => Err(ParseHexError::Digit { offset }),
    }
}

/// Gives a newtype over bytes its hexadecimal `Display`, `Debug`, `FromStr` and serde forms:
/// raw bytes in binary formats, hexadecimal digits in texts.
macro_rules! hex_newtype {
    ($name:ident, $len:expr) => {
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::hex::write(f, &self.0)
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
        impl core::str::FromStr for $name {
            type Err = $crate::ParseHexError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex::parse(text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serde::Serialize::serialize(&$crate::codec::Raw(self.0), serializer)
                }
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::codec::Raw::<{ $len }>::deserialize(deserializer).map(|raw| Self(raw.0))
            }
        }
    };
}
pub(crate) use hex_newtype;
